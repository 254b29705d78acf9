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

/** What somebody changes by hand in a draft and no amount shows: unit, item, and terms that a mapping writes. */

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

async function editsOf(recordId: string, draftId: string) {
  const own = await counter.ledger.findOwnDocument(draftId);
  const now = (await counter.ledger.listDocuments(recordId)).find(({ documentId }) => documentId === draftId);
  if (!own || !now) throw new Error('no document');
  return findDraftEdits(own, now.content);
}

/** Another unit that the item of the first line may be sold in. */
function otherUnit(): string {
  const { company } = counter.simulators.businessCentral;
  const base = company.findByNumber('items', 'EQ-1001')?.['baseUnitOfMeasureCode'];
  const other = [...company.all('unitsOfMeasure')].find(({ code }) => code !== base);
  const code = String(other?.['code']);
  company.itemUnits.set('EQ-1001', new Set([String(base), code]));
  return code;
}

const KINDS = ['invoice', 'order', 'quote'] as const;

describe.each(KINDS)('a draft %s', (kind) => {
  it('that nobody changed is read as nobody changed it', async () => {
    const { recordId, draftId, of } = await make(kind);
    expect((await openSteps().readDraft(of))?.edited).toBeUndefined();
    expect(await editsOf(recordId, draftId)).toEqual([]);
  });

  it('with another unit at the same price shows as edited by hand, to rules too', async () => {
    const { recordId, draftId, of } = await make(kind);
    const unit = otherUnit();
    await counter.books.editLine(kind, draftId, { unitOfMeasureCode: unit });
    await counter.books.editLine(kind, draftId, { unitPrice: 10 });
    const draft = await openSteps().readDraft(of);
    expect(await editsOf(recordId, draftId)).toEqual([expect.stringMatching(`^line 1: unit ${unit} instead of \\w+$`)]);
    expect(draft?.difference).toBeUndefined();
    expect(draft?.edited).toMatch(`line 1: unit ${unit}`);
  });

  it('with another item at the same price agrees with its deal, and is told as edited to whoever confirms by a rule', async () => {
    const { draftId, of } = await make(kind);
    const { company } = counter.simulators.businessCentral;
    const itemId = company.findByNumber('items', 'EQ-1002')?.['id'];
    await counter.books.editLine(kind, draftId, { itemId });
    await counter.books.editLine(kind, draftId, { unitPrice: 10, description: 'Hoist' });
    const draft = await openSteps().readDraft(of);
    expect(draft?.difference).toBeUndefined();
    expect(draft?.edited).toMatch('line 1: number EQ-1002 instead of EQ-1001');
  });

  it('with other terms shows as edited by hand', async () => {
    const { recordId, draftId, of } = await make(kind);
    const { company } = counter.simulators.businessCentral;
    const own = (await counter.ledger.findOwnDocument(draftId))?.terms;
    const other = (set: 'paymentTerms' | 'salespeoplePurchasers' | 'locations') =>
      [...company.all(set)].find(({ id, code }) => id !== own?.['paymentTerms'] && code !== own?.['salesperson']);
    await counter.books.editDocument(kind, draftId, { paymentTermsId: other('paymentTerms')?.['id'] });
    await counter.books.editDocument(kind, draftId, { salesperson: other('salespeoplePurchasers')?.['code'] });
    await counter.books.editDocument(kind, draftId, { shipToCity: 'Elsewhere' });
    await counter.books.editLine(kind, draftId, { locationId: other('locations')?.['id'] });
    await openSteps().readDraft(of);
    expect(await editsOf(recordId, draftId)).toEqual(
      expect.arrayContaining([
        'other payment terms',
        expect.stringMatching(/^salesperson \w+ instead of /),
        'another ship-to address',
        'line 1: another location',
      ]),
    );
  });
});

describe('an order whose terms were changed after it was confirmed', () => {
  it('is not as it was confirmed, and its invoice is an alarm', async () => {
    const { recordId, draftId: orderId } = await make('order');
    await counter.books.editDocument('order', orderId, { shipToCity: 'Elsewhere' });
    await counter.books.postOrder(orderId);
    await openSteps().readOrderInvoices({ ...counter.context, recordId, orderId, isComplete: true });
    const facts = (await counter.ledger.readAudit(recordId)).map((entry) => entry.facts?.['differences']);
    expect(String(facts)).toMatch(/^,*invoice \S+ has another ship-to address than was confirmed,*$/);
  });
});

describe('an order whose unit was changed after it was confirmed', () => {
  it('is not as it was confirmed, and its invoice is an alarm', async () => {
    const { recordId, draftId: orderId } = await make('order');
    const unit = otherUnit();
    await counter.books.editLine('order', orderId, { unitOfMeasureCode: unit });
    await counter.books.editLine('order', orderId, { unitPrice: 10 });
    await counter.books.postOrder(orderId);
    await openSteps().readOrderInvoices({ ...counter.context, recordId, orderId, isComplete: true });
    expect((await counter.ledger.listNotices(recordId)).map(({ kind }) => kind)).toEqual(['posted-otherwise']);
    const facts = (await counter.ledger.readAudit(recordId)).map((entry) => entry.facts?.['differences']);
    expect(String(facts)).toMatch(`was confirmed, ${unit} posted`);
  });
});
