import { randomUUID } from 'node:crypto';
import { type Simulators, startSimulators } from '@dealbridge/simulators';
import { DynamicsWebApi } from 'dynamics-web-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { getToken } from '../support/tokens.js';

/** A client that others wrote for the real Dataverse, used without special care. */

let simulators: Simulators;
let api: DynamicsWebApi;

beforeAll(async () => {
  simulators = await startSimulators({ products: 10, accounts: 40, documents: 6 });
  const { connection } = simulators;
  const accessToken = await getToken(connection, connection.dataverseApp);
  api = new DynamicsWebApi({
    serverUrl: connection.dataverse,
    dataApi: { version: '9.2' },
    onTokenRefresh: async () => ({ accessToken }),
  });
});
afterAll(() => simulators.stop());

const data = (name: string): Record<string, unknown> => ({ name });

describe('the npm package dynamics-web-api', () => {
  it('creates, reads, updates, upserts and deletes', async () => {
    const made = await api.create({
      collection: 'accounts',
      data: data('First'),
      returnRepresentation: true,
      select: ['name'],
    });
    expect(made['name']).toBe('First');
    const key = made['accountid'] as string;
    await api.update({ collection: 'accounts', key, data: data('Second') });
    expect((await api.retrieve({ collection: 'accounts', key, select: ['name'] })).name).toBe('Second');
    const fresh = randomUUID();
    await api.upsert({ collection: 'accounts', key: fresh, data: data('Upserted') });
    expect((await api.retrieve({ collection: 'accounts', key: fresh, select: ['name'] })).name).toBe('Upserted');
    await api.upsert({ collection: 'accounts', key: "bc_customernumber='K-1'", data: data('By key') });
    const byKey = await api.retrieve({
      collection: 'accounts',
      key: "bc_customernumber='K-1'",
      select: ['name', 'bc_customernumber'],
    });
    expect(byKey).toMatchObject({ name: 'By key', bc_customernumber: 'K-1' });
    expect(await api.deleteRecord({ collection: 'accounts', key })).toBeTruthy();
    await expect(api.retrieve({ collection: 'accounts', key })).rejects.toMatchObject({
      status: 404,
      code: '0x80040217',
    });
  });

  it('updates one column and respects etags', async () => {
    const made = await api.create({ collection: 'accounts', data: data('Etag'), returnRepresentation: true });
    const key = made['accountid'] as string;
    const etag = made['@odata.etag'] as string;
    await api.updateSingleProperty({ collection: 'accounts', key, fieldValuePair: { fax: '42' } });
    // The package answers false when the condition did not hold.
    expect(await api.update({ collection: 'accounts', key, data: data('Stale'), ifmatch: etag })).toBe(false);
  });

  it('queries with filter, expand, order and count', async () => {
    const found = await api.retrieveMultiple({
      collection: 'salesorders',
      select: ['ordernumber', 'totalamount'],
      expand: [
        { property: 'order_details', select: ['quantity'] },
        { property: 'customerid_account', select: ['name'] },
      ],
      orderBy: ['ordernumber'],
      count: true,
    });
    expect(found.oDataCount).toBe(simulators.dataverse.store.count('salesorder'));
    expect(found.value[0]?.['customerid_account']['name']).toBeTruthy();
    expect(found.value[0]?.['order_details'].length).toBeGreaterThan(0);
    const one = await api.retrieveMultiple({
      collection: 'accounts',
      select: ['name'],
      filter: "accountnumber eq 'C10001'",
    });
    expect(one.value).toHaveLength(1);
  });

  it('pages, one by one and all at once', async () => {
    const first = await api.retrieveMultiple({ collection: 'accounts', select: ['name'], maxPageSize: 15 });
    expect(first.value).toHaveLength(15);
    const second = await api.retrieveMultiple(
      { collection: 'accounts', select: ['name'], maxPageSize: 15 },
      first.oDataNextLink,
    );
    expect(second.value).toHaveLength(15);
    const all = await api.retrieveAll({ collection: 'accounts', select: ['name'], maxPageSize: 15 });
    expect(new Set(all.value.map((row) => row['accountid'])).size).toBeGreaterThanOrEqual(40);
  });

  it('tracks changes', async () => {
    const start = await api.retrieveMultiple({ collection: 'contacts', select: ['lastname'], trackChanges: true });
    const link = start.oDataDeltaLink as string;
    expect(link).toContain('$deltatoken=');
    await api.create({ collection: 'contacts', data: { lastname: 'Changed' } });
    const response = await fetch(link, {
      headers: { authorization: `Bearer ${await getToken(simulators.connection, simulators.connection.dataverseApp)}` },
    });
    const changed = (await response.json()) as { value: { lastname: string }[] };
    expect(changed.value.map((row) => row.lastname)).toEqual(['Changed']);
  });

  it('batches with a change set', async () => {
    api.startBatch();
    void api.retrieveMultiple({ collection: 'accounts', select: ['name'], top: 2 });
    void api.create({ collection: 'accounts', data: data('In a batch'), returnRepresentation: true });
    void api.retrieve({
      collection: 'accounts',
      key: simulators.data.accounts[0]?.id ?? '',
      select: ['name'],
      inChangeSet: false,
    });
    const [list, , account] = (await api.executeBatch({ continueOnError: true })) as [
      { value: unknown[] },
      unknown,
      { name: string },
    ];
    expect(list.value).toHaveLength(2);
    expect(account.name).toBe(simulators.data.accounts[0]?.name);
    const found = await api.retrieveMultiple({
      collection: 'accounts',
      filter: "name eq 'In a batch'",
      select: ['name'],
    });
    expect(found.value).toHaveLength(1);
  });

  it('calls actions and functions', async () => {
    const opportunity = simulators.data.documents.find((one) => one.kind === 'opportunity' && one.state === 0);
    if (!opportunity) throw new Error('the seed holds no open opportunity');
    const close = { subject: 'Won', 'opportunityid@odata.bind': `/opportunities(${opportunity.id})` };
    await api.callAction({ actionName: 'WinOpportunity', action: { Status: 3, OpportunityClose: close } });
    expect(
      await api.retrieve({ collection: 'opportunities', key: opportunity.id, select: ['statecode'] }),
    ).toMatchObject({ statecode: 1 });
    expect(await api.callFunction({ functionName: 'WhoAmI' })).toMatchObject({
      UserId: simulators.dataverse.store.userId,
    });
  });

  it('looks at definitions before it leaps', async () => {
    const tables = await api.retrieveEntities({ select: ['LogicalName'], filter: "LogicalName eq 'quote'" });
    expect(tables.value).toHaveLength(1);
  });
});
