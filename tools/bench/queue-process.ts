import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { createPlainHandOver, type PlainOptions } from './plain-hand-over.js';

/** Process: worker and producer of a BullMQ queue. Argument: the options as JSON. */

export type QueueOptions = PlainOptions & { readonly redisPort: number };

const NAME = 'deals';
/** As many as Dealbridge sends to Business Central at once. */
const CONCURRENCY = 4;

const { redisPort: port, ...plain } = JSON.parse(process.argv[2] ?? '') as QueueOptions;
const { handOver, close } = createPlainHandOver(plain);
const open = () => new Redis({ host: '127.0.0.1', port, maxRetriesPerRequest: null });
const queue = new Queue<string>(NAME, { connection: open() });
const worker = new Worker<string>(NAME, ({ data }) => handOver(data), {
  connection: open(),
  concurrency: CONCURRENCY,
});
worker.on('failed', (_job, error) => process.stderr.write(`BullMQ: ${error.stack}\n`));
await worker.waitUntilReady();
process.on('message', (id: string) => {
  void queue.add('deal', id, { jobId: id, removeOnComplete: true });
});
process.once('SIGTERM', () => {
  void Promise.all([worker.close(), queue.close(), close()]).then(() => process.exit(0));
});
process.send?.('ready');
