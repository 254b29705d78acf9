import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { defineUpdate } from '@temporalio/workflow';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { NotTakenYetError } from '../../src/deal/errors.js';
import { sendUpdate } from '../../src/dispatch/send-update.js';
import { problemOf } from '../../src/http/api/problem.js';

let connection: Connection;
beforeAll(async () => {
  connection = await Connection.connect({ address: inject('temporalAddress') });
});
afterAll(() => connection?.close());

it('whoever says something while no worker runs is told so, instead of waiting until one does', async () => {
  const client = new Client({ connection });
  const workflowId = `unanswered-${randomUUID()}`;
  const handle = await client.workflow.start('handOverDeal', { workflowId, taskQueue: `nobody-${workflowId}` });
  const said = sendUpdate(handle, defineUpdate<void, [object]>('retry'), {}, 500);
  const error = await said.catch((caught: unknown) => caught);
  await handle.terminate();
  expect(error).toBeInstanceOf(NotTakenYetError);
  expect(problemOf(error)).toMatchObject({ status: 503, code: 'not-taken-yet' });
});
