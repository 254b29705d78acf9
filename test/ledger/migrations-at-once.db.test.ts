import { readdirSync } from 'node:fs';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/deal/errors.js';
import { type Database, openDatabase } from '../../src/ledger/database.js';
import { MIGRATIONS, migrate } from '../../src/ledger/migrate.js';
import { startPostgres } from '../support/postgres.js';

/** Several processes of a new version that start together, and a schema that is not what it says it is. */
const server = await startPostgres();
const NAMES = readdirSync(MIGRATIONS).filter((name) => name.endsWith('.sql'));

describe.skipIf(!server)('migrations', () => {
  let first: Database;
  let second: Database;
  beforeEach(async () => {
    first = openDatabase(server?.url ?? '', { connections: 1 });
    second = openDatabase(server?.url ?? '', { connections: 1 });
    await first.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public');
  });
  afterEach(async () => {
    await first.close();
    await second.close();
  });
  afterAll(() => server?.stop());

  it('are applied by one of two processes, and the other says that it waits', async () => {
    let onWaiting: () => void = () => undefined;
    const waiting = new Promise<void>((resolve) => {
      onWaiting = resolve;
    });
    let waits: Promise<string[]> | undefined;
    await first.transaction(async (tx) => {
      await tx.query('SELECT pg_advisory_xact_lock(7144091)');
      waits = migrate(second, onWaiting);
      await waiting;
    });
    expect(await waits).toEqual(NAMES.sort());
    expect(await migrate(first, () => expect.fail('nobody else migrates'))).toEqual([]);
  });

  it('that do not fit the tables are named, with what helps, and do nothing', async () => {
    await migrate(first);
    const last = NAMES.sort().at(-1);
    await first.query('DELETE FROM migrations WHERE name = $1', [last]);
    const error: unknown = await migrate(first).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ConfigError);
    expect(error).toMatchObject({ message: expect.stringMatching(new RegExp(`does not take ${last} \\(42P07\\)`)) });
    const { rows } = await first.query('SELECT name FROM migrations');
    expect(rows).toHaveLength(NAMES.length - 1);
  });
});
