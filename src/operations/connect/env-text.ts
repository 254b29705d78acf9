import { parseEnv } from 'node:util';
import { RefusedError } from '../../deal/errors.js';

/** The settings as `.env` holds them: what stands there stays, and what is missing follows below a line of ours. */

const MARK = '# Added by `dealbridge connect`.';

export interface EnvFile {
  readonly content: string;
  /** Settings that are new in it. */
  readonly names: readonly string[];
}

/** @throws RefusedError when the file says something else than the answers do */
export function toEnvFile(current: string | undefined, settings: Readonly<Record<string, string>>): EnvFile {
  const known = current === undefined ? {} : parseEnv(current);
  const other = Object.entries(settings).filter(([name, value]) => known[name] !== undefined && known[name] !== value);
  if (other.length > 0) {
    const found = other.map(([name, value]) => `${name}=${known[name]} where the answers say ${value}`);
    throw new RefusedError(
      `.env is not overwritten, and it has ${found.join('; ')}: correct the one that is wrong, then run it again`,
    );
  }
  const names = Object.keys(settings).filter((name) => known[name] === undefined);
  const lines = names.map((name) => `${name}=${quoted(name, settings[name] ?? '')}`);
  if (names.length === 0) return { content: current ?? '', names };
  const before = current === undefined || current === '' ? '' : `${current.replace(/\n?$/, '\n')}\n`;
  return { content: `${before}${MARK}\n${lines.join('\n')}\n`, names };
}

/** What stood there before our lines. */
export function withoutOurLines(content: string): string {
  const at = content.lastIndexOf(MARK);
  return at < 0 ? content : content.slice(0, at).replace(/\n\n$/, '\n');
}

function quoted(name: string, value: string): string {
  if (!/[\s#'"`]/.test(value)) return value;
  const mark = ['"', "'", '`'].find((one) => !value.includes(one));
  if (mark === undefined || value.includes('\n'))
    throw new RefusedError(`${name} cannot stand in .env with all of its characters: set it in another way`);
  return `${mark}${value}${mark}`;
}
