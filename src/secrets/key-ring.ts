import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';
import type { SealErrorCode } from '../deal/error-codes.js';
import { DealbridgeError } from '../deal/errors.js';
import { openKeyFile } from './key-file.js';
import { type Keys, type KeysError, parseKeys } from './keys.js';

/**
 * Seals with AES-256-GCM. What is sealed names its version and its key, and opens only together with the associated
 * data that it was sealed with: a sealed value that is moved elsewhere is worth nothing there.
 */
export interface KeyRing {
  /** The id of the key that seals from now on. */
  newestKeyId(): string;
  seal(plain: Uint8Array, associatedData: string): Buffer;
  /** @throws SealError */
  open(sealed: Uint8Array, associatedData: string): Buffer;
  /** `key id:HMAC-SHA-256`, by a key of its own for each purpose, derived from the newest key of the ring. */
  sign(content: string, purpose: string): string;
  checkSignature(content: string, purpose: string, signature: string): SignatureCheck;
}

export type SignatureCheck = 'right' | 'wrong' | 'unknown-key';

export type KeySource =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'file'; readonly path: string };

/** Says what is wrong and never what was inside. */
export class SealError extends DealbridgeError {
  declare readonly code: SealErrorCode;
  readonly keyId: string | undefined;

  /** @param what was sealed, where whoever opens it knows */
  constructor(code: SealErrorCode, keyId?: string, what?: string) {
    const key = keyId === undefined ? '' : ` (key '${keyId}')`;
    super(code, `${what === undefined ? '' : `${what}: `}${SEAL_MESSAGES[code]}${key}`);
    this.keyId = keyId;
  }
}

const SEAL_MESSAGES: Record<SealErrorCode, string> = {
  'not-sealed': 'this is not a sealed value, or one of another version',
  'unknown-key': 'the key ring does not hold the key of this value',
  'does-not-open': 'the value was changed, or was sealed for another place or with another key of this name',
};

/** @throws KeysError */
export function openKeyRing(source: KeySource, onTrouble?: (error: KeysError) => void): KeyRing {
  if (source.kind === 'file') return createKeyRing(openKeyFile(source.path, onTrouble).read);
  const keys = parseKeys(source.text);
  return createKeyRing(() => keys);
}

/** version (1 byte), length of the key id (1 byte), key id, nonce, content, tag. */
const VERSION = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const ALGORITHM = 'aes-256-gcm';

function createKeyRing(read: (options?: { readonly fresh?: boolean }) => Keys): KeyRing {
  return {
    newestKeyId: () => newest(read())[0],
    seal(plain, associatedData) {
      const [id, key] = newest(read());
      const header = Buffer.concat([Buffer.from([VERSION, id.length]), Buffer.from(id)]);
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES });
      cipher.setAAD(Buffer.concat([header, Buffer.from(associatedData)]));
      return Buffer.concat([header, nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
    },
    open(sealed, associatedData) {
      const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength);
      const id = readKeyId(bytes);
      // The key may have been added a moment ago, by whoever sealed this.
      const key = read().get(id) ?? read({ fresh: true }).get(id);
      if (!key) throw new SealError('unknown-key', id);
      const start = 2 + id.length;
      const header = bytes.subarray(0, start);
      const nonce = bytes.subarray(start, start + NONCE_BYTES);
      const decipher = createDecipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES });
      decipher.setAAD(Buffer.concat([header, Buffer.from(associatedData)]));
      decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
      try {
        return Buffer.concat([decipher.update(bytes.subarray(start + NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
      } catch {
        throw new SealError('does-not-open', id);
      }
    },
    sign(content, purpose) {
      const [id, key] = newest(read());
      return `${id}:${hmac(key, content, purpose).toString('hex')}`;
    },
    checkSignature(content, purpose, signature) {
      const [id = '', given = ''] = signature.split(':');
      const key = read().get(id) ?? read({ fresh: true }).get(id);
      if (!key) return 'unknown-key';
      const right = hmac(key, content, purpose);
      const found = Buffer.from(given, 'hex');
      return found.length === right.length && timingSafeEqual(found, right) ? 'right' : 'wrong';
    },
  };
}

/** A key that seals never signs: each purpose has a key derived from it (RFC 5869). */
function hmac(key: Buffer, content: string, purpose: string): Buffer {
  const derived = Buffer.from(hkdfSync('sha256', key, '', purpose, 32));
  return createHmac('sha256', derived).update(content).digest();
}

/** Which key opens this. @throws SealError */
export function readKeyId(sealed: Uint8Array): string {
  const length = sealed[1] ?? 0;
  if (sealed[0] !== VERSION || length === 0 || sealed.length < 2 + length + NONCE_BYTES + TAG_BYTES) {
    throw new SealError('not-sealed');
  }
  return Buffer.from(sealed.subarray(2, 2 + length)).toString('latin1');
}

function newest(keys: Keys): readonly [string, Buffer] {
  const [first] = keys;
  if (!first) throw new SealError('unknown-key');
  return first;
}
