import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createDraftSteps } from '../../src/activities/documents/draft-steps.js';
import { createPostingSteps } from '../../src/activities/documents/posting.js';
import { createInvoiceSweepActivities } from '../../src/activities/feeds/invoice-sweep.js';
import { createReferenceSets } from '../../src/clients/business-central/reference-sets.js';
import { parseRules } from '../../src/process/config.js';
import { systemClock } from '../../src/process/system-clock.js';
import { type Counter, openCounter } from '../support/business-central.js';
import { holdRequest } from '../support/held-requests.js';
import { loadProgressOf, unchanged } from '../support/posting.js';

/** An attempt that Temporal took for dead hears late which invoices there were, and what was left to be paid of them. */

let counter: Counter;
beforeAll(async () => {
  counter = await openCounter();
});
afterEach(() => counter.simulators.businessCentral.faults.clear());
afterAll(() => counter?.close());

function openSteps() {
  const { client: businessCentral, companyId, ledger } = counter;
  const sets = createReferenceSets({ readCodes: (set) => businessCentral.readCodes(set) });
  const company = { businessCentral, companyId, ledger, clock: systemClock, ambiguityWindowMs: 60_000, sets };
  return {
    ...createDraftSteps({ ...company, rules: parseRules('') }),
    ...createPostingSteps({ ...company, ...unchanged, loadProgress: loadProgressOf(company) }),
    ...createInvoiceSweepActivities({
      ...company,
      invoiceFeed: { pageSize: 500 },
      notifyDeal: async () => undefined,
    }),
  };
}

async function makeOrder() {
  const { recordId, revision } = await counter.win();
  const { context, customerId } = counter;
  const of = { ...context, recordId };
  const draft = await openSteps().createDraft({ ...of, kind: 'order', revision, customerId, draftVersion: 1 });
  if (!draft) throw new Error('no draft');
  await counter.ledger.change(recordId, { kind: 'state', state: 'awaiting-shipment' });
  const orderId = draft.id;
  const invoicePart = () => counter.books.postOrder(orderId, [{ sequence: 10_000, ship: '1', invoice: '1' }]);
  return { recordId, invoicePart, read: () => openSteps().readOrderInvoices({ ...of, orderId, isComplete: false }) };
}

const holdAnswer = () =>
  holdRequest(counter.simulators, 'businessCentral', { method: 'GET', path: 'salesInvoices' }, 'after');

const numbersOf = async (recordId: string) => (await counter.ledger.getRecord(recordId)).invoiceNumber;

describe('an order that is invoiced in parts', () => {
  it('keeps the number of its second part when an attempt hears late that there was one', async () => {
    const { recordId, invoicePart, read } = await makeOrder();
    await invoicePart();
    const { isHeld, release } = holdAnswer();
    const first = read();
    await isHeld();
    await invoicePart();
    const both = await read();
    expect(both).toHaveLength(2);
    release();
    expect(await first).toHaveLength(1);
    const numbers = both.map(({ number }) => number).sort();
    expect(await numbersOf(recordId)).toBe(numbers.join(', '));
  });
});

describe('an invoice that is paid in part', () => {
  const remainingOf = async (invoiceId: string) => (await counter.ledger.getInvoice(invoiceId)).remaining;

  async function makeInvoice() {
    const order = await makeOrder();
    await order.invoicePart();
    const [invoice] = await order.read();
    if (!invoice) throw new Error('no invoice');
    return { ...order, invoiceId: invoice.id };
  }

  it('keeps what is left of it when the deal hears late what was left before', async () => {
    const { invoiceId, read } = await makeInvoice();
    const { isHeld, release } = holdAnswer();
    const first = read();
    await isHeld();
    await counter.books.payInvoice(invoiceId, '1');
    await read();
    const left = await remainingOf(invoiceId);
    release();
    const [before] = await first;
    expect(before?.remaining).not.toBe(left);
    expect(await remainingOf(invoiceId)).toBe(left);
    await read();
    expect(await remainingOf(invoiceId)).toBe(left);
  });

  it('keeps it when a sweep hears late what was left before', async () => {
    const { invoiceId, read } = await makeInvoice();
    const { isHeld, release } = holdAnswer();
    const first = openSteps().readOpenInvoicePage(counter.context);
    await isHeld();
    const before = await remainingOf(invoiceId);
    await counter.books.payInvoice(invoiceId, '1');
    await read();
    const left = await remainingOf(invoiceId);
    expect(left).not.toBe(before);
    release();
    await first;
    expect(await remainingOf(invoiceId)).toBe(left);
  });

  it('is known to be paid when the deal or a sweep reads it again', async () => {
    const { invoiceId, read } = await makeInvoice();
    await counter.books.payInvoice(invoiceId, '1');
    await openSteps().readOpenInvoicePage(counter.context);
    const once = await remainingOf(invoiceId);
    await counter.books.payInvoice(invoiceId, '1');
    await read();
    const [invoice] = await counter.client.readInvoices([invoiceId]);
    expect(await remainingOf(invoiceId)).toBe(invoice?.remaining);
    expect(invoice?.remaining).not.toBe(once);
  });
});
