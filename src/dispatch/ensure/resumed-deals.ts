import type { Client } from '@temporalio/client';
import { TASK_QUEUES } from '../../deal/ids.js';
import { toScheduledWorkflow, WORKFLOWS } from '../workflows.js';
import { ensureSchedule } from './schedule.js';

export const RESUME_DEALS = 'resume-deals';

/** Makes sure that deals without a run are started again; any number of starters may call it, as often as they like. */
export async function ensureResumedDeals(temporal: Client): Promise<void> {
  await ensureSchedule(temporal, RESUME_DEALS, {
    spec: { intervals: [{ every: '10 minutes' }] },
    action: toScheduledWorkflow(WORKFLOWS.resumeDeals, {
      args: [],
      taskQueue: TASK_QUEUES.deals,
      workflowId: RESUME_DEALS,
      workflowRunTimeout: '1 hour',
    }),
    // What was missed the next one finds.
    policies: { overlap: 'SKIP', catchupWindow: '1 minute' },
  });
}
