import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { RemoteApiError } from '../../src/clients/errors.js';
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

describe('which companies are named', () => {
  let recorded: (readonly string[])[];
  let home: string;
  let answers: Map<string, string | Error>;
  let registered: Map<string, string>;
  beforeEach(() => {
    recorded = [];
    home = randomUUID();
    answers = new Map<string, string | Error>([['home', home]]);
    registered = new Map();
  });
  const open = () =>
    createCompanyFeeds(client, {
      places: ['home', 'abroad'],
      nameOf: (place) => place,
      findCompanyId: async (place) => {
        const answer = answers.get(place);
        if (typeof answer === 'string') return answer;
        throw answer ?? new Error(`${place} is away`);
      },
      findRegisteredId: async (place) => registered.get(place),
      laneOf: () => undefined,
      isSubscribing: false,
      sweepEveryMinutes: 60,
      flows: [],
      recordNamed: async (companyIds) => void recorded.push(companyIds),
    });
  const gone = () => new RemoteApiError('business-central', 'not-found', "'abroad' is none of 'home'", {});

  it('is recorded once nobody can be taken for one that has left: one that cannot be reached has not', async () => {
    const feeds = open();
    await expect(feeds.ensure()).rejects.toThrow('abroad is away');
    expect(recorded).toEqual([]);
    answers.set('abroad', randomUUID());
    await feeds.ensure();
    expect(recorded).toEqual([[...answers.values()]]);
  });

  it('is recorded, too, while one is away of which the ledger knows the id, which is named as long', async () => {
    const abroad = randomUUID();
    registered.set('abroad', abroad);
    await expect(open().ensure()).rejects.toThrow('abroad is away');
    expect(recorded).toEqual([[home, abroad]]);
  });

  it('is recorded though one was deleted for ever, of which something says that its feeds are late', async () => {
    const deleted = randomUUID();
    registered.set('abroad', deleted);
    answers.set('abroad', gone());
    await expect(open().ensure()).rejects.toThrow("'abroad' is none of 'home'");
    expect(recorded).toEqual([[home, deleted]]);
  });

  it('is said of each that fails, whichever is the first', async () => {
    answers.set('home', new Error('refused')).set('abroad', gone());
    await expect(open().ensure()).rejects.toThrow(/home: refused; abroad: .*'abroad' is none of 'home'/);
  });

  it('is recorded though one has never been there, as where its name has a slip of the pen', async () => {
    answers.set('abroad', gone());
    await expect(open().ensure()).rejects.toThrow("'abroad' is none of 'home'");
    expect(recorded).toEqual([[home]]);
  });
});

it('a default company that is another by now has its subscriptions kept, as after an environment was accepted', async () => {
  const [before, now] = [randomUUID(), randomUUID()];
  const ensure = (companyId: string) =>
    createCompanyFeeds(client, {
      places: ['home'],
      nameOf: (place) => place,
      findCompanyId: () => Promise.resolve(companyId),
      findRegisteredId: () => Promise.resolve(undefined),
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
