import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { beforeEach, describe, expect, inject, it, vi } from 'vitest';
import { runWorkers } from '../../src/worker/run-workers.js';
import { silenceOnce } from '../support/temporal-runtime.js';

silenceOnce();

const unexpected = (error: unknown): never => {
  throw error;
};

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
    runWorkers([failing, beside], onRunning, unexpected).finally(() => connection.close());

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
  const stop = () => {
    for (const worker of workers) worker.shutdown();
  };
  await runWorkers(workers, stop, unexpected);
  expect(workers.map((worker) => worker.getState())).toEqual(['STOPPED', 'STOPPED']);
  await connection.close();
});

it('a worker with a run whose start broke off at the limit of the SDK stops, and says what was left', async () => {
  const client = new Client({ connection: await Connection.connect({ address: inject('temporalAddress') }) });
  const connection = await NativeConnection.connect({ address: inject('temporalAddress') });
  const taskQueue = 'run-workers-endless';
  const worker = await Worker.create({
    connection,
    namespace: 'default',
    taskQueue,
    workflowsPath: fileURLToPath(new URL('../support/endless-workflow.mjs', import.meta.url)),
    workflowThreadPoolSize: 1,
  });
  const handle = await client.workflow.start('endless', { taskQueue, workflowId: randomUUID() });
  const left: unknown[] = [];
  const hasTried = async () => {
    const { events } = await handle.fetchHistory();
    return events?.some((event) => event.workflowTaskFailedEventAttributes) === true;
  };
  const onRunning = () =>
    void vi.waitUntil(hasTried, { timeout: 60_000, interval: 200 }).finally(() => worker.shutdown());
  await runWorkers([worker], onRunning, (error) => void left.push(error));
  await handle.terminate();
  await client.connection.close();
  await connection.close();
  expect(left).toMatchObject([{ message: expect.stringContaining('should have been disposed first') }]);
});
