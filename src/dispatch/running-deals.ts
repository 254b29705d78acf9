import type { Client } from '@temporalio/client';
import { dealWorkflowId } from '../deal/ids.js';
import { WORKFLOWS } from './workflows.js';

/** Which of these deals have a run, as Temporal lists them; one that has just begun may be missing for a moment. */
export function createFindRunningDeals(temporal: Client) {
  return async (recordIds: readonly string[]): Promise<ReadonlySet<string>> => {
    const running = new Set<string>();
    if (recordIds.length === 0) return running;
    const ids = recordIds.map((id) => `'${dealWorkflowId(id)}'`).join(', ');
    const query = `WorkflowType = '${WORKFLOWS.handOverDeal}' AND ExecutionStatus = 'Running' AND WorkflowId IN (${ids})`;
    for await (const { workflowId } of temporal.workflow.list({ query, pageSize: recordIds.length }))
      running.add(workflowId);
    return running;
  };
}
