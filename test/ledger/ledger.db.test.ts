import { describe, it } from 'vitest';
import { openEmbeddedLedger } from '../support/embedded-ledger.js';
import { startPostgres } from '../support/postgres.js';
import { testLedger } from './ledger.suite.js';
import { testRecords } from './records.suite.js';
import { testUnreadable } from './unreadable.suite.js';

const SUITES = [testLedger, testRecords, testUnreadable];

for (const test of SUITES) test('PGlite over its socket', () => openEmbeddedLedger());

const postgres = await startPostgres();
if (postgres) {
  // One server serves all suites; the last one stops it.
  for (const test of SUITES) {
    const isLast = test === SUITES.at(-1);
    test('PostgreSQL', async () => ({
      url: postgres.url,
      stop: isLast ? () => postgres.stop() : async () => undefined,
    }));
  }
} else {
  describe('the ledger on PostgreSQL', () => {
    it.skip('this machine has no PostgreSQL binaries (initdb, postgres)', () => undefined);
  });
}
