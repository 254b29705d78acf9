import type { Client } from '@temporalio/client';
import { type FlowName, flowWorkflowId } from '../../deal/flows.js';
import { TASK_QUEUES } from '../../deal/ids.js';
import { PRIORITIES } from '../../deal/lanes.js';
import { nudgeFeedSignal } from '../../workflows/feeds/messages.js';
import { signalWithStart, WORKFLOWS } from '../workflows.js';

/** Makes sure that a loop runs for each flow that the rules name; one that is named no more ends by itself. */
export async function ensureFlows(
  temporal: Client,
  { companyId, lane }: { readonly companyId: string; readonly lane: string | undefined },
  flows: readonly FlowName[],
): Promise<void> {
  for (const flow of flows) {
    await signalWithStart(temporal, WORKFLOWS.carryFlow, {
      workflowId: flowWorkflowId(flow, companyId),
      taskQueue: TASK_QUEUES.deals,
      priority: { priorityKey: PRIORITIES.feed },
      args: [{ companyId, ...(lane !== undefined && { lane }), flow }],
      signal: nudgeFeedSignal,
      signalArgs: [],
      staticSummary: `Flow ${flow} of Business Central`,
    });
  }
}
