import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { ConfigError } from '../deal/errors.js';
import { decodeUtf8 } from '../deal/utf8.js';

/**
 * Settings of files, for whoever types commands: `.env` of the folder, and `.data/env`, in which `npm start` and `npm run demo -- --keep`
 * tell where they run. The environment always wins. Worker and starter are given theirs by what starts them.
 */

/** What tells one installation from another. */
const PLACE = ['DATABASE_URL', 'TEMPORAL_ADDRESS'] as const;
const KEYS = ['DEALBRIDGE_KEYS', 'DEALBRIDGE_KEY_FILE'] as const;

/** The environment with what the files add to it. @throws ConfigError when a file is there and cannot be read */
export function withEnvFiles(env: NodeJS.ProcessEnv, folder = process.cwd()): NodeJS.ProcessEnv {
  if (env['DEALBRIDGE_ENV_FILES'] === 'off') return env;
  const own = fill(env, read(join(folder, '.env')));
  const running = read(join(folder, '.data/env'));
  // Of two installations half the settings each would be neither.
  const isElsewhere = PLACE.some((name) => isGiven(own, name) && own[name] !== running[name]);
  return isElsewhere ? own : fill(own, running);
}

function fill(env: NodeJS.ProcessEnv, more: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const hasKeys = KEYS.some((name) => isGiven(env, name));
  const added = Object.entries(more).filter(
    ([name]) => !isGiven(env, name) && !(hasKeys && KEYS.some((key) => key === name)),
  );
  return { ...env, ...Object.fromEntries(added) };
}

/** By itself, or by a file; `X_FILE` of a file is not needed either when there is an X. */
function isGiven(env: NodeJS.ProcessEnv, name: string): boolean {
  return [name, `${name}_FILE`, name.replace(/_FILE$/, '')].some((one) => Boolean(env[one]));
}

function read(path: string): NodeJS.ProcessEnv {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    if (code === 'ENOENT' || code === 'ENOTDIR') return {};
    throw new ConfigError(
      `${path}: expected a file of settings, one NAME=value a line, got one that cannot be read (${code})`,
    );
  }
  const found = decodeUtf8(bytes);
  if ('text' in found) return parseEnv(found.text);
  throw new ConfigError(`${path}:${found.brokenLine}: expected a file of settings in UTF-8, got a line that is none`);
}
