import { continueAsNew, sleep } from '@temporalio/workflow';
import type { DealProgress } from '../../activities/deals/ledger.js';
import type { RecordRef } from '../../deal/deal.js';
import { type DealState, NOT_WON_STATES } from '../../deal/states.js';
import { businessCentral, ledger } from '../activity-options.js';
import type { DealHandlers } from './deal-handlers.js';
import { deleteDraft } from './document-steps.js';
import type { DraftedDeal } from './drafted-deal.js';
import type { DealEnded } from './interruptions.js';
import type { HandOverInput, HandOverResult } from './messages.js';

/** How a run begins calmly, and how it and the deal end. */

/** One click in Sales fires several events: what it makes of opportunity and quote is there a moment later. */
export async function settle(handlers: DealHandlers, progress: DealProgress): Promise<void> {
  if (progress.settleMs === 0) return;
  await handlers.move('read', 'letting the record settle in Sales', { alreadyRecorded: true });
  await sleep(progress.settleMs);
}

const MAY_BE_WON_LATER: ReadonlySet<DealState> = new Set(NOT_WON_STATES);

/**
 * Ends the run, unless a hint came that the record changed since it was read: it may have been won in that moment, and
 * the feed that sent the hint will not send it twice (I5).
 */
export async function endRun(handlers: DealHandlers, ref: RecordRef, result: HandOverResult): Promise<HandOverResult> {
  if (MAY_BE_WON_LATER.has(result.outcome) && handlers.takePendingChanges().ofRecord) {
    await continueAsNew<(input: HandOverInput) => Promise<HandOverResult>>(ref);
  }
  return result;
}

/** Cancelled or reopened in Sales, rejected or cancelled by a person: an unposted draft is deleted. */
export async function endDeal(
  handlers: DealHandlers,
  ref: RecordRef,
  drafted: DraftedDeal | undefined,
  end: DealEnded,
): Promise<HandOverResult> {
  const { recordId } = ref;
  const endedBy = end.by === 'Sales' ? end.by : end.by.name;
  handlers.beginEnd();
  // The decision is in the trail before anything is deleted.
  await handlers.recordDecision({ actor: end.by, action: end.state, facts: { reason: end.reason } });
  const isWanted = end.by !== 'Sales';
  await handlers.runUnlessHeld('deleting the draft', () =>
    drafted ? deleteDraft(drafted, isWanted) : deleteEarlierDraft(ref, isWanted),
  );
  await handlers.runUnlessHeld('ending the deal', async () => {
    await ledger.releaseClaims({ recordId });
    await ledger.recordState({ recordId, state: end.state, endedBy });
    if (end.by === 'Sales') await ledger.wakeSuperseded({ recordId });
  });
  await handlers.move(end.state, `${end.state} by ${endedBy}`, { alreadyRecorded: true });
  const result = { outcome: end.state };
  return end.by === 'Sales' ? endRun(handlers, ref, result) : result;
}

/** Of a run before this one, or of an attempt before a hold. */
async function deleteEarlierDraft(ref: RecordRef, evenIfEdited: boolean): Promise<void> {
  const { draft, companyId } = await ledger.loadDealProgress(ref);
  if (draft?.documentId === undefined) return;
  const { kind, documentId: draftId } = draft;
  await businessCentral.deleteDraft({ companyId, kind, recordId: ref.recordId, draftId, evenIfEdited });
}
