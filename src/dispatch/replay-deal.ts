import { type Client, WorkflowExecutionAlreadyStartedError, WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure, WorkflowNotFoundError } from '@temporalio/common';
import type { RecordRef } from '../deal/deal.js';
import { dealWorkflowId, TASK_QUEUES } from '../deal/ids.js';
import { dealPriority } from '../deal/lanes.js';
import type { Replay } from '../deal/replay.js';
import { toRunSummary } from '../deal/run-summary.js';
import { replayUpdate } from '../workflows/deals/messages.js';
import { sendUpdate } from './send-update.js';
import type { StartDealDependencies } from './start-deal.js';
import { startWorkflow, WORKFLOWS } from './workflows.js';

export type ReplayOutcome =
  | { readonly kind: 'started'; readonly workflowId: string }
  /** A run was waiting for a person: it begins again. */
  | { readonly kind: 'restarted'; readonly workflowId: string }
  /** A run is in the middle of a step, which nobody may interrupt. */
  | { readonly kind: 'running'; readonly workflowId: string; readonly reason: string };

/** Runs a failed, waiting or finished hand-over again, when a person asks for it: what exists is adopted, what is missing is made. */
export async function replayDeal(
  { temporal, ledger }: StartDealDependencies,
  ref: RecordRef,
  replay: Replay,
): Promise<ReplayOutcome> {
  const workflowId = dealWorkflowId(ref.recordId);
  try {
    await startWorkflow(temporal, WORKFLOWS.handOverDeal, {
      workflowId,
      taskQueue: TASK_QUEUES.deals,
      priority: dealPriority((await ledger.findRecord(ref.recordId))?.companyId),
      args: [{ table: ref.table, recordId: ref.recordId, replay }],
      workflowIdConflictPolicy: 'FAIL',
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      staticSummary: `${toRunSummary(ref.table, await ledger.findLabel(ref.recordId))} again`,
    });
    return { kind: 'started', workflowId };
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return restart(temporal, workflowId, replay);
    throw error;
  }
}

async function restart(temporal: Client, workflowId: string, replay: Replay): Promise<ReplayOutcome> {
  try {
    await sendUpdate(temporal.workflow.getHandle(workflowId), replayUpdate, replay);
    return { kind: 'restarted', workflowId };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError)
      return { kind: 'running', workflowId, reason: 'its run has just ended, say it again' };
    if (error instanceof WorkflowUpdateFailedError && error.cause instanceof ApplicationFailure)
      return { kind: 'running', workflowId, reason: error.cause.message };
    throw error;
  }
}
