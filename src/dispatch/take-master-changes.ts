import type { Client } from '@temporalio/client';
import { accountWorkflowId, type FeedTable, productWorkflowId, TASK_QUEUES } from '../deal/ids.js';
import { PRIORITIES } from '../deal/lanes.js';
import type { MasterRules } from '../deal/masters.js';
import type { Waiting } from '../ledger/deals/waiting.js';
import type { Backfill } from '../ledger/masters/backfill.js';
import { accountChangedSignal, productChangedSignal, type SyncRequest } from '../workflows/masters/messages.js';
import type { MasterTakers } from './take-changes.js';
import { signalWithStart, WORKFLOWS } from './workflows.js';

/** A change of an account, contact or product: its run is started or gets a hint, and deals that wait for it are woken. */

export interface FollowMasters {
  /** @param isBackfill of a full reading: whatever has just changed goes first */
  followAccount(table: 'account' | 'contact', rowId: string, request: SyncRequest, isBackfill?: boolean): Promise<void>;
  followProduct(rowId: string, request: SyncRequest, isBackfill?: boolean): Promise<void>;
}

/** Signal with start: many changes of one row become one run, and one pass of it. */
export function createFollowMasters(temporal: Client, { quietMs }: Pick<MasterRules, 'quietMs'>): FollowMasters {
  const toCommon = (isBackfill: boolean) =>
    ({
      taskQueue: TASK_QUEUES.masters,
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      priority: { priorityKey: isBackfill ? PRIORITIES.backfill : PRIORITIES.master },
    }) as const;
  return {
    async followAccount(table, rowId, request, isBackfill = false) {
      await signalWithStart(temporal, WORKFLOWS.syncAccount, {
        ...toCommon(isBackfill),
        workflowId: accountWorkflowId(rowId),
        args: [{ rowId, table, quietMs }],
        signal: accountChangedSignal,
        signalArgs: [request],
        staticSummary: `Keep ${table} and customer in agreement`,
      });
    },
    async followProduct(rowId, request, isBackfill = false) {
      await signalWithStart(temporal, WORKFLOWS.syncProduct, {
        ...toCommon(isBackfill),
        workflowId: productWorkflowId(rowId),
        args: [{ rowId, quietMs }],
        signal: productChangedSignal,
        signalArgs: [request],
        staticSummary: 'Keep product and item in agreement',
      });
    },
  };
}

export function createTakeMasters(dependencies: {
  readonly wake: MasterTakers;
  readonly follow: FollowMasters;
  readonly backfill: Pick<Backfill, 'add'>;
}): MasterTakers {
  const { wake, follow, backfill } = dependencies;
  return {
    async takeAccount(change) {
      await wake.takeAccount(change);
      if ('accountId' in change) await follow.followAccount('account', change.accountId, {});
      else await follow.followAccount('contact', change.contactId, {});
    },
    async takeProduct(change) {
      await wake.takeProduct(change);
      await follow.followProduct(change.productId, {});
    },
    async takeBackfill(table, rowIds) {
      await wake.takeBackfill(table, rowIds);
      await backfill.add(table, rowIds);
    },
  };
}

/** Rows with a link or a waiting deal, or every row where the rules follow all of them. */
export function createFindConcernedRows(
  waiting: Waiting,
  rules: Pick<MasterRules, 'accounts' | 'products' | 'contacts'>,
): Waiting['findConcernedRows'] {
  const followsAll: Partial<Record<FeedTable, boolean>> = {
    account: rules.accounts === 'all',
    // Whose contact it is, only the row itself tells.
    contact: rules.contacts || rules.accounts === 'all',
    product: rules.products === 'all',
  };
  return async (table, rowIds) => (followsAll[table] ? new Set(rowIds) : waiting.findConcernedRows(table, rowIds));
}
