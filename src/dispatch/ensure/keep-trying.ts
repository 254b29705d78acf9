import type { Logger } from 'pino';
import { ERROR_CODES } from '../../deal/error-codes.js';
import { DealbridgeError } from '../../deal/errors.js';

export interface Trying {
  readonly log: Logger;
  /** How long the other side wants to be left alone, when it says so (I8). */
  readonly findRetryAfter: (error: unknown) => number | undefined;
}

export interface Stoppable {
  /** Resolves when nothing of it is under way any more: what it asks may be closed then. */
  stop(): Promise<void>;
}

/** Tries until it succeeds: a starter comes up, and takes webhooks, also while Business Central is away. */
export function keepTrying(work: () => Promise<void>, { log, findRetryAfter }: Trying): Stoppable {
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;
  let said: string | undefined;
  let trying: Promise<void>;
  const attempt = async (waitMs: number): Promise<void> => {
    try {
      await work();
      if (said !== undefined) log.info('the feeds of Business Central are started');
    } catch (error) {
      if (isStopped) return;
      // The message alone: the error carries the other side's words, which may name a customer (I7).
      const reason = error instanceof Error ? error.message : String(error);
      // Starters that came up together do not ask together.
      const causes: readonly unknown[] = error instanceof AggregateError ? error.errors : [error];
      const wanted = causes.map(findRetryAfter).filter((ms) => ms !== undefined);
      const retryInMs = wanted.length > 0 ? Math.max(...wanted) : Math.round(waitMs * (0.5 + Math.random() / 2));
      if (!(reason === said && causes.every(isForPerson))) {
        log.warn({ reason, retryInMs }, 'starting the feeds of Business Central failed, retrying');
      }
      said = reason;
      timer = setTimeout(() => {
        trying = attempt(Math.min(waitMs * 2, MAX_WAIT_MS));
      }, retryInMs);
    }
  };
  trying = attempt(FIRST_WAIT_MS);
  return {
    async stop() {
      isStopped = true;
      clearTimeout(timer);
      await trying;
    },
  };
}

/** What somebody has to correct first, a company that is not there, is said once: it would be said every minute for weeks. */
function isForPerson(error: unknown): boolean {
  return error instanceof DealbridgeError && ERROR_CODES[error.code].mender !== 'nobody: it is repeated';
}

const FIRST_WAIT_MS = 1_000;
const MAX_WAIT_MS = 60_000;
