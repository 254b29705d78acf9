import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { defineQuery, defineUpdate } from '@temporalio/workflow';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { NotTakenYetError, RefusedError } from '../../src/deal/errors.js';
import { askRun, sendUpdate } from '../../src/dispatch/send-update.js';
import { problemOf } from '../../src/http/api/problem.js';

let connection: Connection;
beforeAll(async () => {
  connection = await Connection.connect({ address: inject('temporalAddress') });
});
afterAll(() => connection?.close());

async function startUnworked() {
  const workflowId = `unanswered-${randomUUID()}`;
  const client = new Client({ connection });
  return client.workflow.start('handOverDeal', { workflowId, taskQueue: `nobody-${workflowId}` });
}

it('whoever says something while no worker runs is told so, instead of waiting until one does', async () => {
  const handle = await startUnworked();
  const said = sendUpdate(handle, defineUpdate<void, [object]>('retry'), {}, { answerMs: 500, askMs: 20_000 });
  const error = await said.catch((caught: unknown) => caught);
  await handle.terminate();
  expect(error).toBeInstanceOf(NotTakenYetError);
  expect(problemOf(error)).toMatchObject({ status: 503, code: 'not-taken-yet' });
});

it('whoever asks how a run stands while no worker runs is told so, without the error of the client', async () => {
  const handle = await startUnworked();
  const error = await askRun(handle, defineQuery<string>('status'), 500).catch((caught: unknown) => caught);
  await handle.terminate();
  expect(error).toBeInstanceOf(RefusedError);
  expect(error).toMatchObject({ code: 'refused-now', message: expect.stringContaining('does not answer') });
});
