import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDeletionSteps } from '../../src/activities/documents/deletion.js';
import { createDraftSteps } from '../../src/activities/documents/draft-steps.js';
import { createPostingSteps } from '../../src/activities/documents/posting.js';
import { createNotifyDeals } from '../../src/activities/feeds/notify-deals.js';
import { createReferenceSets } from '../../src/clients/business-central/reference-sets.js';
import { parseRules } from '../../src/process/config.js';
import { systemClock } from '../../src/process/system-clock.js';
import { type Counter, openCounter } from '../support/business-central.js';
import { loadProgressOf, toPost, unchanged } from '../support/posting.js';

/**
 * A number series that begins again: a draft has the number that an invoice of somebody else had as a draft. When it is deleted, that
 * posted invoice gets its id (reference/business-central 11.3).
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
    ...createDeletionSteps(company),
    ...createPostingSteps({ ...company, ...unchanged, sets, loadProgress: loadProgressOf(company) }),
  };
}

async function make() {
  const deal = await counter.win();
  const { recordId, revision } = deal;
  const of = { ...counter.context, kind: 'invoice' as const, recordId, revision };
  const draft = await openSteps().createDraft({ ...of, customerId: counter.customerId, draftVersion: 1 });
  if (!draft) throw new Error('no draft');
  return { deal, draft, of: { ...of, draftId: draft.id } };
}

/** The draft of a deal is deleted by hand, and an invoice that was posted of the same number has its id. */
async function loseDraft() {
  const other = await make();
  await openSteps().post({ companyId: counter.companyId, ...toPost(other.deal), draft: other.draft });
  const made = await make();
  const { invoices } = counter.simulators.businessCentral.company;
  const posted = [...invoices.values()].find(({ row }) => row['id'] === other.draft.id);
  if (!posted) throw new Error('not posted');
  posted.preAssignedNumber = made.draft.figures.documentNumber;
  await counter.books.deleteDraft(made.draft.id);
  const taken = await counter.client.getInvoice(made.draft.id);
  expect(taken.number).toBe(posted.row['number']);
  return { ...made, taken };
}

describe("a posted invoice that has the id of a deal's deleted draft", () => {
  it('is not the draft, which is gone', async () => {
    const { of } = await loseDraft();
    expect(await openSteps().readDraft(of)).toBeUndefined();
  });

  it('is not what came of posting or deleting the draft', async () => {
    const { of, deal } = await loseDraft();
    const { table, recordId } = deal;
    const read = { companyId: counter.companyId, table, recordId, invoiceId: of.draftId, isConfirmed: false };
    await counter.books.payInvoice((await loseDraft()).of.draftId);
    expect(await openSteps().readPosted(read)).toBe('gone');
    expect(await openSteps().deleteDraft({ ...of, evenIfEdited: true })).toBe('deleted');
  });

  it('is no news for the deal when the feed of invoices reads it', async () => {
    const { deal, taken } = await loseDraft();
    const { client: businessCentral, companyId, ledger } = counter;
    const told: string[] = [];
    const notify = createNotifyDeals({
      ...{ businessCentral, companyId, ledger },
      notifyDeal: async ({ recordId }) => told.push(recordId),
    });
    await notify([taken]);
    expect(told).not.toContain(deal.recordId);
    expect((await ledger.getInvoice(taken.id)).number).not.toBe(taken.number);
  });
});
