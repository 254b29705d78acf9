import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createDeletionSteps } from '../../src/activities/documents/deletion.js';
import { createDraftSteps } from '../../src/activities/documents/draft-steps.js';
import { createPostingSteps } from '../../src/activities/documents/posting.js';
import { createNotifyDeals } from '../../src/activities/feeds/notify-deals.js';
import { createReferenceSets } from '../../src/clients/business-central/reference-sets.js';
import type { DocumentKind } from '../../src/deal/deal.js';
import { isNumberOf } from '../../src/deal/document-number.js';
import { parseRules } from '../../src/process/config.js';
import { systemClock } from '../../src/process/system-clock.js';
import { type Counter, openCounter } from '../support/business-central.js';
import { loadProgressOf, toPost, unchanged } from '../support/posting.js';

/**
 * Where a draft with a posting number is deleted, Business Central puts a posted invoice without amounts in its place, so that
 * the number series has no gap (reference/business-central 11.3). It is no document of the deal.
 */

let counter: Counter;
beforeAll(async () => {
  counter = await openCounter();
});
afterEach(() =>
  Object.assign(counter.simulators.businessCentral.company.setup, {
    oneInvoiceSeries: false,
    preventNegativeInventory: false,
  }),
);
afterAll(() => counter?.close());

function openSteps() {
  const { client: businessCentral, companyId, ledger } = counter;
  const sets = createReferenceSets({ readCodes: (set) => businessCentral.readCodes(set) });
  const company = { businessCentral, companyId, ledger, clock: systemClock, ambiguityWindowMs: 60_000, goneCheckMs: 1 };
  return {
    ...createDraftSteps({ ...company, rules: parseRules(''), sets }),
    ...createDeletionSteps(company),
    ...createPostingSteps({ ...company, ...unchanged, sets, loadProgress: loadProgressOf(company) }),
  };
}

const setup = () => counter.simulators.businessCentral.company.setup;

function runOutOfStock(): void {
  counter.simulators.businessCentral.company.setStock('EQ-1001', '0');
  setup().preventNegativeInventory = true;
}

async function makeDraft(kind: DocumentKind) {
  const deal = await counter.win();
  const { recordId, revision } = deal;
  const of = { ...counter.context, kind, recordId, revision, customerId: counter.customerId };
  const draft = await openSteps().createDraft({ ...of, draftVersion: 1 });
  if (!draft) throw new Error('no draft');
  return { deal, draft, of: { ...of, draftId: draft.id } };
}

/** What makes Business Central draw a number for the draft and keep it without a posted invoice. */
const CAUSES = [
  [
    'an invoice whose posting failed',
    'invoice',
    async ({ deal, draft }: Awaited<ReturnType<typeof makeDraft>>) => {
      runOutOfStock();
      const posting = openSteps().post({ companyId: counter.companyId, ...toPost(deal), draft });
      await expect(posting).rejects.toMatchObject({ details: [{ reason: 'stock-short' }] });
    },
  ],
  [
    'an invoice whose series is that of posted ones',
    'invoice',
    async () => {
      setup().oneInvoiceSeries = true;
    },
  ],
  [
    'an order whose posting failed',
    'order',
    async ({ deal, draft }: Awaited<ReturnType<typeof makeDraft>>) => {
      runOutOfStock();
      const posting = openSteps().shipAndInvoice({ companyId: counter.companyId, ...toPost(deal), draft });
      await expect(posting).rejects.toMatchObject({ details: [{ reason: 'stock-short' }] });
    },
  ],
] as const;

describe.each(CAUSES)('%s', (_, kind, cause) => {
  it('is gone once it is deleted, and the next draft is another document', async () => {
    const made = await makeDraft(kind);
    const { deal, of } = made;
    await cause(made);
    expect(await openSteps().deleteDraft({ ...of, evenIfEdited: true })).toBe('deleted');
    expect(await openSteps().readDraft(of)).toBeUndefined();
    expect(await counter.client.findInvoices(deal.recordId)).toEqual([]);
    const next = await openSteps().createDraft({ ...of, draftVersion: 2 });
    expect(next).toMatchObject({ figures: { totalIncludingTax: made.draft.figures.totalIncludingTax } });
    expect(next).not.toHaveProperty('isPosted');
    expect(next?.id).not.toBe(of.draftId);
  });

  it('is nothing that the feed of invoices tells its deal', async () => {
    const { client: businessCentral, companyId, ledger } = counter;
    const made = await makeDraft(kind);
    await cause(made);
    await openSteps().deleteDraft({ ...made.of, evenIfEdited: true });
    const told: string[] = [];
    const notifyDeals = createNotifyDeals({
      ...{ businessCentral, companyId, ledger },
      notifyDeal: async ({ recordId }) => told.push(recordId),
    });
    const { invoices } = await businessCentral.readChangedInvoices({ since: new Date(0) }, 500);
    const { recordId } = made.deal;
    expect(invoices.filter((one) => isNumberOf(one.externalDocumentNumber, recordId))).toHaveLength(1);
    await notifyDeals(invoices);
    expect(told).not.toContain(recordId);
  });
});
