import { continueAsNew, sleep } from '@temporalio/workflow';
import type { DealProgress } from '../../activities/deals/progress.js';
import type { DocumentKind, RecordRef } from '../../deal/deal.js';
import { type DealState, NOT_WON_STATES } from '../../deal/states.js';
import { businessCentral, dataverse, ledger } from '../activity-options.js';
import type { DealHandlers } from './deal-handlers.js';
import { recordPostedByHand } from './drafting.js';
import type { DealEnded } from './interruptions.js';
import type { HandOverInput, HandOverResult } from './messages.js';

/** How a run begins calmly, and how it and the deal end. */

/** One click in Sales fires several events: what it makes of opportunity and quote is there a moment later. */
export async function settle(handlers: DealHandlers, progress: DealProgress): Promise<void> {
  if (progress.settleMs === 0) return;
  await handlers.move('read', 'letting the record settle in Sales', { alreadyRecorded: true });
  await sleep(progress.settleMs);
}

/** A record in one of these becomes a deal when it changes: it is won, or the one that was handed over in its place is gone. */
const MAY_BE_DEAL_LATER: ReadonlySet<DealState> = new Set([...NOT_WON_STATES, 'already-handed-over']);

/**
 * Ends the run, unless a hint came that the record changed since it was read: it may have been won or released in that
 * moment, and whoever sent the hint will not send it twice (I5).
 */
export async function endRun(handlers: DealHandlers, ref: RecordRef, result: HandOverResult): Promise<HandOverResult> {
  if (MAY_BE_DEAL_LATER.has(result.outcome) && handlers.takePendingChanges().ofRecord) {
    await continueAsNew<(input: HandOverInput) => Promise<HandOverResult>>(ref);
  }
  return result;
}

/** Cancelled or reopened in Sales, rejected or cancelled by a person: an unposted draft is deleted. */
export async function endDeal(handlers: DealHandlers, ref: RecordRef, end: DealEnded): Promise<HandOverResult> {
  const { recordId } = ref;
  const { reason, figures } = end;
  const endedBy = end.by === 'Sales' ? end.by : end.by.name;
  handlers.beginEnd(end.how);
  // The decision is in the trail before anything is deleted.
  await handlers.recordDecision({ actor: end.by, action: end.state, facts: { reason, ...(figures && { figures }) } });
  const found = await handlers.runUnlessHeld('deleting the draft', async (isRepeat) => {
    // While it was held, somebody may have won the record again: its draft is wanted as it is.
    if (isRepeat && end.by === 'Sales' && (await isWonAgain(ref))) return 'won-again';
    return removeDraft(ref, await loadProgress(ref), end.by !== 'Sales');
  });
  if (found === 'won-again') return continueAsNew<(input: HandOverInput) => Promise<HandOverResult>>(ref);
  if (found.posted) {
    const { draftId, kind } = await followQuote(ref, found.posted);
    await handlers.runUnlessHeld('recording that it was posted before', () =>
      recordPostedByHand(recordId, draftId, kind),
    );
    // It came too late: what was posted goes back to the seller like any other.
    return continueAsNew<(input: HandOverInput) => Promise<HandOverResult>>(ref);
  }
  await handlers.runUnlessHeld('ending the deal', async () => {
    await ledger.releaseClaims({ recordId });
    await ledger.recordState({ recordId, state: end.state, endedBy });
    if (end.by === 'Sales') await ledger.wakeSuperseded({ recordId });
  });
  await handlers.move(end.state, end.how, { alreadyRecorded: true });
  const result = { outcome: end.state };
  return end.by === 'Sales' ? endRun(handlers, ref, result) : result;
}

async function isWonAgain(ref: RecordRef): Promise<boolean> {
  const { revision } = await ledger.loadDealProgress(ref);
  if (revision === undefined) return false;
  const { found } = await dataverse.checkRecord({ ref, revision });
  return found === 'same' || found === 'changed';
}

/** The ledger has what the quote became. */
async function followQuote(
  ref: RecordRef,
  posted: { readonly draftId: string; readonly kind: DocumentKind },
): Promise<{ readonly draftId: string; readonly kind: DocumentKind }> {
  if (posted.kind !== 'quote') return posted;
  const { documentId = posted.draftId, documentKind: kind } = await ledger.loadDealProgress(ref);
  return { draftId: documentId, kind };
}

/** Of a restored ledger: what it may have forgotten is looked for first. */
async function loadProgress(ref: RecordRef): Promise<DealProgress> {
  const progress = await ledger.loadDealProgress(ref);
  const { companyId, draftVersion, mayHaveDocument } = progress;
  const isAdopted =
    mayHaveDocument && (await businessCentral.adoptForgotten({ companyId, recordId: ref.recordId, draftVersion }));
  return isAdopted ? ledger.loadDealProgress(ref) : progress;
}

/**
 * Whatever there is of a draft, of this run or of one before, also one whose request was never answered: the deal ends only
 * when that has landed and is deleted, or certainly never lands (I1).
 */
async function removeDraft(
  ref: RecordRef,
  progress: DealProgress,
  evenIfEdited: boolean,
): Promise<{ readonly posted?: { readonly draftId: string; readonly kind: DocumentKind } }> {
  const { recordId } = ref;
  const { draft = toLostDocument(progress), companyId, draftVersion } = progress;
  if (!draft) return {};
  const { kind } = draft;
  const of = { companyId, kind, recordId };
  const draftId = draft.documentId ?? (await businessCentral.findUnansweredDraft({ ...of, draftVersion }));
  if (draftId === undefined) return {};
  const deleted = await businessCentral.deleteDraft({ ...of, draftId, evenIfEdited });
  return deleted === 'posted' ? { posted: { draftId, kind } } : {};
}

/**
 * An order that the warehouse had, or an invoice that nobody has read since it was posted: that it is gone is made sure of
 * and recorded, so that a replay makes another.
 */
function toLostDocument(progress: DealProgress): DealProgress['draft'] {
  const { isHandedOver, isUnread, documentKind: kind, documentId } = progress;
  return isHandedOver && (kind === 'order' || isUnread) && documentId !== undefined ? { kind, documentId } : undefined;
}
