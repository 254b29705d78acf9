import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDraftSteps } from '../../src/activities/documents/draft-steps.js';
import { createPostingSteps } from '../../src/activities/documents/posting.js';
import { createReferenceSets } from '../../src/clients/business-central/reference-sets.js';
import { parseRules } from '../../src/process/config.js';
import { systemClock } from '../../src/process/system-clock.js';
import { type Counter, openCounter } from '../support/business-central.js';
import { loadProgressOf, unchanged } from '../support/posting.js';

/** Orders that are shipped, and invoiced by their shipments: Get Shipment Lines, Combine Shipments. */

let counter: Counter;
beforeAll(async () => {
  counter = await openCounter();
});
afterAll(() => counter?.close());

function openSteps(businessCentral = counter.client) {
  const { companyId, ledger } = counter;
  const sets = createReferenceSets({ readCodes: (set) => businessCentral.readCodes(set) });
  const company = { businessCentral, companyId, ledger, clock: systemClock, ambiguityWindowMs: 60_000, goneCheckMs: 1 };
  return {
    ...createDraftSteps({ ...company, rules: parseRules(''), sets }),
    ...createPostingSteps({ ...company, ...unchanged, sets, loadProgress: loadProgressOf(company) }),
  };
}

const LINES = [
  ['4', '10.00'],
  ['2', '25.00'],
] as const;

async function makeOrder() {
  const deal = await counter.win(LINES);
  const { recordId, revision } = deal;
  const of = { ...counter.context, kind: 'order' as const, recordId, revision, customerId: counter.customerId };
  const draft = await openSteps().createDraft({ ...of, draftVersion: 1 });
  if (!draft) throw new Error('no draft');
  const ship = (first: string, second: string) =>
    counter.books.postOrder(draft.id, [
      { sequence: 10_000, ship: first, invoice: '0' },
      { sequence: 20_000, ship: second, invoice: '0' },
    ]);
  return { deal, of: { ...of, orderId: draft.id }, orderId: draft.id, ship };
}

type Made = Awaited<ReturnType<typeof makeOrder>>;

/** What the ledger says of the deal once all of the order is read. */
async function follow({ deal, of }: Made) {
  const progress = await openSteps().readOrderProgress(of);
  const invoices = await openSteps().readOrderInvoices({ ...of, isComplete: true });
  const notices = (await counter.ledger.listNotices(deal.recordId)).map(({ kind }) => kind);
  return { progress, invoices: invoices.length, notices };
}

describe('an order that was shipped', () => {
  it('and invoiced by its shipment is posted as it was confirmed, whatever numbers the lines have', async () => {
    const made = await makeOrder();
    await made.ship('4', '2');
    await counter.books.invoiceShipments(made.orderId);
    await counter.books.deleteInvoicedOrder(made.orderId);
    expect(await follow(made)).toEqual({ progress: 'gone', invoices: 1, notices: [] });
  });

  it('in parts, and invoiced by two shipments together and by another one, is too', async () => {
    const made = await makeOrder();
    await made.ship('1', '0');
    await made.ship('1', '1');
    await counter.books.invoiceShipments(made.orderId);
    await made.ship('2', '1');
    await counter.books.invoiceShipments(made.orderId);
    await counter.books.deleteInvoicedOrder(made.orderId);
    expect(await follow(made)).toEqual({ progress: 'gone', invoices: 2, notices: [] });
  });

  it('and invoiced by its shipment with a line of invoice rounding is a notice', async () => {
    const { setup } = counter.simulators.businessCentral.company;
    const made = await makeOrder();
    await made.ship('4', '2');
    setup.invoiceRoundingPrecision = '0.50';
    await counter.books.invoiceShipments(made.orderId);
    setup.invoiceRoundingPrecision = '0.01';
    await counter.books.deleteInvoicedOrder(made.orderId);
    expect(await follow(made)).toMatchObject({ progress: 'gone', notices: ['posted-with-rounding'] });
  });

  it('and invoiced at another price is an alarm', async () => {
    const made = await makeOrder();
    await made.ship('4', '2');
    await counter.books.invoiceShipments(made.orderId);
    const [invoice] = await counter.client.findInvoicesOfOrder(made.orderId);
    await counter.books.editDraft(invoice?.id ?? '', 20_000, '9.00');
    await counter.books.deleteInvoicedOrder(made.orderId);
    expect(await follow(made)).toMatchObject({ notices: ['posted-otherwise'] });
  });

  it('and invoiced together with another one is not taken for deleted before it was invoiced', async () => {
    const [made, other] = [await makeOrder(), await makeOrder()];
    for (const { ship } of [made, other]) await ship('4', '2');
    await counter.books.invoiceShipments(made.orderId, other.orderId);
    expect(await openSteps().readOrderProgress(made.of)).toMatchObject({ invoicedQuantity: '6' });
    await counter.books.deleteInvoicedOrder(made.orderId);
    expect(await follow(made)).toEqual({ progress: 'gone-after-shipping', invoices: 0, notices: [] });
  });

  it('and not at all is taken for deleted, also where the shipments cannot be read', async () => {
    const { businessCentral } = counter.simulators;
    const [made, shipped] = [await makeOrder(), await makeOrder()];
    await counter.books.deleteOrder(made.orderId);
    expect(await openSteps().readOrderProgress(made.of)).toBe('gone');
    await shipped.ship('4', '2');
    await counter.books.invoiceShipments(shipped.orderId, (await shippedOrder()).orderId);
    await counter.books.deleteInvoicedOrder(shipped.orderId);
    businessCentral.switches.denied.push('salesShipments:GET');
    expect(await openSteps().readOrderProgress(shipped.of)).toBe('gone');
    businessCentral.switches.denied.pop();
  });
});

async function shippedOrder(): Promise<Made> {
  const made = await makeOrder();
  await made.ship('4', '2');
  return made;
}

describe('an order of which an invoice was cancelled', () => {
  const postAndCancel = async ({ orderId }: Made) => {
    await counter.books.postOrder(orderId, [{ sequence: 10_000, ship: '2', invoice: '2' }]);
    const [invoice] = await counter.client.findInvoicesOfOrder(orderId);
    await counter.books.cancelInvoice(invoice?.id ?? '');
  };

  it('is posted as it was confirmed once all of it is invoiced again', async () => {
    const made = await makeOrder();
    await postAndCancel(made);
    await counter.books.postOrder(made.orderId);
    expect(await follow(made)).toEqual({ progress: 'gone', invoices: 2, notices: [] });
  });

  it('is not all invoiced by what was cancelled', async () => {
    const made = await makeOrder();
    await postAndCancel(made);
    await counter.books.postOrder(made.orderId, [
      { sequence: 10_000, ship: '2', invoice: '2' },
      { sequence: 20_000, ship: '2', invoice: '2' },
    ]);
    const { client } = counter;
    const { getOrder } = client;
    let reads = 0;
    const steps = openSteps({ ...client, getOrder: (id) => getOrder(reads++ === 0 ? randomUUID() : id) });
    expect(await steps.readOrderProgress(made.of)).toMatchObject({ invoicedQuantity: '4' });
  });

  it('after it was complete is as it was confirmed', async () => {
    const made = await makeOrder();
    await counter.books.postOrder(made.orderId, [{ sequence: 10_000, ship: '2', invoice: '2' }]);
    const [invoice] = await counter.client.findInvoicesOfOrder(made.orderId);
    await counter.books.postOrder(made.orderId);
    await counter.books.cancelInvoice(invoice?.id ?? '');
    expect(await follow(made)).toEqual({ progress: 'gone', invoices: 2, notices: [] });
  });
});
