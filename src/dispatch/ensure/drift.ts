import type { Client } from '@temporalio/client';
import { DRIFT_ID, TASK_QUEUES } from '../../deal/ids.js';
import type { MasterRules } from '../../deal/masters.js';
import { toScheduledWorkflow, WORKFLOWS } from '../workflows.js';
import { ensureSchedule } from './schedule.js';

/** Makes sure that all masters are compared once a night; any number of starters may call it, as often as they like. */
export async function ensureDrift(temporal: Client, { driftAt }: Pick<MasterRules, 'driftAt'>): Promise<void> {
  await ensureSchedule(temporal, DRIFT_ID, {
    spec: { calendars: [driftAt], timezone: 'UTC' },
    action: toScheduledWorkflow(WORKFLOWS.reportDrift, {
      workflowId: DRIFT_ID,
      taskQueue: TASK_QUEUES.deals,
      args: [{}],
      // The next night compares again: a comparison that hangs must not keep it from starting.
      workflowRunTimeout: '20h',
    }),
    policies: { overlap: 'SKIP', catchupWindow: '1 day' },
  });
}
