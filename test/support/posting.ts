import {
  createLoadProgress,
  type LoadProgress,
  type ProgressDependencies,
} from '../../src/activities/deals/progress.js';
import type { PostInput } from '../../src/activities/documents/confirmed-write.js';
import type { WonDeal } from '../../src/deal/deal.js';
import { parseRules } from '../../src/process/config.js';

/** A posting of a deal that was read this moment, with nothing uncertain on the way. */
export function toPost({ table, recordId, revision }: WonDeal): Omit<PostInput, 'companyId' | 'draft'> {
  return { table, recordId, revision, readAt: new Date().toISOString(), mustLookUp: false };
}

/** Sales, where nobody changes anything. */
export const unchanged = {
  checkRecord: async ({ revision }: { readonly revision: string }) => ({ revision, found: 'same' as const }),
};

/** Where a deal stands, by the rules that are there without a file. */
export function loadProgressOf(of: Pick<ProgressDependencies, 'ledger' | 'companyId'>): LoadProgress {
  const { ledger, companyId } = of;
  return createLoadProgress({
    ...{ ledger, companyId, rules: parseRules('') },
    takesUnsealedDecisions: false,
    findLanes: async () => undefined,
  });
}
