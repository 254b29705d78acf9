import { type Client, ScheduleAlreadyRunning, type ScheduleOptions } from '@temporalio/client';
import { DRIFT_ID, TASK_QUEUES } from '../../deal/ids.js';
import type { MasterRules } from '../../deal/masters.js';

/** Makes sure that all masters are compared once a night; any number of starters may call it, as often as they like. */
export async function ensureDrift(temporal: Client, { driftAt }: Pick<MasterRules, 'driftAt'>): Promise<void> {
  const common = {
    spec: { calendars: [driftAt], timezone: 'UTC' },
    action: {
      type: 'startWorkflow',
      workflowType: 'reportDrift',
      workflowId: DRIFT_ID,
      taskQueue: TASK_QUEUES.deals,
      args: [{}],
      // The next night compares again: a comparison that hangs must not keep it from starting.
      workflowRunTimeout: '20h',
    },
    policies: { overlap: 'SKIP', catchupWindow: '1 day' },
  } satisfies Partial<ScheduleOptions>;
  try {
    await temporal.schedule.create({ scheduleId: DRIFT_ID, ...common });
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    // Another hour in the configuration takes effect, and a pause stays.
    await temporal.schedule.getHandle(DRIFT_ID).update((before) => ({ ...before, ...common }));
  }
}
