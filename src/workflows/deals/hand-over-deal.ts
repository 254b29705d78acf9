import { continueAsNew, sleep } from '@temporalio/workflow';
import type { Standing } from '../../activities/deals/ledger.js';
import type { Draft } from '../../activities/documents/invoices.js';
import type { Policy, RecordRef } from '../../deal/deal.js';
import { isLess } from '../../deal/money.js';
import type { DealState } from '../../deal/states.js';
import { businessCentral, ledger } from '../activity-options.js';
import { DealEnded, type Desk, openDesk, ReplayWanted } from './deal-handlers.js';
import { type Paper, papersOf } from './document-steps.js';
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
  const desk = openDesk(ref);
  try {
    return await handOver(desk, ref, input);
  } catch (error) {
    if (!(error instanceof ReplayWanted)) throw error;
    return continueAsNew<typeof handOverDeal>({ ...ref, replay: error.replay });
  }
}

async function handOver(desk: Desk, ref: RecordRef, { replay, look }: HandOverInput): Promise<HandOverResult> {
  if (replay) await ledger.beginReplay({ recordId: ref.recordId, replay });
  const standing = await ledger.findStanding(ref);
  if (standing.isHandedOver) {
    desk.standAt(standing.state);
    if (replay) await checkResults(desk, ref, standing);
    const news = desk.takeNews();
    const isInvoice = look?.at === 'business-central';
    return endHearing(desk, ref, await followDeal(desk, ref, { record: !isInvoice || news.ofRecord, invoices: true }));
  }
  let paper: Paper | undefined;
  try {
    await settle(desk, standing);
    await desk.enter('reading', 'reading the deal in Sales', { told: true });
    const start = await desk.untilClear('preparing the draft', async (isRepeat) => {
      // An attempt of before the hold may have made or deleted a draft.
      const stands = isRepeat ? await ledger.findStanding(ref) : standing;
      return bringToDraft(desk, ref, {
        isRepeat,
        generation: stands.generation,
        ...(replay?.revision !== undefined && { revision: replay.revision }),
        ...(stands.draft && { draft: stands.draft }),
      });
    });
    if (start.kind === 'not-ours') return await endHearing(desk, ref, start.result);
    paper = start.paper;

    let isByHand = start.kind === 'posted-by-hand';
    while (!isByHand) {
      const agreed = await agreeOnDraft(desk, paper);
      paper = agreed.paper;
      isByHand = agreed.kind === 'posted-by-hand';
      if (isByHand || ((await confirm(desk, paper)) && (await post(desk, paper)) === 'posted')) break;
      // Deal or draft changed while it waited, or after it was confirmed: the word is void (I2).
      const fresh = await refresh(desk, paper);
      paper = fresh.paper;
      isByHand = fresh.kind === 'posted-by-hand';
    }
    const { documentKind, orderPosting } = paper.deal.policy;
    // Of an order that was posted by hand only its invoices are left, and they are read next.
    if (!(isByHand && documentKind === 'order')) await papersOf(paper.deal).readResult(desk, paper);
    const { ofRecord, ofInvoices } = desk.takeNews();
    // An order that the warehouse has just got holds no invoice; one that we posted is gone or has some.
    const isPostedOrder = documentKind === 'order' && (orderPosting === 'ship-and-invoice' || isByHand);
    const followed = await followDeal(desk, ref, { record: ofRecord, invoices: ofInvoices || isPostedOrder });
    return await endHearing(desk, ref, followed);
  } catch (error) {
    if (!(error instanceof DealEnded)) throw error;
    return endDeal(desk, ref, paper, error);
  }
}

/**
 * Ends the run, unless the record was told to be another since it was read: it may have been won in that moment, and the
 * feed that told it will not tell it twice (I5).
 */
async function endHearing(desk: Desk, ref: RecordRef, result: HandOverResult): Promise<HandOverResult> {
  if (MAY_BE_WON_LATER.has(result.outcome) && desk.takeNews().ofRecord) {
    await continueAsNew<typeof handOverDeal>(ref);
  }
  return result;
}

const MAY_BE_WON_LATER: ReadonlySet<DealState> = new Set(['seen', 'cancelled']);

/** One click in Sales fires several events: what it makes of opportunity and quote is seen a moment later. */
async function settle(desk: Desk, standing: Standing): Promise<void> {
  if (standing.settleMs === 0) return;
  await desk.enter('reading', 'letting the record settle in Sales', { told: true });
  await sleep(standing.settleMs);
}

/** By rule or by a person; whoever it is, the figures are kept with the word. False when there is news instead. */
async function confirm(desk: Desk, { deal, draft }: Paper): Promise<boolean> {
  const { figures } = draft;
  let by = 'rule';
  let note = '';
  if (draft.difference || !isConfirmedByRule(deal.policy, draft)) {
    // A run that was reset is not to ask for what was confirmed and posted before; posting finds it done.
    if ((await ledger.findStanding(deal)).isHandedOver) return true;
    const word = await desk.decide(figures);
    if (word.kind === 'news') return false;
    if (word.kind === 'rejected') throw new DealEnded('rejected', word.by, word.reason);
    by = word.by;
    note = word.note ?? '';
  }
  const decision = { actor: by, action: 'confirm', facts: { figures, note } };
  await ledger.noteState({ recordId: deal.recordId, state: 'confirmed', decision });
  await desk.enter('confirmed', 'posting', { told: true });
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
async function post(desk: Desk, paper: Paper): Promise<'posted' | 'changed'> {
  const papers = papersOf(paper.deal);
  return desk.untilClear('posting', async (isRepeat) => {
    if (isRepeat && (desk.hasNews() || !(await papers.readDraft(paper)))) return 'changed';
    return papers.post(paper);
  });
}

/** Cancelled or reopened in Sales, rejected or cancelled by a person: an unposted draft is deleted. */
async function endDeal(desk: Desk, ref: RecordRef, paper: Paper | undefined, end: DealEnded): Promise<HandOverResult> {
  if (paper) await papersOf(paper.deal).deleteDraft(paper);
  else await deleteEarlierDraft(ref);
  await ledger.releaseClaims({ recordId: ref.recordId });
  await ledger.noteState({
    recordId: ref.recordId,
    state: end.state,
    decision: { actor: end.by, action: end.state, facts: { reason: end.reason } },
  });
  if (end.by === 'Sales') await ledger.wakeCovered({ recordId: ref.recordId });
  await desk.enter(end.state, `${end.state} by ${end.by}`, { told: true });
  const result = { outcome: end.state };
  return end.by === 'Sales' ? endHearing(desk, ref, result) : result;
}

/** Of a run before this one, or of an attempt before a hold. */
async function deleteEarlierDraft(ref: RecordRef): Promise<void> {
  const { draft } = await ledger.findStanding(ref);
  if (draft?.documentId === undefined) return;
  const input = { recordId: ref.recordId, draftId: draft.documentId };
  await (draft.kind === 'order' ? businessCentral.deleteOrderDraft(input) : businessCentral.deleteDraft(input));
}
