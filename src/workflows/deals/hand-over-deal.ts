import { continueAsNew, sleep } from '@temporalio/workflow';
import type { DealProgress } from '../../activities/deals/ledger.js';
import type { Draft } from '../../activities/documents/invoices.js';
import type { Policy, RecordRef } from '../../deal/deal.js';
import { isLess } from '../../deal/money.js';
import type { DealState } from '../../deal/states.js';
import { businessCentral, ledger } from '../activity-options.js';
import { createDealHandlers, DealEnded, type DealHandlers, ReplayWanted } from './deal-handlers.js';
import { type DraftedDeal, documentStepsFor } from './document-steps.js';
import { agreeOnDraft, bringToDraft, refresh } from './drafting.js';
import { checkResults, followDeal } from './follow-deal.js';
import type { HandOverInput, HandOverResult } from './messages.js';

/**
 * The main job: one won record of Sales becomes one document of Business Central, confirmed and posted, and what becomes
 * of it goes back to the seller. A run ends when there is nothing to do; news of the deal begin another, which goes on
 * where the ledger says that it stands.
 */
export async function handOverDeal(input: HandOverInput): Promise<HandOverResult> {
  const ref: RecordRef = { table: input.table, recordId: input.recordId };
  const handlers = createDealHandlers(ref);
  try {
    return await handOver(handlers, ref, input);
  } catch (error) {
    if (!(error instanceof ReplayWanted)) throw error;
    return continueAsNew<typeof handOverDeal>({ ...ref, replay: error.replay });
  }
}

async function handOver(
  handlers: DealHandlers,
  ref: RecordRef,
  { replay, hint }: HandOverInput,
): Promise<HandOverResult> {
  if (replay) await ledger.beginReplay({ recordId: ref.recordId, replay });
  const progress = await ledger.loadDealProgress(ref);
  if (progress.isHandedOver) {
    handlers.resumeAt(progress.state);
    if (replay) await checkResults(handlers, ref, progress);
    const news = handlers.takePendingChanges();
    const isInvoice = hint?.at === 'business-central';
    return endHearing(
      handlers,
      ref,
      await followDeal(handlers, ref, { record: !isInvoice || news.ofRecord, invoices: true }),
    );
  }
  let drafted: DraftedDeal | undefined;
  try {
    await settle(handlers, progress);
    await handlers.enter('reading', 'reading the deal in Sales', { alreadyRecorded: true });
    const start = await handlers.runUnlessHeld('preparing the draft', async (isRepeat) => {
      // An attempt of before the hold may have made or deleted a draft.
      const stands = isRepeat ? await ledger.loadDealProgress(ref) : progress;
      return bringToDraft(handlers, ref, {
        isRepeat,
        draftVersion: stands.draftVersion,
        ...(replay?.revision !== undefined && { revision: replay.revision }),
        ...(stands.draft && { draft: stands.draft }),
      });
    });
    if (start.kind === 'not-ours') return await endHearing(handlers, ref, start.result);
    drafted = start.drafted;

    let isByHand = start.kind === 'posted-by-hand';
    while (!isByHand) {
      const agreed = await agreeOnDraft(handlers, drafted);
      drafted = agreed.drafted;
      isByHand = agreed.kind === 'posted-by-hand';
      if (isByHand || ((await confirm(handlers, drafted)) && (await post(handlers, drafted)) === 'posted')) break;
      // Deal or draft changed while it waited, or after it was confirmed: the word is void (I2).
      const fresh = await refresh(handlers, drafted);
      drafted = fresh.drafted;
      isByHand = fresh.kind === 'posted-by-hand';
    }
    const { documentKind, orderPosting } = drafted.deal.policy;
    // Of an order that was posted by hand only its invoices are left, and they are read next.
    if (!(isByHand && documentKind === 'order')) await documentStepsFor(drafted.deal).readResult(handlers, drafted);
    const { ofRecord, ofInvoices } = handlers.takePendingChanges();
    // An order that the warehouse has just got holds no invoice; one that we posted is gone or has some.
    const isPostedOrder = documentKind === 'order' && (orderPosting === 'ship-and-invoice' || isByHand);
    const followed = await followDeal(handlers, ref, { record: ofRecord, invoices: ofInvoices || isPostedOrder });
    return await endHearing(handlers, ref, followed);
  } catch (error) {
    if (!(error instanceof DealEnded)) throw error;
    return endDeal(handlers, ref, drafted, error);
  }
}

/**
 * Ends the run, unless the record was told to be another since it was read: it may have been won in that moment, and the
 * feed that told it will not tell it twice (I5).
 */
async function endHearing(handlers: DealHandlers, ref: RecordRef, result: HandOverResult): Promise<HandOverResult> {
  if (MAY_BE_WON_LATER.has(result.outcome) && handlers.takePendingChanges().ofRecord) {
    await continueAsNew<typeof handOverDeal>(ref);
  }
  return result;
}

const MAY_BE_WON_LATER: ReadonlySet<DealState> = new Set(['seen', 'cancelled']);

/** One click in Sales fires several events: what it makes of opportunity and quote is seen a moment later. */
async function settle(handlers: DealHandlers, progress: DealProgress): Promise<void> {
  if (progress.settleMs === 0) return;
  await handlers.enter('reading', 'letting the record settle in Sales', { alreadyRecorded: true });
  await sleep(progress.settleMs);
}

/** By rule or by a person; whoever it is, the figures are kept with the word. False when there is news instead. */
async function confirm(handlers: DealHandlers, { deal, draft }: DraftedDeal): Promise<boolean> {
  const { figures } = draft;
  let by = 'rule';
  let note = '';
  if (draft.difference || !isConfirmedByRule(deal.policy, draft)) {
    // A run that was reset is not to ask for what was confirmed and posted before; posting finds it done.
    if ((await ledger.loadDealProgress(deal)).isHandedOver) return true;
    const word = await handlers.decide(figures);
    if (word.kind === 'changed') return false;
    if (word.kind === 'rejected') throw new DealEnded('rejected', word.by, word.reason);
    by = word.by;
    note = word.note ?? '';
  }
  const decision = { actor: by, action: 'confirm', facts: { figures, note } };
  await ledger.recordState({ recordId: deal.recordId, state: 'confirmed', decision });
  await handlers.enter('confirmed', 'posting', { alreadyRecorded: true });
  return true;
}

function isConfirmedByRule(policy: Policy, draft: Draft): boolean {
  switch (policy.confirmation.by) {
    case 'rule':
      return true;
    case 'rule-below':
      return isLess(draft.figures.totalIncludingTax, policy.confirmation.amount);
    case 'person':
      return false;
  }
}

/** Posts exactly what was confirmed; `changed` sends the story back to the comparison. */
async function post(handlers: DealHandlers, drafted: DraftedDeal): Promise<'posted' | 'changed'> {
  const steps = documentStepsFor(drafted.deal);
  return handlers.runUnlessHeld('posting', async (isRepeat) => {
    if (isRepeat && (handlers.hasPendingChanges() || !(await steps.readDraft(drafted)))) return 'changed';
    return steps.post(drafted);
  });
}

/** Cancelled or reopened in Sales, rejected or cancelled by a person: an unposted draft is deleted. */
async function endDeal(
  handlers: DealHandlers,
  ref: RecordRef,
  drafted: DraftedDeal | undefined,
  end: DealEnded,
): Promise<HandOverResult> {
  if (drafted) await documentStepsFor(drafted.deal).deleteDraft(drafted);
  else await deleteEarlierDraft(ref);
  await ledger.releaseClaims({ recordId: ref.recordId });
  await ledger.recordState({
    recordId: ref.recordId,
    state: end.state,
    decision: { actor: end.by, action: end.state, facts: { reason: end.reason } },
  });
  if (end.by === 'Sales') await ledger.wakeSuperseded({ recordId: ref.recordId });
  await handlers.enter(end.state, `${end.state} by ${end.by}`, { alreadyRecorded: true });
  const result = { outcome: end.state };
  return end.by === 'Sales' ? endHearing(handlers, ref, result) : result;
}

/** Of a run before this one, or of an attempt before a hold. */
async function deleteEarlierDraft(ref: RecordRef): Promise<void> {
  const { draft } = await ledger.loadDealProgress(ref);
  if (draft?.documentId === undefined) return;
  const input = { recordId: ref.recordId, draftId: draft.documentId };
  await (draft.kind === 'order' ? businessCentral.deleteOrderDraft(input) : businessCentral.deleteDraft(input));
}
