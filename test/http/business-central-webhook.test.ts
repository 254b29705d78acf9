import { pino } from 'pino';
import { beforeEach, describe, expect, it } from 'vitest';
import { createBusinessCentralWebhook } from '../../src/http/webhooks/business-central.js';
import { until } from '../support/deals.js';

const STATE = 'the-client-state-of-tests';
const PATH = '/webhooks/business-central';
const COMPANY = '/api/v2.0/companies(5b1c7d52-0000-4000-8000-00000000abcd)';

describe('what Business Central says to the starter', () => {
  let nudges: number;
  let wakes: number;
  let release: (() => void) | undefined;
  let isStuck: boolean;
  let app: ReturnType<typeof createBusinessCentralWebhook>;

  beforeEach(() => {
    nudges = 0;
    wakes = 0;
    isStuck = false;
    release = undefined;
    app = createBusinessCentralWebhook({
      clientState: STATE,
      nudgeInvoiceFeed: async () => {
        nudges += 1;
        if (isStuck) {
          await new Promise<void>((resolve) => {
            release = resolve;
          });
        }
      },
      wakeHeldDeals: async () => {
        wakes += 1;
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
      expect(wakes).toBe(0);
    });
  }

  for (const resource of ['customers(11111111-2222-4333-8444-555555555555)', 'items']) {
    it(`${resource} wakes held deals, and their failure is ours alone`, async () => {
      expect((await notify([notice(resource)])).status).toBe(202);
      await until(() => wakes === 1);
      expect((await notify([notice(resource)])).status).toBe(202);
      await until(() => wakes === 2);
      expect(nudges).toBe(0);
    });
  }

  it('a wrong clientState is answered like a right one and does nothing', async () => {
    for (const clientState of ['wrong', '', `${STATE} `, undefined]) {
      expect((await notify([notice('salesInvoices', { clientState })])).status).toBe(202);
    }
    // What is honest in the same call counts.
    await notify([notice('items', { clientState: 'wrong' }), notice('salesOrders')]);
    await until(() => nudges === 1);
    expect(wakes).toBe(0);
  });

  it('what is no notice is dropped, since any refusal would end the subscription', async () => {
    for (const body of ['<xml/>', '', '[]', '{"value":{}}', '{"value":[{"resource":7}]}']) {
      expect((await notify(body)).status).toBe(202);
    }
    expect((await notify([notice('vendors'), notice('../../salesInvoices/x')])).status).toBe(202);
    expect([nudges, wakes]).toEqual([0, 0]);
  });

  it('a body over 4 MiB is refused', async () => {
    const answer = await notify('x'.repeat(4 * 1024 * 1024 + 1));
    expect(answer.status).toBe(413);
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
