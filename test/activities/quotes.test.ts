import { randomUUID } from 'node:crypto';
import type { FaultEffect } from '@dealbridge/simulators/kernel/faults.js';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createConversionSteps } from '../../src/activities/documents/conversion.js';
import { createDeletionSteps } from '../../src/activities/documents/deletion.js';
import { createDraftSteps } from '../../src/activities/documents/draft-steps.js';
import type { Draft } from '../../src/activities/documents/drafts.js';
import { createPostingSteps } from '../../src/activities/documents/posting.js';
import { createReferenceSets } from '../../src/clients/business-central/reference-sets.js';
import type { QuoteSuccessor, WonDeal } from '../../src/deal/deal.js';
import { documentKey } from '../../src/deal/document-number.js';
import { parseRules } from '../../src/process/config.js';
import { systemClock } from '../../src/process/system-clock.js';
import { type Counter, openCounter } from '../support/business-central.js';
import { loadProgressOf, toPost, unchanged } from '../support/posting.js';

/** A deal whose document begins as a quote: one document for one lineage, whoever converts it (I1, I2). */

const OUTCOME_MS = 600_000;

let counter: Counter;
let patient: ReturnType<typeof openSteps>;
/** The same steps after the time has passed in which an earlier attempt may land. */
let later: ReturnType<typeof openSteps>;

function openSteps(ambiguityWindowMs: number) {
  const { client: businessCentral, companyId, ledger } = counter;
  const sets = createReferenceSets({ readCodes: (set) => businessCentral.readCodes(set) });
  const dependencies = {
    ...{ businessCentral, companyId, ledger, sets, ambiguityWindowMs },
    clock: systemClock,
    rules: parseRules(''),
    goneCheckMs: 1,
  };
  return {
    ...createDraftSteps(dependencies),
    ...createDeletionSteps(dependencies),
    ...createPostingSteps({ ...dependencies, ...unchanged, loadProgress: loadProgressOf(dependencies) }),
    ...createConversionSteps({ ...dependencies, ...unchanged }),
  };
}

beforeAll(async () => {
  counter = await openCounter();
  patient = openSteps(OUTCOME_MS);
  later = openSteps(0);
});
afterEach(() => counter.simulators.businessCentral.faults.clear());
afterAll(() => counter?.close());

const draftInput = ({ recordId, revision }: WonDeal, draftVersion = 1) => ({
  ...counter.context,
  kind: 'quote' as const,
  recordId,
  revision,
  customerId: counter.customerId,
  draftVersion,
});

async function draft(deal: WonDeal, steps = patient): Promise<Draft> {
  const made = await steps.createDraft(draftInput(deal));
  if (!made) throw new Error('no draft');
  return made;
}

const convert = (deal: WonDeal, quote: Draft, { steps = patient, into = 'order' as QuoteSuccessor } = {}) =>
  steps.convertQuote({ ...counter.context, ...toPost(deal), mustLookUp: true, draft: quote, into });
const read = (deal: WonDeal, quote: Draft) => patient.readDraft({ ...draftInput(deal), draftId: quote.id });
const remove = (deal: WonDeal, quote: Draft, evenIfEdited = true, steps = patient) =>
  steps.deleteDraft({ ...draftInput(deal), draftId: quote.id, evenIfEdited });
const fail = (method: string, path: string, effect: FaultEffect) =>
  counter.simulators.businessCentral.faults.add({ match: { method, path }, effect });
const count = async ({ recordId }: WonDeal) => ({
  quotes: (await counter.client.findQuotes(recordId)).length,
  orders: (await counter.client.findOrders(recordId)).length,
  invoices: (await counter.client.findInvoices(recordId)).length,
});
const trail = (deal: WonDeal) => counter.ledger.readAudit(deal.recordId);
const actions = async (deal: WonDeal) => (await trail(deal)).map(({ action }) => action);
const ONE_QUOTE = { quotes: 1, orders: 0, invoices: 0 };
const ONE_ORDER = { quotes: 0, orders: 1, invoices: 0 };
const ONE_INVOICE = { quotes: 0, orders: 0, invoices: 1 };

describe('createDraft', () => {
  it('makes one quote, however often it is asked', async () => {
    const deal = await counter.win();
    const { isCertain, ...first } = await draft(deal);
    expect(isCertain).toBe(true);
    expect(first).toMatchObject({ difference: undefined, figures: { totalIncludingTax: '47.6' } });
    expect(await draft(deal)).toEqual(first);
    expect(await count(deal)).toEqual(ONE_QUOTE);
    expect(await counter.ledger.getRecord(deal.recordId)).toMatchObject({
      ...{ state: 'drafted', documentKind: 'quote', documentId: first.id },
    });
    expect(await counter.ledger.findDraft(deal.recordId, 1)).toEqual({ kind: 'quote', documentId: first.id });
    expect(await actions(deal)).toEqual(['create quote in Business Central']);
  });

  it('adopts the quote whose answer was lost, and waits while it may still land', async () => {
    const deal = await counter.win();
    fail('POST', 'salesQuotes', { kind: 'lose-answer', when: 'before' });
    await expect(draft(deal)).rejects.toMatchObject({ type: 'business-central/unknown-outcome' });
    await expect(draft(deal)).rejects.toMatchObject({ type: 'OutcomeUnknown' });
    fail('POST', 'salesQuotes', { kind: 'lose-answer', when: 'after' });
    await expect(draft(deal, later)).rejects.toMatchObject({ type: 'business-central/unknown-outcome' });
    expect(await draft(deal)).toMatchObject({ id: (await counter.client.findQuotes(deal.recordId))[0]?.id });
    expect(await count(deal)).toEqual(ONE_QUOTE);
  });

  it('whose answer was lost finds what somebody has made of the quote since', async () => {
    const deal = await counter.win();
    fail('POST', 'salesQuotes', { kind: 'lose-answer', when: 'after' });
    await expect(draft(deal)).rejects.toThrow();
    await counter.books.convertQuote(String((await counter.client.findQuotes(deal.recordId))[0]?.id));
    const [order] = await counter.client.findOrders(deal.recordId);
    expect(await draft(deal)).toMatchObject({ id: order?.id, became: { kind: 'order' }, difference: undefined });
    expect(await count(deal)).toEqual(ONE_ORDER);
    const draftOf = await counter.ledger.findDraft(deal.recordId, 1);
    expect(draftOf).toEqual({ kind: 'order', documentId: order?.id, isFromQuote: true });
  });

  it('a quote and an order under one key are a question for a person', async () => {
    const deal = await counter.win();
    fail('POST', 'salesQuotes', { kind: 'lose-answer', when: 'after' });
    await expect(draft(deal)).rejects.toThrow();
    await counter.books.copyUnderKey('order', documentKey(deal.recordId));
    await expect(draft(deal)).rejects.toMatchObject({ details: [{ reason: 'two-documents' }] });
  });

  for (const kind of ['order', 'invoice'] as const) {
    it(`an ${kind} whose answer was lost is not made beside a quote under its key, nor posted`, async () => {
      const deal = await counter.win();
      const set = kind === 'order' ? 'salesOrders' : 'salesInvoices';
      fail('POST', set, { kind: 'lose-answer', when: 'before' });
      await expect(patient.createDraft({ ...draftInput(deal), kind })).rejects.toThrow();
      const lone = await counter.win();
      const made = await patient.createDraft({ ...draftInput(lone), kind });
      if (!made) throw new Error('no draft');
      for (const one of [deal, lone]) await counter.books.copyUnderKey('quote', documentKey(one.recordId));
      const twice = { details: [{ reason: 'two-documents' }] };
      await expect(later.createDraft({ ...draftInput(deal), kind })).rejects.toMatchObject(twice);
      const input = { ...counter.context, ...toPost(lone), draft: made, mustLookUp: true };
      const posting = kind === 'order' ? patient.shipAndInvoice(input) : patient.post(input);
      await expect(posting).rejects.toMatchObject(twice);
    });
  }
});

describe('convertQuote', () => {
  for (const [into, expected] of [
    ['order', ONE_ORDER],
    ['invoice', ONE_INVOICE],
  ] as const) {
    it(`makes one ${into} of what was confirmed, and the deal has it from then on`, async () => {
      const deal = await counter.win([
        ['4', '10.00'],
        ['1', '2.50'],
      ]);
      const quote = await draft(deal);
      expect(await convert(deal, quote, { into })).toBe('converted');
      expect(await convert(deal, quote, { into })).toBe('converted');
      const made = await read(deal, quote);
      expect(made).toMatchObject({ became: { kind: into, differences: [] }, difference: undefined, made: quote.made });
      expect(made?.figures.totalIncludingTax).toBe(quote.figures.totalIncludingTax);
      expect(await count(deal)).toEqual(expected);
      const record = await counter.ledger.getRecord(deal.recordId);
      expect(record).toMatchObject({ documentKind: into, documentId: made?.id, state: 'drafted' });
      expect(await actions(deal)).toEqual([
        'create quote in Business Central',
        `make ${into} of quote in Business Central`,
        `quote became ${into} in Business Central`,
      ]);
      expect((await trail(deal)).at(-1)?.facts).not.toHaveProperty('madeByHand');
      // A replay finds it, and neither another quote nor another order is made.
      expect(await draft(deal)).toMatchObject({ id: made?.id, became: { kind: into }, made: quote.made });
      expect(await read(deal, quote)).toMatchObject({ id: made?.id });
      expect(await count(deal)).toEqual(expected);
    });
  }

  it('is asked once although the answer was lost, and adopts what it made', async () => {
    const deal = await counter.win();
    const quote = await draft(deal);
    fail('POST', 'Microsoft.NAV.makeOrder', { kind: 'lose-answer', when: 'after' });
    await expect(convert(deal, quote)).rejects.toMatchObject({ type: 'business-central/unknown-outcome' });
    expect(await convert(deal, quote)).toBe('converted');
    expect(await read(deal, quote)).toMatchObject({ became: { kind: 'order', differences: [] } });
    expect(await count(deal)).toEqual(ONE_ORDER);
    expect((await trail(deal)).at(-1)?.facts).not.toHaveProperty('madeByHand');
  });

  it('waits while a lost request may still land, and asks again only then', async () => {
    const deal = await counter.win();
    const quote = await draft(deal);
    fail('POST', 'Microsoft.NAV.makeOrder', { kind: 'lose-answer', when: 'before' });
    await expect(convert(deal, quote)).rejects.toMatchObject({ type: 'business-central/unknown-outcome' });
    await expect(convert(deal, quote)).rejects.toMatchObject({ type: 'OutcomeUnknown' });
    // Nobody deletes the quote meanwhile either: what comes of it would stand alone.
    await expect(remove(deal, quote)).rejects.toMatchObject({ type: 'OutcomeUnknown' });
    expect(await count(deal)).toEqual(ONE_QUOTE);
    expect(await convert(deal, quote, { steps: later })).toBe('converted');
    expect(await count(deal)).toEqual(ONE_ORDER);
  });

  it('finds what somebody has made of the quote, and the trail says that it was by hand', async () => {
    const deal = await counter.win();
    const quote = await draft(deal);
    await counter.books.convertQuote(quote.id, 'makeInvoice');
    expect(await convert(deal, quote)).toBe('converted');
    expect(await read(deal, quote)).toMatchObject({ became: { kind: 'invoice', differences: [] } });
    expect(await count(deal)).toEqual(ONE_INVOICE);
    expect(await trail(deal)).toMatchObject([
      { action: 'create quote in Business Central' },
      { action: 'quote became invoice in Business Central', facts: { madeByHand: true, quoteId: quote.id } },
    ]);
  });

  it('a quote that was edited after it was confirmed is not converted', async () => {
    const deal = await counter.win();
    const quote = await draft(deal);
    await counter.books.editPrice('salesQuotes', quote.id, 12);
    expect(await convert(deal, quote)).toBe('conflict');
    expect(await read(deal, quote)).toMatchObject({ differenceCause: 'price' });
    expect(await count(deal)).toEqual(ONE_QUOTE);
  });

  it('a quote that was deleted is a question, and nothing is made', async () => {
    const deal = await counter.win();
    const quote = await draft(deal);
    await counter.books.deleteQuote(quote.id);
    await expect(convert(deal, quote)).rejects.toMatchObject({ details: [{ reason: 'draft-gone' }] });
    expect(await read(deal, quote)).toBeUndefined();
    expect(await count(deal)).toEqual({ ...ONE_QUOTE, quotes: 0 });
  });

  it('a quote beside a document of the same key is a question for a person', async () => {
    const deal = await counter.win();
    const quote = await draft(deal);
    await counter.books.copyUnderKey('invoice', documentKey(deal.recordId));
    await expect(convert(deal, quote)).rejects.toMatchObject({ details: [{ reason: 'two-documents' }] });
    expect(await count(deal)).toEqual({ quotes: 1, orders: 0, invoices: 1 });
  });

  it('a quote whose last day is over is held until somebody gives it a later one', async () => {
    const deal = await counter.win();
    const quote = await draft(deal);
    await counter.books.changeQuote(quote.id, { validUntilDate: '2020-01-31' });
    const expired = await read(deal, quote);
    const text = `quote ${quote.figures.documentNumber} was valid until 2020-01-31`;
    expect(expired?.expired).toBe(text);
    if (!expired) throw new Error('no quote');
    await expect(convert(deal, expired)).rejects.toMatchObject({ details: [{ reason: 'quote-expired', text }] });
    await counter.books.changeQuote(quote.id, { validUntilDate: '2999-12-31' });
    const valid = await read(deal, quote);
    expect(valid).not.toHaveProperty('expired');
    expect(valid && (await convert(deal, valid))).toBe('converted');
  });

  it('what carries other figures than were confirmed says so, and what somebody changed stays visible', async () => {
    const deal = await counter.win([['4', '10.00']]);
    const quote = await draft(deal);
    await counter.books.convertQuote(quote.id);
    const [order] = await counter.client.findOrders(deal.recordId);
    await counter.books.editPrice('salesOrders', String(order?.id), 12);
    const made = await read(deal, quote);
    expect(made?.became?.differences).toEqual([
      'line 1: price 12 instead of 10',
      'net total 48 instead of 40',
      'total 57.12 instead of 47.6',
    ]);
    const own = await counter.ledger.findOwnDocument(String(made?.id));
    expect(own?.lines).toMatchObject([{ unitPrice: '10' }]);
  });

  it('a customer whose prices include tax is known by the lines of the quote', async () => {
    const { company } = counter.simulators.businessCentral;
    company.pricesIncludeTax.add(counter.customerId);
    try {
      const deal = await counter.win([['3', '10.00']]);
      const quote = await draft(deal);
      expect(quote).toMatchObject({ differenceCause: 'tax-included', figures: { totalIncludingTax: '30' } });
    } finally {
      company.pricesIncludeTax.delete(counter.customerId);
    }
  });
});

describe('deleteDraft', () => {
  it('deletes a quote, twice without harm', async () => {
    const deal = await counter.win();
    const quote = await draft(deal);
    expect(await remove(deal, quote)).toBe('deleted');
    expect(await remove(deal, quote)).toBe('deleted');
    expect(await count(deal)).toEqual({ ...ONE_QUOTE, quotes: 0 });
  });

  it('deletes what somebody made of the quote, unless it is posted by then', async () => {
    const deal = await counter.win();
    const quote = await draft(deal);
    await counter.books.convertQuote(quote.id);
    expect(await remove(deal, quote)).toBe('deleted');
    expect(await count(deal)).toEqual({ quotes: 0, orders: 0, invoices: 0 });

    const posted = await counter.win();
    const other = await draft(posted);
    await counter.books.convertQuote(other.id);
    await counter.books.postOrder(String((await counter.client.findOrders(posted.recordId))[0]?.id));
    expect(await remove(posted, other)).toBe('posted');
    expect(await count(posted)).toEqual(ONE_INVOICE);
    expect(await read(posted, other)).toMatchObject({ isPosted: true, became: { kind: 'order' } });
  });

  it('asks before it deletes a quote that somebody changed, or that the customer may have', async () => {
    const { company } = counter.simulators.businessCentral;
    const deal = await counter.win();
    const quote = await draft(deal);
    const row = company.documents.quote.get(quote.id)?.row;
    if (row) row['status'] = 'Accepted';
    const kept = { details: [{ reason: 'draft-edited', text: expect.stringContaining('is Accepted') }] };
    await expect(remove(deal, quote, false)).rejects.toMatchObject(kept);
    expect(await count(deal)).toEqual(ONE_QUOTE);
    expect(await remove(deal, quote)).toBe('deleted');
  });

  it('of a request without an answer, the document that somebody made of it is deleted', async () => {
    const deal = await counter.win();
    fail('POST', 'salesQuotes', { kind: 'lose-answer', when: 'after' });
    await expect(draft(deal)).rejects.toThrow();
    await counter.books.convertQuote(String((await counter.client.findQuotes(deal.recordId))[0]?.id));
    const { companyId } = counter;
    const of = { companyId, kind: 'quote' as const, recordId: deal.recordId };
    const draftId = await patient.findUnansweredDraft({ ...of, draftVersion: 1 });
    expect(draftId).toBe((await counter.client.findOrders(deal.recordId))[0]?.id);
    expect(await patient.deleteDraft({ ...of, draftId: draftId ?? randomUUID(), evenIfEdited: true })).toBe('deleted');
    expect(await count(deal)).toEqual({ quotes: 0, orders: 0, invoices: 0 });
  });
});
