import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openEmbeddedLedger } from '../support/embedded-ledger.js';

/** All connections share one session of PGlite; what one of them sets is still its own, as on a PostgreSQL. */

let server: Awaited<ReturnType<typeof openEmbeddedLedger>>;
let dump: pg.Client;
let program: pg.Client;

async function connect(): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  return client;
}

async function show(client: pg.Client, setting: string): Promise<unknown> {
  const { rows } = await client.query<Record<string, string>>(`SHOW ${setting}`);
  return rows[0]?.[setting];
}

beforeAll(async () => {
  server = await openEmbeddedLedger();
  program = await connect();
  await program.query('CREATE TABLE seen_by_all (id int); INSERT INTO seen_by_all VALUES (1)');
});
afterAll(async () => {
  await program?.end();
  await server?.stop();
});

/** What pg_dump sends before it begins; a dump that fails leaves it behind. */
const OF_A_DUMP = [
  `SELECT pg_catalog.set_config('search_path', '', false)`,
  'SET statement_timeout = 12345',
  'set lock_timeout to 23456',
];

it('a dump does not take the tables away from the program, and keeps its own settings meanwhile', async () => {
  dump = await connect();
  for (const statement of OF_A_DUMP) await dump.query(statement);

  expect((await program.query('SELECT id FROM seen_by_all')).rows).toEqual([{ id: 1 }]);
  expect(await show(program, 'statement_timeout')).toBe('0');
  expect(await show(program, 'lock_timeout')).toBe('0');

  expect(await show(dump, 'search_path')).toBe('');
  expect(await show(dump, 'statement_timeout')).toBe('12345ms');
  expect(await show(dump, 'lock_timeout')).toBe('23456ms');
  await dump.end();

  expect((await program.query('SELECT id FROM seen_by_all WHERE id = $1', [1])).rows).toEqual([{ id: 1 }]);
});

it('what is set within a transaction, or by a statement with a name, is its own as well', async () => {
  const other = await connect();
  await other.query('BEGIN');
  await other.query('SET statement_timeout = 34567');
  await other.query('COMMIT');
  await other.query({ name: 'of a driver', text: `SELECT set_config('search_path', $1, false)`, values: [''] });
  expect((await program.query('SELECT id FROM seen_by_all')).rows).toEqual([{ id: 1 }]);
  expect(await show(program, 'statement_timeout')).toBe('0');
  expect(await show(other, 'statement_timeout')).toBe('34567ms');
  await other.query('RESET statement_timeout');
  await program.query('SELECT 1');
  expect(await show(other, 'statement_timeout')).toBe('0');
  await other.end();
  expect((await program.query('SELECT id FROM seen_by_all')).rows).toEqual([{ id: 1 }]);
});
