import { isGrpcServiceError, ServiceError, type WorkflowHandle } from '@temporalio/client';
import type { UpdateDefinition } from '@temporalio/common';
import { RefusedError } from '../deal/errors.js';

/** FAILED_PRECONDITION of gRPC. */
const FAILED_PRECONDITION = 9;
const TRIES = 5;

/**
 * Sends an update, and again when the server has forgotten it: a task of the run that fails, such as an end that met a
 * signal, takes with it what it was told. Nothing follows from a confirmation or an end before it is in the history, so
 * that nothing was decided then; a retry or a pause is the same when it is said twice.
 * @throws RefusedError when the run is never at rest
 */
export async function sendUpdate<Result, Input>(
  handle: WorkflowHandle,
  update: UpdateDefinition<Result, [Input]>,
  input: Input,
): Promise<Result> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await handle.executeUpdate(update, { args: [input] });
    } catch (error) {
      if (!isForgotten(error)) throw error;
      if (tries === TRIES) throw new RefusedError('it changes at this moment and has taken nothing: say it again');
    }
  }
}

function isForgotten(error: unknown): boolean {
  if (!(error instanceof ServiceError) || !isGrpcServiceError(error.cause)) return false;
  const { code, details } = error.cause;
  return code === FAILED_PRECONDITION && /workflow task failure/.test(details);
}
