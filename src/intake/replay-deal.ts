import { WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import type { Replay } from '../activities/ledger.js';
import type { RecordRef } from '../deal/deal.js';
import { dealWorkflowId, TASK_QUEUES } from '../deal/ids.js';
import type { StartDealDependencies } from './start-deal.js';

export type ReplayOutcome =
  | { readonly kind: 'started'; readonly workflowId: string }
  /** A run is under way: what it waits for is cleared by `retry`. */
  | { readonly kind: 'running'; readonly workflowId: string };

/** Runs a failed or finished hand-over again, on a person's word: what exists is adopted, what is missing is made. */
export async function replayDeal(
  { temporal }: Pick<StartDealDependencies, 'temporal'>,
  ref: RecordRef,
  replay: Replay,
): Promise<ReplayOutcome> {
  const workflowId = dealWorkflowId(ref.recordId);
  try {
    await temporal.workflow.start('handOverDeal', {
      workflowId,
      taskQueue: TASK_QUEUES.deals,
      args: [{ table: ref.table, recordId: ref.recordId, replay }],
      workflowIdConflictPolicy: 'FAIL',
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      staticSummary: `Hand over ${ref.table} again`,
    });
    return { kind: 'started', workflowId };
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return { kind: 'running', workflowId };
    throw error;
  }
}
