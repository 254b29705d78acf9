import type { Logger } from 'pino';

/** Tries until it succeeds: a starter comes up, and takes webhooks, also while Business Central is away. */
export function keepTrying(work: () => Promise<void>, log: Logger): { stop(): void } {
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;
  const attempt = async (waitMs: number): Promise<void> => {
    try {
      await work();
    } catch (error) {
      // The message alone: the error carries the other side's words, which may name a customer (I7).
      const reason = error instanceof Error ? error.message : String(error);
      log.warn({ reason }, 'starting the feeds of Business Central failed, retrying');
      if (isStopped) return;
      timer = setTimeout(() => void attempt(Math.min(waitMs * 2, MAX_WAIT_MS)), waitMs);
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
