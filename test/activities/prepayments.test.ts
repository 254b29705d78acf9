import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDraftSteps } from '../../src/activities/documents/draft-steps.js';
import { createPostingSteps } from '../../src/activities/documents/posting.js';
import { createReferenceSets } from '../../src/clients/business-central/reference-sets.js';
import type { DocumentKind } from '../../src/deal/deal.js';
import { toExternalNumber } from '../../src/deal/document-number.js';
import { parseRules } from '../../src/process/config.js';
import { systemClock } from '../../src/process/system-clock.js';
import { type Counter, openCounter } from '../support/business-central.js';
import { loadProgressOf, unchanged } from '../support/posting.js';

/**
 * Prepayments of an order: an invoice of its own, posted under our number and without the order, and what it billed is taken off
 * by lines of the final one (reference/business-central 4.4).
 */

let counter: Counter;
beforeAll(async () => {
  counter = await openCounter();
});
afterAll(() => counter?.close());

function openSteps() {
  const { client: businessCentral, companyId, ledger } = counter;
  const sets = createReferenceSets({ readCodes: (set) => businessCentral.readCodes(set) });
  const company = { businessCentral, companyId, ledger, clock: systemClock, ambiguityWindowMs: 60_000, goneCheckMs: 1 };
  return {
    ...createDraftSteps({ ...company, rules: parseRules(''), sets }),
    ...createPostingSteps({ ...company, ...unchanged, sets, loadProgress: loadProgressOf(company) }),
  };
}

const LINES = [
  ['4', '10.00'],
  ['3', '25.10'],
] as const;

async function make(kind: DocumentKind) {
  const deal = await counter.win(LINES);
  const { recordId, revision } = deal;
  const of = { ...counter.context, kind, recordId, revision };
  const draft = await openSteps().createDraft({ ...of, customerId: counter.customerId, draftVersion: 1 });
  if (!draft) throw new Error('no draft');
  return { deal, draftId: draft.id, of };
}
type Made = Awaited<ReturnType<typeof make>>;

/** What the deal is told once all of its order is invoiced. */
async function follow({ deal: { recordId }, draftId }: Made) {
  const { ledger, context } = counter;
  const invoices = await openSteps().readOrderInvoices({ ...context, recordId, orderId: draftId, isComplete: true });
  const notices = (await ledger.listNotices(recordId)).map(({ kind }) => kind);
  const differences = (await ledger.readAudit(recordId)).flatMap(({ facts }) => facts?.['differences'] ?? []);
  return { invoices: invoices.length, notices, differences: differences.map(String) };
}

describe('an order with a prepayment', () => {
  it('is posted as it was confirmed: what was billed before is taken off', async () => {
    const made = await make('order');
    await counter.books.postPrepayment(made.draftId, '30');
    await counter.books.postOrder(made.draftId);
    const { differences, ...told } = await follow(made);
    expect(told).toEqual({ invoices: 1, notices: ['posted-after-prepayment'] });
    expect(differences).toHaveLength(1);
    expect(differences[0]).toMatch(/^prepayment: invoice \d+ takes off 34\.59 of account 2410, .*invoice \d+/);
  });

  it('and invoiced in parts is, too', async () => {
    const made = await make('order');
    await counter.books.postPrepayment(made.draftId, '30');
    await counter.books.postOrder(made.draftId, [
      { sequence: 10_000, ship: '1', invoice: '1' },
      { sequence: 20_000, ship: '1', invoice: '1' },
    ]);
    await counter.books.postPrepayment(made.draftId, '10');
    await counter.books.postOrder(made.draftId);
    const { notices } = await follow(made);
    expect(notices).not.toContain('posted-otherwise');
    expect(notices).toContain('posted-after-prepayment');
  });

  it('that is posted at another price is an alarm all the same', async () => {
    const made = await make('order');
    await counter.books.postPrepayment(made.draftId, '30');
    await counter.books.editPrice('salesOrders', made.draftId, 9);
    await counter.books.postOrder(made.draftId);
    expect((await follow(made)).notices).toContain('posted-otherwise');
  });
});

describe('a line that takes something off', () => {
  it('is an alarm where no prepayment invoice billed it', async () => {
    const made = await make('order');
    await counter.books.postPrepayment(made.draftId, '30');
    await counter.books.postOrder(made.draftId);
    const { client } = counter;
    const company = { companyId: counter.companyId, ledger: counter.ledger, clock: systemClock };
    const { readOrderInvoices } = createPostingSteps({
      ...{ ...company, ...unchanged, ambiguityWindowMs: 60_000 },
      businessCentral: { ...client, findInvoices: async () => [] },
      loadProgress: loadProgressOf(company),
      sets: { find: async () => undefined },
    });
    const { recordId } = made.deal;
    await readOrderInvoices({ ...counter.context, recordId, orderId: made.draftId, isComplete: true });
    expect((await counter.ledger.listNotices(recordId)).map(({ kind }) => kind)).toEqual(['posted-otherwise']);
  });
});

describe('a quote that somebody made to an order with a prepayment', () => {
  async function convert() {
    const made = await make('quote');
    await counter.books.convertQuote(made.draftId);
    const [order] = await counter.client.findOrders(made.deal.recordId);
    if (!order) throw new Error('no order');
    await counter.books.postPrepayment(order.id, '30');
    return { ...made, order };
  }

  it('became that order alone', async () => {
    const { of, draftId, order } = await convert();
    const draft = await openSteps().readDraft({ ...of, draftId });
    expect(draft).toMatchObject({ id: order.id, became: { kind: 'order', differences: [] } });
  });

  it('and posted became the order that its invoices tell, with nothing taken off', async () => {
    const { of, draftId, order } = await convert();
    await counter.books.postOrder(order.id);
    const draft = await openSteps().readDraft({ ...of, draftId });
    expect(draft).toMatchObject({ id: order.id, isPosted: true, difference: undefined });
    expect(draft?.figures.totalIncludingTax).toBe(order.includingTax);
  });

  it('became two documents where another invoice under its number bills items', async () => {
    const { of, draftId, deal } = await convert();
    await counter.books.copyUnderKey('invoice', toExternalNumber(deal, 'readable'));
    await expect(openSteps().readDraft({ ...of, draftId })).rejects.toMatchObject({ message: 'two-documents' });
  });
});
