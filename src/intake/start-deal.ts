import { type Client, WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import type { RecordRef } from '../deal/deal.js';
import { dealWorkflowId, TASK_QUEUES } from '../deal/ids.js';
import { type DealState, isFinal } from '../deal/states.js';
import type { Ledger } from '../ledger/ledger.js';

export type StartOutcome =
  | { readonly kind: 'started'; readonly workflowId: string }
  | { readonly kind: 'running'; readonly workflowId: string }
  /** The deal has ended; the ledger answers for ever, also after Temporal has forgotten the run. */
  | { readonly kind: 'known'; readonly state: DealState };

export interface StartDealDependencies {
  readonly temporal: Client;
  readonly ledger: Ledger;
}

/** The one way in: webhook, command line, console and feeds start a deal here, with the GUID as the workflow id. */
export async function startDeal({ temporal, ledger }: StartDealDependencies, ref: RecordRef): Promise<StartOutcome> {
  const record = await ledger.see(ref);
  if (isFinal(record.state)) return { kind: 'known', state: record.state };
  const workflowId = dealWorkflowId(ref.recordId);
  try {
    await temporal.workflow.start('handOverDeal', {
      workflowId,
      taskQueue: TASK_QUEUES.deals,
      args: [ref],
      workflowIdConflictPolicy: 'FAIL',
      // The ledger decides whether a deal may run again; a run that ended as "not won yet" may.
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      staticSummary: `Hand over ${ref.table}`,
    });
    return { kind: 'started', workflowId };
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return { kind: 'running', workflowId };
    throw error;
  }
}
