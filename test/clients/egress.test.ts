import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { type AddressInfo, createServer as createNetServer, type Server as NetServer, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { requestToken } from '../../src/clients/entra/tokens.js';
import { type Egress, leaveBy } from '../../src/clients/http/egress.js';
import { createTransport } from '../../src/clients/http/transport.js';
import { REPEATABLE } from '../../src/clients/http/write-context.js';
import { type ForwardProxy, openForwardProxy } from '../support/forward-proxy.js';

/** A network that lets requests out by its proxy alone; the hosts behind it have no address here. */

const host = createServer((_request, response) => response.end('{"from":"host"}'));
let here: string;
let proxy: ForwardProxy;

beforeAll(async () => {
  await new Promise<void>((resolve) => host.listen(0, '127.0.0.1', resolve));
  here = `http://127.0.0.1:${(host.address() as AddressInfo).port}`;
  proxy = await openForwardProxy({ 'sales.test': here }, 'ann:let me');
});
afterAll(async () => {
  await proxy.close();
  await new Promise((resolve) => host.close(resolve));
});

const withPassword = (password: string): string => proxy.address.replace('let me', encodeURIComponent(password));

async function post(baseUrl: string, egress: Partial<Egress>) {
  leaveBy({ https: undefined, http: undefined, direct: undefined, ...egress });
  const before = proxy.asked.length;
  return { answer: await write(baseUrl), asked: proxy.asked.slice(before) };
}

async function write(baseUrl: string) {
  const transport = createTransport({
    api: 'dataverse',
    baseUrl,
    tokens: { getToken: async () => 'token' },
    timeoutMs: 10_000,
    parallel: 2,
    headers: {},
    readError: () => ({}),
  });
  try {
    const sent = transport.send({ method: 'POST', path: 'accounts', asked: 'write', body: {}, context: REPEATABLE });
    return await sent.then(
      ({ body }) => body,
      ({ code, facts }) => ({ code, remoteCode: facts.remoteCode }),
    );
  } finally {
    await transport.close();
  }
}

async function listen(server: NetServer): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

describe('a write whose connection was never made has certainly reached nobody', () => {
  it('where the host hangs up before the first word', async () => {
    const server = createNetServer((socket) => socket.destroy());
    const port = await listen(server);
    expect(await write(`https://127.0.0.1:${port}`)).toEqual({ code: 'unavailable', remoteCode: 'ECONNRESET' });
    server.close();
  });

  it('where nobody vouches for the certificate of the host', async () => {
    const secure = createSecureServer({ key: readFileSync(proxy.key), cert: readFileSync(proxy.certificate) });
    const port = await listen(secure);
    const answer = await write(`https://127.0.0.1:${port}`);
    expect(answer).toEqual({ code: 'unavailable', remoteCode: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
    secure.close();
  });
});

describe('with a proxy in the settings', () => {
  it('a request reaches a host that has no address here, with user and password for the proxy', async () => {
    const { answer, asked } = await post('http://sales.test', { http: withPassword('let me') });
    expect(answer).toEqual({ from: 'host' });
    expect(asked).toEqual(['POST http://sales.test/accounts']);
  });

  it('a write that the proxy refuses has certainly reached nobody', async () => {
    const wrong = await post('https://sales.test', { https: withPassword('wrong') });
    expect(wrong.answer).toEqual({ code: 'unavailable', remoteCode: 'PROXY_407' });
    const elsewhere = await post('https://elsewhere.test', { https: withPassword('let me') });
    expect(elsewhere.answer).toEqual({ code: 'unavailable', remoteCode: 'PROXY_403' });
    expect(elsewhere.asked).toEqual(['CONNECT elsewhere.test:443']);
  });

  it('a write for which a silent proxy opens no tunnel has certainly reached nobody', async () => {
    const sockets: Socket[] = [];
    const silent = createNetServer((socket) => void sockets.push(socket));
    const https = `http://127.0.0.1:${await listen(silent)}`;
    const { answer } = await post('https://sales.test', { https, tunnelLimitMs: 50 });
    expect(answer).toEqual({ code: 'unavailable', remoteCode: 'PROXY_TIMEOUT' });
    for (const socket of sockets) socket.destroy();
    silent.close();
  });

  it('nor has one to a host behind the tunnel for whose certificate nobody vouches', async () => {
    const { answer, asked } = await post('https://sales.test', { https: withPassword('let me') });
    expect(answer).toEqual({ code: 'unavailable', remoteCode: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
    expect(asked).toEqual(['CONNECT sales.test:443']);
  });

  it('what a library asks by fetch leaves by it, too', async () => {
    leaveBy({ https: undefined, http: withPassword('let me'), direct: undefined });
    const answer = await fetch('http://sales.test/keys', { method: 'POST', body: 'a=b' });
    expect(await answer.json()).toEqual({ from: 'host' });
    expect(proxy.asked.at(-1)).toBe('POST http://sales.test/keys');
  });

  it('a token that the proxy keeps from us is no refusal of our secret', async () => {
    leaveBy({ https: withPassword('wrong'), http: undefined, direct: undefined });
    const loginOrigin = 'https://login.microsoftonline.com';
    const app = { tenantId: randomUUID(), clientId: randomUUID(), scope: 'https://sales.test/.default', loginOrigin };
    await expect(requestToken(app, { kind: 'secret', secret: 'secret' })).rejects.toMatchObject({
      api: 'entra',
      code: 'unavailable',
      facts: { remoteCode: 'PROXY_407' },
    });
  });

  it('what runs on this machine is reached without it, and so is what NO_PROXY names', async () => {
    const all = { https: withPassword('let me'), http: withPassword('let me') };
    expect(await post(here, all)).toEqual({ answer: { from: 'host' }, asked: [] });
    const direct = await post('http://sales.test', { ...all, direct: 'crm.test, .test' });
    expect(direct.answer).toMatchObject({ code: 'unavailable' });
    expect(direct.asked).toEqual([]);
    // An address that is this machine's as well, so that nobody waits for it.
    const { asked } = await post(here.replace('127.0.0.1', '0.0.0.0'), { ...all, direct: '0.0.0.0/8' });
    expect(asked).toEqual([]);
  });
});
