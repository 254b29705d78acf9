import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { TASK_QUEUES } from '../../src/deal/ids.js';
import { toFirstAttributes } from '../../src/dispatch/search-attributes.js';
import { startWorkflow, WORKFLOWS } from '../../src/dispatch/workflows.js';
import { describeError } from '../../src/process/log.js';

let connection: Connection;
beforeAll(async () => {
  connection = await Connection.connect({ address: inject('temporalAddress') });
});
afterAll(() => connection?.close());

it('a deal that a namespace without our search attributes refuses says so, and where the command stands', async () => {
  const namespace = `bare-${randomUUID()}`;
  await connection.workflowService.registerNamespace({
    namespace,
    workflowExecutionRetentionPeriod: { seconds: 86_400 as never },
  });
  const recordId = randomUUID();
  const start = () =>
    startWorkflow(new Client({ connection, namespace }), WORKFLOWS.handOverDeal, {
      taskQueue: TASK_QUEUES.deals,
      workflowId: recordId,
      args: [{ table: 'quote', recordId }],
      typedSearchAttributes: toFirstAttributes('quote', 'seen'),
    });
  const message = () =>
    start().then(
      () => 'started',
      (error: unknown) => describeError(error),
    );
  // The namespace itself takes a moment to be known.
  await expect
    .poll(message, { timeout: 30_000 })
    .toMatch(
      /^Temporal refused to start a run: .*search attribute DealS.*; `dealbridge doctor` prints the command that creates them$/,
    );
});
