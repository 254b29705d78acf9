import { describe, it } from 'vitest';
import { openEmbeddedLedger } from '../support/embedded-ledger.js';
import { startPostgres } from '../support/postgres.js';
import { testVault } from './vault.suite.js';

testVault('PGlite over its socket', () => openEmbeddedLedger());

const postgres = await startPostgres();
if (postgres) testVault('PostgreSQL', async () => postgres);
else {
  describe('credentials on PostgreSQL', () => {
    it.skip('this machine has no PostgreSQL binaries (initdb, postgres)', () => undefined);
  });
}
