import { readFileSync, statSync } from 'node:fs';
import { NOT_SHOWN, quote } from '../deal/shown-text.js';
import { decodeUtf8 } from '../deal/utf8.js';
import type { SettingProblem } from './setting-problem.js';

/** Secrets that stand in files, as container engines hand them over: `NAME_FILE` names the file that holds `NAME`. */

/** Whoever may write the file decides what we sign in with. */
const OTHERS_WRITE = 0o022;

/** The settings with what the files hold. A setting that is given twice, and a file that cannot be used, is a problem. */
export function readSettingFiles(
  env: NodeJS.ProcessEnv,
  files: ReadonlyMap<string, string>,
): { readonly env: NodeJS.ProcessEnv; readonly problems: readonly SettingProblem[] } {
  const read: Record<string, string> = {};
  const problems: SettingProblem[] = [];
  for (const [setting, fileSetting] of files) {
    const path = env[fileSetting];
    if (!path) continue;
    const problem = env[setting]
      ? { expected: `either it or ${setting}`, found: 'both' }
      : takeFile(path, (text) => {
          read[setting] = text;
        });
    if (problem) problems.push({ setting: fileSetting, ...problem });
  }
  return { env: { ...env, ...read }, problems };
}

function takeFile(path: string, take: (text: string) => void): Omit<SettingProblem, 'setting'> | undefined {
  try {
    const mode = statSync(path).mode & 0o777;
    if (process.platform !== 'win32' && (mode & OTHERS_WRITE) !== 0) {
      return {
        expected: 'a file that only its owner may write',
        found: `${quotePath(path)} with mode ${mode.toString(8)}`,
      };
    }
    // Neither the byte order mark that editors of Windows begin with nor the line break at the end is a part of the secret.
    const bytes = readFileSync(path);
    const read = decodeUtf8(bytes);
    if (!('text' in read) && bytes[0] === DER_SEQUENCE) {
      return { expected: 'a certificate or key in PEM', found: `${quotePath(path)}, which looks like one in DER` };
    }
    if (!('text' in read)) return { expected: 'a file in UTF-8', found: `${quotePath(path)}, which is none` };
    const text = read.text.replace(/\r?\n$/, '');
    if (text.trim() === '')
      return { expected: 'a file that holds the value', found: `${quotePath(path)}, which is empty` };
    take(text);
    return undefined;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    return { expected: 'a file that can be read', found: `${quotePath(path)} (${code})` };
  }
}

/** The first byte of certificates and keys in DER, and of hardly any text: a nought. */
const DER_SEQUENCE = 0x30;

/** By mistake it may be the secret itself. */
function quotePath(path: string): string {
  return /[\\/.]/.test(path) && !path.includes('://') ? quote(path) : NOT_SHOWN;
}
