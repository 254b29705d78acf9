import { asyncLocalStorage } from '@temporalio/activity';
import type { Clock } from '../../deal/clock.js';
import { QUEUE_WAIT_MS } from '../../deal/time-limits.js';

/**
 * When Temporal scheduled this attempt, by its own clock: beside the database's, so that setting one of them cannot make a
 * window pass. Outside of an activity, the given clock.
 */
export function temporalNow(clock: Clock): Date {
  const info = asyncLocalStorage.getStore()?.info;
  return info ? new Date(info.currentAttemptScheduledTimestampMs) : clock.now();
}

/** Whether this step was asked before, by the same activity. */
export function isRepeated(): boolean {
  return (asyncLocalStorage.getStore()?.info.attempt ?? 1) > 1;
}

/** Whether this step stood in the queue, or was asked before: what it was given may be news of yesterday. */
export function hasWaited(clock: Clock): boolean {
  const info = asyncLocalStorage.getStore()?.info;
  if (!info) return false;
  return isRepeated() || clock.now().getTime() - info.scheduledTimestampMs > QUEUE_WAIT_MS;
}
