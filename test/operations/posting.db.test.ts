import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { DealStatus } from '../../src/dispatch/deal-commands.js';
import type { Person } from '../../src/identity/person.js';
import { type Database, openDatabase } from '../../src/ledger/database.js';
import { createLedger, type Ledger } from '../../src/ledger/ledger.js';
import { migrate } from '../../src/ledger/migrate.js';
import { openPosting } from '../../src/operations/deals/posting.js';
import { openEmbeddedLedger } from '../support/embedded-ledger.js';

/** Several deals that somebody selected, of which some cannot be confirmed by now. */

const ANN: Person = { name: 'ann', source: 'desk', isVerified: true, roles: ['Admin'] };

let server: Awaited<ReturnType<typeof openEmbeddedLedger>>;
let database: Database;
let ledger: Ledger;
beforeAll(async () => {
  server = await openEmbeddedLedger();
  database = openDatabase(server.url);
  await migrate(database);
  ledger = createLedger(database);
});
afterAll(async () => {
  await database?.close();
  await server?.stop();
});

it('leaves out of the sum what somebody else has decided meanwhile and what the ledger cannot read, and says why', async () => {
  const [free, taken, broken] = [randomUUID(), randomUUID(), randomUUID()];
  for (const recordId of [free, taken, broken]) {
    await ledger.register({ table: 'salesorder', recordId });
    await ledger.change(recordId, { kind: 'state', state: 'awaiting-confirmation' });
  }
  await database.query(`UPDATE source_records SET hold_reason = 'whim' WHERE record_id = $1`, [broken]);
  const waiting: DealStatus = {
    state: 'awaiting-confirmation',
    step: 'waiting for a person to confirm',
    problems: [],
    figures: { documentNumber: '1002', totalIncludingTax: '169.46', currency: 'EUR' },
    invoiceNumber: undefined,
  };
  const findStatus = async (recordId: string): Promise<DealStatus> =>
    recordId === taken ? { ...waiting, decided: { how: 'confirmed by ben' } } : waiting;
  const posting = await openPosting(
    { database, ledger, deals: { findStatus } as never, findPostingPeriod: async () => undefined },
    ANN,
    { deals: [free, taken, broken] },
  );
  expect(posting.rows).toMatchObject([
    { kind: 'confirmable', deal: { recordId: free } },
    { kind: 'not-now', named: taken, why: 'it is confirmed by ben by now' },
    { kind: 'not-now', named: broken, why: expect.stringContaining('field hold_reason') },
  ]);
  expect(posting.sums).toEqual([{ currency: 'EUR', deals: 1, gross: '169.46' }]);
});
