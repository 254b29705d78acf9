import type { Worker } from '@temporalio/worker';

type PolledQueue = Pick<Worker, 'run' | 'getState' | 'shutdown'>;

/**
 * Until all of them have stopped. One that fails stops the others, and its error is the one that is seen: their connection
 * closes only when nobody uses it any more, and else says that instead.
 */
export async function runWorkers(
  workers: readonly PolledQueue[],
  onRunning: () => void,
  onUntidy: (error: unknown) => void,
): Promise<void> {
  const ends = workers.map((worker) => runUntilStopped(worker, onUntidy));
  try {
    onRunning();
    await Promise.all(ends);
  } catch (error) {
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
    await Promise.allSettled(ends);
    throw error;
  }
}

/**
 * One that has stopped as it was asked to, and fails afterwards, only did not tidy up: where the start of a run broke off at the limit
 * of the SDK (`isolateExecutionTimeout`), its context is disposed of by nobody, and its thread refuses to be destroyed.
 */
async function runUntilStopped(worker: PolledQueue, onUntidy: (error: unknown) => void): Promise<void> {
  try {
    await worker.run();
  } catch (error) {
    if (worker.getState() !== 'STOPPED') throw error;
    onUntidy(error);
  }
}
