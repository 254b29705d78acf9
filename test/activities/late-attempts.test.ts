import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createWriteBackActivities } from '../../src/activities/deals/write-back.js';
import { createDraftSteps } from '../../src/activities/documents/draft-steps.js';
import { ensureCompanyStands } from '../../src/activities/documents/drafts.js';
import { createPostingSteps } from '../../src/activities/documents/posting.js';
import { createReferenceSets } from '../../src/clients/business-central/reference-sets.js';
import type { DocumentKind } from '../../src/deal/deal.js';
import { STATE_CODES } from '../../src/deal/state-codes.js';
import { findFalseDeals } from '../../src/ledger/audit/verify-deals.js';
import { parseRules } from '../../src/process/config.js';
import { systemClock } from '../../src/process/system-clock.js';
import { makeInvoice } from '../support/documents.js';
import { loadProgressOf, toPost } from '../support/posting.js';
import { openSalesCounter, type SalesCounter } from '../support/sales-counter.js';

/** An attempt that Temporal took for dead goes on after the next one: what it knows is older, and changes nothing any more. */

let counter: SalesCounter;
beforeAll(async () => {
  counter = await openSalesCounter();
});
const systems = () => [counter.simulators.dataverse, counter.simulators.businessCentral];
afterEach(() => {
  for (const { faults } of systems()) faults.clear();
});
afterAll(() => counter?.close());

/** Keeps one request, or its answer, until it is released. */
async function hold(
  system: 'dataverse' | 'businessCentral',
  match: { readonly method: string; readonly path: string },
  when: 'before' | 'after',
) {
  const { faults } = counter.simulators[system];
  faults.add({ match, effect: { kind: 'hold', when } });
  return {
    isHeld: () => expect.poll(() => faults.heldCount(), { timeout: 30_000 }).toBe(1),
    release: () => faults.releaseHolds(),
  };
}

async function expectTrueTrail(recordId: string): Promise<void> {
  for await (const finding of findFalseDeals(counter.database, recordId)) expect(finding).toBeUndefined();
}

describe('the status of an invoice', () => {
  async function openInvoice() {
    const { deal } = await counter.post();
    const { ledger, simulators } = counter;
    const line = { sequence: 10_000, number: 'EQ-1001', description: 'Product 1', quantity: '1', unitPrice: '100.00' };
    const invoice = makeInvoice({
      ...{ id: randomUUID(), number: `INV-${randomUUID().slice(0, 8)}`, status: 'Open', dueDate: '2026-12-31' },
      ...{ excludingTax: '100.00', tax: '19.00', includingTax: '119.00', remaining: '119.00' },
      lines: [{ ...line, discount: '0', net: '100.00', tax: '19.00' }],
    });
    const save = (change: Partial<typeof invoice>) =>
      ledger.saveDocument(deal.recordId, 'invoice', { ...invoice, ...change });
    await save({});
    const of = { ref: deal, revision: deal.revision, invoiceId: invoice.id };
    await counter.activities().createInvoiceRow(of);
    const { reportInvoice } = createWriteBackActivities({ ...counter, ambiguityWindowMs: 60_000 });
    return {
      recordId: deal.recordId,
      save,
      report: () => reportInvoice(of),
      row: () => [...simulators.dataverse.store.all('invoice')].find((row) => row['invoicenumber'] === invoice.number),
      reported: async () => (await ledger.findWriteBack(invoice.id))?.reportedToSales,
    };
  }
  const patch = { method: 'PATCH', path: '/invoices' };
  const part = { remaining: '50.00' };
  const paid = { status: 'Paid', remaining: '0' };

  it('that is sent late is not written over a later one', async () => {
    const { save, report, row, reported } = await openInvoice();
    const { isHeld, release } = await hold('dataverse', patch, 'before');
    await save(part);
    const first = report();
    await isHeld();
    await save(paid);
    expect(await report()).toBe('paid');
    release();
    await expect(first).rejects.toMatchObject({ type: 'dataverse/conflict', nonRetryable: false });
    expect(row()).toMatchObject({ statecode: STATE_CODES.invoice.paid });
    expect(await reported()).toMatchObject({ status: 'paid' });
  });

  it('whose answer comes late is not recorded over a later one, and stands in the trail', async () => {
    const { save, report, row, reported, recordId } = await openInvoice();
    const { isHeld, release } = await hold('dataverse', patch, 'after');
    await save(part);
    const first = report();
    await isHeld();
    await save(paid);
    expect(await report()).toBe('paid');
    release();
    await first;
    expect(row()).toMatchObject({ statecode: STATE_CODES.invoice.paid });
    expect(await reported()).toMatchObject({ status: 'paid' });
    const reports = (await counter.trail(recordId)).filter((action) => action === 'report the invoice to Sales');
    expect(reports).toHaveLength(2);
  });
});

describe('a draft', () => {
  function openSteps() {
    const { client: businessCentral, companyId, ledger } = counter;
    const sets = createReferenceSets({ readCodes: (set) => businessCentral.readCodes(set) });
    const company = { businessCentral, companyId, ledger, clock: systemClock, ambiguityWindowMs: 60_000, sets };
    return {
      ...createDraftSteps({ ...company, rules: parseRules('') }),
      ...createPostingSteps({
        ...company,
        loadProgress: loadProgressOf(company),
        checkRecord: async ({ revision }) => ({ revision, found: 'same' }),
      }),
    };
  }

  async function makeDraft(kind: DocumentKind) {
    const deal = await counter.win();
    const { recordId, revision } = deal;
    const { customerId, companyId } = counter;
    const input = { ...counter.context, kind, recordId, revision };
    const draft = await openSteps().createDraft({ ...input, customerId, draftVersion: 1 });
    if (!draft) throw new Error('no draft');
    const post = () => openSteps().post({ companyId, ...toPost(deal), draft });
    const invoice = { companyId, table: deal.table, recordId, invoiceId: draft.id, isConfirmed: true };
    return {
      deal,
      draft,
      post,
      of: { ...input, draftId: draft.id },
      readPosted: () => openSteps().readPosted(invoice),
    };
  }

  it('that was read before it was posted is not saved over the posted invoice', async () => {
    const { draft, of, post, readPosted } = await makeDraft('invoice');
    const path = `salesInvoices\\(${draft.id}`;
    const { isHeld, release } = await hold('businessCentral', { method: 'GET', path }, 'after');
    const first = openSteps().readDraft(of);
    await isHeld();
    await post();
    const { number } = (await readPosted()) as { readonly number: string };
    release();
    await first;
    expect(await counter.ledger.getInvoice(draft.id)).toMatchObject({ number, status: 'Open' });
    await expectTrueTrail(of.recordId);
  });

  it('that got its discount before it was posted is not saved over the posted invoice', async () => {
    const { draft, of, readPosted } = await makeDraft('invoice');
    const path = `salesInvoices\\(${draft.id}`;
    const discount = { ...of, etag: draft.etag, discount: draft.discount };
    const { isHeld, release } = await hold('businessCentral', { method: 'PATCH', path }, 'after');
    const first = openSteps().setDiscount(discount);
    await isHeld();
    const seen = await openSteps().readDraft(of);
    await openSteps().post({ companyId: counter.companyId, ...toPost(await dealOf(of)), draft: seen ?? draft });
    const { number } = (await readPosted()) as { readonly number: string };
    release();
    await first;
    expect(await counter.ledger.getInvoice(draft.id)).toMatchObject({ number, status: 'Open' });
    expect(await counter.trail(of.recordId)).toContain('set invoice discount in Business Central');
    await expectTrueTrail(of.recordId);
  });
  const dealOf = ({ recordId, revision }: { readonly recordId: string; readonly revision: string }) =>
    counter.ledger.getDeal(recordId, revision);

  it('is gone once: the deal that has moved to another company keeps its next one', async () => {
    const abroad = randomUUID();
    const { deal } = await makeDraft('invoice');
    const { recordId } = deal;
    const { ledger } = counter;
    await ledger.saveDeal(deal, { mapping: 'default', companyId: abroad });
    let letGo = () => {};
    const stalled = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    const late: typeof ledger = {
      ...ledger,
      change: async (...of) => {
        await stalled;
        await ledger.change(...of);
      },
    };
    const first = ensureCompanyStands({ ledger: late, companyId: abroad }, { recordId, draftVersion: 2 });
    await ensureCompanyStands({ ledger, companyId: abroad }, { recordId, draftVersion: 2 });
    await ledger.change(recordId, { kind: 'posted' });
    letGo();
    await first;
    expect(await ledger.getRecord(recordId)).toMatchObject({ draftVersion: 2, isHandedOver: true });
  });
});
