import { afterAll, beforeAll } from 'vitest';
import { type Database, openDatabase } from '../../src/ledger/database.js';
import { migrate } from '../../src/ledger/migrate.js';
import { openEmbeddedLedger } from './embedded-ledger.js';

/** One ledger with all migrations for the tests of a file; it is closed after the last of them. */
export function useLedger(take: (database: Database) => void): void {
  let close: (() => Promise<void>) | undefined;
  beforeAll(async () => {
    const server = await openEmbeddedLedger();
    const database = openDatabase(server.url);
    close = async () => {
      await database.close();
      await server.stop();
    };
    await migrate(database);
    take(database);
  });
  afterAll(() => close?.());
}
