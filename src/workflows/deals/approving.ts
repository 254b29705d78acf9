import { type Approval, countApprovers } from '../../deal/approval.js';
import { ledger } from '../activity-options.js';
import type { DealHandlers, Decision } from './deal-handlers.js';
import type { DraftedDeal } from './drafted-deal.js';

/** How many people have to confirm the draft; 0 when no rule says anything of it. */
export async function findApprovers(handlers: DealHandlers, { deal, draft }: DraftedDeal): Promise<number> {
  const rules = deal.policy.approval ?? [];
  if (rules.length === 0) return 0;
  const { recordId, context } = deal;
  const asksForNew = rules.some(({ newCustomer }) => newCustomer);
  const isNewCustomer =
    asksForNew &&
    (await handlers.runUnlessHeld('looking whether the customer is new', () =>
      ledger.isNewCustomer({ recordId, companyId: context.companyId, customerNumber: draft.customerNumber }),
    ));
  const hasDifference = draft.difference !== undefined;
  return countApprovers(rules, { total: draft.figures.totalIncludingTax, isNewCustomer, hasDifference });
}

/** Asks until enough different people have confirmed these figures; the trail has each, the last one with what follows. */
export async function askAll(
  handlers: DealHandlers,
  { deal, draft }: DraftedDeal,
  needed: number,
): Promise<Decision | { readonly kind: 'changed' }> {
  const { recordId } = deal;
  const { figures } = draft;
  let approval: Approval = { needed, by: [] };
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
    if (counted === 'counted') approval = { needed, by: [...approval.by, actor.name] };
  }
}
