import { type Client, ScheduleAlreadyRunning, ScheduleNotFoundError, type ScheduleOptions } from '@temporalio/client';
import { DealbridgeError } from '../../deal/errors.js';

type Wanted = Pick<ScheduleOptions, 'spec' | 'policies'> & {
  readonly action: Extract<ScheduleOptions['action'], { type: 'startWorkflow' }>;
};

/** Makes sure that a schedule exists and is as it should be now; a pause that somebody ordered stays. */
export async function ensureSchedule(temporal: Client, scheduleId: string, schedule: Wanted): Promise<void> {
  if (await isCreated(temporal, scheduleId, schedule)) return;
  const handle = temporal.schedule.getHandle(scheduleId);
  try {
    await handle.update((before) => ({
      ...before,
      ...schedule,
      // The id is part of the description, and an update does not ask for a new one.
      action: { ...schedule.action, workflowId: schedule.action.workflowId ?? scheduleId },
      state: before.state,
    }));
  } catch (error) {
    if (!isSealedWithLostKey(error)) throw error;
    // Each run of a schedule is handed the result of the one before: sealed with a key that is gone, none could begin any more.
    const state = await readPause(temporal, scheduleId);
    await handle.delete().catch(unlessNotFound);
    await isCreated(temporal, scheduleId, { ...schedule, state });
  }
}

/** False when it is there already. */
async function isCreated(
  temporal: Client,
  scheduleId: string,
  schedule: Wanted & Pick<ScheduleOptions, 'state'>,
): Promise<boolean> {
  try {
    // Sealed as what its runs leave is, so that whoever cannot open it knows of a key that is gone.
    await temporal.schedule.create({ scheduleId, memo: { madeBy: 'dealbridge' }, ...schedule });
    return true;
  } catch (error) {
    if (error instanceof ScheduleAlreadyRunning) return false;
    throw error;
  }
}

function isSealedWithLostKey(error: unknown): boolean {
  return error instanceof DealbridgeError && error.code === 'unknown-key';
}

/** Asked without the SDK's own handle, which opens what is sealed. */
async function readPause({ connection, options }: Client, scheduleId: string): Promise<{ paused: boolean }> {
  const { namespace } = options;
  const { schedule } = await connection.workflowService.describeSchedule({ namespace, scheduleId });
  return { paused: schedule?.state?.paused ?? false };
}

function unlessNotFound(error: unknown): void {
  if (!(error instanceof ScheduleNotFoundError)) throw error;
}
