import { sleep } from '@temporalio/workflow';

/**
 * Ends the task in which somebody decided, so that the decision is in the history before anything follows from it: with a
 * task that fails, an update is lost, and what local steps did for it is not.
 */
export function untilKept(): Promise<void> {
  return sleep(1, { summary: 'a decision was taken' });
}
