import type { StateChange } from '../../activities/deals/ledger.js';
import type { Draft } from '../../activities/documents/drafts.js';
import { isComparable } from '../../deal/approval.js';
import type { Policy } from '../../deal/deal.js';
import { isLess } from '../../deal/money.js';
import { ledger } from '../activity-options.js';
import { askAll, findApproval } from './approving.js';
import type { DealHandlers } from './deal-handlers.js';
import { BY_RULE, isConfirmedByPosting } from './document-steps.js';
import type { DraftedDeal } from './drafted-deal.js';
import { DealEnded } from './interruptions.js';

/** `changed`: deal or draft became another before anybody confirmed. */
export type Confirmation = 'by-rule' | 'by-person' | 'changed';

/**
 * By rule or by a person; whoever it is, the figures are recorded with the decision.
 * @throws DealEnded when the draft is rejected
 */
export async function confirm(handlers: DealHandlers, drafted: DraftedDeal): Promise<Confirmation> {
  const { deal, draft } = drafted;
  const { figures } = draft;
  let actor = BY_RULE;
  let note = '';
  const approval = await findApproval(handlers, drafted);
  const isAsMade = !draft.difference && !drafted.becameOtherwise && draft.edited === undefined;
  if (!isAsMade || approval.needed > 0 || !isConfirmedByRule(deal.policy, draft)) {
    // A run that was reset is not to ask for what was confirmed and posted before; posting finds it done.
    const progress = await handlers.runUnlessHeld('asking for a confirmation', () => ledger.loadDealProgress(deal));
    if (progress.isHandedOver) return 'by-person';
    const decision = await askAll(handlers, drafted, approval);
    if (decision.kind === 'changed') return 'changed';
    if (decision.kind === 'rejected')
      throw new DealEnded('rejected', decision.actor, decision.reason, decision.figures);
    actor = decision.actor;
    note = decision.note ?? '';
  }
  // A rule confirms nothing while a change is pending that nobody has read (I2).
  if (actor === BY_RULE && handlers.hasPendingChanges()) return 'changed';
  const isRecordedLater = actor === BY_RULE && isConfirmedByPosting(drafted);
  const isRecorded =
    isRecordedLater || (await record(handlers, deal.recordId, { actor, action: 'confirm', facts: { figures, note } }));
  if (!isRecorded) {
    await handlers.readAgain();
    return 'changed';
  }
  await handlers.move('confirmed', 'posting', { alreadyRecorded: true });
  // What is not recorded yet is no confirmation to the next run.
  if (!isRecordedLater) handlers.carry({ confirmed: drafted, asked: undefined });
  return actor === BY_RULE ? 'by-rule' : 'by-person';
}

/** @returns whether it counts */
function record(handlers: DealHandlers, recordId: string, decision: NonNullable<StateChange['decision']>) {
  return handlers.runUnlessHeld('recording the confirmation', async (isRepeat) => {
    // While it was held, deal or draft may have become another than what was confirmed (I2).
    if (isRepeat && handlers.hasPendingChanges()) return false;
    const recorded = await ledger.recordState({ recordId, state: 'confirmed', decision });
    // Nobody proved who it is: the question stands as before.
    return recorded?.isVoid !== true;
  });
}

function isConfirmedByRule(policy: Policy, draft: Draft): boolean {
  switch (policy.confirmation.by) {
    case 'rule':
      return true;
    case 'rule-below':
      return (
        isComparable(policy.confirmation.currency, draft.figures.currency) &&
        isLess(draft.figures.totalIncludingTax, policy.confirmation.amount)
      );
    case 'person':
      return false;
  }
}
