import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RefusedError } from '../../src/deal/errors.js';
import { type Database, openDatabase, type Queryable } from '../../src/ledger/database.js';
import { startEmbeddedLedger } from '../../src/ledger/embedded/server.js';
import { startPostgres } from '../support/postgres.js';

/** Statements of a transaction go out together; it is done as a whole all the same, or not at all. */

type Opened = { url: string; stop: () => Promise<void> };

function testTransactions(name: string, open: () => Promise<Opened>): void {
  describe(`a transaction on ${name}`, () => {
    let server: Opened;
    let database: Database;
    beforeAll(async () => {
      server = await open();
      database = openDatabase(server.url, { connections: 2 });
      await database.query('CREATE TABLE written (value int PRIMARY KEY)');
    });
    afterAll(async () => {
      await database.close();
      await server.stop();
    });
    const written = async (): Promise<number[]> => {
      const { rows } = await database.query<{ value: number }>('SELECT value FROM written ORDER BY value');
      return rows.map(({ value }) => value);
    };
    const insert = 'INSERT INTO written VALUES ($1)';

    it('does statements that were sent together in their order', async () => {
      await database.transaction((tx) =>
        Promise.all([tx.query(insert, [1]), tx.query('UPDATE written SET value = 2'), tx.query(insert, [1])]),
      );
      expect(await written()).toEqual([1, 2]);
    });

    it('does nothing outside of itself when one of several is refused', async () => {
      let sent: Promise<unknown> = Promise.resolve();
      const failing = database.transaction((tx) => {
        const second = async () => {
          await tx.query(insert, [3]);
          await new Promise((resolve) => setImmediate(resolve));
          await tx.query(insert, [4]);
        };
        sent = second();
        return Promise.all([sent, tx.query('SELECT 1 / (SELECT 0)')]);
      });
      await expect(failing).rejects.toThrow(/division by zero/);
      await expect(sent).rejects.toThrow();
      expect(await written()).toEqual([1, 2]);
    });

    it('prepares a statement once, and anew after a migration has changed what it returns', async () => {
      const select = 'SELECT * FROM written WHERE value = $1';
      const readTwice = () => Promise.all([database.query(select, [1]), database.query(select, [1])]);
      await readTwice();
      await readTwice();
      await database.query('ALTER TABLE written ADD COLUMN note text');
      for (const { rows } of await readTwice()) expect(rows).toEqual([{ value: 1, note: null }]);
      const within = () => database.transaction((tx) => tx.query(select, [1]));
      expect((await within()).rows).toEqual([{ value: 1, note: null }]);
      await database.query('ALTER TABLE written DROP COLUMN note');
    });

    it('gives the answers of statements that go out with its end, in their order', async () => {
      const [made, seen] = await database.together((tx) => [
        tx.query<{ value: number }>('INSERT INTO written VALUES (7) RETURNING value'),
        tx.query<{ value: number }>('SELECT value FROM written WHERE value = $1', [7]),
      ]);
      expect([made.rows, seen.rows]).toEqual([[{ value: 7 }], [{ value: 7 }]]);
      await database.query('DELETE FROM written WHERE value = 7');
    });

    it('does none of the statements that go out with its end when one of them is refused', async () => {
      const failing = database.together((tx) => [tx.query(insert, [5]), tx.query(insert, [1]), tx.query(insert, [6])]);
      await expect(failing).rejects.toThrow(/duplicate key/);
      expect(await written()).toEqual([1, 2]);
    });

    it('leaves the transaction alone that waits for its session', async () => {
      const single = openDatabase(server.url, { connections: 1 });
      const failing = single.together((tx) => [tx.query(insert, [1]), tx.query(insert, [5])]);
      const waiting = single.transaction(async (tx) => {
        await tx.query(insert, [11]);
        await new Promise((resolve) => setImmediate(resolve));
        await tx.query(insert, [12]);
        throw new RefusedError('changed our mind');
      });
      await expect(failing).rejects.toThrow(/duplicate key/);
      await expect(waiting).rejects.toThrow(RefusedError);
      expect(await written()).toEqual([1, 2]);
      await single.close();
    });

    it('takes no statement that comes after its end', async () => {
      const late = async (tx: Queryable) => {
        await tx.query(insert, [8]);
        await tx.query(insert, [9]);
      };
      await expect(database.together((tx) => [late(tx)])).rejects.toThrow(/over/);
      expect(await written()).toEqual([1, 2, 8]);
      await database.query('DELETE FROM written WHERE value = 8');
    });

    it('leaves nothing, and its session to others, when we think otherwise', async () => {
      const sessionOf = async (db: Queryable) => (await db.query('SELECT pg_backend_pid() AS pid')).rows[0]?.['pid'];
      const single = openDatabase(server.url, { connections: 1 });
      let session: unknown;
      const failing = single.transaction(async (tx) => {
        session = await sessionOf(tx);
        await tx.query(insert, [10]);
        throw new RefusedError('changed our mind');
      });
      await expect(failing).rejects.toThrow(RefusedError);
      expect(await written()).toEqual([1, 2]);
      expect(await sessionOf(single)).toBe(session);
      await single.close();
    });

    it('is undone when what goes out with its end is refused', async () => {
      const failing = database.transaction(async (tx) => {
        await tx.query(insert, [5]);
        tx.sendLast?.(insert, [1]);
      });
      await expect(failing).rejects.toThrow(/duplicate key/);
      expect(await written()).toEqual([1, 2]);
    });
  });
}

testTransactions('PGlite', () => startEmbeddedLedger());

const postgres = await startPostgres();
if (postgres) testTransactions('PostgreSQL', async () => postgres);
