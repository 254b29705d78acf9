import type { Client } from '@temporalio/client';
import type { AlertRules } from '../../deal/alerts.js';
import { TASK_QUEUES } from '../../deal/ids.js';
import { toScheduledWorkflow, WORKFLOWS } from '../workflows.js';
import { ensureSchedule } from './schedule.js';

export const CHECK_TRAIL = 'check-trail';

/** Makes sure that the audit trail is proved each day, also where nobody is told of it: the numbers say what was found. */
export async function ensureTrailProof(temporal: Client, { trailAt }: Pick<AlertRules, 'trailAt'>): Promise<void> {
  await ensureSchedule(temporal, CHECK_TRAIL, {
    spec: { calendars: [trailAt], timezone: 'UTC' },
    action: toScheduledWorkflow(WORKFLOWS.checkTrail, {
      args: [],
      taskQueue: TASK_QUEUES.deals,
      workflowId: CHECK_TRAIL,
      // The next day proves again: a proof that hangs must not keep it from starting.
      workflowRunTimeout: '20h',
    }),
    policies: { overlap: 'SKIP', catchupWindow: '1 day' },
  });
}
