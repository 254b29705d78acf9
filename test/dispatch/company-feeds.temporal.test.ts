import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { subscriptionsWorkflowId } from '../../src/deal/business-central-feeds.js';
import { createCompanyFeeds } from '../../src/dispatch/ensure/company-feeds.js';
import { createNamespace } from '../support/processes.js';

let connection: Connection;
let client: Client;
beforeAll(async () => {
  connection = await Connection.connect({ address: inject('temporalAddress') });
  const namespace = `company-feeds-${randomUUID()}`;
  await createNamespace(connection, namespace);
  client = new Client({ connection, namespace });
});
afterAll(() => connection?.close());

it('which companies are named is recorded once all of them are found, since one that cannot be reached has not left', async () => {
  const recorded: (readonly string[])[] = [];
  const ids = new Map([['home', randomUUID()]]);
  const feeds = createCompanyFeeds(client, {
    places: ['home', 'abroad'],
    findCompanyId: async (place) => {
      const id = ids.get(place);
      if (id === undefined) throw new Error(`${place} is away`);
      return id;
    },
    laneOf: () => undefined,
    isSubscribing: false,
    sweepEveryMinutes: 60,
    flows: [],
    recordNamed: async (companyIds) => void recorded.push(companyIds),
  });
  await expect(feeds.ensure()).rejects.toThrow('abroad is away');
  expect(recorded).toEqual([]);
  ids.set('abroad', randomUUID());
  await feeds.ensure();
  expect(recorded).toEqual([[...ids.values()]]);
});

it('a default company that is another by now has its subscriptions kept, as after an environment was accepted', async () => {
  const [before, now] = [randomUUID(), randomUUID()];
  const ensure = (companyId: string) =>
    createCompanyFeeds(client, {
      places: ['home'],
      findCompanyId: () => Promise.resolve(companyId),
      laneOf: () => undefined,
      isSubscribing: true,
      sweepEveryMinutes: 60,
      flows: [],
      recordNamed: () => Promise.resolve(),
    }).ensure();
  await ensure(before);
  await ensure(now);
  const { status } = await client.workflow.getHandle(subscriptionsWorkflowId(now)).describe();
  expect(status.name).toBe('RUNNING');
});
