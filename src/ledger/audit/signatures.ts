import type { KeyRing, SignatureCheck } from '../../secrets/key-ring.js';

/**
 * Entries and seals are signed by a key that the database does not hold: whoever can write every table of it, and make all
 * hashes fit, still cannot write an entry that passes for one of ours.
 */
export interface TrailSigner {
  sign(subject: SignedSubject, hash: string): string;
  check(subject: SignedSubject, hash: string, signature: string): SignatureCheck;
}

/** What a signature is of: one of an entry is worth nothing under a seal. */
export type SignedSubject = 'entry' | 'seal';

export function createTrailSigner(ring: Pick<KeyRing, 'sign' | 'checkSignature'>): TrailSigner {
  const purposeOf = (subject: SignedSubject): string => `dealbridge audit ${subject} signature 1`;
  return {
    sign: (subject, hash) => ring.sign(hash, purposeOf(subject)),
    check: (subject, hash, signature) => ring.checkSignature(hash, purposeOf(subject), signature),
  };
}

/** What is wrong with a signature, in words; undefined when it is right. */
export function findSignatureFault(
  signer: Pick<TrailSigner, 'check'>,
  subject: SignedSubject,
  hash: string,
  signature: string | null,
): string | undefined {
  if (signature === null) return 'it has no signature: it was not written by Dealbridge';
  switch (signer.check(subject, hash, signature)) {
    case 'right':
      return undefined;
    case 'wrong':
      return 'its signature was not made with our key: it was not written by Dealbridge';
    case 'unknown-key':
      return `it is signed with key '${signature.split(':')[0]}', which the key ring does not hold`;
  }
}
