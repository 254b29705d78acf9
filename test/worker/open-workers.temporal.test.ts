import { NativeConnection } from '@temporalio/worker';
import { pino } from 'pino';
import { expect, inject, it } from 'vitest';
import { openWorkers } from '../../src/worker/open-workers.js';
import { answerGrpc, openFront } from '../support/front.js';
import { silenceOnce } from '../support/temporal-runtime.js';

silenceOnce();

const FAILED_PRECONDITION = 9;
const workers = ['one', 'two'].map((taskQueue) => ({
  namespace: 'default',
  taskQueue: `open-workers-${taskQueue}`,
  activities: { async nothing() {} },
}));

it('Temporal that goes away between the connection and the workers is waited for', async () => {
  const front = await openFront(inject('temporalAddress'));
  const lines: { waitingFor: string }[] = [];
  let connections = 0;
  const opened = await openWorkers({
    workers,
    async connect() {
      const connection = await NativeConnection.connect({ address: `127.0.0.1:${front.port}` });
      connections += 1;
      // The SDK asks again for twenty seconds before it gives up, unless it is answered by such a status.
      if (connections === 1) await front.answer(answerGrpc(FAILED_PRECONDITION));
      return connection;
    },
    log: pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) }),
    pause: () => front.pass(),
  });
  expect(lines.map(({ waitingFor }) => waitingFor)).toEqual(['Temporal']);
  expect(connections).toBe(2);
  // Both of them work, and leave nothing behind.
  const ends = opened.workers.map((worker) => worker.run());
  expect(opened.workers.map((worker) => worker.getState())).toEqual(['RUNNING', 'RUNNING']);
  for (const worker of opened.workers) worker.shutdown();
  await Promise.all(ends);
  await opened.connection.close();
  await front.close();
});

it('a worker that cannot be created ends the start, and those beside it are stopped', async () => {
  const connections: NativeConnection[] = [];
  const opening = openWorkers({
    workers: [...workers, ...workers.slice(0, 1)],
    async connect() {
      const connection = await NativeConnection.connect({ address: inject('temporalAddress') });
      connections.push(connection);
      return connection;
    },
    log: pino({ level: 'silent' }),
  });
  await expect(opening).rejects.toThrow(/^a worker could not be created: .*multiple workers/);
  expect(connections).toHaveLength(1);
});
