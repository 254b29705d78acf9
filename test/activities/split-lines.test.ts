import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDraftSteps } from '../../src/activities/documents/draft-steps.js';
import { createPostingSteps } from '../../src/activities/documents/posting.js';
import { createReferenceSets } from '../../src/clients/business-central/reference-sets.js';
import type { DocumentKind } from '../../src/deal/deal.js';
import { findDraftEdits } from '../../src/deal/draft-edits.js';
import { parseRules } from '../../src/process/config.js';
import { systemClock } from '../../src/process/system-clock.js';
import { type Counter, openCounter } from '../support/business-central.js';
import { loadProgressOf, unchanged } from '../support/posting.js';

/** One line of ten becomes one of four and one of six, as two dates or places of delivery want it. */

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

async function make(kind: DocumentKind) {
  const deal = await counter.win([
    ['10', '10.01'],
    ['2', '25.00'],
  ]);
  const { recordId, revision } = deal;
  const of = { ...counter.context, kind, recordId, revision };
  const draft = await openSteps().createDraft({ ...of, customerId: counter.customerId, draftVersion: 1 });
  if (!draft) throw new Error('no draft');
  return { deal, of: { ...of, draftId: draft.id }, orderId: draft.id };
}

describe.each(['invoice', 'order', 'quote'] as const)('a draft %s with a line that somebody split', (kind) => {
  it('agrees with its deal, and the split shows as a change by hand', async () => {
    const { deal, of } = await make(kind);
    await counter.books.splitLine(kind, of.draftId, 6);
    expect((await openSteps().readDraft(of))?.difference).toBeUndefined();
    const own = await counter.ledger.findOwnDocument(of.draftId);
    const now = (await counter.ledger.listDocuments(deal.recordId)).find(({ documentId }) => documentId === of.draftId);
    if (!own || !now) throw new Error('no document');
    expect(findDraftEdits(own, now.content)).toEqual([
      'line 1: quantity 4 instead of 10',
      'line 3 (EQ-1001) was added',
    ]);
  });
});

describe('an order whose line the warehouse split', () => {
  async function follow(recordId: string, orderId: string) {
    const steps = openSteps();
    await steps.readOrderInvoices({ ...counter.context, recordId, orderId, isComplete: true });
    return {
      progress: await steps.readOrderProgress({ ...counter.context, recordId, orderId }),
      notices: (await counter.ledger.listNotices(recordId)).map(({ kind }) => kind),
    };
  }

  it('is posted as it was confirmed', async () => {
    const { deal, orderId } = await make('order');
    await counter.books.splitLine('order', orderId, 6);
    await counter.books.postOrder(orderId);
    expect(await follow(deal.recordId, orderId)).toEqual({ progress: 'gone', notices: [] });
  });

  it('and invoiced each half by itself is, too', async () => {
    const { deal, orderId } = await make('order');
    await counter.books.splitLine('order', orderId, 6);
    await counter.books.postOrder(orderId, [
      { sequence: 10_000, ship: '0', invoice: '0' },
      { sequence: 30_000, ship: '6', invoice: '6' },
    ]);
    await counter.books.postOrder(orderId);
    expect(await follow(deal.recordId, orderId)).toMatchObject({ progress: 'gone' });
    expect(await follow(deal.recordId, orderId)).not.toMatchObject({ notices: ['posted-otherwise'] });
  });
});
