import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Database, openDatabase } from '../../src/ledger/database.js';
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
      database = openDatabase(server.url, 2);
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
