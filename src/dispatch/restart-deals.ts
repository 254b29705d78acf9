import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import type { RecordRef } from '../deal/deal.js';
import { isSourceTable } from '../deal/ids.js';
import { UnreadableContentError } from '../ledger/read-rows.js';
import { SOURCE_TABLE } from './search-attributes.js';
import { WORKFLOWS } from './workflows.js';

export interface RestartedDeals {
  readonly restarted: number;
  /** Deals that the ledger cannot read, in words; they have no run until somebody mends their row. */
  readonly unreadable: readonly string[];
}

/**
 * Ends every run of a deal and begins another, which goes by what the ledger and both systems say: what the run knew is
 * of a time that the ledger has forgotten. What a person had decided and nobody had recorded is asked again.
 */
export async function restartDeals(
  temporal: Client,
  startDeal: (ref: RecordRef) => Promise<unknown>,
): Promise<RestartedDeals> {
  let restarted = 0;
  const unreadable: string[] = [];
  const query = `WorkflowType = '${WORKFLOWS.handOverDeal}' AND ExecutionStatus = 'Running'`;
  for await (const { workflowId, typedSearchAttributes } of temporal.workflow.list({ query, pageSize: 1_000 })) {
    const table = typedSearchAttributes.get(SOURCE_TABLE);
    try {
      await temporal.workflow.getHandle(workflowId).terminate('the ledger was restored');
    } catch (error) {
      // The list of runs lags behind: this one has ended meanwhile.
      if (!(error instanceof WorkflowNotFoundError)) throw error;
    }
    // One that had not said yet what it is comes back by its feed.
    if (table === undefined || !isSourceTable(table)) continue;
    try {
      await startDeal({ table, recordId: workflowId });
      restarted += 1;
    } catch (error) {
      // The others go on (I13).
      if (!(error instanceof UnreadableContentError)) throw error;
      unreadable.push(error.message);
    }
  }
  return { restarted, unreadable };
}
