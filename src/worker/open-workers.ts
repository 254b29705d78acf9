import { type NativeConnection, TransportError, Worker, type WorkerOptions } from '@temporalio/worker';
import type { Logger } from 'pino';
import { InternalError } from '../deal/errors.js';
import { waitFor } from '../process/patient-start.js';

export interface OpenWorkers {
  readonly connection: NativeConnection;
  readonly workers: readonly Worker[];
}

export interface WorkersOptions {
  readonly connect: () => Promise<NativeConnection>;
  readonly workers: readonly Omit<WorkerOptions, 'connection'>[];
  readonly log: Logger;
  readonly pause?: (ms: number) => Promise<unknown>;
}

/** All of them or none; waits for Temporal, which is asked again for each of them. */
export function openWorkers({ connect, workers, ...patience }: WorkersOptions): Promise<OpenWorkers> {
  // The same connection takes no second worker for a queue, so that another attempt begins with another connection.
  const open = async (): Promise<OpenWorkers> => {
    const connection = await connect();
    const created = await Promise.allSettled(workers.map((options) => Worker.create({ ...options, connection })));
    const made = created.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    const failed = created.find((one) => one.status === 'rejected');
    if (!failed) return { connection, workers: made };
    await Promise.all(made.map(stopUnused));
    await connection.close();
    throw toFailure(failed.reason);
  };
  return waitFor('Temporal', open, patience);
}

/** Only one that runs can be stopped. */
async function stopUnused(worker: Worker): Promise<void> {
  const ended = worker.run();
  worker.shutdown();
  await ended;
}

/** What a worker cannot be created for, besides a lost connection, does not pass. */
function toFailure(error: unknown): unknown {
  if (error instanceof TransportError) return error;
  return new InternalError(`a worker could not be created: ${error instanceof Error ? error.message : String(error)}`);
}
