import { type Client, ScheduleAlreadyRunning, type ScheduleOptions } from '@temporalio/client';

/** Makes sure that a schedule exists and is as it should be now; a pause that somebody ordered stays. */
export async function ensureSchedule(
  temporal: Client,
  scheduleId: string,
  schedule: Pick<ScheduleOptions, 'spec' | 'policies'> & {
    readonly action: Extract<ScheduleOptions['action'], { type: 'startWorkflow' }>;
  },
): Promise<void> {
  try {
    await temporal.schedule.create({ scheduleId, ...schedule });
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    await temporal.schedule.getHandle(scheduleId).update((before) => ({
      ...before,
      ...schedule,
      // The id is part of the description, and an update does not ask for a new one.
      action: { ...schedule.action, workflowId: schedule.action.workflowId ?? scheduleId },
      state: before.state,
    }));
  }
}
