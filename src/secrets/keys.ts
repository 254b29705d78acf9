import { randomBytes } from 'node:crypto';
import { DealbridgeError } from '../deal/errors.js';

/** Keys as text: `id:base64 of 32 bytes`, one a line or separated by commas; the first one seals, all of them open. */

export type Keys = ReadonlyMap<string, Buffer>;

export class KeysError extends DealbridgeError {
  constructor(message: string) {
    super('invalid-keys', message);
  }
}

const KEY_BYTES = 32;
const KEY_ID = /^[A-Za-z0-9._-]{1,64}$/;
const BASE64 = /^[A-Za-z0-9+/]{43}=$/;

/** @throws KeysError that names the place and never shows a key. */
export function parseKeys(text: string): Keys {
  const keys = new Map<string, Buffer>();
  const entries = text
    .split(/[,\n]/)
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '' && !entry.startsWith('#'));
  for (const [index, entry] of entries.entries()) {
    const where = `key ${index + 1}`;
    const at = entry.indexOf(':');
    const id = entry.slice(0, Math.max(at, 0));
    if (!KEY_ID.test(id)) throw new KeysError(`${where}: expected id:base64 of ${KEY_BYTES} bytes, got no usable id`);
    if (keys.has(id)) throw new KeysError(`${where}: expected an id of its own, got '${id}' twice`);
    const value = entry.slice(at + 1);
    if (!BASE64.test(value)) throw new KeysError(`${where} ('${id}'): expected the base64 of ${KEY_BYTES} bytes`);
    keys.set(id, Buffer.from(value, 'base64'));
  }
  if (keys.size === 0) throw new KeysError('expected a key, got nothing; `dealbridge keys new` prints one');
  return keys;
}

/** A fresh line for a key file. The id tells the day, so that a list of credentials shows how old their keys are. */
export function createKeyLine(now = new Date()): string {
  const day = now.toISOString().slice(0, 10).replaceAll('-', '');
  return `${day}-${randomBytes(3).toString('hex')}:${randomBytes(KEY_BYTES).toString('base64')}`;
}
