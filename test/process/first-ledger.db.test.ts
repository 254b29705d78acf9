import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openDatabase } from '../../src/ledger/database.js';
import { openFirstLedger } from '../../src/process/first-ledger.js';

/** The ledger of a set-up that comes before everything else, in `.data`. */

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dealbridge-first-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

async function ask(
  writesNothing: boolean,
  sql: string,
): Promise<{ readonly rows: readonly unknown[]; readonly keyFile: string | undefined }> {
  const first = await openFirstLedger({}, { folder, writesNothing });
  const database = openDatabase(first.settings['DATABASE_URL'] ?? '');
  try {
    return { rows: (await database.query(sql)).rows, keyFile: first.settings['DEALBRIDGE_KEY_FILE'] };
  } finally {
    await database.close();
    await first.close();
  }
}

it('is read by whoever writes nothing, with its own keys, and stays as it was', async () => {
  await ask(false, 'CREATE TABLE made AS SELECT 1 AS one');
  const folders = readdirSync(tmpdir()).filter((name) => name.startsWith('dealbridge-ledger-'));
  const control = readFileSync(join(folder, '.data/ledger/global/pg_control'));
  const seen = await ask(true, 'SELECT one FROM made');
  expect(seen).toEqual({ rows: [{ one: 1 }], keyFile: join(folder, '.data/keys') });
  expect(readFileSync(join(folder, '.data/ledger/global/pg_control'))).toEqual(control);
  expect(readdirSync(tmpdir()).filter((name) => name.startsWith('dealbridge-ledger-'))).toEqual(folders);
});

it('is an empty one in memory where there is none yet, and nothing is left of it', async () => {
  expect((await ask(true, 'SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
  expect(existsSync(join(folder, '.data'))).toBe(false);
});

it('says which folder it has made, and a setting that is empty is none', async () => {
  const inside = join(folder, 'made');
  const env = { DATABASE_URL: '', DATABASE_URL_FILE: 'ledger-url', DEALBRIDGE_KEYS: '', DEALBRIDGE_KEY_FILE: '' };
  const open = async (given: NodeJS.ProcessEnv, writesNothing = false) => {
    const { settings, made, close } = await openFirstLedger(given, { folder: inside, writesNothing });
    await close();
    return { names: Object.keys(settings), made };
  };
  expect(await open({}, true)).toMatchObject({ made: undefined });
  expect(await open(env)).toEqual({ names: ['DEALBRIDGE_KEY_FILE'], made: join(inside, '.data') });
  expect(await open(env)).toMatchObject({ made: undefined });
});
