import {
  isGrpcServiceError,
  ServiceError,
  type WorkflowHandle,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import type { UpdateDefinition } from '@temporalio/common';
import { NotTakenYetError, RefusedError } from '../deal/errors.js';

/** FAILED_PRECONDITION of gRPC. */
const FAILED_PRECONDITION = 9;
const TRIES = 5;
/** A worker answers within a second; a browser and what stands before the desk wait for about a minute. */
const ANSWER_LIMIT_MS = 30_000;

/**
 * Sends an update, and again when the server has forgotten it: a task of the run that fails, such as an end that met a
 * signal, takes with it what it was told. Nothing follows from a confirmation or an end before it is in the history, so
 * that nothing was decided then; a retry or a pause is the same when it is said twice.
 * @throws RefusedError when the run is never at rest, or when no worker takes it in time: the server would keep whoever
 * asks waiting until one runs
 */
export async function sendUpdate<Result, Input>(
  handle: WorkflowHandle,
  update: UpdateDefinition<Result, [Input]>,
  input: Input,
  limitMs = ANSWER_LIMIT_MS,
): Promise<Result> {
  const deadline = Date.now() + limitMs;
  for (let tries = 1; ; tries += 1) {
    try {
      return await handle.client.withDeadline(deadline, () => handle.executeUpdate(update, { args: [input] }));
    } catch (error) {
      if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) throw new NotTakenYetError(toNotTaken(limitMs));
      if (!isForgotten(error)) throw error;
      if (tries === TRIES) throw new RefusedError('it changes at this moment and has taken nothing: say it again');
    }
  }
}

function toNotTaken(limitMs: number): string {
  return `no worker has taken it within ${limitMs / 1_000} s: see that one runs; it may still count then, so look before you say it again`;
}

function isForgotten(error: unknown): boolean {
  if (!(error instanceof ServiceError) || !isGrpcServiceError(error.cause)) return false;
  const { code, details } = error.cause;
  return code === FAILED_PRECONDITION && /workflow task failure/.test(details);
}
