import { describe, it } from 'vitest';
import { openEmbeddedLedger } from '../support/embedded-ledger.js';
import { startPostgres } from '../support/postgres.js';
import { testThrottledLanes } from './throttled-lanes.suite.js';

testThrottledLanes('PGlite over its socket', () => openEmbeddedLedger());

const postgres = await startPostgres();
if (postgres) testThrottledLanes('PostgreSQL', async () => postgres);
else {
  describe('throttled lanes on PostgreSQL', () => {
    it.skip('this machine has no PostgreSQL binaries (initdb, postgres)', () => undefined);
  });
}
