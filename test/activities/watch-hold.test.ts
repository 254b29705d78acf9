import { type Simulators, startSimulators } from '@dealbridge/simulators';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { documentKey } from '../../src/deal/document-number.js';
import { NOTHING_SEEN, STILL_HELD } from '../../src/deal/failure-types.js';
import { type Database, openDatabase } from '../../src/ledger/database.js';
import type { EmbeddedLedger } from '../../src/ledger/embedded/server.js';
import { migrate } from '../../src/ledger/migrate.js';
import { createBookkeeper } from '../support/bookkeeper.js';
import { openEmbeddedLedger } from '../support/embedded-ledger.js';
import { openMasterDataSteps } from '../support/master-data-steps.js';
import { createSeller } from '../support/sales.js';
import { sellUnknown } from '../support/unknown-deal.js';

/** What a held deal waits for is seen by reading both sides, and nothing is written by looking. */

let simulators: Simulators;
let embedded: EmbeddedLedger;
let database: Database;
let steps: ReturnType<typeof openMasterDataSteps>;

beforeAll(async () => {
  simulators = await startSimulators({ products: 20, accounts: 12, documents: 12 });
  simulators.dataverse.webhooks.registrations.splice(0);
  embedded = await openEmbeddedLedger();
  database = openDatabase(embedded.url);
  await migrate(database);
  const rules = ['createCustomers: false', 'createItems: false', 'writeInAccount: "8400"', 'freightAccount: "8410"'];
  steps = openMasterDataSteps(simulators, database, rules.join('\n'));
});
afterAll(async () => {
  await steps?.close();
  await database?.close();
  await simulators?.stop();
  await embedded?.stop();
});

/** An order of an account and products that Business Central lacks, held for them. */
async function hold() {
  const sold = await sellUnknown(simulators, createSeller(simulators));
  const ref = { table: 'salesorder' as const, recordId: sold.orderId };
  await steps.ledger.register(ref);
  await steps.readDeal(ref);
  await steps.ledger.change(ref.recordId, { kind: 'held', reason: 'customer-missing', text: 'no customer' });
  return { sold, ref, seen: await steps.watchHold({ ref }) };
}

/** The draft of a record, saved as it was read last. */
async function draft(recordId: string) {
  const { businessCentral, ledger } = steps;
  await createBookkeeper(simulators).copyUnderKey('invoice', documentKey(recordId));
  const [made] = await businessCentral.findInvoices(recordId);
  if (!made) throw new Error('no draft');
  const { id: documentId, number: draftNumber, customerNumber } = made;
  const save = async () => ledger.saveDocument(recordId, 'invoice', await businessCentral.getInvoice(documentId));
  await save();
  const of = { documentId, draftNumber, customerNumber, documentKind: 'invoice', draftVersion: 1 } as const;
  await ledger.change(recordId, { kind: 'drafted', mapping: undefined, ...of });
  return { draftId: documentId, sequence: made.lines[0]?.sequence ?? 0, save };
}

function insertCustomer(number: string): void {
  const customer = { number, displayName: number, type: 'Company', blocked: '_x0020_' };
  simulators.businessCentral.company.insert('customers', customer);
}

function rename(orderId: string): void {
  const { store } = simulators.dataverse;
  const order = store.find('salesorder', orderId);
  if (!order) throw new Error('no order');
  store.update(store.schema.table('salesorder'), order, { name: 'Another name' });
}

const stillHeld = { type: STILL_HELD, nonRetryable: false };
const writes = () =>
  [...simulators.businessCentral.requests, ...simulators.dataverse.requests].filter(({ method }) => method !== 'GET');

describe('a watched hold', () => {
  it('goes on while nothing has changed, and writes nothing', async () => {
    const { ref, seen } = await hold();
    const before = writes().length;
    await expect(steps.watchHold({ ref, seen })).rejects.toMatchObject(stillHeld);
    await expect(steps.watchHold({ ref, seen })).rejects.toMatchObject(stillHeld);
    expect(writes()).toHaveLength(before);
  });

  it('is over once Business Central has the customer', async () => {
    const { ref, seen, sold } = await hold();
    insertCustomer(sold.accountNumber);
    expect(await steps.watchHold({ ref, seen })).not.toBe(seen);
  });

  it.each([
    [
      'a refusal of Business Central that no look shows, such as of a customer who is blocked for privacy',
      ['customer-blocked'],
    ],
    ['the same beside what a look shows', ['customer-missing', 'item-blocked']],
    ['totals, when the draft is gone', ['totals-differ']],
  ] as const)('leaves it to the refused step: %s', async (_what, [reason, ...otherReasons]) => {
    const { ref } = await hold();
    await steps.ledger.change(ref.recordId, { kind: 'held', reason, otherReasons, text: 'refused' });
    expect(await steps.watchHold({ ref })).toBe(NOTHING_SEEN);
  });

  it('is left to the refused step when its cause is over before the first look', async () => {
    const { ref, sold } = await hold();
    await steps.ledger.change(ref.recordId, { kind: 'held', reason: 'customer-missing', text: 'no customer' });
    insertCustomer(sold.accountNumber);
    expect(await steps.watchHold({ ref })).toBe(NOTHING_SEEN);
  });

  it('is left to the refused step when the record was corrected before the first look', async () => {
    const { ref } = await hold();
    rename(ref.recordId);
    expect(await steps.watchHold({ ref })).toBe(NOTHING_SEEN);
    await steps.readDeal(ref);
    expect(await steps.watchHold({ ref })).not.toBe(NOTHING_SEEN);
  });

  it('is left to the refused step when its draft was corrected in Business Central before the first look', async () => {
    const { ref } = await hold();
    const { draftId, sequence, save } = await draft(ref.recordId);
    await steps.ledger.change(ref.recordId, { kind: 'held', reason: 'totals-differ', text: 'differs' });
    expect(await steps.watchHold({ ref })).not.toBe(NOTHING_SEEN);
    await createBookkeeper(simulators).editDraft(draftId, sequence, '2.00');
    expect(await steps.watchHold({ ref })).toBe(NOTHING_SEEN);
    await save();
    expect(await steps.watchHold({ ref })).not.toBe(NOTHING_SEEN);
  });

  it('is over once the record is another in Sales, or gone', async () => {
    const { ref, seen } = await hold();
    rename(ref.recordId);
    const again = await steps.watchHold({ ref, seen });
    expect(again).not.toBe(seen);
    await createSeller(simulators).deleteRecord('salesorders', ref.recordId);
    const gone = await steps.watchHold({ ref, seen: again });
    expect(gone).not.toBe(again);
    await expect(steps.watchHold({ ref, seen: gone })).rejects.toMatchObject(stillHeld);
  });

  it('is over once the deal is held no more: nobody watches for nothing', async () => {
    const { ref, seen } = await hold();
    await steps.ledger.change(ref.recordId, { kind: 'state', state: 'preparing' });
    expect(await steps.watchHold({ ref, seen })).not.toBe(seen);
  });

  it.each([
    [400, 'BadRequest_NotFound'],
    [403, 'Authorization_RequestDenied'],
    [404, 'Internal_CompanyNotFound'],
  ])('never fails for good when a look is refused with %s %s', async (status, code) => {
    const { ref, seen } = await hold();
    const { faults } = simulators.businessCentral;
    const effect = { kind: 'status', status, body: { error: { code, message: 'refused' } } } as const;
    faults.add({ match: { method: 'GET' }, times: 0, effect });
    try {
      expect(await steps.watchHold({ ref, seen })).toBe(NOTHING_SEEN);
      expect(await steps.watchHold({ ref })).toBe(NOTHING_SEEN);
    } finally {
      faults.clear();
    }
    await expect(steps.watchHold({ ref, seen })).rejects.toMatchObject(stillHeld);
  });
});
