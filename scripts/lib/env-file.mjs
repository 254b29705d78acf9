import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { ROOT } from './run.mjs';

/** `.env` as the command line reads it, and `.data/env`, which tells it where this installation runs (src/process/env-files.ts). */

export function readDotEnv() {
  const path = join(ROOT, '.env');
  return existsSync(path) ? parseEnv(readFileSync(path, 'utf8').replace(/^\uFEFF/, '')) : {};
}

/** By itself, or by the file that holds it. */
export function isGiven(env, name) {
  return Boolean(env[name] || env[`${name}_FILE`]);
}

const PLACE = join(ROOT, '.data/env');

/** Only for this user: it opens ledger and payloads. Returns how to take it away again; whoever came later keeps theirs. */
export function publishPlace(settings) {
  const lines = Object.entries(settings)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${quote(value)}\n`);
  const text = lines.join('');
  mkdirSync(join(ROOT, '.data'), { recursive: true });
  const draft = `${PLACE}.${process.pid}`;
  writeFileSync(draft, text, { mode: 0o600 });
  renameSync(draft, PLACE);
  return () => {
    if (existsSync(PLACE) && readFileSync(PLACE, 'utf8') === text) rmSync(PLACE);
  };
}

/** So that a shell reads the same. */
function quote(value) {
  return value.includes("'") ? `"${value}"` : `'${value}'`;
}
