import { describe, it } from 'vitest';
import { openEmbeddedLedger } from '../support/embedded-ledger.js';
import { startPostgres } from '../support/postgres.js';
import { testAuditRights } from './audit-rights.suite.js';
import { testAuditTrail } from './audit-trail.suite.js';

testAuditTrail('PGlite over its socket', () => openEmbeddedLedger());

const postgres = await startPostgres();
if (postgres) {
  // The rights need roles, which the embedded ledger does not tell apart; one server serves both suites.
  testAuditTrail('PostgreSQL', async () => ({ url: postgres.url, stop: async () => undefined }));
  testAuditRights('PostgreSQL', async () => postgres);
} else {
  describe('the audit trail on PostgreSQL', () => {
    it.skip('this machine has no PostgreSQL binaries (initdb, postgres)', () => undefined);
  });
}
