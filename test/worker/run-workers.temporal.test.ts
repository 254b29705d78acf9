import { NativeConnection, Worker } from '@temporalio/worker';
import { beforeEach, describe, expect, inject, it } from 'vitest';
import { runWorkers } from '../../src/worker/run-workers.js';
import { silenceOnce } from '../support/temporal-runtime.js';

silenceOnce();

describe('a worker that fails', () => {
  let connection: NativeConnection;
  let beside: Worker;
  let fail: (error: Error) => void;
  let failing: Pick<Worker, 'run' | 'getState' | 'shutdown'>;
  beforeEach(async () => {
    connection = await NativeConnection.connect({ address: inject('temporalAddress') });
    beside = await Worker.create({
      connection,
      namespace: 'default',
      taskQueue: 'run-workers-beside',
      activities: { async nothing() {} },
    });
    // A real one fails a minute after Temporal began to refuse it.
    const ended = new Promise<void>((_resolve, reject) => {
      fail = reject;
    });
    failing = {
      run: () => ended,
      getState: () => 'FAILED',
      shutdown: () => {
        throw new Error('it does not run any more');
      },
    };
  });

  /** As the process does: a connection that is in use says so instead of closing. */
  const runToEnd = (onRunning: () => void) =>
    runWorkers([failing, beside], onRunning).finally(() => connection.close());

  it('stops the one beside it, and its error is the one that is seen', async () => {
    await expect(runToEnd(() => fail(new Error('refused by Temporal')))).rejects.toThrow('refused by Temporal');
    expect(beside.getState()).toBe('STOPPED');
  });

  it('while the one beside it is being stopped already is seen as well', async () => {
    const stopAndFail = () => {
      beside.shutdown();
      fail(new Error('refused by Temporal'));
    };
    await expect(runToEnd(stopAndFail)).rejects.toThrow('refused by Temporal');
    expect(beside.getState()).toBe('STOPPED');
  });
});

it('workers that are stopped end without an error', async () => {
  const connection = await NativeConnection.connect({ address: inject('temporalAddress') });
  const open = (taskQueue: string) =>
    Worker.create({ connection, namespace: 'default', taskQueue, activities: { async nothing() {} } });
  const workers = await Promise.all([open('run-workers-one'), open('run-workers-two')]);
  await runWorkers(workers, () => {
    for (const worker of workers) worker.shutdown();
  });
  expect(workers.map((worker) => worker.getState())).toEqual(['STOPPED', 'STOPPED']);
  await connection.close();
});
