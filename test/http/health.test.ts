import { Hono } from 'hono';
import { expect, it } from 'vitest';
import { createRoutes, type RouteOptions } from '../../src/http/routes.js';
import { createLog } from '../../src/process/log.js';

/** What a monitor hears of the starter. */
const ask = async (
  listPausedLanes: RouteOptions['listPausedLanes'],
  listThrottledLanes: RouteOptions['listThrottledLanes'] = async () => [],
) => {
  const app = createRoutes({
    limits: (_c, next) => next(),
    webhooks: [new Hono()],
    codec: undefined,
    listPausedLanes,
    listThrottledLanes,
    log: createLog('test', 'silent'),
  });
  const answer = await app.request('/health');
  expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
  return { status: answer.status, body: await answer.json() };
};

it('names the systems whose sign-in is refused, without address or answer', async () => {
  const pausedSince = new Date('2026-03-31T12:00:00Z');
  const lane = {
    system: 'dataverse',
    address: 'app registration one',
    pausedSince,
    problem: 'invalid_client',
  } as const;
  expect(await ask(async () => [lane])).toEqual({
    status: 200,
    body: {
      status: 'ok',
      pausedLanes: [{ system: 'dataverse', pausedSince: '2026-03-31T12:00:00.000Z' }],
      throttledLanes: [],
    },
  });
});

it('names the systems whose quota is used up, and until when', async () => {
  const pausedUntil = new Date('2026-03-31T12:00:30Z');
  const lane = { system: 'business-central', address: 'https://bc', clientId: 'one', pausedUntil } as const;
  expect(
    await ask(
      async () => [],
      async () => [lane],
    ),
  ).toMatchObject({
    body: { throttledLanes: [{ system: 'business-central', pausedUntil: '2026-03-31T12:00:30.000Z' }] },
  });
});

it('is well while the ledger cannot be asked, as webhooks say that with their own answer', async () => {
  const failing = () => Promise.reject(new Error('no connection'));
  expect(await ask(failing)).toEqual({ status: 200, body: { status: 'ok' } });
});

it('asks the ledger once a second at most, whoever asks how often', async () => {
  let times = 0;
  const app = createRoutes({
    limits: (_c, next) => next(),
    webhooks: [],
    codec: undefined,
    listPausedLanes: async () => {
      times += 1;
      return [];
    },
    listThrottledLanes: async () => [],
    log: createLog('test', 'silent'),
  });
  for (let index = 0; index < 10; index += 1) expect((await app.request('/health')).status).toBe(200);
  expect(times).toBeLessThan(3);
});
