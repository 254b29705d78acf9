import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { TASK_QUEUES } from '../../src/deal/ids.js';
import { createFindRunningDeals } from '../../src/dispatch/running-deals.js';
import { createNamespace } from '../support/processes.js';

/** Which of a page of deals have a run, as the real server lists them. */

let connection: Connection;
let client: Client;
beforeAll(async () => {
  connection = await Connection.connect({ address: inject('temporalAddress') });
  const namespace = `running-${randomUUID()}`;
  await createNamespace(connection, namespace);
  client = new Client({ connection, namespace });
});
afterAll(() => connection?.close());

it('finds those of a page of five hundred that run, and nobody else', async () => {
  const [running, elsewhere, ended] = [randomUUID(), randomUUID(), randomUUID()];
  const begin = (workflowId: string) =>
    client.workflow.start('handOverDeal', { taskQueue: TASK_QUEUES.deals, workflowId, args: [] });
  const handles = await Promise.all([running, elsewhere, ended].map(begin));
  await handles[2]?.terminate();
  const page = [running, ended, ...Array.from({ length: 498 }, () => randomUUID())];
  const findRunning = createFindRunningDeals(client);
  await expect.poll(() => findRunning(page), { timeout: 20_000 }).toEqual(new Set([running]));
  await expect.poll(() => findRunning([elsewhere]), { timeout: 20_000 }).toEqual(new Set([elsewhere]));
  expect(await findRunning([])).toEqual(new Set());
  await Promise.all(handles.slice(0, 2).map((handle) => handle.terminate()));
});
