import {
  isGrpcServiceError,
  ServiceError,
  type WorkflowHandle,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import type { QueryDefinition, UpdateDefinition } from '@temporalio/common';
import { NotTakenYetError, RefusedError } from '../deal/errors.js';

/** Codes of gRPC; the client cancels by itself what its deadline ends. */
const CANCELLED = 1;
const DEADLINE_EXCEEDED = 4;
const FAILED_PRECONDITION = 9;
const TRIES = 5;

export interface UpdateLimits {
  /** A worker answers within a second; a browser and what stands before the desk wait for about a minute. */
  readonly answerMs: number;
  /** Whether the server is there: a person waits for it. */
  readonly askMs: number;
}

const LIMITS: UpdateLimits = { answerMs: 30_000, askMs: 5_000 };

/**
 * Sends an update, and again when the server has forgotten it: a task of the run that fails, such as an end that met a
 * signal, takes with it what it was told. Nothing follows from a confirmation or an end before it is in the history, so
 * that nothing was decided then; a retry or a pause is the same when it is said twice.
 * @throws ServiceError, before anything is sent, when the server is away or does not answer; later, when it fell silent meanwhile
 * @throws RefusedError when the run is never at rest
 * @throws NotTakenYetError when no worker takes it in time: the server would keep whoever asks waiting until one runs
 */
export async function sendUpdate<Result, Input>(
  handle: WorkflowHandle,
  update: UpdateDefinition<Result, [Input]>,
  input: Input,
  { answerMs, askMs }: UpdateLimits = LIMITS,
): Promise<Result> {
  const ensureAnswers = () => handle.client.withDeadline(Date.now() + askMs, () => handle.describe());
  await ensureAnswers();
  const deadline = Date.now() + answerMs;
  for (let tries = 1; ; tries += 1) {
    try {
      return await handle.client.withDeadline(deadline, () => handle.executeUpdate(update, { args: [input] }));
    } catch (error) {
      if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) {
        await ensureAnswers();
        throw new NotTakenYetError(toNotTaken(answerMs));
      }
      if (!isForgotten(error)) throw error;
      if (tries === TRIES) throw new RefusedError('it changes at this moment and has taken nothing: say it again');
    }
  }
}

/**
 * Asks a run how it stands.
 * @throws RefusedError when nobody answers for it in time
 */
export async function askRun<Result>(
  handle: WorkflowHandle,
  query: QueryDefinition<Result, []>,
  limitMs = LIMITS.answerMs,
): Promise<Result> {
  try {
    return await handle.client.withDeadline(Date.now() + limitMs, () => handle.query(query));
  } catch (error) {
    if (!isUnanswered(error)) throw error;
    throw new RefusedError(
      'its run does not answer, and nothing was changed: no worker runs, or its task fails (`dealbridge doctor`)',
    );
  }
}

/** Without a worker the server waits until the deadline, and once it has seen none for a while it says so at once. */
function isUnanswered(error: unknown): boolean {
  if (!(error instanceof ServiceError) || !isGrpcServiceError(error.cause)) return false;
  return [CANCELLED, DEADLINE_EXCEEDED, FAILED_PRECONDITION].includes(error.cause.code);
}

function toNotTaken(limitMs: number): string {
  return `no worker has taken it within ${limitMs / 1_000} s: see that one runs; it may still count then, so look before you say it again`;
}

function isForgotten(error: unknown): boolean {
  if (!(error instanceof ServiceError) || !isGrpcServiceError(error.cause)) return false;
  const { code, details } = error.cause;
  return code === FAILED_PRECONDITION && /workflow task failure/.test(details);
}
