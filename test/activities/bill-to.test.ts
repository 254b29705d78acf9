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

/** Somebody names another customer who gets the bill: sell-to stays, and only `billToCustomerNumber` shows it. */

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
  const deal = await counter.win();
  const { recordId, revision } = deal;
  const of = { ...counter.context, kind, recordId, revision };
  const draft = await openSteps().createDraft({ ...of, customerId: counter.customerId, draftVersion: 1 });
  if (!draft) throw new Error('no draft');
  return { recordId, draftId: draft.id, of: { ...of, draftId: draft.id } };
}

async function payer(): Promise<string> {
  const all = [...counter.simulators.businessCentral.company.all('customers')];
  const other = all.find(({ number, currencyCode, blocked }) => {
    return number !== 'C10001' && currencyCode === 'EUR' && blocked === '_x0020_';
  });
  return String(other?.['number']);
}

describe.each(['invoice', 'order', 'quote'] as const)('a draft %s with another bill-to customer', (kind) => {
  it('shows as edited by hand', async () => {
    const { recordId, draftId, of } = await make(kind);
    const number = await payer();
    await counter.books.setBillTo(kind, draftId, number);
    await openSteps().readDraft(of);
    const own = await counter.ledger.findOwnDocument(draftId);
    const now = (await counter.ledger.listDocuments(recordId)).find(({ documentId }) => documentId === draftId);
    if (!own || !now) throw new Error('no document');
    expect(findDraftEdits(own, now.content)).toContain(`bill-to customer ${number} instead of C10001`);
  });
});

describe('an order whose bill-to customer was changed after it was confirmed', () => {
  it('is not as it was confirmed, and its invoice is an alarm', async () => {
    const { recordId, draftId: orderId } = await make('order');
    const number = await payer();
    await counter.books.setBillTo('order', orderId, number);
    await counter.books.postOrder(orderId);
    await openSteps().readOrderInvoices({ ...counter.context, recordId, orderId, isComplete: true });
    expect((await counter.ledger.listNotices(recordId)).map(({ kind }) => kind)).toEqual(['posted-otherwise']);
    const facts = (await counter.ledger.readAudit(recordId)).map((entry) => entry.facts?.['differences']);
    expect(String(facts)).toContain(`bill-to customer: C10001 was confirmed, invoice`);
  });
});
