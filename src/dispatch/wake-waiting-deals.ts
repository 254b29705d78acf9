import type { ChangeHint } from '../deal/change-hints.js';
import type { RecordRef } from '../deal/deal.js';
import type { Waiting } from '../ledger/deals/waiting.js';
import type { MasterTakers } from './take-changes.js';

/** A customer or product changed in Sales: the deals that are held for it are woken. */
export function createWakeWaitingDeals(dependencies: {
  readonly startDeal: (ref: RecordRef, hint: ChangeHint) => Promise<unknown>;
  readonly waiting: Pick<Waiting, 'findWaitingDeals'>;
}): MasterTakers & { readonly wakeDealsOf: (rowIds: readonly string[]) => Promise<void> } {
  const wakeDealsOf = async (rowIds: readonly string[]): Promise<void> => {
    for await (const ref of dependencies.waiting.findWaitingDeals(rowIds)) {
      await dependencies.startDeal(ref, { at: 'masters' });
    }
  };
  return {
    wakeDealsOf,
    takeAccount: (change) => wakeDealsOf(['accountId' in change ? change.accountId : change.contactId]),
    takeProduct: ({ productId }) => wakeDealsOf([productId]),
    takeBackfill: (_table, rowIds) => wakeDealsOf(rowIds),
  };
}
