import { continueAsNew } from '@temporalio/workflow';
import type { DealProgress } from '../../activities/deals/ledger.js';
import type { RecordRef } from '../../deal/deal.js';
import { ledger } from '../activity-options.js';
import { confirm } from './confirming.js';
import { DealEnded, DealHandlers, ReplayWanted } from './deal-handlers.js';
import { type DraftedDeal, postingOf, readDraft } from './document-steps.js';
import { agreeOnDraft, bringToDraft, type DraftOptions, refresh } from './drafting.js';
import { endDeal, endRun, settle } from './ending.js';
import { checkResults, followDeal } from './follow-deal.js';
import type { HandOverInput, HandOverResult } from './messages.js';

/**
 * The main job: one won record of Sales becomes one document of Business Central, confirmed and posted, and what becomes
 * of it goes back to the seller. A run ends when there is nothing to do; a change of the deal begins another, which goes
 * on where the ledger says that the deal stands.
 */
export async function handOverDeal(input: HandOverInput): Promise<HandOverResult> {
  const ref: RecordRef = { table: input.table, recordId: input.recordId };
  const handlers = new DealHandlers(ref);
  try {
    if (input.replay) await ledger.beginReplay({ recordId: ref.recordId, replay: input.replay });
    const progress = await ledger.loadDealProgress(ref);
    return progress.isHandedOver
      ? await track(handlers, ref, progress, input)
      : await handOver(handlers, ref, progress, input);
  } catch (error) {
    if (!(error instanceof ReplayWanted)) throw error;
    return continueAsNew<typeof handOverDeal>({ ...ref, replay: error.replay });
  }
}

/** From the won record to its posted document. */
async function handOver(
  handlers: DealHandlers,
  ref: RecordRef,
  progress: DealProgress,
  { replay }: HandOverInput,
): Promise<HandOverResult> {
  let drafted: DraftedDeal | undefined;
  try {
    await settle(handlers, progress);
    // Read the record, find out whose deal it is, prepare customer and items, make the draft.
    await handlers.move('read', 'reading the deal in Sales', { alreadyRecorded: true });
    const start = await handlers.runUnlessHeld('preparing the draft', async (isRepeat) => {
      // An attempt before the hold may have made or deleted a draft.
      const stands = isRepeat ? await ledger.loadDealProgress(ref) : progress;
      return bringToDraft(handlers, ref, toDraftOptions(stands, isRepeat, replay?.revision));
    });
    if (start.kind === 'not-ours') return await endRun(handlers, ref, start.result);
    drafted = start.drafted;

    // Draft and deal agree, somebody confirms these figures, and exactly these are posted; a change of either begins again.
    let isPostedByHand = start.kind === 'posted-by-hand';
    while (!isPostedByHand) {
      const agreed = await agreeOnDraft(handlers, drafted);
      drafted = agreed.drafted;
      isPostedByHand = agreed.kind === 'posted-by-hand';
      if (isPostedByHand) break;
      if ((await confirm(handlers, drafted)) && (await post(handlers, drafted)) === 'posted') break;
      // Deal or draft changed while it waited, or after it was confirmed: the confirmation is void (I2).
      const fresh = await refresh(handlers, drafted);
      drafted = fresh.drafted;
      isPostedByHand = fresh.kind === 'posted-by-hand';
    }

    return await writeBack(handlers, ref, drafted, isPostedByHand);
  } catch (error) {
    if (!(error instanceof DealEnded)) throw error;
    return endDeal(handlers, ref, drafted, error);
  }
}

function toDraftOptions(progress: DealProgress, isRepeat: boolean, revision: string | undefined): DraftOptions {
  const { draftVersion, draft } = progress;
  return { isRepeat, draftVersion, ...(revision !== undefined && { revision }), ...(draft && { draft }) };
}

/** Posts exactly what was confirmed; `changed` sends the story back to the comparison. */
async function post(handlers: DealHandlers, drafted: DraftedDeal): Promise<'posted' | 'changed'> {
  return handlers.runUnlessHeld('posting', async (isRepeat) => {
    if (isRepeat && (handlers.hasPendingChanges() || !(await readDraft(drafted)))) return 'changed';
    return postingOf(drafted.deal).post(drafted);
  });
}

/** Number, amounts and status go back to the seller. */
async function writeBack(
  handlers: DealHandlers,
  ref: RecordRef,
  drafted: DraftedDeal,
  isPostedByHand: boolean,
): Promise<HandOverResult> {
  const { documentKind, orderPosting } = drafted.deal.policy;
  // Of an order that was posted by hand only its invoices are left, and they are read next.
  const isOrderByHand = isPostedByHand && documentKind === 'order';
  if (isOrderByHand) await handlers.move('posted', 'reading the invoices of the order', { alreadyRecorded: true });
  else await postingOf(drafted.deal).readResult(handlers, drafted);
  const { ofRecord, ofInvoices } = handlers.takePendingChanges();
  // An order that the warehouse has just got holds no invoice; one that we posted is gone or has some.
  const isPostedOrder = documentKind === 'order' && (orderPosting === 'ship-and-invoice' || isPostedByHand);
  const followed = await followDeal(handlers, ref, { record: ofRecord, invoices: ofInvoices || isPostedOrder });
  return endRun(handlers, ref, followed);
}

/** The document is posted, or the warehouse's: payments, further invoices and cancellations go back to the seller. */
async function track(
  handlers: DealHandlers,
  ref: RecordRef,
  progress: DealProgress,
  { replay, hint }: HandOverInput,
): Promise<HandOverResult> {
  handlers.resumeAt(progress.state);
  if (replay) await checkResults(handlers, ref, progress);
  const { ofRecord } = handlers.takePendingChanges();
  const isOfInvoice = hint?.at === 'business-central';
  return endRun(handlers, ref, await followDeal(handlers, ref, { record: !isOfInvoice || ofRecord, invoices: true }));
}
