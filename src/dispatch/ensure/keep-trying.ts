import type { Logger } from 'pino';

export interface Trying {
  readonly log: Logger;
  /** How long the other side wants to be left alone, when it says so (I8). */
  readonly findRetryAfter: (error: unknown) => number | undefined;
}

/** Tries until it succeeds: a starter comes up, and takes webhooks, also while Business Central is away. */
export function keepTrying(work: () => Promise<void>, { log, findRetryAfter }: Trying): { stop(): void } {
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;
  const attempt = async (waitMs: number): Promise<void> => {
    try {
      await work();
    } catch (error) {
      // The message alone: the error carries the other side's words, which may name a customer (I7).
      const reason = error instanceof Error ? error.message : String(error);
      // Starters that came up together do not ask together.
      const retryInMs = findRetryAfter(error) ?? Math.round(waitMs * (0.5 + Math.random() / 2));
      log.warn({ reason, retryInMs }, 'starting the feeds of Business Central failed, retrying');
      if (isStopped) return;
      timer = setTimeout(() => void attempt(Math.min(waitMs * 2, MAX_WAIT_MS)), retryInMs);
    }
  };
  void attempt(FIRST_WAIT_MS);
  return {
    stop() {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}

const FIRST_WAIT_MS = 1_000;
const MAX_WAIT_MS = 60_000;
