import type { Client } from '@temporalio/client';
import { WORKFLOWS } from './workflows.js';

/** The deals that have a run, as Temporal lists them; a run that has just begun may be missing for a moment. */
export async function findRunningDeals(temporal: Client): Promise<ReadonlySet<string>> {
  const running = new Set<string>();
  const query = `WorkflowType = '${WORKFLOWS.handOverDeal}' AND ExecutionStatus = 'Running'`;
  for await (const { workflowId } of temporal.workflow.list({ query, pageSize: 1_000 })) running.add(workflowId);
  return running;
}
