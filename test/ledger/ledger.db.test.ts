import { describe, it } from 'vitest';
import { startEmbeddedLedger } from '../../src/ledger/embedded/server.js';
import { startPostgres } from '../support/postgres.js';
import { testLedger } from './ledger.suite.js';

testLedger('PGlite over its socket', () => startEmbeddedLedger());

const postgres = await startPostgres();
if (postgres) testLedger('PostgreSQL', async () => postgres);
else {
  describe('the ledger on PostgreSQL', () => {
    it.skip('this machine has no PostgreSQL binaries (initdb, postgres)', () => undefined);
  });
}
