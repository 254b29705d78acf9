import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Database, openDatabase, type Queryable } from '../../src/ledger/database.js';
import { startEmbeddedLedger } from '../../src/ledger/embedded/server.js';
import { createLedger } from '../../src/ledger/ledger.js';
import { migrate } from '../../src/ledger/migrate.js';
import { type Front, openFront } from '../support/front.js';
import { startPostgres } from '../support/postgres.js';

/** A session that the server ends, or that a network cuts, fails its statement and nothing else: the step asks again. */

const uncaught: unknown[] = [];
const note = (error: unknown) => uncaught.push(error);
beforeEach(() => {
  uncaught.length = 0;
  process.on('uncaughtException', note);
});
afterEach(() => {
  process.off('uncaughtException', note);
});

type Opened = { url: string; stop: () => Promise<void> };

function testCutConnections(name: string, open: () => Promise<Opened>): void {
  describe(`a session that ends on ${name}`, () => {
    let server: Opened;
    let gateway: Front;
    let database: Database;
    let direct: Database;
    beforeAll(async () => {
      server = await open();
      const through = new URL(server.url);
      gateway = await openFront(through.host);
      through.host = `127.0.0.1:${gateway.port}`;
      database = openDatabase(through.href, { connections: 3 });
      direct = openDatabase(server.url, { connections: 1 });
      await migrate(direct);
    });
    afterAll(async () => {
      await database.close();
      await direct.close();
      await gateway.close();
      await server.stop();
    });

    const insert = (db: Queryable, id: string) =>
      db.query(`INSERT INTO source_records (record_id, source_table) VALUES ($1, 'quote')`, [id]);
    const find = (id: string) => createLedger(direct).findRecord(id);

    /** Ends the session between two statements of a transaction, waits until the client knows, and asks on. */
    const endWithin = async (end: (tx: Queryable) => Promise<void>): Promise<string> => {
      const id = randomUUID();
      const work = database.transaction(async (tx) => {
        await insert(tx, id);
        await end(tx);
        // The news of the end arrives while no statement is under way.
        await expect
          .poll(() =>
            tx.query('SELECT 1').then(
              () => 'alive',
              () => 'ended',
            ),
          )
          .toBe('ended');
        await tx.query('SELECT 1');
      });
      await expect(work).rejects.toThrow();
      return id;
    };

    it('within a transaction leaves nothing, and neither ends the process nor the next statement', async () => {
      const id = await endWithin(async () => gateway.cut());
      expect(await find(id)).toBeUndefined();
      // As the step does that failed.
      await database.transaction((tx) => insert(tx, id));
      expect((await find(id))?.recordId).toBe(id);
      expect(uncaught).toEqual([]);
    });

    it('while a statement is under way fails it alone', async () => {
      const large = database.query('SELECT repeat($1, 20000000) AS text', ['x']);
      const failed = expect(large).rejects.toThrow();
      gateway.cut();
      await failed;
      expect((await database.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
      expect(uncaught).toEqual([]);
    });

    it('while it is idle is replaced', async () => {
      await Promise.all([1, 2, 3].map(() => database.query('SELECT 1')));
      gateway.cut();
      await expect
        .poll(() =>
          database.query('SELECT 1 AS one').then(
            ({ rows }) => rows,
            () => [],
          ),
        )
        .toEqual([{ one: 1 }]);
      expect(uncaught).toEqual([]);
    });

    if (name !== 'PostgreSQL') return;
    it('by pg_terminate_backend in the middle of a transaction is only a failed transaction', async () => {
      const id = await endWithin(async (tx) => {
        const { rows } = await tx.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
        const pid = rows[0]?.pid;
        await direct.query('SELECT pg_terminate_backend($1)', [pid]);
        const alive = 'SELECT count(*)::int AS alive FROM pg_stat_activity WHERE pid = $1';
        await expect.poll(async () => (await direct.query(alive, [pid])).rows).toEqual([{ alive: 0 }]);
      });
      expect(await find(id)).toBeUndefined();
      await database.transaction((tx) => insert(tx, id));
      expect((await find(id))?.recordId).toBe(id);
      expect(uncaught).toEqual([]);
    });
  });
}

testCutConnections('PGlite over its socket', () => startEmbeddedLedger());
const postgres = await startPostgres();
if (postgres) testCutConnections('PostgreSQL', async () => postgres);
else {
  describe('a session that ends on PostgreSQL', () => {
    it.skip('this machine has no PostgreSQL binaries (initdb, postgres)', () => undefined);
  });
}
