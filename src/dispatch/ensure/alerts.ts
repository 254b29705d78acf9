import { type Client, ScheduleNotFoundError } from '@temporalio/client';
import type { AlertRules } from '../../deal/alerts.js';
import { TASK_QUEUES } from '../../deal/ids.js';
import { toScheduledWorkflow, WORKFLOWS } from '../workflows.js';
import { ensureSchedule } from './schedule.js';

const SEND_ALERTS = 'send-alerts';
const CHECK_TRAIL = 'check-trail';

/** Makes sure that people are told, or that nothing runs for it as long as the rules name no channel. */
export async function ensureAlerts(
  temporal: Client,
  { channels, trailAt }: Pick<AlertRules, 'channels' | 'trailAt'>,
): Promise<void> {
  if (channels.length === 0) {
    await dropSchedule(temporal, SEND_ALERTS);
    await dropSchedule(temporal, CHECK_TRAIL);
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

async function dropSchedule(temporal: Client, scheduleId: string): Promise<void> {
  try {
    await temporal.schedule.getHandle(scheduleId).delete();
  } catch (error) {
    if (!(error instanceof ScheduleNotFoundError)) throw error;
  }
}
