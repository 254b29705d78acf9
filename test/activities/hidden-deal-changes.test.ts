import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSellerNoteActivities } from '../../src/activities/deals/tell-sellers.js';
import { createWriteBackActivities } from '../../src/activities/deals/write-back.js';
import { createSalesFeedActivities } from '../../src/activities/feeds/sales-feed.js';
import { createDataverseChanges, type DataverseChanges } from '../../src/clients/dataverse/changes.js';
import type { WonDeal } from '../../src/deal/deal.js';
import { createTakeSalesChanges } from '../../src/dispatch/take-changes.js';
import { createDetections } from '../../src/ledger/deals/detections.js';
import { createSellerNotes } from '../../src/ledger/deals/seller-notes.js';
import { createWaiting } from '../../src/ledger/deals/waiting.js';
import { parseRules } from '../../src/process/config.js';
import { createSeller } from '../support/sales.js';
import { openSalesCounter, type SalesCounter } from '../support/sales-counter.js';
import { createSimulatedTokens } from '../support/tokens.js';

/** What we write on the record of a deal hides no change of a person that no feed has read yet, and undoes none. */

let counter: SalesCounter;
let changes: DataverseChanges;
let seller: ReturnType<typeof createSeller>;
beforeAll(async () => {
  counter = await openSalesCounter();
  const { connection } = counter.simulators;
  seller = createSeller(counter.simulators);
  const tokens = createSimulatedTokens(connection, connection.dataverseApp);
  changes = createDataverseChanges({ environmentUrl: connection.dataverse, tokens, timeoutMs: 10_000 }, counter.clock);
});
afterAll(async () => {
  await changes?.close();
  await counter?.close();
});

/** Reads all that changed; answers with the records whose deals were given a hint. */
async function readFeed(table: 'salesorder' | 'opportunity'): Promise<readonly string[]> {
  const taken: string[] = [];
  const { readSalesPage } = createSalesFeedActivities({
    changes,
    feeds: counter.feeds,
    detections: createDetections(counter.database),
    rules: parseRules(''),
    clock: counter.clock,
    getOwnUserId: async () => (await counter.dataverse.whoAmI()).userId,
    take: createTakeSalesChanges({
      startDeal: async ({ recordId }) => void taken.push(recordId),
      waiting: createWaiting(counter.database),
      takeAccount: () => Promise.resolve(),
      takeProduct: () => Promise.resolve(),
      takeBackfill: () => Promise.resolve(),
    }),
  });
  while ((await readSalesPage({ table })).hasMore);
  return taken;
}

const rowOf = ({ recordId }: WonDeal) => counter.simulators.dataverse.store.find('salesorder', recordId);

describe('the column for the seller', () => {
  const tell = () =>
    createSellerNoteActivities({
      ...counter,
      notes: createSellerNotes(counter.database),
      rules: parseRules('sellerNotes: { as: column, columns: { opportunity: bc_syncmessage } }'),
      clock: { now: () => new Date(Date.now() + 3_600_000) },
    }).tellSellers();

  /** An opportunity takes columns in every state. */
  async function sellHeld(): Promise<WonDeal> {
    const { store } = counter.simulators.dataverse;
    const row = store.insert(store.schema.table('opportunity'), { name: 'Hoists' });
    const deal = await counter.dataverse.readDeal('opportunity', String(row['opportunityid']));
    await counter.ledger.register(deal);
    await counter.ledger.saveDeal(deal, { mapping: 'default', companyId: counter.companyId });
    await counter.ledger.change(deal.recordId, { kind: 'held', reason: 'no-currency', text: 'no currency' });
    await readFeed('opportunity');
    return deal;
  }

  it('is written at once, and the feed still takes what a person changed before', async () => {
    const { recordId } = await sellHeld();
    await seller.call(`opportunities(${recordId})`, { name: 'Winches' }, 'PATCH');
    expect(await tell()).toEqual({ written: 1, refused: 0 });
    expect(counter.simulators.dataverse.store.find('opportunity', recordId)).toMatchObject({
      name: 'Winches',
      bc_syncmessage: expect.stringContaining('no currency'),
    });
    expect(await readFeed('opportunity')).toEqual([recordId]);
    expect(await readFeed('opportunity')).toEqual([]);
  });

  it('is no change of the record for the feed where nobody else made one', async () => {
    await sellHeld();
    expect(await tell()).toEqual({ written: 1, refused: 0 });
    expect(await readFeed('opportunity')).toEqual([]);
  });
});

describe('an order whose invoice is posted', () => {
  const SET = 'set the order in Sales to invoiced';
  const setInvoiced = (deal: WonDeal) =>
    createWriteBackActivities({ ...counter, ambiguityWindowMs: 60_000 }).setOrderInvoiced(deal);

  it('stays cancelled when somebody cancels it before it is set to Invoiced', async () => {
    const { deal } = await counter.post();
    await seller.cancelOrder(deal.recordId);
    await setInvoiced(deal);
    expect(rowOf(deal)).toMatchObject({ statecode: 2 });
    expect(await counter.trail(deal.recordId)).not.toContain(SET);
  });

  it('is set to Invoiced also over a change, which the feed still takes', async () => {
    const { deal } = await counter.post();
    await readFeed('salesorder');
    await seller.call(`salesorders(${deal.recordId})`, { name: 'Renamed' }, 'PATCH');
    await setInvoiced(deal);
    expect(rowOf(deal)).toMatchObject({ name: 'Renamed', statecode: 4 });
    expect(await readFeed('salesorder')).toEqual([deal.recordId]);
  });

  it('that was set to Invoiced by a request whose answer was lost is so in the trail (I4)', async () => {
    const { deal } = await counter.post();
    counter.simulators.dataverse.faults.add({
      match: { method: 'PATCH', path: '/salesorders' },
      effect: { kind: 'lose-answer', when: 'after' },
    });
    await expect(setInvoiced(deal)).rejects.toMatchObject({ type: 'dataverse/unknown-outcome' });
    await setInvoiced(deal);
    await setInvoiced(deal);
    const entries = (await counter.ledger.readAudit(deal.recordId)).filter(({ action }) => action === SET);
    expect(entries).toMatchObject([{ actor: 'dealbridge', facts: { adopted: true } }]);
  });

  it('that somebody set to Invoiced is so by nobody here', async () => {
    const { deal } = await counter.post();
    counter.simulators.dataverse.faults.add({
      match: { method: 'PATCH', path: '/salesorders' },
      effect: { kind: 'status', status: 503 },
    });
    await expect(setInvoiced(deal)).rejects.toMatchObject({ type: 'dataverse/unavailable' });
    await seller.call(`salesorders(${deal.recordId})`, { statecode: 4, statuscode: 100_003 }, 'PATCH');
    await setInvoiced(deal);
    expect(await counter.trail(deal.recordId)).not.toContain(SET);
  });

  it('costs one request where nobody has changed it', async () => {
    const { deal } = await counter.post();
    const before = counter.simulators.dataverse.requests.length;
    await setInvoiced(deal);
    expect(counter.simulators.dataverse.requests.slice(before).map(({ method }) => method)).toEqual(['PATCH']);
    expect(rowOf(deal)).toMatchObject({ statecode: 4 });
  });
});
