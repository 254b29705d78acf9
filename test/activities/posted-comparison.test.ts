import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDeletionSteps } from '../../src/activities/documents/deletion.js';
import { createDraftSteps } from '../../src/activities/documents/draft-steps.js';
import { createPostingSteps } from '../../src/activities/documents/posting.js';
import { createInvoiceFeedActivities } from '../../src/activities/feeds/invoice-feed.js';
import { createNotifyDeals } from '../../src/activities/feeds/notify-deals.js';
import { createReferenceSets } from '../../src/clients/business-central/reference-sets.js';
import type { DocumentKind, WonDeal } from '../../src/deal/deal.js';
import { writeKey } from '../../src/deal/ids.js';
import { parseRules } from '../../src/process/config.js';
import { systemClock } from '../../src/process/system-clock.js';
import { type Counter, openCounter } from '../support/business-central.js';
import { loadProgressOf, toPost, unchanged } from '../support/posting.js';

/** What was posted is compared with what was confirmed: the ledger holds the one, Business Central tells the other. */

let counter: Counter;
beforeAll(async () => {
  counter = await openCounter();
});
afterAll(() => counter?.close());

const openSteps = () => {
  const { client: businessCentral, companyId, ledger } = counter;
  const sets = createReferenceSets({ readCodes: (set) => businessCentral.readCodes(set) });
  const company = { businessCentral, companyId, ledger, clock: systemClock, ambiguityWindowMs: 60_000 };
  return {
    ...createDraftSteps({ ...company, rules: parseRules(''), sets }),
    ...createDeletionSteps(company),
    ...createPostingSteps({ ...company, ...unchanged, sets, loadProgress: loadProgressOf(company) }),
  };
};

const LINES = [
  ['4', '10.00'],
  ['1', '0.03'],
] as const;

/** Posted by us as it was confirmed; a test may then say that something else had been confirmed. */
async function post(kind: DocumentKind) {
  const steps = openSteps();
  const deal = await counter.win(LINES);
  const { recordId, revision } = deal;
  const of = { ...counter.context, kind, recordId };
  const draft = await steps.createDraft({ ...of, revision, customerId: counter.customerId, draftVersion: 1 });
  if (!draft) throw new Error('no draft');
  if (kind === 'invoice') await steps.post({ ...of, ...toPost(deal), draft });
  else await steps.shipAndInvoice({ ...of, ...toPost(deal), draft });
  const read = () =>
    kind === 'invoice'
      ? steps.readPosted({ ...of, table: deal.table, invoiceId: draft.id, isConfirmed: true })
      : steps.readOrderInvoices({ ...of, orderId: draft.id, isComplete: true });
  return { deal, draft, read };
}

async function confirmedDocument(kind: DocumentKind, id: string) {
  return kind === 'invoice' ? counter.ledger.getInvoice(id) : counter.ledger.getOrder(id);
}

const noticesOf = async ({ recordId }: WonDeal) => (await counter.ledger.listNotices(recordId)).map(({ kind }) => kind);
const differencesOf = async ({ recordId }: WonDeal) =>
  (await counter.ledger.readAudit(recordId))
    .filter(({ action }) => action.startsWith('posted '))
    .map(({ action, facts }) => [action, facts?.['differences']]);

describe('an invoice that is posted', () => {
  it('is unread until it is read, whatever run does that', async () => {
    const { deal, read } = await post('invoice');
    const { ledger, companyId } = counter;
    const load = loadProgressOf({ ledger, companyId });
    expect((await load(deal)).isUnread).toBe(true);
    await read();
    expect((await load(deal)).isUnread).toBe(false);
  });

  it('otherwise than confirmed is an alarm also when the feed of invoices reads it first (I12)', async () => {
    const { client: businessCentral, companyId, ledger } = counter;
    const { deal, draft, read } = await post('invoice');
    // Confirmed was less: what follows was added by the posting.
    const confirmed = await ledger.getInvoice(draft.id);
    await ledger.saveDocument(deal.recordId, 'invoice', { ...confirmed, includingTax: '1.00' });
    const { readInvoicePage } = createInvoiceFeedActivities({
      businessCentral,
      companyId,
      ledger,
      invoiceFeed: { ...parseRules('').invoiceFeed, from: new Date(0) },
      ambiguityWindowMs: 60_000,
      clock: systemClock,
      notifyDeal: async () => undefined,
    });
    await readInvoicePage({ companyId });
    await read();
    expect(await noticesOf(deal)).toEqual(['posted-otherwise']);
    expect(await differencesOf(deal)).toHaveLength(1);
  });
});

describe('an invoice whose posting was never answered', () => {
  /** Confirmed was less: what follows was added by the posting. */
  async function postUnheard() {
    const { deal, draft } = await post('invoice');
    const { recordId, revision } = deal;
    const confirmed = await counter.ledger.getInvoice(draft.id);
    await counter.ledger.saveDocument(recordId, 'invoice', { ...confirmed, includingTax: '1.00' });
    const of = { ...counter.context, kind: 'invoice' as const, recordId, revision, draftId: draft.id };
    return { deal, of };
  }

  it('is compared by whoever finds it posted, before that takes the place of what was confirmed (I12)', async () => {
    const { deal, of } = await postUnheard();
    expect(await openSteps().readDraft(of)).toMatchObject({ isPosted: true });
    expect(await noticesOf(deal)).toEqual(['posted-otherwise']);
    expect(String(await differencesOf(deal))).toContain('total: 1.00 was confirmed');
  });

  it('is compared when it was to be deleted', async () => {
    const { deal, of } = await postUnheard();
    expect(await openSteps().deleteDraft({ ...of, evenIfEdited: true })).toBe('posted');
    expect(await noticesOf(deal)).toEqual(['posted-otherwise']);
  });

  it('is compared when the run takes it for one that was posted by hand', async () => {
    const { deal, of } = await postUnheard();
    const { recordId, draftId: invoiceId } = of;
    const { table } = deal;
    const read = { ...counter.context, table, recordId, invoiceId, isConfirmed: false };
    expect(await openSteps().readPosted(read)).toMatchObject({ differences: [{ kind: 'alarm', cause: 'total' }] });
    expect(await noticesOf(deal)).toEqual(['posted-otherwise']);
  });

  it('is compared by the feed of invoices also when somebody had released it before', async () => {
    const { client: businessCentral, companyId, ledger } = counter;
    const { deal, of } = await postUnheard();
    const confirmed = await ledger.getInvoice(of.draftId);
    await ledger.saveDocument(deal.recordId, 'invoice', { ...confirmed, status: 'Open' });
    await createNotifyDeals({ businessCentral, companyId, ledger, notifyDeal: async () => undefined })([
      await businessCentral.getInvoice(of.draftId),
    ]);
    expect(await noticesOf(deal)).toEqual(['posted-otherwise']);
  });

  it('is not compared by the feed of invoices while it is a draft that somebody has edited and released', async () => {
    const { client: businessCentral, companyId, ledger } = counter;
    const deal = await counter.win(LINES);
    const { recordId, revision } = deal;
    const of = { ...counter.context, kind: 'invoice' as const, recordId, revision };
    const draft = await openSteps().createDraft({ ...of, customerId: counter.customerId, draftVersion: 1 });
    if (!draft) throw new Error('no draft');
    const confirmed = await ledger.getInvoice(draft.id);
    await ledger.saveDocument(recordId, 'invoice', { ...confirmed, includingTax: '1.00' });
    // Asked, and never answered: it did not land.
    await ledger.openIntent(writeKey(recordId, `post-${draft.id}`), recordId, new Date());
    await counter.books.releaseDraft(draft.id);
    const notify = createNotifyDeals({ businessCentral, companyId, ledger, notifyDeal: async () => undefined });
    expect(await notify([await businessCentral.getInvoice(draft.id)])).toBe(1);
    expect(await noticesOf(deal)).toEqual([]);
  });

  it('is not compared when it was posted by hand and never by us', async () => {
    const steps = openSteps();
    const deal = await counter.win(LINES);
    const { recordId, revision } = deal;
    const of = { ...counter.context, kind: 'invoice' as const, recordId, revision };
    const draft = await steps.createDraft({ ...of, customerId: counter.customerId, draftVersion: 1 });
    if (!draft) throw new Error('no draft');
    const made = await counter.ledger.getInvoice(draft.id);
    await counter.ledger.saveDocument(recordId, 'invoice', { ...made, includingTax: '1.00' });
    await counter.books.postInvoice(draft.id);
    expect(await steps.readDraft({ ...of, draftId: draft.id })).toMatchObject({ isPosted: true });
    expect(await noticesOf(deal)).toEqual([]);
  });
});

describe('an order that was invoiced in parts', () => {
  it('in a currency that has no decimals in the company is no alarm, as each part rounds for itself', async () => {
    const { client, companyId, ledger } = counter;
    const { deal, draft } = await post('order');
    const [invoice] = await client.findInvoicesOfOrder(draft.id);
    const order = await ledger.getOrder(draft.id);
    const [line] = order.lines;
    if (!invoice || !line) throw new Error('an invoice with a line is needed');
    const priced = { ...line, unitPrice: '100.5', discount: '0', tax: '0' };
    const whole = { ...priced, quantity: '2', net: '201' };
    const confirmed = { ...order, currency: 'HUF', includingTax: '201', lines: [whole] };
    await ledger.saveDocument(deal.recordId, 'order', confirmed as never);
    const part = {
      ...invoice,
      currency: 'HUF',
      includingTax: '101',
      lines: [{ ...priced, quantity: '1', net: '101' }],
    };
    const parts = [part, { ...part, id: randomUUID(), number: 'INV-2' }];
    const company = { companyId, ledger, clock: systemClock, ambiguityWindowMs: 60_000 };
    const { readOrderInvoices } = createPostingSteps({
      ...company,
      ...unchanged,
      businessCentral: { ...client, findInvoicesOfOrder: async () => parts },
      loadProgress: loadProgressOf(company),
      sets: {
        find: async (set, code) => (set === 'currencies' ? { id: '', code, name: code, decimals: 0 } : undefined),
      },
    });
    await readOrderInvoices({ ...counter.context, recordId: deal.recordId, orderId: draft.id, isComplete: true });
    expect(await noticesOf(deal)).toEqual(['posted-with-rounding']);
  });
});

describe('an order with an invoice discount', () => {
  it('that the warehouse invoices in parts is no alarm, as each part of each line rounds its share of it', async () => {
    const steps = openSteps();
    const lines = Array.from({ length: 10 }, () => ['3', '20.00'] as const);
    const deal = await counter.win(lines, { headerDiscount: '10.00', totalLessFreight: '590.00', total: '590.00' });
    const { recordId, revision } = deal;
    const of = { ...counter.context, kind: 'order' as const, recordId, revision };
    const made = await steps.createDraft({ ...of, customerId: counter.customerId, draftVersion: 1 });
    if (!made) throw new Error('no draft');
    const draft = await steps.setDiscount({ ...of, draftId: made.id, etag: made.etag, discount: '0' });
    if (!draft) throw new Error('no draft');
    expect(draft.difference).toBeUndefined();
    const part = deal.lines.map(({ sequence }) => ({ sequence, ship: '1', invoice: '1' }));
    for (let time = 0; time < 3; time += 1) await counter.books.postOrder(draft.id, part);
    await steps.readOrderInvoices({ ...of, orderId: draft.id, isComplete: true });
    expect(await differencesOf(deal)).toEqual([
      [
        'posted with invoice rounding',
        ['total: 702.1 was confirmed, 702.21 posted in 3 invoices; each of them rounds for itself'],
      ],
    ]);
  });
});

describe.each(['invoice', 'order'] as const)('an %s that is posted', (kind) => {
  it('as it was confirmed is nothing to tell', async () => {
    const { deal, read } = await post(kind);
    await read();
    expect(await noticesOf(deal)).toEqual([]);
    expect(await differencesOf(deal)).toEqual([]);
  });

  it('with a line of invoice rounding is a notice that names it, once', async () => {
    const { deal, draft, read } = await post(kind);
    const posted = await confirmedDocument(kind, draft.id);
    const [first] = posted.lines;
    if (!first) throw new Error('a line is needed');
    // Confirmed was the first line alone; what follows is what posting added.
    const includingTax = (Number(first.net) + Number(first.tax)).toFixed(2);
    await counter.ledger.saveDocument(deal.recordId, kind, { ...posted, includingTax, lines: [first] as never });
    await read();
    await read();
    expect(await noticesOf(deal)).toEqual(['posted-with-rounding']);
    const [[action, texts] = [], ...more] = await differencesOf(deal);
    expect([action, more]).toEqual(['posted with invoice rounding', []]);
    expect(String(texts)).toMatch(/^invoice rounding: posting added line 2 \(EQ-1002 .*\) of 0\.0[34]/);
  });

  it('with another quantity, price and total than was confirmed is an alarm on the deal and in the trail', async () => {
    const { deal, draft, read } = await post(kind);
    const posted = await confirmedDocument(kind, draft.id);
    const lines = posted.lines.map((line) => ({ ...line, quantity: '3', unitPrice: '9.99' }));
    const other = {
      ...posted,
      includingTax: '1.00',
      customerId: randomUUID(),
      customerNumber: 'C99',
      lines: lines as never,
    };
    await counter.ledger.saveDocument(deal.recordId, kind, other);
    await read();
    expect(await noticesOf(deal)).toEqual(['posted-otherwise']);
    const [[action, texts] = []] = await differencesOf(deal);
    expect(action).toBe('posted otherwise than confirmed');
    expect(String(texts)).toContain('customer: C99 was confirmed');
    expect(String(texts)).toContain('line 1: price 9.99 was confirmed, 10 posted');
    expect(String(texts)).toContain('quantity 3 was confirmed, 4 posted');
    expect(String(texts)).toContain('total: 1.00 was confirmed');
  });
});
