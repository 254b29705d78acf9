import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createDraftSteps } from '../../src/activities/documents/draft-steps.js';
import { createPostingSteps } from '../../src/activities/documents/posting.js';
import {
  createInvoiceFeedActivities,
  type InvoiceFeedActivities,
  type InvoicePlaceInReading,
} from '../../src/activities/feeds/invoice-feed.js';
import { createReferenceSets } from '../../src/clients/business-central/reference-sets.js';
import { REPEATABLE } from '../../src/clients/http/write-context.js';
import type { ChangeHint } from '../../src/deal/change-hints.js';
import type { WonDeal } from '../../src/deal/deal.js';
import { documentKey } from '../../src/deal/document-number.js';
import { parseRules } from '../../src/process/config.js';
import { systemClock } from '../../src/process/system-clock.js';
import { type Counter, openCounter } from '../support/business-central.js';
import { loadProgressOf, unchanged } from '../support/posting.js';

const OVERLAP_SECONDS = 120;
const OUTCOME_MS = 600_000;
const SETTINGS = { everySeconds: 30, overlapSeconds: OVERLAP_SECONDS, pageSize: 500, sweepEveryMinutes: 60 };
const SINCE_MAY = { ...SETTINGS, from: new Date('2031-05-04T08:00:00Z') };

describe('the feed of invoices', () => {
  let counter: Counter;
  let told: { recordId: string; look: ChangeHint }[];
  let deafness: Error | undefined;
  let feed: InvoiceFeedActivities;

  beforeAll(async () => {
    counter = await openCounter();
    // Everything that was there before the first reading.
    feed = open();
  });
  beforeEach(async () => {
    deafness = undefined;
    told = [];
    await drain();
    told = [];
  });
  afterEach(() => counter.simulators.businessCentral.faults.clear());
  afterAll(() => counter?.close());

  function open(pageSize = 500, from: Date | undefined = undefined): InvoiceFeedActivities {
    return createInvoiceFeedActivities({
      businessCentral: counter.client,
      companyId: counter.companyId,
      ledger: counter.ledger,
      clock: systemClock,
      invoiceFeed: { ...SETTINGS, pageSize, from },
      ambiguityWindowMs: OUTCOME_MS,
      notifyDeal: async (ref, look) => {
        if (deafness) throw deafness;
        told.push({ recordId: ref.recordId, look });
      },
    });
  }

  async function drain(of: InvoiceFeedActivities = feed): Promise<number> {
    let pages = 0;
    let place: Omit<InvoicePlaceInReading, 'companyId'> = {};
    do {
      place = await of.readInvoicePage({ ...counter.context, ...place });
      pages += 1;
    } while (place.next !== undefined);
    return pages;
  }

  const common = () => {
    const { client: businessCentral, companyId, ledger } = counter;
    const sets = createReferenceSets({ readCodes: (set) => businessCentral.readCodes(set) });
    const company = { businessCentral, companyId, ledger, clock: systemClock };
    return { ...company, rules: parseRules(''), ambiguityWindowMs: OUTCOME_MS, sets };
  };
  const postingSteps = () => createPostingSteps({ ...common(), ...unchanged, loadProgress: loadProgressOf(counter) });
  const input = ({ recordId, revision }: WonDeal) => ({
    ...counter.context,
    recordId,
    revision,
    customerId: counter.customerId,
    draftVersion: 1,
  });

  /** A deal with a draft invoice that the feed has met. */
  async function draftInvoice(): Promise<{ deal: WonDeal; invoiceId: string }> {
    const deal = await counter.win();
    const draft = await createDraftSteps(common()).createDraft({ ...input(deal), kind: 'invoice' });
    if (!draft) throw new Error('no draft');
    await drain();
    return { deal, invoiceId: draft.id };
  }

  async function draftOrder(): Promise<{ deal: WonDeal; orderId: string }> {
    const deal = await counter.win();
    const draft = await createDraftSteps(common()).createDraft({ ...input(deal), kind: 'order' });
    if (!draft) throw new Error('no draft');
    return { deal, orderId: draft.id };
  }

  const newsOf = (deal: WonDeal) => told.filter(({ recordId }) => recordId === deal.recordId);
  const position = async () => {
    const [line] = await counter.ledger.listBusinessCentralFeeds();
    if (!line?.position) throw new Error('no position');
    return line;
  };
  const row = (invoiceId: string) => {
    const found = counter.simulators.businessCentral.company.invoices.get(invoiceId)?.row;
    if (!found) throw new Error('no invoice');
    return found;
  };

  it('a draft that our own step has made is no news', async () => {
    const { deal } = await draftInvoice();
    expect(newsOf(deal)).toEqual([]);
  });

  it('a posting by hand, a payment and a later reading reach the deal once for each change', async () => {
    const { deal, invoiceId } = await draftInvoice();
    await counter.books.postInvoice(invoiceId);
    await drain();
    const posted = row(invoiceId);
    expect(newsOf(deal)).toEqual([
      {
        recordId: deal.recordId,
        look: { at: 'business-central', invoiceId, etag: posted['@odata.etag'] },
      },
    ]);
    expect(await counter.ledger.getInvoice(invoiceId)).toMatchObject({ number: posted['number'], status: 'Open' });

    await counter.books.payInvoice(invoiceId);
    await drain();
    await drain();
    expect(newsOf(deal)).toHaveLength(2);
    expect(await counter.ledger.getInvoice(invoiceId)).toMatchObject({ status: 'Paid', remaining: '0' });
  });

  it('a cancelled invoice is told', async () => {
    const { deal, invoiceId } = await draftInvoice();
    await counter.books.postInvoice(invoiceId);
    await counter.books.cancelInvoice(invoiceId);
    await drain();
    expect(newsOf(deal)).toHaveLength(1);
    expect(await counter.ledger.getInvoice(invoiceId)).toMatchObject({ status: 'Canceled' });
  });

  it('what our own step has read already is no news, though the etag is new', async () => {
    const { deal, invoiceId } = await draftInvoice();
    await counter.books.postInvoice(invoiceId);
    await postingSteps().readPosted({
      ...counter.context,
      table: deal.table,
      recordId: deal.recordId,
      invoiceId,
      isConfirmed: true,
    });
    await drain();
    expect(newsOf(deal)).toEqual([]);
  });

  it('an edited draft is told with its new total', async () => {
    const { deal, invoiceId } = await draftInvoice();
    await counter.books.editDraft(invoiceId, 10_000, '11');
    counter.simulators.businessCentral.company.touch(row(invoiceId), 'salesInvoices');
    await drain();
    expect(newsOf(deal)).toHaveLength(1);
  });

  it('an order that is shipped in parts tells its deal of each invoice once', async () => {
    const { deal, orderId } = await draftOrder();
    await counter.books.postOrder(orderId, [{ sequence: 10_000, ship: '1', invoice: '1' }]);
    await drain();
    await counter.books.postOrder(orderId, [{ sequence: 10_000, ship: '2', invoice: '2' }]);
    await drain();
    await counter.books.postOrder(orderId);
    await drain();
    await drain();
    const invoices = await counter.client.findInvoicesOfOrder(orderId);
    expect(
      newsOf(deal)
        .map(({ look }) => 'invoiceId' in look && look.invoiceId)
        .sort(),
    ).toEqual(invoices.map((invoice) => invoice.id).sort());
    expect(invoices).toHaveLength(3);
  });

  it('an invoice of an order that lost our key is found by the order', async () => {
    const { deal, orderId } = await draftOrder();
    const order = counter.simulators.businessCentral.company.documents.order.get(orderId);
    if (!order) throw new Error('no order');
    order.row['externalDocumentNumber'] = 'PO 4711';
    await counter.books.postOrder(orderId);
    await drain();
    expect(newsOf(deal)).toHaveLength(1);
  });

  it('invoices of others, and keys that only look like ours, tell nobody', async () => {
    const before = told.length;
    for (const externalDocumentNumber of ['PO 4711', documentKey(randomUUID())]) {
      const made = await counter.client.createInvoice(
        {
          externalDocumentNumber,
          customerId: counter.customerId,
          currency: { code: 'EUR', decimals: 2 },
          lines: [
            {
              sequence: 10_000,
              kind: 'item',
              number: 'EQ-1001',
              unitCode: undefined,
              quantity: '1',
              unitPrice: '5',
              discount: '0',
              description: undefined,
            },
          ],
          headerDiscount: undefined,
        },
        REPEATABLE,
      );
      await counter.books.postInvoice(made.id);
    }
    await drain();
    expect(told).toHaveLength(before);
  });

  it('a change that commits late, with a stamp within the overlap, is told once', async () => {
    const { deal, invoiceId } = await draftInvoice();
    const { position: watermark } = await position();
    await counter.books.postInvoice(invoiceId);
    row(invoiceId)['lastModifiedDateTime'] = new Date(
      (watermark?.getTime() ?? 0) - (OVERLAP_SECONDS - 1) * 1_000,
    ).toISOString();
    await drain();
    await drain();
    expect(newsOf(deal)).toHaveLength(1);
    expect((await position()).position).toEqual(watermark);
  });

  it('pages are followed to the end, and each change in them is told once', async () => {
    const deals = [];
    for (let index = 0; index < 5; index += 1) deals.push(await draftInvoice());
    for (const { invoiceId } of deals) await counter.books.postInvoice(invoiceId);
    const small = open(2);
    expect(await drain(small)).toBeGreaterThan(2);
    await drain(small);
    for (const { deal } of deals) expect(newsOf(deal)).toHaveLength(1);
  });

  it('an invoice that changes between two pages takes none of those behind it along (I5)', async () => {
    const deals = [];
    for (let index = 0; index < 6; index += 1) {
      deals.push(await draftInvoice());
      counter.simulators.clock.advance(1_000);
    }
    for (const { invoiceId } of deals) {
      await counter.books.postInvoice(invoiceId);
      counter.simulators.clock.advance(1_000);
    }
    // Somebody pays at this moment what stands last on each page, and so it moves behind all others.
    const small = open(2);
    let place: Omit<InvoicePlaceInReading, 'companyId'> = {};
    do {
      place = await small.readInvoicePage({ ...counter.context, ...place });
      const last = told.at(-1)?.look;
      if (last && 'invoiceId' in last && row(last.invoiceId)['status'] === 'Open') {
        await counter.books.payInvoice(last.invoiceId);
        counter.simulators.clock.advance(1_000);
      }
    } while (place.next !== undefined);
    for (const { deal } of deals) expect(newsOf(deal).length, deal.recordId).toBeGreaterThan(0);
  });

  it('a reading that had got further than the ledger, which was restored since, leaves out nothing between', async () => {
    const { deal, invoiceId } = await draftInvoice();
    await counter.books.postInvoice(invoiceId);
    const { position: watermark } = await position();
    const further = new Date((watermark?.getTime() ?? 0) + 60_000).toISOString();
    await feed.readInvoicePage({ ...counter.context, next: further, beganAt: further });
    expect(newsOf(deal)).toHaveLength(1);
  });

  it('pages grow over invoices that were changed in one moment', async () => {
    const deals = [];
    for (let index = 0; index < 5; index += 1) deals.push(await draftInvoice());
    const stamp = new Date(counter.simulators.clock.now()).toISOString();
    for (const { invoiceId } of deals) {
      await counter.books.postInvoice(invoiceId);
      row(invoiceId)['lastModifiedDateTime'] = stamp;
    }
    await drain(open(2));
    for (const { deal } of deals) expect(newsOf(deal)).toHaveLength(1);
  });

  it('the watermark stays while a deal cannot be told, and the error is shown (I5)', async () => {
    const { deal, invoiceId } = await draftInvoice();
    const before = await position();
    await counter.books.postInvoice(invoiceId);
    deafness = new Error('the workflows cannot be reached');
    await expect(drain()).rejects.toThrow('cannot be reached');
    expect(await position()).toMatchObject({
      position: before.position,
      lastError: 'the workflows cannot be reached',
    });
    // The news are kept by now; that they were not told must not be forgotten.
    expect(await counter.ledger.getInvoice(invoiceId)).toMatchObject({ status: 'Open' });
    deafness = undefined;
    await drain();
    await drain();
    expect(newsOf(deal)).toHaveLength(1);
    expect((await position()).lastError).toBeUndefined();
  });

  it('an invoice that the ledger holds in a form nobody reads takes nothing along, and is read anew (I13)', async () => {
    const [broken, whole] = [await draftInvoice(), await draftInvoice()];
    const damage = `UPDATE documents SET content = '{"v": 1, "number": 7}' WHERE document_id = $1`;
    await counter.database.query(damage, [broken.invoiceId]);
    for (const { invoiceId } of [broken, whole]) await counter.books.postInvoice(invoiceId);
    await drain();
    expect(newsOf(whole.deal)).toHaveLength(1);
    expect(newsOf(broken.deal)).toHaveLength(1);
    expect(await counter.ledger.getInvoice(broken.invoiceId)).toMatchObject({ status: 'Open' });
  });

  it('a line text that was cut in the middle of a character takes nothing along (I13)', async () => {
    const { deal, invoiceId } = await draftInvoice();
    const lines = counter.simulators.businessCentral.company.invoices.get(invoiceId)?.lines ?? [];
    for (const line of lines) line['description'] = 'crane \ud83d';
    await counter.books.postInvoice(invoiceId);
    await drain();
    expect(newsOf(deal)).toHaveLength(1);
    expect((await counter.ledger.getInvoice(invoiceId)).lines[0]?.description).toBe('crane \ufffd');
  });

  it('an older page does not overwrite what the deal has read since', async () => {
    const { deal, invoiceId } = await draftInvoice();
    const draft = await counter.client.getInvoice(invoiceId);
    await counter.books.postInvoice(invoiceId);
    await postingSteps().readPosted({
      ...counter.context,
      table: deal.table,
      recordId: deal.recordId,
      invoiceId,
      isConfirmed: true,
    });
    await counter.ledger.businessCentralFeeds.savePaymentStatus(counter.companyId, deal.recordId, draft);
    expect(await counter.ledger.getInvoice(invoiceId)).toMatchObject({ status: 'Open' });
  });

  /** Reads as Business Central answers, and hands the answer over only when the feed has read a payment that came after. */
  const readBeforePayment = (invoiceId: string) => {
    const { client } = counter;
    const payAfter =
      <T extends readonly unknown[], R>(read: (...args: T) => Promise<R>) =>
      async (...args: T): Promise<R> => {
        const answer = await read(...args);
        await counter.books.payInvoice(invoiceId);
        await drain();
        return answer;
      };
    return createPostingSteps({
      ...{ ...common(), ...unchanged, loadProgress: loadProgressOf(counter) },
      businessCentral: {
        ...client,
        findInvoices: payAfter(client.findInvoices),
        findInvoicesOfOrder: payAfter(client.findInvoicesOfOrder),
      },
    });
  };

  it('what the deal has read before does not overwrite a payment that the feed has read meanwhile', async () => {
    const { deal, invoiceId } = await draftInvoice();
    await counter.books.postInvoice(invoiceId);
    const of = { ...counter.context, table: deal.table, recordId: deal.recordId };
    const posted = await readBeforePayment(invoiceId).readPosted({ ...of, invoiceId, isConfirmed: true });
    expect(await counter.ledger.getInvoice(invoiceId)).toMatchObject({ status: 'Paid', remaining: '0' });
    expect(posted).toMatchObject({ progress: { invoices: [{ id: invoiceId, status: 'paid' }] } });
  });

  it('nor does the reading of the invoices of an order', async () => {
    const { deal, orderId } = await draftOrder();
    await counter.books.postOrder(orderId);
    const [invoice] = await counter.client.findInvoicesOfOrder(orderId);
    const invoiceId = invoice?.id ?? '';
    const of = { ...counter.context, recordId: deal.recordId, orderId };
    await readBeforePayment(invoiceId).readOrderInvoices({ ...of, isComplete: true });
    expect(await counter.ledger.getInvoice(invoiceId)).toMatchObject({ status: 'Paid', remaining: '0' });
  });

  it('a lost answer of Business Central leaves everything to the next attempt', async () => {
    const { deal, invoiceId } = await draftInvoice();
    await counter.books.postInvoice(invoiceId);
    counter.simulators.businessCentral.faults.add({
      match: { method: 'GET', path: 'salesInvoices' },
      effect: { kind: 'lose-answer', when: 'after' },
    });
    await expect(drain()).rejects.toMatchObject({ type: 'business-central/unknown-outcome' });
    expect((await position()).lastError).toBe('read the changes of invoices: unknown-outcome (UND_ERR_SOCKET)');
    await drain();
    expect(newsOf(deal)).toHaveLength(1);
  });

  it('in quiet times the last invoices are not read for ever, and what commits late is still read', async () => {
    const quiet = createInvoiceFeedActivities({
      businessCentral: {
        ...counter.client,
        readChangedInvoices: async () => ({
          invoices: [],
          hasMore: false,
          answeredAt: new Date('2031-05-04T10:20:00Z'),
        }),
      },
      companyId: randomUUID(),
      ledger: counter.ledger,
      clock: systemClock,
      invoiceFeed: SINCE_MAY,
      ambiguityWindowMs: OUTCOME_MS,
      notifyDeal: async () => undefined,
    });
    expect(await quiet.readInvoicePage(counter.context)).toMatchObject({
      watermark: '2031-05-04T10:10:00.000Z',
      beganAt: '2031-05-04T10:20:00.000Z',
    });
    // The time counts from where the reading began, not from its last page.
    expect(
      await quiet.readInvoicePage({
        ...counter.context,
        next: '2031-05-04T10:19:00.000Z',
        beganAt: '2031-05-04T10:20:30.000Z',
      }),
    ).toMatchObject({
      watermark: '2031-05-04T10:10:30.000Z',
    });
  });

  it('an empty page that is not the last one moves nothing (I5)', async () => {
    const companyId = randomUUID();
    const odd = createInvoiceFeedActivities({
      businessCentral: {
        ...counter.client,
        readChangedInvoices: async () => ({
          invoices: [],
          hasMore: true,
          answeredAt: new Date('2031-05-04T10:20:00Z'),
        }),
      },
      companyId,
      ledger: counter.ledger,
      clock: systemClock,
      invoiceFeed: SINCE_MAY,
      ambiguityWindowMs: OUTCOME_MS,
      notifyDeal: async () => undefined,
    });
    await expect(odd.readInvoicePage({ companyId })).rejects.toThrow('there are said to be more');
    expect(await counter.ledger.businessCentralFeeds.openInvoiceFeed(companyId, new Date())).toEqual(
      new Date('2031-05-04T08:00:00Z'),
    );
  });

  it('that could not be started for an hour finds what was paid before its first reading', async () => {
    const late = await openCounter();
    try {
      const deal = await late.win();
      const company = {
        businessCentral: late.client,
        companyId: late.companyId,
        ledger: late.ledger,
        clock: systemClock,
      };
      const sets = createReferenceSets({ readCodes: (set) => late.client.readCodes(set) });
      const steps = createDraftSteps({ ...company, rules: parseRules(''), ambiguityWindowMs: OUTCOME_MS, sets });
      const draft = await steps.createDraft({
        ...late.context,
        ...{ recordId: deal.recordId, revision: deal.revision, customerId: late.customerId, draftVersion: 1 },
        kind: 'invoice',
      });
      await late.books.postInvoice(draft?.id ?? '');
      await late.books.payInvoice(draft?.id ?? '');
      const anHourLater = new Date(Date.now() + 3_600_000);
      const found: string[] = [];
      const first = createInvoiceFeedActivities({
        ...company,
        clock: { now: () => anHourLater },
        invoiceFeed: { ...SETTINGS, from: undefined },
        ambiguityWindowMs: OUTCOME_MS,
        notifyDeal: async ({ recordId }) => found.push(recordId),
      });
      await first.readInvoicePage(late.context);
      expect(found).toEqual([deal.recordId]);
      expect(await late.ledger.getInvoice(draft?.id ?? '')).toMatchObject({ status: 'Paid' });
    } finally {
      await late.close();
    }
  });

  it('what no reading goes back to is forgotten', async () => {
    const { invoiceId } = await draftInvoice();
    const observed = () =>
      counter.database.query<{ is_deal_notified: boolean }>(
        'SELECT is_deal_notified FROM observed_invoices WHERE invoice_id = $1',
        [invoiceId],
      );
    expect((await observed()).rows).toEqual([{ is_deal_notified: true }]);
    counter.simulators.clock.advance(3 * 3_600_000);
    await draftInvoice();
    await drain();
    expect((await observed()).rows).toEqual([]);
  });
});
