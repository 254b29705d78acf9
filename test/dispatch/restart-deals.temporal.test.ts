import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import type { RecordRef } from '../../src/deal/deal.js';
import { TASK_QUEUES } from '../../src/deal/ids.js';
import { restartDeals } from '../../src/dispatch/restart-deals.js';
import { toFirstAttributes } from '../../src/dispatch/search-attributes.js';
import { UnreadableContentError } from '../../src/ledger/read-rows.js';
import { createNamespace } from '../support/processes.js';

let connection: Connection;
let client: Client;
beforeAll(async () => {
  connection = await Connection.connect({ address: inject('temporalAddress') });
  const namespace = `restart-${randomUUID()}`;
  await createNamespace(connection, namespace);
  client = new Client({ connection, namespace });
});
afterAll(() => connection?.close());

const RUNNING = "ExecutionStatus = 'Running'";

async function startThree(): Promise<string[]> {
  await expect.poll(async () => (await client.workflow.count(RUNNING)).count, { timeout: 20_000 }).toBe(0);
  const ids = Array.from({ length: 3 }, () => randomUUID());
  for (const workflowId of ids) {
    await client.workflow.start('handOverDeal', {
      taskQueue: TASK_QUEUES.deals,
      workflowId,
      typedSearchAttributes: toFirstAttributes('quote', 'seen'),
      args: [],
    });
  }
  await expect.poll(async () => (await client.workflow.count(RUNNING)).count, { timeout: 20_000 }).toBe(3);
  return ids;
}

it('a run that ended after it was listed is begun again like those that still run', async () => {
  const ids = await startThree();
  const begun: RecordRef[] = [];
  const startDeal = async (ref: RecordRef) => {
    begun.push(ref);
    // All three stand in the page that is being read.
    if (begun.length > 1) return;
    const others = ids.filter((id) => id !== ref.recordId);
    await Promise.all(others.map((id) => client.workflow.getHandle(id).terminate('ended meanwhile')));
  };
  expect(await restartDeals(client, startDeal)).toEqual({ restarted: 3, unreadable: [] });
  expect(begun.map(({ table }) => table)).toEqual(['quote', 'quote', 'quote']);
  expect(begun.map(({ recordId }) => recordId).sort()).toEqual([...ids].sort());
});

it('one that the ledger cannot read stops no other, and is named (I13)', async () => {
  const ids = await startThree();
  const begun: string[] = [];
  const startDeal = async ({ recordId }: RecordRef) => {
    begun.push(recordId);
    if (begun.length === 1)
      throw new UnreadableContentError('source_records', recordId, { path: ['state'], message: 'asleep' });
  };
  expect(await restartDeals(client, startDeal)).toEqual({
    restarted: 2,
    unreadable: [`table source_records, row ${begun[0]}, field state: asleep`],
  });
  expect(begun.sort()).toEqual([...ids].sort());
});
