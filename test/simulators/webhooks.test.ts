import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Simulators, startSimulators } from '@dealbridge/simulators';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Ask, createAsk } from '../contract/ask.js';
import { getToken } from '../support/tokens.js';

/** Both sides' webhooks, received by a server that answers as it is told. */

interface Call {
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

let simulators: Simulators;
let receiver: Server;
let calls: Call[] = [];
let status = 200;
let shakesHands = true;
let url: string;
let bc: Ask;
let company: string;
let sales: Ask;

beforeAll(async () => {
  simulators = await startSimulators({ products: 5, accounts: 5, documents: 6 });
  receiver = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const token = new URL(request.url ?? '', 'http://x').searchParams.get('validationToken');
      if (token) {
        response.end(shakesHands ? token : 'no');
        return;
      }
      calls.push({ url: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks).toString() });
      response.writeHead(status);
      response.end();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`;
  const { connection, businessCentral } = simulators;
  // The clock is moved by days: the tokens must outlive that.
  await fetch(`${connection.entra}/_sim/lifetime`, { method: 'POST', body: '{"seconds":300000000}' });
  bc = createAsk(
    `${connection.businessCentral}/v2.0/Production/api/v2.0`,
    await getToken(connection, connection.businessCentralApp),
  );
  sales = createAsk(`${connection.dataverse}/api/data/v9.2`, await getToken(connection, connection.dataverseApp));
  company = `companies(${businessCentral.company.id})`;
});
afterAll(async () => {
  await simulators.stop();
  receiver.closeAllConnections();
  await new Promise((resolve) => receiver.close(resolve));
});
beforeEach(() => {
  calls = [];
  status = 200;
  shakesHands = true;
});

/** Moves the clock past the delay and waits until everything was answered. */
async function afterMs(ms: number): Promise<void> {
  simulators.clock.advance(ms);
  await simulators.businessCentral.subscriptions.settle();
}

const subscribe = (resource = 'customers') =>
  bc('POST', 'subscriptions', {
    notificationUrl: url,
    resource: `/api/v2.0/${company}/${resource}`,
    clientState: 'a secret',
  });

describe('subscriptions of Business Central', () => {
  it('9.2: without the handshake there is none', async () => {
    shakesHands = false;
    expect((await subscribe()).status).toBe(400);
    expect((await bc('GET', 'subscriptions')).body.value).toEqual([]);
  });

  it('9.6: lines cannot be subscribed', async () => {
    expect((await subscribe('salesInvoiceLines')).status).toBe(400);
  });

  it('9.3 and 9.4: changes are told after 30 seconds, updates of one row as one', async () => {
    const made = await subscribe();
    expect(made.status).toBe(201);
    const { body } = await bc('POST', `${company}/customers`, { displayName: 'Told' });
    await afterMs(31_000);
    calls = [];
    for (const city of ['Bremen', 'Kassel'])
      await bc('PATCH', `${company}/customers(${body.id})`, { city }, { 'if-match': '*' });
    await afterMs(10_000);
    expect(calls).toEqual([]);
    await afterMs(21_000);
    const [call] = calls.map((one) => JSON.parse(one.body));
    expect(call.value).toMatchObject([
      {
        subscriptionId: made.body.subscriptionId,
        clientState: 'a secret',
        changeType: 'updated',
        resource: expect.stringContaining(`customers(${body.id})`),
      },
    ]);
  });

  // microsoft/BCApps: APIV2Customers.Page.al (OnInsertRecord), APIWebhookNotificationSend.Codeunit.al (merging).
  it('9.4: a new row is told as created and as updated, its later updates with the latter', async () => {
    const { body } = await bc('POST', `${company}/customers`, { displayName: 'Told twice' });
    await bc('PATCH', `${company}/customers(${body.id})`, { city: 'Bremen' }, { 'if-match': '*' });
    await afterMs(31_000);
    const [call] = calls.map((one) => JSON.parse(one.body));
    const types = call.value
      .filter((one: { resource: string }) => one.resource.includes(body.id))
      .map((one: { changeType: string }) => one.changeType);
    expect(types).toEqual(['created', 'updated']);
  });

  it('9.4: an update after a deletion or another entity between two updates joins nothing wrong', async () => {
    const [one, two] = [
      await bc('POST', `${company}/customers`, { displayName: 'One' }),
      await bc('POST', `${company}/customers`, { displayName: 'Two' }),
    ].map(({ body }) => body.id);
    await afterMs(31_000);
    calls = [];
    for (const [id, city] of [
      [one, 'Bremen'],
      [two, 'Kiel'],
      [one, 'Kassel'],
    ])
      await bc('PATCH', `${company}/customers(${id})`, { city }, { 'if-match': '*' });
    await bc('DELETE', `${company}/customers(${one})`);
    await afterMs(31_000);
    const [call] = calls.map((sent) => JSON.parse(sent.body));
    const told = call.value.map(({ resource, changeType }: { resource: string; changeType: string }) => [
      resource.includes(one) ? 'one' : 'two',
      changeType,
    ]);
    expect(told).toEqual([
      ['one', 'updated'],
      ['two', 'updated'],
      ['one', 'deleted'],
    ]);
  });

  // microsoft/BCApps: APIWebhookNotificationMgt.Codeunit.al (ProcessSubscriptions notes a change for those that live then).
  it('9.4: a subscription hears only of what happens after it', async () => {
    const { body: before } = await bc('POST', `${company}/customers`, { displayName: 'Before' });
    const { body: late } = await subscribe();
    const { body: after } = await bc('POST', `${company}/customers`, { displayName: 'After' });
    await afterMs(31_000);
    const heard = calls
      .flatMap((one) => JSON.parse(one.body).value)
      .filter((one: { subscriptionId: string }) => one.subscriptionId === late.subscriptionId);
    expect(heard.length).toBeGreaterThan(0);
    expect(heard.filter((one: { resource: string }) => one.resource.includes(before.id))).toEqual([]);
    expect(heard.filter((one: { resource: string }) => one.resource.includes(after.id))).not.toEqual([]);
    await bc('DELETE', `subscriptions('${late.subscriptionId}')`);
  });

  it('9.4: a document is told as created and as updated', async () => {
    const { body: subscription } = await subscribe('salesOrders');
    const { body } = await bc('POST', `${company}/salesOrders`, { customerNumber: 'C10001' });
    await afterMs(31_000);
    const types = calls
      .flatMap((one) => JSON.parse(one.body).value)
      .filter((one: { resource: string }) => one.resource.includes(`salesOrders(${body.id})`))
      .map((one: { changeType: string }) => one.changeType);
    expect(types).toEqual(['created', 'updated']);
    await bc('DELETE', `subscriptions('${subscription.subscriptionId}')`);
  });

  it('9.4: what was undone is not told', async () => {
    const { body: subscription } = await subscribe();
    const requests = [
      { id: '1', method: 'POST', url: `${company}/customers`, body: { displayName: 'Undone' } },
      { id: '2', method: 'POST', url: `${company}/customers`, body: {} },
    ].map((one) => ({ ...one, headers: { 'content-type': 'application/json' } }));
    const { body } = await bc('POST', '$batch', { requests }, { isolation: 'snapshot' });
    expect(body.responses.map((one: { status: number }) => one.status)).toEqual([201, 400]);
    await afterMs(31_000);
    expect(calls.filter((one) => one.body.includes(body.responses[0].body.id))).toEqual([]);
    await bc('DELETE', `subscriptions('${subscription.subscriptionId}')`);
  });

  it('9.4: more than a thousand changes are one collection', async () => {
    await fetch(`${simulators.connection.businessCentral}/_sim/seed`, { method: 'POST', body: '{"customers":1500}' });
    await afterMs(31_000);
    const [call] = calls.map((one) => JSON.parse(one.body));
    expect(call.value).toMatchObject([
      { changeType: 'collection', resource: expect.stringContaining('$filter=lastModifiedDateTime%20gt%20') },
    ]);
  });

  it('9.5: a busy receiver is asked again, until the subscription is given up', async () => {
    status = 503;
    await bc('POST', `${company}/customers`, { displayName: 'Retried' });
    await afterMs(31_000);
    for (const seconds of [60, 60, 600, 6_000]) await afterMs(seconds * 1_000 + 1_000);
    expect(calls).toHaveLength(5);
    expect((await bc('GET', 'subscriptions')).body.value).toHaveLength(1);
    await afterMs(60_001_000);
    expect(calls).toHaveLength(6);
    expect((await bc('GET', 'subscriptions')).body.value).toEqual([]);
  });

  it('9.5: a 404 ends the subscription at once', async () => {
    await subscribe();
    status = 404;
    await bc('POST', `${company}/customers`, { displayName: 'Refused' });
    await afterMs(31_000);
    expect((await bc('GET', 'subscriptions')).body.value).toEqual([]);
  });

  it('9.1: what is read-only of a subscription is refused, the stored value tolerated', async () => {
    const resource = `/api/v2.0/${company}/customers`;
    const given = { notificationUrl: url, resource, clientState: 'a secret' };
    const readOnly = [{ expirationDateTime: '2999-01-01T00:00:00Z' }, { userId: randomUUID() }, { timestamp: 1 }];
    for (const more of readOnly)
      expect((await bc('POST', 'subscriptions', { ...given, ...more })).status, JSON.stringify(more)).toBe(400);
    const { body } = await bc('POST', 'subscriptions', given);
    const path = `subscriptions('${body.subscriptionId}')`;
    for (const more of readOnly)
      expect((await bc('PATCH', path, more, { 'if-match': '*' })).status, JSON.stringify(more)).toBe(400);
    expect((await bc('PATCH', path, { userId: body.userId }, { 'if-match': '*' })).status).toBe(200);
    expect((await bc('DELETE', path)).status).toBe(204);
  });

  it('9.1: it lives three days, and a renewal makes it three more', async () => {
    const { body } = await subscribe();
    const path = `subscriptions('${body.subscriptionId}')`;
    await afterMs(2 * 86_400_000);
    expect((await bc('PATCH', path, { notificationUrl: url }, { 'if-match': body['@odata.etag'] })).status).toBe(200);
    await afterMs(2 * 86_400_000);
    expect((await bc('GET', 'subscriptions')).body.value).toHaveLength(1);
    await afterMs(2 * 86_400_000);
    expect((await bc('GET', 'subscriptions')).body.value).toEqual([]);
  });
});

describe('whose a change in Dataverse is', () => {
  it('1.3: the Application User’s, or with MSCRMCallerID that user’s, also in the webhook', async () => {
    const { connection, data, dataverse } = simulators;
    const [own, person] = [dataverse.store.userId, connection.salesPersonId];
    const order = data.documents.find((one) => one.kind === 'salesorder' && one.state === 0)?.id ?? '';
    expect((await sales('GET', 'WhoAmI')).body.UserId).toBe(own);
    expect((await sales('GET', 'WhoAmI', undefined, { mscrmcallerid: person })).body.UserId).toBe(person);
    dataverse.webhooks.registrations.push({ url, authtype: 'HttpHeader', name: 'x-key', value: 'k' });
    const submit = (statecode: number, statuscode: number, headers: Record<string, string>) =>
      sales('PATCH', `salesorders(${order})`, { statecode, statuscode }, headers);
    const columns = '_modifiedby_value,_modifiedonbehalfby_value';
    for (const [statecode, statuscode, headers, by, onBehalf] of [
      [1, 3, { mscrmcallerid: person }, person, own],
      [0, 1, {}, own, null],
    ] as const) {
      calls = [];
      await submit(statecode, statuscode, headers);
      await dataverse.webhooks.settle();
      const { body } = await sales('GET', `salesorders(${order})?$select=${columns}`);
      expect(body).toMatchObject({ _modifiedby_value: by, _modifiedonbehalfby_value: onBehalf });
      expect(calls.map((call) => JSON.parse(call.body).InitiatingUserId)).toEqual([by]);
    }
    const unknown = '5b1c7d52-0000-4000-8000-00000000abcd';
    expect((await sales('GET', 'WhoAmI', undefined, { mscrmcallerid: unknown })).status).toBe(404);
    dataverse.webhooks.registrations.splice(0);
  });
});

describe('webhook steps of Dataverse', () => {
  const orderOf = () => simulators.data.documents.find((one) => one.kind === 'salesorder')?.id ?? '';

  async function register(message: string, table: string, filteringattributes?: string): Promise<string> {
    const idOf = async (set: string, filter: string, id: string): Promise<string> =>
      (await sales('GET', `${set}?$filter=${encodeURIComponent(filter)}`)).body.value[0][id];
    const messageId = await idOf('sdkmessages', `name eq '${message}'`, 'sdkmessageid');
    const filterId = await idOf(
      'sdkmessagefilters',
      `_sdkmessageid_value eq ${messageId} and primaryobjecttypecode eq '${table}'`,
      'sdkmessagefilterid',
    );
    const endpoint = await sales(
      'POST',
      'serviceendpoints',
      {
        name: 'hook',
        contract: 8,
        url,
        authtype: 5,
        authvalue: '<settings><setting name="x-hook-key" value="k1" /></settings>',
        messageformat: 2,
        connectionmode: 1,
      },
      { prefer: 'return=representation' },
    );
    const step = await sales(
      'POST',
      'sdkmessageprocessingsteps',
      {
        name: `${message} of ${table}`,
        stage: 40,
        mode: 1,
        ...(filteringattributes && { filteringattributes }),
        'sdkmessageid@odata.bind': `/sdkmessages(${messageId})`,
        'sdkmessagefilterid@odata.bind': `/sdkmessagefilters(${filterId})`,
        'eventhandler_serviceendpoint@odata.bind': `/serviceendpoints(${endpoint.body.serviceendpointid})`,
      },
      { prefer: 'return=representation' },
    );
    expect(step.status, JSON.stringify(step.body)).toBe(201);
    return step.body.sdkmessageprocessingstepid;
  }

  it('3.8: a message is an event of its own tables alone', async () => {
    const { body } = await sales(
      'GET',
      `sdkmessagefilters?$select=primaryobjecttypecode&$filter=${encodeURIComponent("sdkmessageid/name eq 'Win'")}`,
    );
    const tables = body.value.map((row: { primaryobjecttypecode: string }) => row.primaryobjecttypecode);
    expect(tables.sort()).toEqual(['opportunity', 'quote']);
  });

  it('5.7: what was undone posts nothing', async () => {
    const step = await register('Create', 'account');
    const part = (id: number, body: object) =>
      [
        '--set',
        'Content-Type: application/http',
        'Content-Transfer-Encoding: binary',
        `Content-ID: ${id}`,
        '',
        'POST /api/data/v9.2/accounts HTTP/1.1',
        'Content-Type: application/json',
        '',
        JSON.stringify(body),
      ].join('\r\n');
    const set = [part(1, { name: 'Undone' }), part(2, { name: 'Refused', unknown: 1 }), '--set--'].join('\r\n');
    const batch = `--b\r\nContent-Type: multipart/mixed; boundary=set\r\n\r\n${set}\r\n--b--\r\n`;
    await sales('POST', '$batch', batch, { 'content-type': 'multipart/mixed; boundary=b' });
    const kept = await sales('POST', 'accounts', { name: 'Kept' });
    expect(kept.status).toBe(204);
    await simulators.dataverse.webhooks.settle();
    expect(calls).toHaveLength(1);
    expect(calls[0]?.body).toContain('Kept');
    await sales('DELETE', `sdkmessageprocessingsteps(${step})`);
  });

  it('5.3 and 5.4: an Update posts its RemoteExecutionContext, only for the columns that were asked for', async () => {
    await register('Update', 'salesorder', 'statecode,statuscode');
    await sales('PATCH', `salesorders(${orderOf()})`, { description: 'quiet' }, { 'if-match': '*' });
    await simulators.dataverse.webhooks.settle();
    expect(calls).toEqual([]);
    await sales(
      'PATCH',
      `salesorders(${orderOf()})`,
      { description: 'loud', statecode: 1, statuscode: 3 },
      { 'if-match': '*' },
    );
    await simulators.dataverse.webhooks.settle();
    expect(calls).toHaveLength(1);
    const [call] = calls;
    expect(call?.headers).toMatchObject({
      'x-ms-dynamics-entity-name': 'salesorder',
      'x-ms-dynamics-request-name': 'Update',
      'x-hook-key': 'k1',
    });
    const context = JSON.parse(call?.body ?? '{}');
    expect(context).toMatchObject({
      MessageName: 'Update',
      PrimaryEntityName: 'salesorder',
      PrimaryEntityId: orderOf(),
      Stage: 40,
      Mode: 1,
    });
    const target = context.InputParameters.find((one: { key: string }) => one.key === 'Target').value;
    expect(target.Attributes).toContainEqual({
      key: 'statecode',
      value: { __type: 'OptionSetValue:http://schemas.microsoft.com/xrm/2011/Contracts', Value: 1 },
    });
  });

  it('5.7: one more attempt after 503, none after 500; a failure leaves a system job', async () => {
    const patch = (statecode: number, statuscode: number) =>
      sales('PATCH', `salesorders(${orderOf()})`, { statecode, statuscode }, { 'if-match': '*' });
    status = 503;
    await patch(0, 1);
    await simulators.dataverse.webhooks.settle();
    expect(calls).toHaveLength(2);
    calls = [];
    status = 500;
    await patch(1, 3);
    await simulators.dataverse.webhooks.settle();
    expect(calls).toHaveLength(1);
    const jobs = await sales('GET', 'asyncoperations?$filter=statuscode eq 31');
    expect(jobs.body.value).toHaveLength(2);
  });

  it('5.7: over 256 KB the parameters are left out and a header says so', async () => {
    await register('Create', 'account');
    await sales('POST', 'annotations', { notetext: 'x' });
    await sales('POST', 'accounts', { name: 'Large', description: 'x'.repeat(2_000), address1_line1: 'y'.repeat(250) });
    await simulators.dataverse.webhooks.settle();
    expect(calls.at(-1)?.headers['x-ms-dynamics-msg-size-exceeded']).toBeUndefined();
    await fetch(`${simulators.connection.dataverse}/_sim/columns`, {
      method: 'POST',
      body: '{"table":"account","column":"bc_blob:S500000"}',
    });
    await sales('POST', 'accounts', { name: 'Larger', bc_blob: 'x'.repeat(300_000) });
    await simulators.dataverse.webhooks.settle();
    const last = calls.at(-1);
    expect(last?.headers['x-ms-dynamics-msg-size-exceeded']).toBe('true');
    expect(JSON.parse(last?.body ?? '{}').InputParameters).toBeNull();
    // Bytes are counted: of these letters each has two.
    await sales('POST', 'accounts', { name: 'Umlauts', bc_blob: 'ü'.repeat(150_000) });
    await simulators.dataverse.webhooks.settle();
    expect(calls.at(-1)?.headers['x-ms-dynamics-msg-size-exceeded']).toBe('true');
  });

  it('calls can be dropped, doubled and sent in reverse', async () => {
    const { webhooks } = simulators.dataverse;
    const create = (name: string) => sales('POST', 'accounts', { name });
    webhooks.faults.drop = 1;
    await create('dropped');
    await webhooks.settle();
    expect(calls).toEqual([]);
    Object.assign(webhooks.faults, { drop: 0, double: 1 });
    await create('doubled');
    await webhooks.settle();
    expect(calls).toHaveLength(2);
    calls = [];
    Object.assign(webhooks.faults, { double: 0, reorder: 3 });
    for (const name of ['one', 'two', 'three']) await create(name);
    await webhooks.settle();
    webhooks.faults.reorder = 0;
    expect(calls).toHaveLength(3);
  });
});

describe('limits', () => {
  const limit = (server: string, body: object) =>
    fetch(`${server}/_sim/limits`, { method: 'POST', body: JSON.stringify(body) });

  it('BC 8: the rate of one app in a sliding window, with its own 429 body', async () => {
    const server = simulators.connection.businessCentral;
    await limit(server, { requests: 3, windowMs: 60_000 });
    for (let index = 0; index < 3; index += 1) expect((await bc('GET', 'companies')).status).toBe(200);
    const refused = await bc('GET', 'companies');
    expect(refused.status).toBe(429);
    expect(refused.body.error).toEqual({
      code: 'Application_TooManyRequests',
      message: 'Too many requests reached. Actual (4). Maximum (3).',
    });
    expect(refused.headers.get('retry-after')).toBeNull();
    await fetch(`${server}/_sim/switches`, { method: 'POST', body: '{"retryAfterOn429":true}' });
    expect(Number((await bc('GET', 'companies')).headers.get('retry-after'))).toBeGreaterThan(50);
    simulators.clock.advance(61_000);
    expect((await bc('GET', 'companies')).status).toBe(200);
    await limit(server, { requests: 0 });
  });

  it('Dataverse 6.1: the number of requests, with Retry-After and what is left', async () => {
    const server = simulators.connection.dataverse;
    await limit(server, { requests: 2, windowMs: 60_000 });
    expect((await sales('GET', 'WhoAmI')).headers.get('x-ms-ratelimit-burst-remaining-xrm-requests')).toBe('1');
    await sales('GET', 'WhoAmI');
    const refused = await sales('GET', 'WhoAmI');
    expect(refused.status).toBe(429);
    expect(refused.body.error.code).toBe('0x80072322');
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(50);
    simulators.clock.advance(61_000);
    expect((await sales('GET', 'WhoAmI')).status).toBe(200);
    await limit(server, { requests: 0 });
  });

  it('1.5: an application user that is missing, disabled, without a role or without a privilege is 403', async () => {
    const turn = (body: object) =>
      fetch(`${simulators.connection.dataverse}/_sim/switches`, { method: 'POST', body: JSON.stringify(body) });
    const codes = { none: '0x80072560', disabled: '0x80040225', 'no-role': '0x80042f09' };
    for (const [applicationUser, code] of Object.entries(codes)) {
      await turn({ applicationUser });
      const answer = await sales('GET', 'WhoAmI');
      expect([answer.status, answer.body.error.code]).toEqual([403, code]);
    }
    await turn({ applicationUser: 'ok', denied: ['account:Write'] });
    expect((await sales('GET', 'accounts?$top=1')).status).toBe(200);
    const id = simulators.data.accounts[0]?.id;
    expect((await sales('PATCH', `accounts(${id})`, { fax: '1' }, { 'if-match': '*' })).body.error.code).toBe(
      '0x80040220',
    );
    await turn({ denied: [] });
  });

  it('4.6: a delta token that is older than the change log is refused', async () => {
    const first = await sales('GET', 'accounts?$select=name', undefined, { prefer: 'odata.track-changes' });
    simulators.clock.advance(8 * 86_400_000);
    const { connection } = simulators;
    sales = createAsk(`${connection.dataverse}/api/data/v9.2`, await getToken(connection, connection.dataverseApp));
    const expired = await sales('GET', first.body['@odata.deltaLink']);
    expect([expired.status, expired.body.error.code]).toEqual([400, '0x80044352']);
  });
});
