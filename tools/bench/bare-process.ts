import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { type TemporalPlace, toConnectionOptions } from '../stage/temporal.js';
import { doNothing, type EmptyWork } from './bare-workflows.js';

/** Process: worker and client of bare Temporal, with the options that the SDK has by itself. Arguments: place as JSON, namespace. */

export type BareRequest = EmptyWork & { readonly workflowId: string };

const [place = '', namespace = ''] = process.argv.slice(2);
const options = toConnectionOptions(JSON.parse(place) as TemporalPlace);
const TASK_QUEUE = 'bare';
Runtime.install({ logger: new DefaultLogger('WARN') });
const connection = await Connection.connect(options);
const client = new Client({ connection, namespace });
const native = await NativeConnection.connect(options);
const worker = await Worker.create({
  connection: native,
  namespace,
  taskQueue: TASK_QUEUE,
  workflowsPath: fileURLToPath(new URL('./bare-workflows.js', import.meta.url)),
  activities: {
    nothing: async () => undefined,
    end: async () => {
      process.send?.('ended');
    },
  },
});
process.on('message', ({ workflowId, activities, workflowTasks }: BareRequest) => {
  void client.workflow.start(doNothing, {
    workflowId,
    taskQueue: TASK_QUEUE,
    args: [{ activities, workflowTasks }],
  });
});
process.once('SIGTERM', () => worker.shutdown());
const running = worker.run();
process.send?.('ready');
await running;
await native.close();
await connection.close();
process.exit(0);
