import { randomBytes } from 'node:crypto';
import { linkSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createKeyLine, type Keys, KeysError, parseKeys } from './keys.js';

/** A file of keys, read again when it changed, so that a rotation stops nothing. */
export interface KeyFile {
  /** `fresh` looks at the file now; otherwise it is looked at once a second at most. */
  read(options?: { readonly fresh?: boolean }): Keys;
}

const PROBE_INTERVAL_MS = 1_000;
const ANYBODY = 0o007;

/** @throws KeysError when the file cannot be used as it is. */
export function openKeyFile(path: string, onTrouble: (error: KeysError) => void = () => undefined): KeyFile {
  let stamp = stampOf(path);
  let keys = readKeyFile(path);
  let lookedAt = Date.now();
  let isBroken = false;
  return {
    read({ fresh = false } = {}) {
      if (!fresh && Date.now() - lookedAt < PROBE_INTERVAL_MS) return keys;
      lookedAt = Date.now();
      try {
        const found = stampOf(path);
        if (found !== stamp) keys = readKeyFile(path);
        stamp = found;
        isBroken = false;
      } catch (error) {
        if (!(error instanceof KeysError)) throw error;
        // A file that cannot be used is reported once, and the previous keys stay in use.
        if (!isBroken) onTrouble(error);
        isBroken = true;
      }
      return keys;
    },
  };
}

/** Makes the file with one fresh key if there is none; two processes at once end up with the same one. */
export function ensureKeyFile(path: string): void {
  const draft = `${path}.${randomBytes(4).toString('hex')}`;
  writeFileSync(draft, `${createKeyLine()}\n`, { mode: 0o600, flag: 'wx' });
  try {
    linkSync(draft, path);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  } finally {
    rmSync(draft);
  }
}

function readKeyFile(path: string): Keys {
  try {
    const { mode } = statSync(path);
    if (process.platform !== 'win32' && (mode & ANYBODY) !== 0) {
      throw new KeysError('everybody on this machine may use it; expected mode 600 (`chmod 600`)');
    }
    return parseKeys(readFileSync(path, 'utf8'));
  } catch (error) {
    if (error instanceof KeysError) throw new KeysError(`${path}: ${error.message}`);
    throw new KeysError(`${path} cannot be read: ${codeOf(error) ?? 'unknown'}`);
  }
}

function stampOf(path: string): string {
  try {
    const { ino, mtimeMs, size, mode } = statSync(path);
    return [ino, mtimeMs, size, mode].join(' ');
  } catch (error) {
    throw new KeysError(`${path} cannot be read: ${codeOf(error) ?? 'unknown'}`);
  }
}

function codeOf(error: unknown): string | undefined {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : undefined;
}
