import { continueAsNew } from '@temporalio/workflow';
import type { DealProgress } from '../../activities/deals/progress.js';
import type { DealBeginning, DealSummary } from '../../activities/deals/sales.js';
import type { PostOutcome } from '../../activities/documents/confirmed-write.js';
import type { RecordRef } from '../../deal/deal.js';
import { dataverse, ledger } from '../activity-options.js';
import { useLanes } from '../lane-activities.js';
import { allowUnsealedDecisions } from '../unsealed-decisions.js';
import { type Confirmation, confirm } from './confirming.js';
import { convert } from './converting.js';
import { DealHandlers } from './deal-handlers.js';
import { BY_RULE, isConfirmedByPosting, postingOf, readDraft } from './document-steps.js';
import type { DraftedDeal } from './drafted-deal.js';
import { agreeOnDraft, bringToDraft, type DraftOptions, refresh, type Start } from './drafting.js';
import { endDeal, endRun, settle } from './ending.js';
import { checkResults, followDeal } from './follow-deal.js';
import { isHeld, toHeld } from './held.js';
import { DealEnded, ReplayWanted, RunIsLong } from './interruptions.js';
import type { HandOverInput, HandOverResult } from './messages.js';
import { PostingConflicts } from './posting-conflicts.js';

/**
 * The main job: one won record of Sales becomes one document of Business Central, confirmed and posted, and what becomes
 * of it goes back to the seller. A run ends when there is nothing to do; a change of the deal begins another, which goes
 * on where the ledger says that the deal stands.
 */
export async function handOverDeal(input: HandOverInput): Promise<HandOverResult> {
  const ref: RecordRef = { table: input.table, recordId: input.recordId };
  const handlers = new DealHandlers(ref, input.continued);
  try {
    const { progress, deal } = await begin(handlers, ref, input);
    const result = progress.isHandedOver
      ? await track(handlers, ref, progress, input)
      : await handOver(handlers, ref, progress, { ...input, ...(deal && { deal }) });
    handlers.showLast();
    return result;
  } catch (error) {
    handlers.showLast();
    if (error instanceof ReplayWanted) return continueAsNew<typeof handOverDeal>({ ...ref, replay: error.replay });
    if (error instanceof RunIsLong) return continueAsNew<typeof handOverDeal>({ ...ref, continued: error.continued });
    throw error;
  }
}

/** Who wants the deal run again is in the trail before anything follows from it. */
async function begin(handlers: DealHandlers, ref: RecordRef, input: HandOverInput): Promise<DealBeginning> {
  const { replay } = input;
  if (replay) {
    await handlers.runUnlessHeld('recording the replay', () => ledger.beginReplay({ recordId: ref.recordId, replay }));
  }
  const beginning = (await beginNew(ref, input)) ?? {
    progress: await handlers.runUnlessHeld('reading the ledger', () => ledger.loadDealProgress(ref)),
  };
  const { progress } = beginning;
  allowUnsealedDecisions(progress.takesUnsealedDecisions);
  useLanes(progress.lanes);
  handlers.hasProgress(progress.isHandedOver);
  return beginning;
}

/** An order is read at once; anything else settles first. What Sales refuses is held once the ledger is read. */
async function beginNew(
  ref: RecordRef,
  { isNew, replay, continued }: HandOverInput,
): Promise<DealBeginning | undefined> {
  if (!isNew || replay || continued || ref.table !== 'salesorder') return undefined;
  const beginning = await dataverse.beginDeal(ref).catch(toHeld);
  return isHeld(beginning) ? undefined : beginning;
}

/** From the won record to its posted document. */
async function handOver(
  handlers: DealHandlers,
  ref: RecordRef,
  progress: DealProgress,
  { replay, continued, deal }: HandOverInput & { readonly deal?: DealSummary },
): Promise<HandOverResult> {
  const revision = replay?.revision ?? continued?.revision;
  const isConfirmed = continued?.confirmed !== undefined;
  let drafted = continued?.confirmed ?? continued?.asked?.drafted;
  let confirmation: Confirmation = isConfirmed ? 'by-person' : 'changed';
  const conflicts = new PostingConflicts();
  try {
    if (!continued) await settle(handlers, progress);
    const start: Start = drafted
      ? goOnWith(handlers, drafted, isConfirmed ? 'confirmed' : 'drafted')
      : await prepare(handlers, ref, { progress, ...(deal && { deal }) }, revision);
    if (start.kind === 'not-ours') return await endRun(handlers, ref, start.result);
    drafted = start.drafted;

    // Draft and deal agree, somebody confirms these figures, and exactly these are posted; a change of either begins again.
    let isPostedByHand = start.kind === 'posted-by-hand';
    while (!isPostedByHand) {
      if (confirmation === 'changed') {
        const agreed = await agreeOnDraft(handlers, drafted);
        drafted = agreed.drafted;
        isPostedByHand = agreed.kind === 'posted-by-hand';
        if (isPostedByHand) break;
        confirmation = await confirm(handlers, drafted);
      }
      if (confirmation !== 'changed' && drafted.deal.policy.documentKind === 'quote') {
        const converted = await convert(handlers, drafted, confirmation, continued !== undefined);
        if (converted.kind === 'conflict') await conflicts.rest(handlers);
        if ('drafted' in converted) drafted = converted.drafted;
        isPostedByHand = converted.kind === 'posted-by-hand';
        if (isPostedByHand) break;
        // Only what carries the confirmed figures goes on; anything else is compared, and asked for again.
        if (converted.kind !== 'converted') confirmation = 'changed';
      }
      if (confirmation !== 'changed') {
        const posted = await post(handlers, drafted, confirmation, continued !== undefined);
        if (posted === 'posted') break;
        if (posted === 'conflict') await conflicts.rest(handlers);
      }
      confirmation = 'changed';
      // Deal or draft changed while it waited, or after it was confirmed: the confirmation is void (I2).
      const fresh = await refresh(handlers, drafted);
      drafted = fresh.drafted;
      isPostedByHand = fresh.kind === 'posted-by-hand';
    }

    return await writeBack(handlers, ref, drafted, isPostedByHand);
  } catch (error) {
    if (!(error instanceof DealEnded)) throw error;
    return endDeal(handlers, ref, error);
  }
}

/** Reads the record, finds out whose deal it is, prepares customer and items, and makes the draft. */
async function prepare(
  handlers: DealHandlers,
  ref: RecordRef,
  { progress, deal }: DealBeginning,
  revision: string | undefined,
): Promise<Start> {
  handlers.carry({ revision });
  await handlers.move('read', 'reading the deal in Sales', { alreadyRecorded: true });
  return handlers.runUnlessHeld('preparing the draft', async (isRepeat) => {
    // An attempt before the hold may have made or deleted a draft.
    const stands = isRepeat ? await ledger.loadDealProgress(ref) : progress;
    const options = toDraftOptions(stands, isRepeat, revision);
    return bringToDraft(handlers, ref, { ...options, ...(deal && !isRepeat && { read: deal }) });
  });
}

/** The run before this one had these figures confirmed, by all whom it takes or by some of them. */
function goOnWith(handlers: DealHandlers, drafted: DraftedDeal, state: 'confirmed' | 'drafted'): Start {
  handlers.resumeAt(state);
  handlers.hasRead(drafted.deal.revision);
  const { figures } = drafted.draft;
  handlers.show({ amount: figures.totalIncludingTax, figures });
  return { kind: 'drafted', drafted };
}

function toDraftOptions(progress: DealProgress, isRepeat: boolean, revision: string | undefined): DraftOptions {
  const { draftVersion, draft, isDrafting } = progress;
  return {
    isRepeat,
    draftVersion,
    ...(revision !== undefined && { revision }),
    ...(draft && { draft }),
    ...(isDrafting && { isDrafting }),
  };
}

/** Posts exactly what was confirmed; what did not come about sends the story back to the comparison. */
async function post(
  handlers: DealHandlers,
  drafted: DraftedDeal,
  confirmation: Confirmation,
  isContinued: boolean,
): Promise<PostOutcome> {
  const work = async (isRepeat: boolean): Promise<PostOutcome> => {
    if (handlers.hasPendingChanges()) return 'changed';
    const hasWaited = isRepeat || isContinued;
    if (hasWaited && !(await readDraft(drafted))) return 'changed';
    // Made a moment ago at the first attempt, and confirmed by rule at once: nothing can stand beside it (I1).
    const isCertain = drafted.draft.isCertain && confirmation === 'by-rule' && !hasWaited;
    // Also after a hold, which may have come before anything was recorded.
    const confirmedBy = confirmation === 'by-rule' && isConfirmedByPosting(drafted) ? BY_RULE : undefined;
    return postingOf(drafted.deal).post(drafted, { mustLookUp: !isCertain, ...(confirmedBy && { confirmedBy }) });
  };
  return handlers.runUnlessHeld('posting', work, (outcome) => outcome === 'posted');
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
  let known: DealProgress | undefined;
  if (isOrderByHand) await handlers.move('posted', 'reading the invoices of the order', { alreadyRecorded: true });
  else known = await postingOf(drafted.deal).readResult(handlers, drafted, isPostedByHand);
  const { ofRecord, ofInvoices } = handlers.takePendingChanges();
  // An order that the warehouse has just got holds no invoice; one that we posted is gone or has some.
  const isPostedOrder = documentKind === 'order' && (orderPosting === 'ship-and-invoice' || isPostedByHand);
  const followed = await followDeal(handlers, ref, { record: ofRecord, invoices: ofInvoices || isPostedOrder }, known);
  return endRun(handlers, ref, followed);
}

/** The document is posted, or the warehouse's: payments, further invoices and cancellations go back to the seller. */
async function track(
  handlers: DealHandlers,
  ref: RecordRef,
  progress: DealProgress,
  { replay, hint, continued }: HandOverInput,
): Promise<HandOverResult> {
  handlers.resumeAt(progress.state);
  try {
    // A run that was ended between the posting and its reading has left the number of the draft.
    if (replay || continued || progress.isUnread) await checkResults(handlers, ref, progress);
    const { ofRecord } = handlers.takePendingChanges();
    const isOfInvoice = hint?.at === 'business-central';
    // What the run before this one was held at, or ended before, comes after what the ledger knows: columns, a note, the order set to
    // invoiced.
    const report = continued !== undefined || progress.state === 'held' || progress.state === 'posted';
    const missed = { record: !isOfInvoice || ofRecord, invoices: true, report };
    return endRun(handlers, ref, await followDeal(handlers, ref, missed));
  } catch (error) {
    // Its document was deleted before anything of it was known to be invoiced.
    if (!(error instanceof DealEnded)) throw error;
    return endDeal(handlers, ref, error);
  }
}
