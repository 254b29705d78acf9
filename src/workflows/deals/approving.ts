import { type Approval, toApproval, withApprover } from '../../deal/approval.js';
import { ledger } from '../activity-options.js';
import type { Decision } from './deal-decisions.js';
import type { DealHandlers } from './deal-handlers.js';
import type { DraftedDeal } from './drafted-deal.js';

/** How many people have to confirm the draft; nobody in particular when no rule says anything of it. */
export async function findApproval(
  handlers: DealHandlers,
  { deal, draft, becameOtherwise }: DraftedDeal,
): Promise<Approval> {
  const rules = deal.policy.approval ?? [];
  if (rules.length === 0) return { needed: 0, by: [] };
  const { recordId, context } = deal;
  const { customerNumber, id: draftId } = draft;
  const known = await handlers.runUnlessHeld('looking how many people have to confirm', () =>
    ledger.findDraftFacts({ recordId, companyId: context.companyId, customerNumber, draftId }),
  );
  const facts = {
    total: draft.figures.totalIncludingTax,
    currency: draft.figures.currency,
    hasDifference: (draft.difference ?? becameOtherwise) !== undefined,
    ...known,
  };
  const approval = toApproval(rules, facts);
  return approval.needed > 1 ? { ...approval, ...handlers.approvers } : approval;
}

/** Asks until enough different people have confirmed these figures; the trail has each, the last one with what follows. */
export async function askAll(
  handlers: DealHandlers,
  drafted: DraftedDeal,
  asked: Approval,
): Promise<Decision | { readonly kind: 'changed' }> {
  const { recordId } = drafted.deal;
  const { figures } = drafted.draft;
  const { needed } = asked;
  let approval = asked;
  for (;;) {
    const decision = await handlers.decide(figures, approval);
    if (decision.kind === 'changed' && approval.by.length > 0) {
      const facts = { figures, confirmations: approval.by.length, needed };
      await handlers.recordDecision({ actor: 'dealbridge', action: 'confirmation is void', facts });
    }
    if (decision.kind !== 'confirmed' || needed < 2) return decision;
    const { actor, note = '' } = decision;
    const given = approval;
    const counted = await handlers.runUnlessHeld('recording the confirmation', () =>
      ledger.recordApproval({ recordId, actor, figures, note, approval: given }),
    );
    if (counted === 'last') return decision;
    if (counted === 'void') continue;
    approval = withApprover(approval, actor);
    const { by, people } = approval;
    handlers.carry({ asked: { drafted, by, people } });
  }
}
