import type { SeedDocument } from '@dealbridge/simulators/seed/distributor.js';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { ChangeHint } from '../../src/deal/change-hints.js';
import type { Figures } from '../../src/deal/deal.js';
import { documentTail } from '../../src/deal/document-number.js';
import { startDeal } from '../../src/dispatch/start-deal.js';
import { createBookkeeper } from '../support/bookkeeper.js';
import { createDealer, until } from '../support/deals.js';
import { keepHistory } from '../support/histories.js';
import { openStage, type Stage } from '../support/processes.js';
import { createSeller } from '../support/sales.js';

/** What happens when a record or its document changes: before the word, after it, and after the posting. */

let stage: Stage;
let dealer: ReturnType<typeof createDealer>;
let seller: ReturnType<typeof createSeller>;
let bookkeeper: ReturnType<typeof createBookkeeper>;

beforeAll(async () => {
  stage = await openStage({ temporalAddress: inject('temporalAddress'), rules: 'test/rules/person.yaml' });
  // The feeds bring such news; here each is brought by hand, so that nothing else is told.
  stage.simulators.dataverse.webhooks.registrations.length = 0;
  dealer = createDealer(stage);
  seller = createSeller(stage.simulators);
  bookkeeper = createBookkeeper(stage.simulators);
});
afterAll(() => stage?.close());

const bring = (deal: SeedDocument, look?: ChangeHint) =>
  startDeal(stage, { table: deal.kind, recordId: deal.id }, look);

function revisionOf(deal: SeedDocument): string {
  const row = stage.simulators.dataverse.store.find(deal.kind, deal.id);
  return `W/"${String(row?.['versionnumber'])}"`;
}

async function startWaiting(): Promise<SeedDocument> {
  const deal = dealer.takeKnown((other) => other.lines.length > 1);
  await bring(deal);
  await dealer.untilState(deal, 'awaiting-confirmation');
  return deal;
}

async function changePrice(deal: SeedDocument, price: number): Promise<void> {
  const [line] = stage.simulators.dataverse.store.children('salesorderdetail', 'salesorderid', deal.id);
  const change = { priceperunit: price, ispriceoverridden: true };
  await seller.call(`salesorderdetails(${String(line?.['salesorderdetailid'])})`, change, 'PATCH');
}

/** As somebody does who has read the figures, perhaps others than those that stand there now. */
async function confirm(deal: SeedDocument, seen: Partial<Figures> = {}): Promise<unknown> {
  const { figures } = await dealer.status(deal);
  return stage.temporal.workflow
    .getHandle(deal.id)
    .executeUpdate('confirm', { args: [{ by: 'ann', figures: { ...figures, ...seen } }] });
}

const notices = async (deal: SeedDocument) => (await stage.ledger.listNotices(deal.id)).map(({ kind }) => kind);

const notesOf = (deal: SeedDocument) =>
  [...stage.simulators.dataverse.store.all('annotation')].filter((row) => row['objectid'] === deal.id);

describe('a record that changes while its draft waits', () => {
  it('gets a draft that agrees with it, and a word on the old figures is refused (I2)', async () => {
    const deal = await startWaiting();
    const before = (await dealer.status(deal)).figures;
    await changePrice(deal, 12.34);
    await bring(deal, { at: 'dataverse', revision: revisionOf(deal) });
    await until(async () => {
      const { state, figures } = await dealer.status(deal);
      return state === 'awaiting-confirmation' && figures?.totalIncludingTax !== before?.totalIncludingTax;
    });
    await expect(confirm(deal, before)).rejects.toThrow();
    const { figures } = await dealer.status(deal);
    expect(dealer.invoicesOf(deal).map((invoice) => invoice.isPosted)).toEqual([false]);
    await confirm(deal, figures);
    expect((await dealer.result(deal)).outcome).toBe('written-back');
    const [invoice] = dealer.invoicesOf(deal);
    expect(Number(invoice?.row['totalAmountIncludingTax'])).toBe(Number(figures?.totalIncludingTax));
    await keepHistory(stage, deal.id, 'changed-while-it-waited');
  });

  it('keeps its draft when what changed reaches no document', async () => {
    const deal = await startWaiting();
    const [before] = dealer.invoicesOf(deal);
    await seller.call(`salesorders(${deal.id})`, { description: 'call before you deliver' }, 'PATCH');
    const asked = stage.simulators.dataverse.requests.length;
    await bring(deal, { at: 'dataverse', revision: revisionOf(deal) });
    await until(() => stage.simulators.dataverse.requests.length > asked);
    await dealer.untilState(deal, 'awaiting-confirmation');
    await confirm(deal);
    expect((await dealer.result(deal)).outcome).toBe('written-back');
    expect(dealer.invoicesOf(deal).map((invoice) => invoice.row['id'])).toEqual([before?.row['id']]);
  });

  it('is not read again for a revision that it has read', async () => {
    const deal = await startWaiting();
    const asked = stage.simulators.dataverse.requests.length;
    for (let time = 0; time < 3; time += 1) await bring(deal, { at: 'dataverse', revision: revisionOf(deal) });
    await confirm(deal);
    await dealer.result(deal);
    const since = stage.simulators.dataverse.requests.slice(asked);
    expect(since.map(({ method }) => method)).toEqual(['POST']);
  });

  it('its customer changes: the new draft is for the new customer', async () => {
    const deal = await startWaiting();
    const other = stage.simulators.data.accounts.find(
      (account, index) => account.isInBusinessCentral && index !== deal.accountIndex,
    );
    if (!other) throw new Error('another account is needed');
    await seller.call(
      `salesorders(${deal.id})`,
      { 'customerid_account@odata.bind': `/accounts(${other.id})` },
      'PATCH',
    );
    await bring(deal, { at: 'dataverse', revision: revisionOf(deal) });
    await until(() => dealer.invoicesOf(deal).some((invoice) => invoice.row['customerNumber'] === other.number));
    expect(dealer.invoicesOf(deal)).toHaveLength(1);
  });

  it('cancelled: the draft is deleted and the deal ends as cancelled', async () => {
    const deal = await startWaiting();
    await seller.cancelOrder(deal.id);
    await bring(deal, { at: 'dataverse', revision: revisionOf(deal) });
    expect((await dealer.result(deal)).outcome).toBe('cancelled');
    expect(dealer.invoicesOf(deal)).toEqual([]);
    expect(await stage.ledger.getRecord(deal.id)).toMatchObject({ state: 'cancelled', endedBy: 'Sales' });
    await keepHistory(stage, deal.id, 'cancelled-in-sales-while-it-waited');
  });

  it('deleted: the same', async () => {
    const deal = await startWaiting();
    await seller.deleteRecord('salesorders', deal.id);
    await bring(deal, { at: 'dataverse', isDeleted: true });
    expect((await dealer.result(deal)).outcome).toBe('cancelled');
    expect(dealer.invoicesOf(deal)).toEqual([]);
  });

  it('reopened: cancelled, and won again it is handed over once', async () => {
    const deal = stage.simulators.data.documents.find((other) => other.kind === 'opportunity' && other.state === 0);
    if (!deal) throw new Error('an open opportunity is needed');
    await seller.winOpportunity(deal.id);
    await bring(deal);
    await dealer.untilState(deal, 'awaiting-confirmation');
    await seller.reopenOpportunity(deal.id);
    await bring(deal, { at: 'dataverse', revision: revisionOf(deal) });
    expect((await dealer.result(deal)).outcome).toBe('cancelled');
    expect(dealer.invoicesOf(deal)).toEqual([]);
    await seller.winOpportunity(deal.id);
    expect((await bring(deal, { at: 'dataverse', revision: revisionOf(deal) })).kind).toBe('started');
    await dealer.untilState(deal, 'awaiting-confirmation');
    await confirm(deal);
    expect((await dealer.result(deal)).outcome).toBe('written-back');
    expect(dealer.invoicesOf(deal).map((invoice) => invoice.isPosted)).toEqual([true]);
  });

  it('what a person cancelled here stays cancelled, whatever Sales does', async () => {
    const deal = await startWaiting();
    await stage.temporal.workflow
      .getHandle(deal.id)
      .executeUpdate('cancel', { args: [{ by: 'ann', reason: 'twice' }] });
    await dealer.result(deal);
    expect(await bring(deal, { at: 'dataverse', revision: revisionOf(deal) })).toEqual({
      kind: 'known',
      state: 'cancelled',
    });
  });
});

describe('a draft that somebody posts in Business Central by hand', () => {
  it('is not asked for any more: its number goes back to Sales, and the deal says so', async () => {
    const deal = await startWaiting();
    const [draft] = dealer.invoicesOf(deal);
    await bookkeeper.postInvoice(String(draft?.row['id']));
    await bring(deal, { at: 'business-central', invoiceId: String(draft?.row['id']), etag: 'W/"new"' });
    expect((await dealer.result(deal)).outcome).toBe('written-back');
    expect(dealer.salesInvoicesOf(deal)).toHaveLength(1);
    expect(await notices(deal)).toEqual(['posted-by-hand']);
    await keepHistory(stage, deal.id, 'posted-by-hand');
  });

  it('just when the record changes is not absorbed: the invoice is of before, and the seller is told (I12)', async () => {
    const deal = await startWaiting();
    const [draft] = dealer.invoicesOf(deal);
    await bookkeeper.postInvoice(String(draft?.row['id']));
    await changePrice(deal, 99.99);
    await bring(deal, { at: 'dataverse', revision: revisionOf(deal) });
    expect((await dealer.result(deal)).outcome).toBe('written-back');
    expect(await notices(deal)).toEqual(['posted-by-hand', 'changed-after-confirmation']);
    expect(notesOf(deal)).toHaveLength(1);
  });
});

describe('after the posting', () => {
  async function handOver(): Promise<SeedDocument> {
    const deal = await startWaiting();
    await confirm(deal);
    await dealer.result(deal);
    return deal;
  }

  it('a record that changes is noticed once, in the deal and as a note in Sales; nothing is drafted', async () => {
    const deal = await handOver();
    await changePrice(deal, 99.99);
    for (let time = 0; time < 2; time += 1) {
      await bring(deal, { at: 'dataverse', revision: revisionOf(deal) });
      expect((await dealer.result(deal)).outcome).toBe('written-back');
    }
    expect(await notices(deal)).toEqual(['changed-after-confirmation']);
    expect(notesOf(deal)).toHaveLength(1);
    expect(dealer.invoicesOf(deal)).toHaveLength(1);
    await keepHistory(stage, deal.id, 'changed-after-posting');
  });

  it('a change that reaches no document is no notice', async () => {
    const deal = await handOver();
    await seller.call(`salesorders(${deal.id})`, { description: 'thank you' }, 'PATCH');
    await bring(deal, { at: 'dataverse', revision: revisionOf(deal) });
    await dealer.result(deal);
    expect(await notices(deal)).toEqual([]);
  });

  it('a record that is cancelled or deleted is noticed, too', async () => {
    const cancelled = await handOver();
    await seller.cancelOrder(cancelled.id);
    await bring(cancelled, { at: 'dataverse', revision: revisionOf(cancelled) });
    await dealer.result(cancelled);
    expect(await notices(cancelled)).toEqual(['ended-after-confirmation']);
    expect(notesOf(cancelled)).toHaveLength(1);
    expect(dealer.invoicesOf(cancelled).map((invoice) => invoice.row['externalDocumentNumber'])).toEqual([
      expect.stringMatching(documentTail(cancelled.id)),
    ]);
  });
});
