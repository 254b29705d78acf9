import { Hono } from 'hono';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { answerError } from '../../src/http/api/problem.js';
import { createRoutes } from '../../src/http/routes.js';
import { createBusinessCentralWebhook } from '../../src/http/webhooks/business-central.js';

/** What the log says of a request that failed: the route, never its path, which holds a key or what a person typed (I7). */

const KEY = 'the-key-of-tests';

function openLog() {
  const lines: string[] = [];
  return { lines, log: pino({ base: null, timestamp: false }, { write: (line) => void lines.push(line) }) };
}

it('holds no key of a webhook while the ledger is away', async () => {
  const { lines, log } = openLog();
  const webhook = createBusinessCentralWebhook({
    isAddressKey: async () => {
      throw new Error('the ledger is away');
    },
    isClientState: async () => true,
    guard:
      ({ givenSecret, isRight }) =>
      async (c, next) => {
        await isRight(givenSecret(c));
        return next();
      },
    nudgeInvoiceFeed: async () => undefined,
    wakeHeldDeals: async () => undefined,
    log,
  });
  const app = createRoutes({
    limits: (_c, next) => next(),
    webhooks: [webhook],
    codec: undefined,
    listPausedLanes: async () => [],
    listThrottledLanes: async () => [],
    log,
  });
  const answer = await app.request(`/webhooks/business-central/${KEY}`, { method: 'POST', body: '{}' });
  expect(answer.status).toBe(503);
  expect(lines.join('')).not.toContain(KEY);
  expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([
    { route: '/webhooks/business-central/:key', msg: 'request failed' },
  ]);
});

it('holds nothing of what a caller of the API wrote into the address', async () => {
  const { lines, log } = openLog();
  const api = new Hono();
  api.put('/views/:name', () => {
    throw new Error('the ledger is away');
  });
  api.onError((error, c) => answerError(error, c, log, () => undefined));
  const answer = await new Hono().route('/api/v1', api).request('/api/v1/views/Meyer%20Anna', { method: 'PUT' });
  expect(answer.status).toBe(500);
  expect(lines.join('')).not.toContain('Meyer');
  expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([{ route: '/api/v1/views/:name' }]);
});
