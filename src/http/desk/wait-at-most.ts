import type { Logger } from 'pino';

/** Comparing all master data may take minutes: a page waits so long for it, then says that it goes on. */
const PATIENCE_MS = 10_000;

/** @returns `running` when it takes longer; a failure that comes after that is only in the log */
export async function waitAtMost<T>(work: Promise<T>, log: Logger): Promise<T | 'running'> {
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<'running'>((resolve) => {
    timer = setTimeout(() => resolve('running'), PATIENCE_MS);
  });
  try {
    const first = await Promise.race([work, patience]);
    if (first === 'running') work.catch((error: unknown) => log.error({ err: error }, 'work of the desk failed'));
    return first;
  } finally {
    clearTimeout(timer);
  }
}
