import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Database, openDatabase } from '../../src/ledger/database.js';
import { isLedgerError } from '../../src/ledger/ledger-errors.js';
import { migrate } from '../../src/ledger/migrate.js';
import { type Front, openFront } from '../support/front.js';
import { startPostgres } from '../support/postgres.js';

/** A server whose machine is gone closes no connection: whoever waits for its answer would wait for a quarter of an hour. */

const LIMITS = { answerMs: 1_000, connectMs: 1_000 };
const CONNECTIONS = 2;
const postgres = await startPostgres();

describe.skipIf(!postgres)('a PostgreSQL that went away without a word', () => {
  let front: Front;
  let direct: Database;
  let database: Database;
  beforeAll(async () => {
    const through = new URL(postgres?.url ?? '');
    front = await openFront(through.host);
    through.host = `127.0.0.1:${front.port}`;
    direct = openDatabase(postgres?.url ?? '', { connections: 1 });
    database = openDatabase(through.href, { connections: CONNECTIONS, ...LIMITS });
    await migrate(direct);
  });
  afterAll(async () => {
    await database.close();
    await direct.close();
    await front.close();
    await postgres?.stop();
  });

  const ask = async () => (await database.query('SELECT 1 AS one')).rows;

  it('fails what was asked on its connections as a fault of the ledger, and answers on new ones', async () => {
    await Promise.all(Array.from({ length: CONNECTIONS }, ask));
    front.silence();
    const asked = await Promise.allSettled(Array.from({ length: CONNECTIONS }, ask));
    expect(asked.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    for (const one of asked) expect(one.status === 'rejected' && isLedgerError(one.reason)).toBe(true);
    expect(await ask()).toEqual([{ one: 1 }]);
  });

  it('fails a transaction that it had begun, of which nothing is left', async () => {
    const id = randomUUID();
    const work = database.transaction(async (tx) => {
      await tx.query(`INSERT INTO source_records (record_id, source_table) VALUES ($1, 'quote')`, [id]);
      front.silence();
      await tx.query('SELECT 1');
    });
    await expect(work).rejects.toThrow();
    expect(await ask()).toEqual([{ one: 1 }]);
    expect((await direct.query('SELECT * FROM source_records WHERE record_id = $1', [id])).rows).toEqual([]);
  });

  it('fails a connection that nobody takes up', async () => {
    await front.answer((socket) => void socket.pause());
    await expect(ask()).rejects.toSatisfy(isLedgerError);
    await front.pass();
    await expect.poll(() => ask().catch(() => [])).toEqual([{ one: 1 }]);
  });
});
