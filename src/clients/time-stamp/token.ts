import { createHash, constants as cryptoConstants, verify, X509Certificate } from 'node:crypto';
import { type BaseBlock, ObjectIdentifier, OctetString, Sequence } from 'asn1js';
import { Certificate, ContentInfo, SignedData, type SignerInfo, TSTInfo } from 'pkijs';
import { TimeStampError } from './error.js';

/** What makes a time-stamp token believed (RFC 3161, RFC 5652, RFC 5816): its signature, its signer, and what it is of. */

export interface Stamped {
  /** SHA-256. */
  readonly digest: Buffer;
  /** Of the request, which only its answer can hold; undefined when an old token is checked. */
  readonly nonce?: bigint;
}

const SIGNED_DATA = '1.2.840.113549.1.7.2';
const TIME_STAMP_INFO = '1.2.840.113549.1.9.16.1.4';
const CONTENT_TYPE = '1.2.840.113549.1.9.3';
const MESSAGE_DIGEST = '1.2.840.113549.1.9.4';
const SIGNING_CERTIFICATE = '1.2.840.113549.1.9.16.2.12';
const SIGNING_CERTIFICATE_V2 = '1.2.840.113549.1.9.16.2.47';
const FOR_TIME_STAMPS = '1.3.6.1.5.5.7.3.8';
const RSA_PSS = '1.2.840.113549.1.1.10';
export const SHA_256 = '2.16.840.1.101.3.4.2.1';

const HASHES: Readonly<Record<string, string>> = {
  [SHA_256]: 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
};
/** Those that name their hash themselves. */
const SIGNATURE_HASHES: Readonly<Record<string, string>> = {
  '1.2.840.113549.1.1.11': 'sha256',
  '1.2.840.113549.1.1.12': 'sha384',
  '1.2.840.113549.1.1.13': 'sha512',
  '1.2.840.10045.4.3.2': 'sha256',
  '1.2.840.10045.4.3.3': 'sha384',
  '1.2.840.10045.4.3.4': 'sha512',
};
/** Longer chains are no chains of time stamps. */
const MAX_ISSUERS = 5;

const ASKED = 'check a time stamp';

/**
 * @param trusted the certificate of the authority, or of a CA above it
 * @returns when the authority saw the digest
 * @throws TimeStampError
 */
export function checkToken(token: Uint8Array, stamped: Stamped, trusted: readonly X509Certificate[]): Date {
  const { signed, content, info } = parseToken(token);
  const { hashAlgorithm, hashedMessage } = info.messageImprint;
  if (hashAlgorithm.algorithmId !== SHA_256 || !stamped.digest.equals(bytesOf(hashedMessage))) {
    throw new TimeStampError(ASKED, 'it is of another content');
  }
  if (stamped.nonce !== undefined && info.nonce?.toBigInt() !== stamped.nonce) {
    throw new TimeStampError(ASKED, 'it answers another request');
  }
  const [signer, ...others] = signed.signerInfos;
  if (!signer || others.length > 0) throw new TimeStampError(ASKED, `it has ${signed.signerInfos.length} signers`);
  const given = (signed.certificates ?? []).flatMap((one) =>
    one instanceof Certificate ? [new X509Certificate(Buffer.from(one.toSchema().toBER(false)))] : [],
  );
  const certificate = findSigner(signer, [...given, ...trusted]);
  checkSignature(signer, content, certificate);
  if (!certificate.keyUsage?.includes(FOR_TIME_STAMPS)) {
    throw new TimeStampError(ASKED, 'the certificate of its signer is not for time stamps');
  }
  // At the time of the stamp: it proves for as long as nobody has the key, and not until the certificate ends.
  if (!isTrusted(certificate, { given, trusted, at: info.genTime }, 0)) {
    throw new TimeStampError(ASKED, 'its signer is not one that AUDIT_TSA_CERTIFICATE_FILE vouches for');
  }
  return info.genTime;
}

interface ParsedToken {
  readonly signed: SignedData;
  /** What is signed by its hash: the DER of `info`. */
  readonly content: Buffer;
  readonly info: TSTInfo;
}

function parseToken(token: Uint8Array): ParsedToken {
  try {
    const { contentType, content: inner } = ContentInfo.fromBER(Uint8Array.from(token));
    if (contentType !== SIGNED_DATA) throw new TimeStampError(ASKED, 'it is not signed');
    const signed = new SignedData({ schema: inner });
    const { eContentType, eContent } = signed.encapContentInfo;
    if (eContentType !== TIME_STAMP_INFO || !eContent) throw new TimeStampError(ASKED, 'it holds no time');
    const content = bytesOf(eContent);
    return { signed, content, info: TSTInfo.fromBER(Uint8Array.from(content)) };
  } catch (error) {
    if (error instanceof TimeStampError) throw error;
    throw new TimeStampError(ASKED, 'it cannot be read');
  }
}

/** The certificate that the signature itself names by its hash, so that nobody puts another one in its place. */
function findSigner(signer: SignerInfo, candidates: readonly X509Certificate[]): X509Certificate {
  const v2 = findAttribute(signer, SIGNING_CERTIFICATE_V2);
  const named = readNamedCertificate(v2 ?? findAttribute(signer, SIGNING_CERTIFICATE), v2 ? 'sha256' : 'sha1');
  const found = named && candidates.find(({ raw }) => createHash(named.hash).update(raw).digest().equals(named.digest));
  if (!found) throw new TimeStampError(ASKED, 'the certificate of its signer is missing');
  return found;
}

/** SigningCertificate(V2): a sequence of sequences, each of an optional algorithm and the hash of a certificate. */
function readNamedCertificate(
  attribute: BaseBlock | undefined,
  unnamedHash: string,
): { readonly hash: string; readonly digest: Buffer } | undefined {
  const parts = firstOf(firstOf(attribute));
  if (!(parts instanceof Sequence)) return undefined;
  const [first, second] = parts.valueBlock.value;
  if (first instanceof OctetString) return { hash: unnamedHash, digest: bytesOf(first) };
  const algorithm = firstOf(first);
  const hash = algorithm instanceof ObjectIdentifier ? HASHES[algorithm.getValue()] : undefined;
  return hash !== undefined && second instanceof OctetString ? { hash, digest: bytesOf(second) } : undefined;
}

function firstOf(block: BaseBlock | undefined): BaseBlock | undefined {
  return block instanceof Sequence ? block.valueBlock.value[0] : undefined;
}

/** The signature is over the signed attributes, and these hold the hash of the content. */
function checkSignature(signer: SignerInfo, content: Buffer, { publicKey }: X509Certificate): void {
  const hash = HASHES[signer.digestAlgorithm.algorithmId];
  if (!signer.signedAttrs || hash === undefined) throw new TimeStampError(ASKED, 'its signature is of another kind');
  const type = findAttribute(signer, CONTENT_TYPE);
  const digest = findAttribute(signer, MESSAGE_DIGEST);
  const isOfContent =
    type instanceof ObjectIdentifier &&
    type.getValue() === TIME_STAMP_INFO &&
    digest instanceof OctetString &&
    createHash(hash).update(content).digest().equals(bytesOf(digest));
  if (!isOfContent) throw new TimeStampError(ASKED, 'its content was altered');
  const algorithm = signer.signatureAlgorithm.algorithmId;
  const padding = { padding: cryptoConstants.RSA_PKCS1_PSS_PADDING, saltLength: cryptoConstants.RSA_PSS_SALTLEN_AUTO };
  const isRight = verify(
    SIGNATURE_HASHES[algorithm] ?? hash,
    Buffer.from(signer.signedAttrs.encodedValue),
    { key: publicKey, ...(algorithm === RSA_PSS && padding) },
    bytesOf(signer.signature),
  );
  if (!isRight) throw new TimeStampError(ASKED, 'its signature is wrong');
}

function findAttribute({ signedAttrs }: SignerInfo, type: string): BaseBlock | undefined {
  const values: readonly unknown[] = signedAttrs?.attributes.find((one) => one.type === type)?.values ?? [];
  const [value] = values;
  const isKnown = value instanceof Sequence || value instanceof OctetString || value instanceof ObjectIdentifier;
  return isKnown ? value : undefined;
}

interface Chain {
  readonly given: readonly X509Certificate[];
  readonly trusted: readonly X509Certificate[];
  readonly at: Date;
}

function isTrusted(certificate: X509Certificate, chain: Chain, issuers: number): boolean {
  const { given, trusted, at } = chain;
  if (at < new Date(certificate.validFrom) || at > new Date(certificate.validTo)) return false;
  if (trusted.some(({ raw }) => raw.equals(certificate.raw))) return true;
  if (issuers === MAX_ISSUERS) return false;
  return [...trusted, ...given].some(
    (issuer) =>
      issuer.ca &&
      certificate.checkIssued(issuer) &&
      certificate.verify(issuer.publicKey) &&
      isTrusted(issuer, chain, issuers + 1),
  );
}

function bytesOf(text: OctetString): Buffer {
  return Buffer.from(text.getValue());
}
