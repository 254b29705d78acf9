import { activityInfo, log } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import { z } from 'zod';
import { RemoteApiError } from '../../clients/errors.js';
import { InternalError, UserError } from '../../deal/errors.js';
import { REFUSED } from '../../deal/failure-types.js';
import type { Problem } from '../../deal/holds.js';
import { UnreadableContentError } from '../../ledger/read-rows.js';
import { findRefusedStatement } from '../../ledger/refused-statement.js';

/**
 * A step that can never succeed ends as a refusal, which holds the deal and is shown, instead of being repeated for ever where
 * nobody sees it. It holds for every activity of the worker, whatever it does and wherever it fails. Tries are counted that
 * failed in this way, each process its own: what an outage or a throttle took before says nothing about it.
 */
export const permanentFailures: ActivityInterceptorsFactory = () => ({
  inbound: {
    async execute(input, next) {
      const { activityType, activityId, workflowExecution } = activityInfo();
      const step = `${workflowExecution?.workflowId} ${workflowExecution?.runId} ${activityId}`;
      try {
        const result = await next(input);
        failedTries.delete(step);
        return result;
      } catch (error) {
        const text = describePermanent(error);
        if (text === undefined || countFailedTry(step) < TRIES) throw error;
        failedTries.delete(step);
        log.error('a step can never succeed', { error });
        const problem: Problem = { reason: 'internal-error', text: `${activityType}: ${text}` };
        // Nobody's data stands in it, so that it may be the message as well: what feeds show is that.
        throw ApplicationFailure.create({
          type: REFUSED,
          message: problem.text,
          nonRetryable: true,
          details: [problem],
        });
      }
    },
  },
});

/** Two statements that met, or a worker of another version: what passes by itself is to hold nothing. */
const TRIES = 3;

/** By step. Those that another process goes on with stay, so the oldest make room. */
const failedTries = new Map<string, number>();
const MAX_STEPS = 1_000;

function countFailedTry(step: string): number {
  const times = (failedTries.get(step) ?? 0) + 1;
  failedTries.delete(step);
  failedTries.set(step, times);
  const [oldest] = failedTries.keys();
  if (failedTries.size > MAX_STEPS && oldest !== undefined) failedTries.delete(oldest);
  return times;
}

/** Faults of the program: no run of the same code with the same input ends otherwise. */
const BUGS = [TypeError, RangeError, ReferenceError, InternalError, UnreadableContentError];

/** Undefined for what may pass by itself, and for what is a failure of Temporal already. */
export function describePermanent(error: unknown): string | undefined {
  if (error instanceof ApplicationFailure || error instanceof RemoteApiError) return undefined;
  const refused = findRefusedStatement(error);
  if (refused) return `the ledger refuses the row for good (SQLSTATE ${refused.sqlState}${place(refused.where)})`;
  if (error instanceof z.ZodError) {
    const issue = error.issues[0];
    return `a value does not fit (${issue?.code ?? 'unknown'}${place(issue?.path.join('.') ?? '')})`;
  }
  // These quote what they read (I7).
  if (error instanceof SyntaxError || error instanceof UserError) return error.name;
  return error instanceof Error && BUGS.some((bug) => error instanceof bug)
    ? `${error.name}: ${error.message}`
    : undefined;
}

function place(where: string): string {
  return where === '' ? '' : `, ${where}`;
}
