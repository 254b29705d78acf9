import type { Worker } from '@temporalio/worker';

type PolledQueue = Pick<Worker, 'run' | 'getState' | 'shutdown'>;

/**
 * Until all of them have stopped. One that fails stops the others, and its error is the one that is seen: their connection
 * closes only when nobody uses it any more, and else says that instead.
 */
export async function runWorkers(workers: readonly PolledQueue[], onRunning: () => void): Promise<void> {
  const ends = workers.map((worker) => worker.run());
  try {
    onRunning();
    await Promise.all(ends);
  } catch (error) {
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
    await Promise.allSettled(ends);
    throw error;
  }
}
