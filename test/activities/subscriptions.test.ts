import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createSubscriptionActivities, type SubscriptionActivities } from '../../src/activities/feeds/subscriptions.js';
import type { SubscriptionClient } from '../../src/clients/business-central/subscriptions.js';
import { REPEATABLE } from '../../src/clients/http/write-context.js';
import { systemClock } from '../../src/process/system-clock.js';
import { type Counter, openCounter, openSubscriptions } from '../support/business-central.js';

const STATE = 'the-client-state-of-tests';
const ALL = ['salesInvoices', 'salesOrders', 'salesQuotes', 'customers', 'items'] as const;

describe('the subscriptions of Business Central', () => {
  let counter: Counter;
  let client: SubscriptionClient;
  let receiver: Server;
  let url: string;
  let isWilling: boolean;
  let steps: SubscriptionActivities;

  beforeAll(async () => {
    counter = await openCounter();
    client = openSubscriptions(counter.simulators);
    receiver = createServer((request, response) => {
      const token = new URL(request.url ?? '/', 'http://x').searchParams.get('validationToken') ?? '';
      response.writeHead(isWilling ? 200 : 500).end(token);
    });
    await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
  });
  afterAll(async () => {
    await client?.close();
    await new Promise((resolve) => receiver.close(resolve));
    await counter?.close();
  });
  beforeEach(async () => {
    isWilling = true;
    secret = { clientState: STATE, addressKey: 'key-of-tests' };
    counter.simulators.businessCentral.subscriptions.rows.clear();
    counter.simulators.businessCentral.faults.clear();
    await counter.database.query('DELETE FROM webhook_subscriptions');
    steps = open(url);
  });

  let secret: { clientState: string; addressKey: string };
  const open = (publicUrl: string | undefined) =>
    createSubscriptionActivities({
      subscriptions: client,
      companyId: counter.companyId,
      ledger: counter.ledger,
      publicUrl,
      getNoticeSecret: async () => secret,
      clock: systemClock,
    });
  const rows = () => counter.simulators.businessCentral.subscriptions.list();
  const todo = async (of = steps) =>
    (await of.findSubscriptionTasks(counter.context)).map((task): string => `${task.todo} ${task.resource}`);
  const createAll = async () => {
    for (const resource of ALL) await steps.createSubscription({ ...counter.context, resource });
  };

  it('are all made, with our ids and our secret, and then nothing is left to do', async () => {
    expect(await todo()).toEqual(ALL.map((resource) => `create ${resource}`));
    await createAll();
    expect(await todo()).toEqual([]);
    expect(rows().map((row) => row['resource'])).toEqual(
      ALL.map((resource) => `/api/v2.0/companies(${counter.companyId})/${resource}`),
    );
    for (const row of rows()) {
      expect(row['notificationUrl']).toBe(`${url}/webhooks/business-central/key-of-tests`);
      expect(row['clientState']).toBe(STATE);
    }
    const lines = await counter.ledger.listBusinessCentralFeeds();
    expect(lines.map((line) => line.lastError)).toEqual(ALL.map(() => undefined));
    expect(lines[0]?.position?.toISOString()).toBe(
      rows().find((row) => row['subscriptionId'] === lines[0]?.name)?.['expirationDateTime'],
    );
  });

  it('one whose answer was lost is found by its id, not made again', async () => {
    counter.simulators.businessCentral.faults.add({
      match: { method: 'POST', path: 'subscriptions' },
      effect: { kind: 'lose-answer', when: 'after' },
    });
    await expect(steps.createSubscription({ ...counter.context, resource: 'items' })).rejects.toMatchObject({
      type: 'business-central/unknown-outcome',
    });
    await steps.createSubscription({ ...counter.context, resource: 'items' });
    expect(rows()).toHaveLength(1);
    expect(await todo()).toEqual([
      'create salesInvoices',
      'create salesOrders',
      'create salesQuotes',
      'create customers',
    ]);
  });

  it('are renewed after a day, and again a day later', async () => {
    await createAll();
    await counter.database.query(`UPDATE webhook_subscriptions SET renewed_at = now() - interval '25 hours'`);
    const before = rows().map((row) => row['@odata.etag']);
    const tasks = await steps.findSubscriptionTasks(counter.context);
    expect(tasks.map((task) => task.todo)).toEqual(ALL.map(() => 'renew'));
    for (const { resource, etag } of tasks) await steps.renewSubscription({ ...counter.context, resource, etag });
    expect(await todo()).toEqual([]);
    expect(rows().map((row) => row['@odata.etag'])).not.toEqual(before);
    // The etag of before no longer fits; the loop reads a fresh one.
    const [first] = tasks;
    if (!first) throw new Error('no task');
    await expect(steps.renewSubscription({ ...counter.context, ...first })).rejects.toMatchObject({
      type: 'business-central/conflict',
    });
  });

  it('are made again when they are lost or have expired', async () => {
    await createAll();
    counter.simulators.businessCentral.subscriptions.rows.delete(String(rows()[0]?.['subscriptionId']));
    expect(await todo()).toEqual(['create salesInvoices']);
    await createAll();
    expect(await todo()).toEqual([]);
    counter.simulators.clock.advance(4 * 86_400_000);
    expect(await todo()).toEqual(ALL.map((resource) => `create ${resource}`));
    await createAll();
    expect(await todo()).toEqual([]);
  });

  it('move with the address of the starter', async () => {
    await createAll();
    const elsewhere = open(`${url}/proxy`);
    const tasks = await elsewhere.findSubscriptionTasks(counter.context);
    expect(tasks.map((task) => task.todo)).toEqual(ALL.map(() => 'move'));
    for (const { resource, etag } of tasks) {
      await elsewhere.deleteSubscription({ ...counter.context, resource, etag });
      await elsewhere.deleteSubscription({ ...counter.context, resource, etag });
      await elsewhere.createSubscription({ ...counter.context, resource });
    }
    expect(await todo(elsewhere)).toEqual([]);
    expect(new Set(rows().map((row) => row['notificationUrl']))).toEqual(
      new Set([`${url}/proxy/webhooks/business-central/key-of-tests`]),
    );
  });

  it('learn a new secret while the worker runs, in the address and inside', async () => {
    await createAll();
    secret = { clientState: 'another-client-state-of-tests', addressKey: 'another-key' };
    for (const { resource, etag, todo: wanted } of await steps.findSubscriptionTasks(counter.context)) {
      expect(wanted).toBe('move');
      await steps.deleteSubscription({ ...counter.context, resource, etag });
      await steps.createSubscription({ ...counter.context, resource });
    }
    expect(new Set(rows().map((row) => row['clientState']))).toEqual(new Set(['another-client-state-of-tests']));
    expect(new Set(rows().map((row) => row['notificationUrl']))).toEqual(
      new Set([`${url}/webhooks/business-central/another-key`]),
    );
    expect(await todo()).toEqual([]);
  });

  it('learn a new secret inside when the address stays', async () => {
    await createAll();
    secret = { ...secret, clientState: 'another-client-state-of-tests' };
    for (const { resource, etag } of await steps.findSubscriptionTasks(counter.context)) {
      await steps.renewSubscription({ ...counter.context, resource, etag });
    }
    expect(new Set(rows().map((row) => row['clientState']))).toEqual(new Set(['another-client-state-of-tests']));
  });

  it('a refused handshake is a refusal, kept where people look for it', async () => {
    isWilling = false;
    await expect(steps.createSubscription({ ...counter.context, resource: 'items' })).rejects.toMatchObject({
      type: 'Refused',
    });
    const [line] = await counter.ledger.listBusinessCentralFeeds();
    expect(line?.lastError).toBe('create the subscription: rejected (400 Application_DialogException)');
    expect(rows()).toEqual([]);
    isWilling = true;
    await steps.createSubscription({ ...counter.context, resource: 'items' });
    expect((await counter.ledger.listBusinessCentralFeeds())[0]?.lastError).toBeUndefined();
  });

  it('are none of ours without a public address, and nobody is asked', async () => {
    const before = counter.simulators.businessCentral.requests.length;
    expect(await todo(open(undefined))).toEqual([]);
    expect(counter.simulators.businessCentral.requests.length).toBe(before);
  });

  it('of others are left alone', async () => {
    await createAll();
    await client.createSubscription(
      {
        id: 'of-others',
        resource: `/api/v2.0/companies(${counter.companyId})/items`,
        notificationUrl: `${url}/others`,
        clientState: 'of others',
      },
      REPEATABLE,
    );
    expect(await todo()).toEqual([]);
  });
});
