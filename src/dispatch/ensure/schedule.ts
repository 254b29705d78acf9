import {
  type Client,
  isGrpcServiceError,
  ScheduleAlreadyRunning,
  ScheduleNotFoundError,
  type ScheduleOptions,
} from '@temporalio/client';
import { DealbridgeError } from '../../deal/errors.js';

type Wanted = Pick<ScheduleOptions, 'spec' | 'policies'> & {
  readonly action: Extract<ScheduleOptions['action'], { type: 'startWorkflow' }>;
};

/** Makes sure that a schedule exists and is as it should be now; a pause that somebody ordered stays. */
export async function ensureSchedule(temporal: Client, scheduleId: string, schedule: Wanted): Promise<void> {
  if (await isCreated(temporal, scheduleId, schedule)) return;
  try {
    await temporal.schedule.getHandle(scheduleId).update((before) => ({
      ...before,
      ...schedule,
      // The id is part of the description, and an update does not ask for a new one.
      action: { ...schedule.action, workflowId: schedule.action.workflowId ?? scheduleId },
      state: before.state,
    }));
  } catch (error) {
    // Another starter is just replacing it, and may not have made the new one yet.
    if (!isSealedWithLostKey(error) && !(error instanceof ScheduleNotFoundError)) throw error;
    // Each run of a schedule is handed the result of the one before: sealed with a key that is gone, none could begin any more.
    await replace(temporal, scheduleId, schedule);
  }
}

/** Several starters may do so at once: whoever comes second finds it gone, or made anew already without the pause. */
async function replace(temporal: Client, scheduleId: string, schedule: Wanted): Promise<void> {
  const handle = temporal.schedule.getHandle(scheduleId);
  const state = await readPause(temporal, scheduleId);
  if (state) await handle.delete().catch(unlessNotFound);
  const isMade = await isCreated(temporal, scheduleId, { ...schedule, ...(state && { state }) });
  if (!isMade && state?.paused) await handle.pause(state.notes);
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

/** As gRPC numbers it. */
const NOT_FOUND = 5;

/** Asked without the SDK's own handle, which opens what is sealed; undefined when it is gone. */
async function readPause(
  { connection, options }: Client,
  scheduleId: string,
): Promise<{ paused: boolean; notes: string } | undefined> {
  const { namespace } = options;
  try {
    const { schedule } = await connection.workflowService.describeSchedule({ namespace, scheduleId });
    return { paused: schedule?.state?.paused ?? false, notes: schedule?.state?.notes ?? '' };
  } catch (error) {
    if (isGrpcServiceError(error) && error.code === NOT_FOUND) return undefined;
    throw error;
  }
}

function unlessNotFound(error: unknown): void {
  if (!(error instanceof ScheduleNotFoundError)) throw error;
}
