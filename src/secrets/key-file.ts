import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fstatSync,
  linkSync,
  openSync,
  readFileSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createKeyLine, type Keys, KeysError, parseKeys } from './keys.js';

/** A file of keys, read again when it changed, so that a rotation stops nothing. */
export interface KeyFile {
  /** `fresh` looks at the file now; otherwise it is looked at once a second at most. */
  read(options?: { readonly fresh?: boolean }): Keys;
}

const PROBE_INTERVAL_MS = 1_000;
const ANYBODY = 0o007;
const GROUP_WRITES = 0o020;
const ROOT = 0;

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
  let file: number | undefined;
  try {
    file = openSync(path, 'r');
    // What is looked at is what is read, also when the path is another file in between.
    const problem = findAccessProblem(fstatSync(file), process.getuid?.());
    if (problem !== undefined) throw new KeysError(problem);
    return parseKeys(readFileSync(file, 'utf8'));
  } catch (error) {
    if (error instanceof KeysError) throw new KeysError(`${path}: ${error.message}`);
    throw new KeysError(`${path} cannot be read: ${codeOf(error) ?? 'unknown'}`);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/**
 * Whoever may write the file chooses the keys, and its owner may always. A group may read it: secrets are often mounted
 * that way. Windows has neither modes nor owners of this kind.
 * @param userId who runs this process; undefined on Windows
 */
export function findAccessProblem({ mode, uid }: Pick<Stats, 'mode' | 'uid'>, userId?: number): string | undefined {
  if (userId === undefined) return undefined;
  if ((mode & ANYBODY) !== 0) return 'everybody on this machine may use it; expected mode 600 (`chmod 600`)';
  if ((mode & GROUP_WRITES) !== 0) return 'its group may write it; expected mode 600 (`chmod 600`)';
  if (uid === userId || uid === ROOT) return undefined;
  return `user ${uid} owns it; expected user ${userId}, who runs this, or root (\`chown ${userId}\`)`;
}

function stampOf(path: string): string {
  try {
    const { ino, mtimeMs, size, mode, uid } = statSync(path);
    return [ino, mtimeMs, size, mode, uid].join(' ');
  } catch (error) {
    throw new KeysError(`${path} cannot be read: ${codeOf(error) ?? 'unknown'}`);
  }
}

function codeOf(error: unknown): string | undefined {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : undefined;
}
