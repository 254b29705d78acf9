import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Person } from '../../src/identity/person.js';
import { SYSTEM_CHAIN } from '../../src/ledger/audit/audit.js';
import { verifyAudit } from '../../src/ledger/audit/verify.js';
import { type Database, openDatabase } from '../../src/ledger/database.js';
import { createLedger } from '../../src/ledger/ledger.js';
import { migrate } from '../../src/ledger/migrate.js';
import { erasePersonalContent } from '../../src/operations/audit/audit.js';
import { acceptEnvironment } from '../../src/operations/settings/environments.js';
import { markComplete, markRestored, prune } from '../../src/operations/settings/upkeep.js';
import { openEmbeddedLedger } from '../support/embedded-ledger.js';

/** What the ledger records itself, within the transaction of the act, names the person as fully as everything else. */

const ANN: Person = { name: 'ann', source: 'desk', isVerified: true, roles: ['Admin'] };
const RECORD_ID = '6f9619ff-8b86-4011-b42d-00c04fc964ff';

let server: Awaited<ReturnType<typeof openEmbeddedLedger>>;
let database: Database;

beforeAll(async () => {
  server = await openEmbeddedLedger();
  database = openDatabase(server.url);
  await migrate(database);
});
afterAll(async () => {
  await database?.close();
  await server?.stop();
});

describe('acts that the ledger records itself', () => {
  it('name the person, the source and whether the name was proved, and the chain still verifies', async () => {
    const ledger = createLedger(database);
    const address = 'https://contoso.crm4.dynamics.com';
    const readIdentity = async () => ({ organizationId: 'one' });
    await ledger.register({ table: 'salesorder', recordId: RECORD_ID });
    await ledger.change(
      RECORD_ID,
      { kind: 'ended', state: 'cancelled', by: 'Sales' },
      { actor: 'test', action: 'end' },
    );

    await prune({ database, now: new Date() }, ANN, { olderThanDays: 90 });
    const outside = { findLastSealOutside: async () => 7n, restartDeals: async () => ({ restarted: 0 }) };
    await markRestored({ database, ...outside }, ANN, {});
    await markComplete({ database }, ANN, {});
    await acceptEnvironment({ database, addressesOf: () => [{ address, readIdentity }] }, ANN, { system: 'dataverse' });
    await erasePersonalContent({ ledger }, ANN, { recordId: RECORD_ID, reason: 'asked for' });

    const entries = [...(await ledger.readAudit(SYSTEM_CHAIN)), (await ledger.readAudit(RECORD_ID)).at(-1)];
    expect(entries.map((entry) => [entry?.action, entry?.actor, entry?.facts])).toEqual(
      [
        'prune the ledger',
        'restored the ledger',
        'the restored ledger is complete',
        'environment accepted',
        'erase personal content',
      ].map((action) => [action, 'ann', expect.objectContaining({ source: 'desk', verified: true })]),
    );
    expect((await verifyAudit(database, { knownSeals: [] })).findings).toEqual([]);
  });
});
