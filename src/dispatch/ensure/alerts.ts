import { type Client, ScheduleNotFoundError } from '@temporalio/client';
import type { AlertRules } from '../../deal/alerts.js';
import { TASK_QUEUES } from '../../deal/ids.js';
import { toScheduledWorkflow, WORKFLOWS } from '../workflows.js';
import { ensureSchedule } from './schedule.js';

export const SEND_ALERTS = 'send-alerts';

/** Makes sure that people are told, or that nothing runs for it as long as the rules name no channel. */
export async function ensureAlerts(temporal: Client, { channels }: Pick<AlertRules, 'channels'>): Promise<void> {
  if (channels.length === 0) {
    await dropSchedule(temporal, SEND_ALERTS);
    return;
  }
  await ensureSchedule(temporal, SEND_ALERTS, {
    spec: { intervals: [{ every: '1 minute' }] },
    action: toScheduledWorkflow(WORKFLOWS.sendAlerts, {
      args: [],
      taskQueue: TASK_QUEUES.deals,
      workflowId: SEND_ALERTS,
      workflowRunTimeout: '1 hour',
    }),
    // What was missed the next one says.
    policies: { overlap: 'SKIP', catchupWindow: '1 minute' },
  });
}

async function dropSchedule(temporal: Client, scheduleId: string): Promise<void> {
  try {
    await temporal.schedule.getHandle(scheduleId).delete();
  } catch (error) {
    if (!(error instanceof ScheduleNotFoundError)) throw error;
  }
}
