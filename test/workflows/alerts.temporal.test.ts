import { ApplicationFailure } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TASK_QUEUES } from '../../src/deal/ids.js';
import { openKeyRing } from '../../src/secrets/key-ring.js';
import { createKeyLine } from '../../src/secrets/keys.js';
import type { checkTrail, sendAlerts } from '../../src/workflows/index.js';
import { keepHistory } from '../support/histories.js';
import { openTimeSkipping, type TimeSkipping } from '../support/time-skipping.js';

/** The run of every minute: it ends, whatever is down. */

let skipping: TimeSkipping;
beforeAll(async () => {
  skipping = await openTimeSkipping();
});
afterAll(() => skipping.close());

const PLANNED = [
  { channel: 'mail', messageId: 'mail-1' },
  { channel: 'teams', messageId: 'teams-1' },
  { channel: 'mail', messageId: 'mail-2' },
  { channel: 'teams', messageId: 'teams-2' },
];
const send = (workflowId: string) =>
  skipping.env.client.workflow.execute<typeof sendAlerts>('sendAlerts', {
    taskQueue: TASK_QUEUES.deals,
    workflowId,
    args: [],
  });
const keep = (workflowId: string, name: Parameters<typeof keepHistory>[2]) =>
  keepHistory(
    { temporal: skipping.env.client, ring: openKeyRing({ kind: 'text', text: createKeyLine() }) },
    workflowId,
    name,
  );

describe('the run that sends alerts', () => {
  it('asks a channel that refuses once, and sends over the others all that waits', async () => {
    const asked: string[] = [];
    skipping.answerWith({
      planAlerts: () => PLANNED,
      sendAlert: (messageId) => {
        asked.push(messageId);
        return { kind: messageId.startsWith('mail') ? 'failed' : 'sent' };
      },
    });
    expect(await send('one-refuses')).toEqual({ sent: 2, waiting: 2 });
    expect(asked.sort()).toEqual(['mail-1', 'teams-1', 'teams-2']);
    await keep('one-refuses', 'alerts-sent');
  });

  it('counts no message of a channel that is left alone as sent', async () => {
    skipping.answerWith({
      planAlerts: () => PLANNED,
      sendAlert: (messageId) => ({ kind: messageId.startsWith('mail') ? 'not-mine' : 'sent' }),
    });
    expect(await send('one-left-alone')).toEqual({ sent: 2, waiting: 2 });
  });

  it('goes past a step that never succeeds, for ten minutes at most', async () => {
    const started = await skipping.env.currentTimeMs();
    skipping.answerWith({
      planAlerts: () => PLANNED,
      sendAlert: (messageId) => {
        if (messageId === 'mail-1') throw ApplicationFailure.retryable('the ledger is away');
        return { kind: 'sent' };
      },
    });
    expect(await send('one-fails')).toEqual({ sent: 2, waiting: 2 });
    expect((await skipping.env.currentTimeMs()) - started).toBeLessThan(11 * 60_000);
  });

  it('asks a ledger that is away again', async () => {
    let times = 0;
    skipping.answerWith({
      planAlerts: () => {
        times += 1;
        if (times < 3) throw ApplicationFailure.retryable('the ledger is away');
        return [];
      },
    });
    expect(await send('ledger-away')).toEqual({ sent: 0, waiting: 0 });
    expect(times).toBe(3);
  });
});

it('the daily proof of the trail says what it found', async () => {
  skipping.answerWith({ checkTrail: () => ({ entries: 12, findings: 1 }) });
  const workflow = skipping.env.client.workflow;
  const checked = await workflow.execute<typeof checkTrail>('checkTrail', {
    taskQueue: TASK_QUEUES.deals,
    workflowId: 'proof',
    args: [],
  });
  expect(checked).toEqual({ entries: 12, findings: 1 });
  await keep('proof', 'trail-checked');
});
