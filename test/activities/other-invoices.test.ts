import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDraftSteps } from '../../src/activities/documents/draft-steps.js';
import { createPostingSteps } from '../../src/activities/documents/posting.js';
import { createNotifyDeals } from '../../src/activities/feeds/notify-deals.js';
import { createReferenceSets } from '../../src/clients/business-central/reference-sets.js';
import type { DocumentKind, WonDeal } from '../../src/deal/deal.js';
import { toExternalNumber } from '../../src/deal/document-number.js';
import { parseRules } from '../../src/process/config.js';
import { systemClock } from '../../src/process/system-clock.js';
import { type Counter, openCounter } from '../support/business-central.js';
import { loadProgressOf, toPost, unchanged } from '../support/posting.js';

/**
 * Invoices that people make in Business Central and that carry our number: Copy Document and Correct take it over
 * (microsoft/BCApps: CopyDocumentMgt.Codeunit.al, CopySalesHeaderFromPostedInvoice), and a prepayment has it too
 * (SalesPostPrepayments.Codeunit.al), without the order.
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
    loadProgress: loadProgressOf(company),
  };
}

async function makeDraft(kind: DocumentKind) {
  const deal = await counter.win();
  const { recordId, revision } = deal;
  const of = { ...counter.context, kind, recordId, revision, customerId: counter.customerId };
  const draft = await openSteps().createDraft({ ...of, draftVersion: 1 });
  if (!draft) throw new Error('no draft');
  return { deal, draft };
}

async function post() {
  const { deal, draft } = await makeDraft('invoice');
  await openSteps().post({ companyId: counter.companyId, ...toPost(deal), draft });
  const { table, recordId } = deal;
  const of = { companyId: counter.companyId, table, recordId, invoiceId: draft.id };
  await openSteps().readPosted({ ...of, isConfirmed: true });
  return { deal, invoiceId: draft.id };
}

/** Somebody makes another invoice under the number of the deal. */
async function copy(deal: WonDeal, known: string | undefined): Promise<string> {
  const { recordId } = deal;
  await counter.books.copyUnderKey('invoice', toExternalNumber(deal, 'readable'));
  const copied = (await counter.client.findInvoices(recordId)).find(({ id }) => id !== known);
  if (!copied) throw new Error('no copy');
  return copied.id;
}

/** What the deal knows once the feed has read all invoices. */
async function follow({ table, recordId }: WonDeal) {
  const { client: businessCentral, companyId, ledger } = counter;
  const told: string[] = [];
  const notifyDeals = createNotifyDeals({
    ...{ businessCentral, companyId, ledger },
    notifyDeal: async (ref) => told.push(ref.recordId),
  });
  await notifyDeals((await businessCentral.readChangedInvoices({ since: new Date(0) }, 500)).invoices);
  return { told: told.filter((one) => one === recordId), ...(await openSteps().loadProgress({ table, recordId })) };
}

describe('another invoice under the number of a deal', () => {
  it('is told once somebody has posted it in the place of one that was cancelled', async () => {
    const { deal, invoiceId } = await post();
    await counter.books.cancelInvoice(invoiceId);
    const other = await copy(deal, invoiceId);
    expect(await follow(deal)).toMatchObject({ invoices: [{ id: invoiceId, status: 'cancelled' }] });
    expect(await follow(deal)).not.toHaveProperty('otherInvoices');
    await counter.books.postInvoice(other);
    expect(await follow(deal)).toMatchObject({
      told: [deal.recordId],
      invoices: [{ id: invoiceId, status: 'cancelled' }],
      otherInvoices: [other],
    });
  });

  it('is told of an order, as a prepayment is', async () => {
    const { deal, draft } = await makeDraft('order');
    const other = await copy(deal, undefined);
    await counter.books.postInvoice(other);
    await counter.books.postOrder(draft.id);
    await counter.ledger.change(deal.recordId, { kind: 'posted' });
    const { invoices, otherInvoices } = await follow(deal);
    expect(invoices).toHaveLength(1);
    expect(otherInvoices).toEqual([other]);
    expect(invoices).not.toMatchObject([{ id: other }]);
  });
});
