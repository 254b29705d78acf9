import type { Client } from '@temporalio/client';
import { TASK_QUEUES } from '../../deal/ids.js';
import { toScheduledWorkflow, WORKFLOWS } from '../workflows.js';
import { ensureSchedule } from './schedule.js';

export const TELL_SELLERS = 'tell-sellers';

/** Makes sure that sellers hear of their deals; any number of starters may call it, as often as they like. */
export async function ensureSellersTold(temporal: Client): Promise<void> {
  await ensureSchedule(temporal, TELL_SELLERS, {
    spec: { intervals: [{ every: '1 minute' }] },
    action: toScheduledWorkflow(WORKFLOWS.tellSellers, {
      args: [],
      taskQueue: TASK_QUEUES.deals,
      workflowId: TELL_SELLERS,
      workflowRunTimeout: '1 hour',
    }),
    // The next one finds what was missed.
    policies: { overlap: 'SKIP', catchupWindow: '1 minute' },
  });
}
