import { once } from 'node:events';
import { request, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { pino } from 'pino';
import { afterEach, describe, expect, it } from 'vitest';
import { createBuckets, createLimits, type LimitOptions, toServerOptions, toSource } from '../../src/http/limits.js';
import { createWebhooks, toGivenKey } from '../../src/http/webhooks/dataverse.js';

const SECRET = 'a-webhook-secret-for-tests';
const isRight = async (given: string) => given === SECRET;
const HINT = JSON.stringify({
  MessageName: 'Update',
  PrimaryEntityName: 'quote',
  PrimaryEntityId: '5b1c7d52-0000-4000-8000-00000000abcd',
});

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

/** A starter with all of its routes, over real HTTP, whose clock stands still unless it is moved. */
async function open(options: Partial<LimitOptions> = {}, times: Parameters<typeof toServerOptions>[0] = {}) {
  const started: string[] = [];
  const clock = { ms: 0 };
  const app = new Hono();
  app.use(
    createLimits({
      ratePerSecond: 1,
      trustedProxies: 0,
      isDataverse: (c) => isRight(toGivenKey(c)),
      now: () => clock.ms,
      ...options,
    }),
  );
  app.get('/health', (c) => c.json({ status: 'ok' }));
  app.get('/broken', () => {
    throw new Error('secret words of a bug');
  });
  const start = async ({ recordId }: { recordId: string }) => {
    started.push(recordId);
    return { kind: 'started', workflowId: recordId } as const;
  };
  app.route(
    '/',
    createWebhooks({
      isRight,
      start,
      isKnown: async () => true,
      recordDetections: async () => undefined,
      nudge: () => undefined,
      findOwnUserId: () => undefined,
      log: pino({ level: 'silent' }),
    }),
  );
  app.notFound((c) => c.json({ error: 'not found' }, 404));
  app.onError((_error, c) => c.json({ error: 'not available right now' }, 503));
  const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1', serverOptions: toServerOptions(times) });
  servers.push(server as Server);
  if (!server.listening) await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  const post = (headers: Record<string, string> = {}, body: string = HINT) =>
    fetch(`${url}/webhooks/dataverse`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body,
    });
  return { url, port, clock, started, post, authentic: { 'x-dealbridge-key': SECRET } };
}

describe('how often', () => {
  it('a source may ask four seconds’ worth at once and then as fast as the rate', async () => {
    const { url, clock } = await open();
    const statuses = [];
    for (let index = 0; index < 5; index += 1) statuses.push((await fetch(`${url}/health`)).status);
    expect(statuses).toEqual([200, 200, 200, 200, 429]);
    clock.ms = 999;
    const early = await fetch(`${url}/health`);
    expect(early.status).toBe(429);
    expect(early.headers.get('retry-after')).toBe('1');
    clock.ms = 1_000;
    expect((await fetch(`${url}/health`)).status).toBe(200);
  });

  it('Dataverse over the limit hears 503, which it tries again; whoever has no key hears 429', async () => {
    const { post, authentic, started, clock } = await open();
    for (let index = 0; index < 4; index += 1) expect((await post(authentic)).status).toBe(202);
    const busy = await post(authentic);
    expect(busy.status).toBe(503);
    expect(busy.headers.get('retry-after')).toBe('1');
    expect((await post({ 'x-dealbridge-key': 'another-key-of-somebody' })).status).toBe(429);
    expect(started).toHaveLength(4);
    clock.ms = 1_000;
    expect((await post(authentic)).status).toBe(202);
  });

  it('an address is told by the proxies that are trusted, and by nobody else', async () => {
    const behind = await open({ trustedProxies: 1 });
    const ask = (url: string, forwarded: string) =>
      fetch(`${url}/health`, { headers: { 'x-forwarded-for': forwarded } }).then((answer) => answer.status);
    for (let index = 0; index < 4; index += 1) expect(await ask(behind.url, `6.6.6.${index}, 203.0.113.7`)).toBe(200);
    expect(await ask(behind.url, '6.6.6.9, 203.0.113.7')).toBe(429);
    expect(await ask(behind.url, '6.6.6.9, 203.0.113.8')).toBe(200);

    const open_ = await open();
    for (let index = 0; index < 4; index += 1) expect(await ask(open_.url, `203.0.113.${index}`)).toBe(200);
    expect(await ask(open_.url, '203.0.113.9')).toBe(429);
  });

  it('a /64 of IPv6 is one source, and an IPv4 address is itself however it is written', () => {
    expect(toSource('2001:db8:0:1::1')).toBe(toSource('2001:0DB8:0000:0001:ffff:1:2:3'));
    expect(toSource('2001:db8:0:1::1')).not.toBe(toSource('2001:db8:0:2::1'));
    expect(toSource('2001:db8::1')).toBe('2001:db8:0:0::/64');
    expect(toSource('::1')).toBe('0:0:0:0::/64');
    expect(toSource('::ffff:203.0.113.7')).toBe('203.0.113.7');
    expect(toSource('203.0.113.7')).toBe('203.0.113.7');
  });

  it('forgets the source that was quiet longest, so that many sources cost no memory', () => {
    const buckets = createBuckets(1, 1, () => 0, 3);
    for (const source of ['a', 'b', 'c']) expect(buckets.take(source)).toBe(0);
    expect(buckets.take('a')).toBeGreaterThan(0);
    expect(buckets.take('d')).toBe(0);
    expect(buckets.size).toBe(3);
    expect(buckets.take('a')).toBeGreaterThan(0);
    expect(buckets.take('b')).toBe(0);
  });
});

describe('how large', () => {
  it('a body over 4 MiB is refused by every route, with and without a length', async () => {
    const { url, port } = await open({ ratePerSecond: 100 });
    for (const path of ['/webhooks/dataverse', '/health', '/nowhere']) {
      const told = await fetch(url + path, { method: 'POST', body: 'x'.repeat(4 * 1024 * 1024 + 1) });
      expect(told.status).toBe(413);
      expect(await chunked(port, path, 5 * 1024 * 1024)).toBe(413);
    }
    expect((await fetch(`${url}/nowhere`, { method: 'POST', body: 'x'.repeat(1024) })).status).toBe(404);
  });
});

describe('how slow', () => {
  const SOON = { headersMs: 100, requestMs: 200, checkMs: 20 };

  async function dial(port: number): Promise<Socket> {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.resume();
    await once(socket, 'connect');
    return socket;
  }

  const slow: readonly (readonly [string, string])[] = [
    ['says nothing', ''],
    ['never ends its headers', 'POST /webhooks/dataverse HTTP/1.1\r\nhost: x\r\nx-slow: '],
    [
      'never ends its body',
      `POST /webhooks/dataverse HTTP/1.1\r\nhost: x\r\nx-dealbridge-key: ${SECRET}\r\ncontent-length: 100\r\n\r\n{`,
    ],
    [
      'never ends its chunks',
      `POST /webhooks/dataverse HTTP/1.1\r\nhost: x\r\nx-dealbridge-key: ${SECRET}\r\ntransfer-encoding: chunked\r\n\r\n1\r\n{\r\n`,
    ],
  ];
  for (const [what, text] of slow) {
    it(`a client that ${what} is cut off`, async () => {
      const { port, url, started } = await open({ ratePerSecond: 100 }, SOON);
      const socket = await dial(port);
      socket.write(text);
      await once(socket, 'close');
      expect(started).toEqual([]);
      expect((await fetch(`${url}/health`)).status).toBe(200);
    });
  }

  it('a client that goes on byte by byte is cut off all the same', async () => {
    const { port } = await open({ ratePerSecond: 100 }, SOON);
    const socket = await dial(port);
    socket.write('GET /health HTTP/1.1\r\nhost: x\r\nx-slow: ');
    const drip = setInterval(() => socket.write('x'), 10);
    await once(socket, 'close');
    clearInterval(drip);
  });

  it('the limits of every day are shorter than Dataverse’s patience of a minute', () => {
    const { headersTimeout, requestTimeout } = toServerOptions();
    expect(headersTimeout).toBeLessThanOrEqual(Number(requestTimeout));
    expect(requestTimeout).toBeLessThan(60_000);
  });
});

describe('every answer', () => {
  it('carries the security headers and no word of what went wrong inside', async () => {
    const { url, post } = await open({ ratePerSecond: 2 });
    const answers = [
      await fetch(`${url}/health`),
      await fetch(`${url}/nowhere`),
      await fetch(`${url}/broken`),
      await post(),
      await post({ 'x-dealbridge-key': SECRET }),
      await post({ 'x-dealbridge-key': SECRET }, '{'),
      await fetch(`${url}/health`, { method: 'DELETE' }),
      await fetch(`${url}/webhooks/dataverse`, { method: 'PUT' }),
      await fetch(`${url}/health`),
    ];
    expect(answers.map((answer) => answer.status)).toEqual([200, 404, 503, 401, 202, 400, 404, 404, 429]);
    for (const answer of answers) {
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
      expect(answer.headers.get('strict-transport-security')).toMatch(/max-age=\d+/);
      expect(answer.headers.get('referrer-policy')).toBe('no-referrer');
      expect(answer.headers.get('x-powered-by')).toBeNull();
      expect(await answer.text()).not.toMatch(/secret words|at .*:\d+:\d+|node_modules/);
    }
  });

  it('to a method that nobody should send is a refusal, and the next request is served', async () => {
    const { url, port } = await open({ ratePerSecond: 100 });
    for (const method of ['TRACE', 'PROPFIND', 'LOCK']) {
      const { status, text } = await ask(port, method);
      expect(status).toBeGreaterThanOrEqual(400);
      expect(status).toBeLessThan(500);
      expect(text).not.toMatch(/at .*:\d+:\d+|node_modules/);
    }
    expect((await fetch(`${url}/health`)).status).toBe(200);
  });
});

function ask(port: number, method: string): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const asking = request({ port, host: '127.0.0.1', method, path: '/health' }, (answer) => {
      let text = '';
      answer.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text }));
    });
    asking.on('error', reject);
    asking.end();
  });
}

/** A body without a length, as large as it is told. */
function chunked(port: number, path: string, bytes: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const asking = request({ port, host: '127.0.0.1', method: 'POST', path }, (answer) => {
      resolve(answer.statusCode ?? 0);
      answer.resume();
      asking.destroy();
    });
    asking.on('error', reject);
    const chunk = Buffer.alloc(64 * 1024, 'x');
    for (let sent = 0; sent < bytes; sent += chunk.length) asking.write(chunk);
    asking.end();
  });
}
