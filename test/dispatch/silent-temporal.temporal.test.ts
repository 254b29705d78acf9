import { randomUUID } from 'node:crypto';
import { Client, type Connection } from '@temporalio/client';
import { defineUpdate } from '@temporalio/workflow';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { sendUpdate } from '../../src/dispatch/send-update.js';
import { findOutage } from '../../src/process/log.js';
import { connectTemporalClient } from '../../src/process/temporal-connection.js';
import { type Front, openFront } from '../support/front.js';

/** A server that has stopped in the midst of its work: connections stay open, and nothing is answered. */

const ANSWER_MS = 300;
const SILENT = { system: 'Temporal', reason: 'no answer in time' };
const retry = defineUpdate<void, [object]>('retry');

let front: Front;
let connection: Connection;
let client: Client;
beforeEach(async () => {
  front = await openFront(inject('temporalAddress'));
  const target = { address: `127.0.0.1:${front.port}`, tls: undefined, apiKey: undefined };
  connection = await connectTemporalClient(target, { answerMs: 20_000 });
  client = new Client({ connection });
});
afterEach(async () => {
  await connection?.close();
  await front?.close();
});

const startUnworked = () => {
  const workflowId = `silent-${randomUUID()}`;
  return client.workflow.start('handOverDeal', { workflowId, taskQueue: `nobody-${workflowId}` });
};

describe('Temporal without a word', () => {
  it('takes no decision: whoever makes it hears soon that it does not answer, and nothing of it was sent', async () => {
    const handle = await startUnworked();
    front.silence();
    const limits = { answerMs: 600_000, askMs: ANSWER_MS };
    const error: unknown = await sendUpdate(handle, retry, {}, limits).catch((caught: unknown) => caught);
    expect(findOutage(error)).toEqual(SILENT);
  });

  it('keeps nobody waiting for ever, whatever was asked', async () => {
    const impatient = await connectTemporalClient(
      { address: `127.0.0.1:${front.port}`, tls: undefined, apiKey: undefined },
      { answerMs: 1_000 },
    );
    const impatientClient = new Client({ connection: impatient });
    await impatientClient.workflow.count();
    front.silence();
    const asked = [
      impatientClient.workflow.start('handOverDeal', { workflowId: randomUUID(), taskQueue: 'nobody' }),
      impatientClient.workflow.getHandle(randomUUID()).signal('changed'),
      impatientClient.workflow.getHandle(randomUUID()).describe(),
    ];
    const errors = await Promise.all(asked.map((one) => one.catch((caught: unknown) => caught)));
    await impatient.close();
    expect(errors.map(findOutage)).toEqual([SILENT, SILENT, SILENT]);
  });
});
