import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { TASK_QUEUES } from '../../src/deal/ids.js';
import { ensureSchedule } from '../../src/dispatch/ensure/schedule.js';
import { toScheduledWorkflow, WORKFLOWS } from '../../src/dispatch/workflows.js';
import { openKeyRing } from '../../src/secrets/key-ring.js';
import { createKeyLine } from '../../src/secrets/keys.js';
import { createPayloadCodec } from '../../src/secrets/payload-codec.js';
import { createNamespace } from '../support/processes.js';

let connection: Connection;
const namespace = `schedules-${randomUUID()}`;
beforeAll(async () => {
  connection = await Connection.connect({ address: inject('temporalAddress') });
  await createNamespace(connection, namespace);
});
afterAll(() => connection?.close());

const clientWith = (...keys: readonly string[]) =>
  new Client({
    connection,
    namespace,
    dataConverter: { payloadCodecs: [createPayloadCodec(openKeyRing({ kind: 'text', text: keys.join(',') }))] },
  });

const ensure = (client: Client, scheduleId: string, every: '1 minute' | '2 minutes') =>
  ensureSchedule(client, scheduleId, {
    spec: { intervals: [{ every }] },
    action: toScheduledWorkflow(WORKFLOWS.sealAudit, {
      args: [],
      taskQueue: TASK_QUEUES.deals,
      workflowId: scheduleId,
    }),
  });

const find = async (client: Client, scheduleId: string) => {
  const { spec, state, info } = await client.schedule.getHandle(scheduleId).describe();
  return { every: spec.intervals?.[0]?.every, paused: state.paused, createdAt: info.createdAt };
};

it('after a rotation a schedule is as it was, and follows what is wanted now', async () => {
  const [old, next] = [createKeyLine(), createKeyLine()];
  const id = `rotated-${randomUUID()}`;
  await ensure(clientWith(old), id, '1 minute');
  const before = await find(clientWith(old), id);
  await ensure(clientWith(next, old), id, '2 minutes');
  expect(await find(clientWith(next, old), id)).toEqual({ ...before, every: 120_000 });
});

it('a schedule of a key that is gone is made anew, since none of its runs could begin any more', async () => {
  const [lost, next] = [createKeyLine(), createKeyLine()];
  const id = `lost-${randomUUID()}`;
  await ensure(clientWith(lost), id, '1 minute');
  const before = await find(clientWith(lost), id);
  await ensure(clientWith(next), id, '2 minutes');
  const after = await find(clientWith(next), id);
  expect(after).toMatchObject({ every: 120_000, paused: false });
  expect(after.createdAt.getTime()).toBeGreaterThan(before.createdAt.getTime());
});

it('the pause that somebody ordered outlasts the key', async () => {
  const id = `paused-${randomUUID()}`;
  const old = clientWith(createKeyLine());
  await ensure(old, id, '1 minute');
  await old.schedule.getHandle(id).pause('ordered');
  const next = clientWith(createKeyLine());
  await ensure(next, id, '1 minute');
  expect(await find(next, id)).toMatchObject({ paused: true });
});

/** Another starter comes in between, before or after what this one does. */
function withAnother(
  client: Client,
  step: 'delete' | 'update',
  comes: 'before' | 'after',
  act: () => Promise<unknown>,
) {
  const getHandle = client.schedule.getHandle.bind(client.schedule);
  let hasCome = false;
  client.schedule.getHandle = (id) => {
    const handle = getHandle(id);
    const original = handle[step].bind(handle) as (...given: unknown[]) => Promise<unknown>;
    const once = async (): Promise<void> => {
      if (hasCome) return;
      hasCome = true;
      await act();
    };
    return Object.assign(handle, {
      [step]: async (...given: unknown[]) => {
        if (comes === 'before') await once();
        const result = await original(...given);
        if (comes === 'after') await once();
        return result;
      },
    });
  };
  return client;
}

it('the pause outlasts the key also where another starter makes the schedule anew in between', async () => {
  const id = `two-${randomUUID()}`;
  const next = createKeyLine();
  const old = clientWith(createKeyLine());
  await ensure(old, id, '1 minute');
  await old.schedule.getHandle(id).pause('ordered');
  const other = clientWith(next);
  await ensure(
    withAnother(clientWith(next), 'delete', 'after', () => ensure(other, id, '1 minute')),
    id,
    '1 minute',
  );
  expect(await find(other, id)).toMatchObject({ paused: true });
});

it('a schedule that another starter is just replacing is made, and nobody fails', async () => {
  const id = `gone-${randomUUID()}`;
  const next = createKeyLine();
  await ensure(clientWith(createKeyLine()), id, '1 minute');
  const other = clientWith(next);
  const late = withAnother(clientWith(next), 'update', 'before', () => other.schedule.getHandle(id).delete());
  await ensure(late, id, '2 minutes');
  expect(await find(other, id)).toMatchObject({ every: 120_000, paused: false });
});
