import { pino } from 'pino';
import { beforeEach, describe, expect, it } from 'vitest';
import type { ChangedRow } from '../../src/deal/business-central-feeds.js';
import { createBusinessCentralWebhook } from '../../src/http/webhooks/business-central.js';
import { until } from '../support/deals.js';

const STATE = 'the-client-state-of-tests';
const KEY = 'the-key-of-tests';
const PATH = `/webhooks/business-central/${KEY}`;
const ROW = '11111111-2222-4333-8444-555555555555';
const COMPANY = '/api/v2.0/companies(5b1c7d52-0000-4000-8000-00000000abcd)';

describe('what Business Central says to the starter', () => {
  let nudges: number;
  let wakes: (readonly ChangedRow[])[];
  let release: (() => void) | undefined;
  let isStuck: boolean;
  let app: ReturnType<typeof createBusinessCentralWebhook>;

  beforeEach(() => {
    nudges = 0;
    wakes = [];
    isStuck = false;
    release = undefined;
    app = createBusinessCentralWebhook({
      isAddressKey: async (given) => given === KEY,
      isClientState: async (given) => given === STATE,
      guard:
        ({ givenSecret, isRight, refusal }) =>
        async (c, next) =>
          (await isRight(givenSecret(c))) ? next() : c.json({ error: refusal.error }, refusal.status),
      nudgeInvoiceFeed: async () => {
        nudges += 1;
        if (isStuck) {
          await new Promise<void>((resolve) => {
            release = resolve;
          });
        }
      },
      wakeHeldDeals: async (rows) => {
        wakes.push(rows);
        throw new Error('the ledger is away');
      },
      log: pino({ level: 'silent' }),
    });
  });

  const notify = (value: unknown) =>
    app.request(PATH, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: typeof value === 'string' ? value : JSON.stringify({ value }),
    });
  const notice = (resource: string, more: object = {}) => ({
    subscriptionId: 'dealbridge-1',
    clientState: STATE,
    resource: `${COMPANY}/${resource}`,
    changeType: 'updated',
    lastModifiedDateTime: '2026-08-18T20:05:51.603Z',
    ...more,
  });

  for (const method of ['GET', 'POST']) {
    it(`answers the handshake by ${method} with the decoded token as plain text`, async () => {
      const token = 'a+b c/%"<script>alert(1)</script>';
      const answer = await app.request(`${PATH}?validationToken=${encodeURIComponent(token)}`, { method });
      expect(answer.status).toBe(200);
      expect(await answer.text()).toBe(token);
      expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8');
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    });

    it(`takes a token of 2,048 characters by ${method} and none that is longer`, async () => {
      const ask = async (length: number) =>
        (await app.request(`${PATH}?validationToken=${'x'.repeat(length)}`, { method })).status;
      expect(await ask(2_048)).toBe(200);
      expect(await ask(2_049)).toBe(400);
    });
  }

  it('a GET without a token is nothing', async () => {
    expect((await app.request(PATH)).status).toBe(400);
  });

  for (const resource of [
    'salesInvoices(11111111-2222-4333-8444-555555555555)',
    'salesOrders(11111111-2222-4333-8444-555555555555)',
    'salesInvoices',
    'salesInvoices?$filter=lastModifiedDateTime%20gt%202026-08-18T20:05:51.603Z',
  ]) {
    it(`${resource} nudges the invoice feed`, async () => {
      expect((await notify([notice(resource, { changeType: 'collection' })])).status).toBe(202);
      await until(() => nudges === 1);
      expect(wakes).toEqual([]);
    });
  }

  const changedRows: readonly (readonly [string, ChangedRow])[] = [
    [`customers(${ROW})`, { resource: 'customers', id: ROW }],
    [`items(${ROW.toUpperCase()})`, { resource: 'items', id: ROW }],
    ['items', { resource: 'items', id: undefined }],
    ['items?$filter=lastModifiedDateTime%20gt%202026-08-18T20:05:51.603Z', { resource: 'items', id: undefined }],
    ["customers('10000')", { resource: 'customers', id: undefined }],
  ];
  for (const [resource, row] of changedRows) {
    it(`${resource} wakes held deals, and their failure is ours alone`, async () => {
      expect((await notify([notice(resource), notice(resource)])).status).toBe(202);
      await until(() => wakes.length === 1);
      expect((await notify([notice(resource)])).status).toBe(202);
      await until(() => wakes.length === 2);
      expect(wakes).toEqual([[row], [row]]);
      expect(nudges).toBe(0);
    });
  }

  it('a quote that changed wakes its deal, and one that is gone is news whatever comes after', async () => {
    const at = '2026-08-18T20:05:51.603Z';
    const quote = `salesQuotes(${ROW})`;
    await notify([notice(quote, { changeType: 'updated' })]);
    await until(() => wakes.length === 1);
    await notify([notice(quote, { changeType: 'deleted' }), notice(quote, { changeType: 'updated' })]);
    await until(() => wakes.length === 2);
    const row = { resource: 'salesQuotes', id: ROW };
    expect(wakes).toEqual([[{ ...row, at }], [row]]);
    expect(nudges).toBe(0);
  });

  it('an address without the key is no address: no handshake, and a notice is dropped as if it were right', async () => {
    const ask = (path: string, method: string) =>
      app.request(path, { method, ...(method === 'POST' && { body: JSON.stringify({ value: [notice('items')] }) }) });
    const other = '/webhooks/business-central/another-key';
    expect((await ask('/webhooks/business-central', 'POST')).status).toBe(404);
    expect((await ask(`${other}?validationToken=x`, 'GET')).status).toBe(404);
    const shaken = await ask(`${other}?validationToken=token-of-somebody`, 'POST');
    expect(await shaken.text()).not.toContain('token-of-somebody');
    expect((await ask(other, 'POST')).status).toBe(202);
    expect([nudges, wakes.length]).toEqual([0, 0]);
  });

  it('a wrong clientState is answered like a right one and does nothing', async () => {
    for (const clientState of ['wrong', '', `${STATE} `, undefined]) {
      expect((await notify([notice('salesInvoices', { clientState })])).status).toBe(202);
    }
    // What is honest in the same call counts.
    await notify([notice('items', { clientState: 'wrong' }), notice('salesOrders')]);
    await until(() => nudges === 1);
    expect(wakes).toEqual([]);
  });

  it('what is no notice is dropped, since any refusal would end the subscription', async () => {
    for (const body of ['<xml/>', '', '[]', '{"value":{}}', '{"value":[{"resource":7}]}']) {
      expect((await notify(body)).status).toBe(202);
    }
    expect((await notify([notice('vendors'), notice('../../salesInvoices/x')])).status).toBe(202);
    expect([nudges, wakes.length]).toEqual([0, 0]);
  });

  it('what is odd in one notice takes nothing from the others, nor from what else it says', async () => {
    const odd = [null, 7, 'x', {}, notice('items', { resource: null }), notice('items', { clientState: null })];
    await notify([...odd, notice('salesOrders')]);
    await until(() => nudges === 1);
    expect(wakes).toEqual([]);
    const quote = `salesQuotes(${ROW})`;
    await notify([notice(quote, { lastModifiedDateTime: null }), notice('salesOrders', { changeType: null })]);
    await until(() => nudges === 2 && wakes.length === 1);
    expect(wakes).toEqual([[{ resource: 'salesQuotes', id: ROW }]]);
  });

  it('the answer does not wait for the work, and a storm of notices becomes one more', async () => {
    isStuck = true;
    for (let index = 0; index < 20; index += 1) {
      expect((await notify([notice('salesInvoices')])).status).toBe(202);
    }
    expect(nudges).toBe(1);
    isStuck = false;
    release?.();
    await until(() => nudges === 2);
  });
});
