import { once } from 'node:events';
import { request } from 'node:http';
import type { Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createBuckets } from '../../src/http/limits/buckets.js';
import { toServerOptions } from '../../src/http/limits/limits.js';
import {
  BUSINESS_CENTRAL,
  closeStarters,
  DATAVERSE,
  dial,
  HINT,
  NOTICE,
  openLimitedStarter,
  postChunked,
  SECRET,
  say,
  TOKEN,
} from '../support/limited-starter.js';

const RIGHT = { 'x-dealbridge-key': SECRET };
const WRONG = { 'x-dealbridge-key': 'another-key-of-somebody' };
const KIB = 1024;
const MIB = 1024 * KIB;

afterEach(closeStarters);

describe('how often', () => {
  it('a source may ask four seconds’ worth at once and then as fast as the rate', async () => {
    const { url, health, clock } = await openLimitedStarter();
    const statuses = [];
    for (let index = 0; index < 5; index += 1) statuses.push(await health());
    expect(statuses).toEqual([200, 200, 200, 200, 429]);
    clock.ms = 999;
    const early = await fetch(`${url}/health`);
    expect(early.status).toBe(429);
    expect(early.headers.get('retry-after')).toBe('1');
    clock.ms = 1_000;
    expect(await health()).toBe(200);
  });

  it('a method that a webhook does not have is limited like anything else', async () => {
    const { url } = await openLimitedStarter();
    for (const [method, path] of [
      ['PUT', DATAVERSE],
      ['GET', DATAVERSE],
      ['PUT', BUSINESS_CENTRAL],
      ['POST', '/webhooks/business-central'],
    ] as const)
      expect((await fetch(url + path, { method })).status).toBe(404);
    expect((await fetch(url + DATAVERSE, { method: 'PUT' })).status).toBe(429);
  });

  it('strangers of all addresses together leave room for the systems', async () => {
    const { url, health, hint } = await openLimitedStarter({ proxies: ['127.0.0.1'] });
    const statuses = new Map<number, number>();
    for (let index = 0; index < 120; index += 1) {
      const { status } = await fetch(`${url}/nowhere`, { headers: { 'x-forwarded-for': `203.0.113.${index}` } });
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
    expect(statuses).toEqual(
      new Map([
        [404, 80],
        [429, 40],
      ]),
    );
    expect(await hint(SECRET, '198.51.100.1')).toBe(202);
    // Whoever restarts what seems ill hears that it is well.
    expect(await health('198.51.100.2')).toBe(200);
  });

  it('forgets the source that was quiet longest, so that many sources cost no memory', () => {
    const buckets = createBuckets(1, 1, () => 0, 3);
    for (const source of ['a', 'b', 'c']) expect(buckets.take(source)).toBe(0);
    expect(buckets.take('a')).toBeGreaterThan(0);
    expect(buckets.take('d')).toBe(0);
    expect(buckets.size).toBe(3);
    expect(buckets.take('a')).toBeGreaterThan(0);
    expect(buckets.isEmpty('a')).toBe(true);
    expect(buckets.isEmpty('z')).toBe(false);
    expect(buckets.take('b')).toBe(0);
  });
});

describe('how large', () => {
  const cases: readonly (readonly [string, string, number, Record<string, string>, number])[] = [
    ['a webhook of Sales', DATAVERSE, 256 * KIB, RIGHT, 400],
    ['a notice', BUSINESS_CENTRAL, 4 * MIB, {}, 202],
    ['a page of history', '/codec/decode', 16 * MIB, { authorization: `Bearer ${TOKEN}` }, 200],
    ['anything else', '/form', MIB, {}, 200],
    ['what has no address', '/nowhere', MIB, {}, 404],
  ];
  for (const [what, path, most, headers, status] of cases) {
    it(`${what} may have ${most / KIB} KiB and no more`, async () => {
      const { post } = await openLimitedStarter({ ratePerSecond: 100 });
      expect((await post(headers, ' '.repeat(most), path)).status).toBe(status);
      const refused = await post(headers, ' '.repeat(most + 1), path);
      expect(refused.status).toBe(413);
      expect(await refused.text()).toContain(most >= MIB ? `over ${most / MIB} MiB` : `over ${most / KIB} KiB`);
    });
  }

  it('a body without a length is read of nobody who has not shown a secret', async () => {
    const { port } = await openLimitedStarter({ ratePerSecond: 100 });
    for (const [path, headers] of [
      ['/form', {}],
      ['/nowhere', {}],
      [DATAVERSE, {}],
      [DATAVERSE, WRONG],
      ['/webhooks/business-central/another-key', {}],
    ] as const)
      expect(await postChunked(port, path, 64 * KIB, headers)).toBe(411);
  });

  it('of a system it is taken, up to the same size', async () => {
    const { port, started, nudged } = await openLimitedStarter({ ratePerSecond: 100 });
    const chunked = (path: string, headers: string, body: string): Promise<string> =>
      say(
        port,
        `POST ${path} HTTP/1.1\r\nhost: x\r\n${headers}connection: close\r\ntransfer-encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`,
      );
    expect(await chunked(DATAVERSE, `x-dealbridge-key: ${SECRET}\r\n`, HINT)).toContain('HTTP/1.1 202');
    expect(started).toHaveLength(1);
    expect(await chunked(BUSINESS_CENTRAL, '', NOTICE)).toContain('HTTP/1.1 202');
    expect(nudged.times).toBe(1);
    // The address of a subscription is asked by GET as well, which has no body whatever it says.
    const asked = await say(
      port,
      `GET ${BUSINESS_CENTRAL}?validationToken=x HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`,
    );
    expect(asked).toContain('HTTP/1.1 200');
    expect(await postChunked(port, DATAVERSE, 257 * KIB, RIGHT)).toBe(413);
    expect(await postChunked(port, '/codec/decode', 17 * MIB, { authorization: `Bearer ${TOKEN}` })).toBe(413);
  });
});

describe('how slow', () => {
  const SOON = { headersMs: 100, requestMs: 400, checkMs: 20 };
  const start = (path: string, more: string) => `POST ${path} HTTP/1.1\r\nhost: x\r\n${more}\r\n\r\n`;

  const stalled: readonly (readonly [string, string, RegExp])[] = [
    ['without a secret', start(DATAVERSE, 'content-length: 100'), /^HTTP\/1.1 401/],
    ['with a wrong one', start(DATAVERSE, 'x-dealbridge-key: wrong\r\ncontent-length: 100'), /^HTTP\/1.1 401/],
    ['in chunks', `${start(DATAVERSE, 'transfer-encoding: chunked')}1\r\n{\r\n`, /^HTTP\/1.1 411/],
    ['over the size', start(DATAVERSE, `x-dealbridge-key: ${SECRET}\r\ncontent-length: 262145`), /^HTTP\/1.1 413/],
    ['of a notice without the key', start('/webhooks/business-central/x', 'content-length: 9'), /^HTTP\/1.1 202/],
    ['for the codec without a token', start('/codec/decode', 'content-length: 16000000'), /^HTTP\/1.1 401/],
  ];
  for (const [what, text, answer] of stalled) {
    it(`a body ${what} is not waited for`, async () => {
      const { port, started } = await openLimitedStarter({ ratePerSecond: 100 });
      expect(await say(port, text)).toMatch(answer);
      expect(started).toEqual([]);
    });
  }

  for (const [what, text] of [
    ['with the right secret', start(DATAVERSE, `x-dealbridge-key: ${SECRET}\r\ncontent-length: 100`)],
    ['in chunks with it', `${start(DATAVERSE, `x-dealbridge-key: ${SECRET}\r\ntransfer-encoding: chunked`)}1\r\n{\r\n`],
    ['of a form', start('/form', 'content-length: 100')],
  ] as const) {
    it(`a body ${what} is waited for a short time`, async () => {
      const { port, health } = await openLimitedStarter({ ratePerSecond: 100, bodyMs: 50 });
      expect(await say(port, text)).toMatch(/^HTTP\/1.1 408/);
      expect(await health()).toBe(200);
    });
  }

  for (const [what, text] of [
    ['says nothing', ''],
    ['never ends its headers', 'POST /webhooks/dataverse HTTP/1.1\r\nhost: x\r\nx-slow: '],
    ['never ends its body', start('/form', 'content-length: 100')],
  ] as const) {
    it(`a client that ${what} is cut off`, async () => {
      const { port, health } = await openLimitedStarter({ ratePerSecond: 100 }, SOON);
      await say(port, text);
      expect(await health()).toBe(200);
    });
  }

  it('a client that goes on byte by byte is cut off all the same', async () => {
    const { port } = await openLimitedStarter({ ratePerSecond: 100 }, SOON);
    const socket = await dial(port);
    socket.resume();
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

describe('how many at once', () => {
  const stall = async (port: number, text: string): Promise<Socket> => {
    const socket = await dial(port);
    socket.resume();
    socket.write(text);
    return socket;
  };
  const form = (bytes: number, from: string): string =>
    `POST /form HTTP/1.1\r\nhost: x\r\nx-forwarded-for: ${from}\r\ncontent-length: ${bytes}\r\n\r\n`;

  it('bodies of one source hold a megabyte, of all strangers eight; systems have room of their own', async () => {
    const { port, url, hint } = await openLimitedStarter({ ratePerSecond: 1_000, proxies: ['127.0.0.1'] });
    const ask = async (from: string) => {
      const headers = { 'x-forwarded-for': from, connection: 'close' };
      return (await fetch(`${url}/form`, { method: 'POST', headers, body: 'x' })).status;
    };
    const held = [await stall(port, form(MIB, '203.0.113.1'))];
    await expect.poll(() => ask('203.0.113.1')).toBe(429);
    expect(await ask('203.0.113.2')).toBe(200);
    for (let index = 2; index <= 8; index += 1) held.push(await stall(port, form(MIB, `203.0.113.${index}`)));
    await expect.poll(() => ask('203.0.113.99')).toBe(429);
    expect(await hint(SECRET, '203.0.113.1')).toBe(202);
    for (const socket of held) socket.destroy();
    await expect.poll(() => ask('203.0.113.1')).toBe(200);
  });

  it('of one source the oldest connection closes that has proved nothing, and a new one is always taken', async () => {
    const { port, health, hint, clock } = await openLimitedStarter({ ratePerSecond: 1_000 });
    const proven = await dial(port);
    const answered = once(proven, 'data');
    proven.write(
      `POST ${DATAVERSE} HTTP/1.1\r\nhost: x\r\nx-dealbridge-key: ${SECRET}\r\ncontent-length: ${HINT.length}\r\n\r\n${HINT}`,
    );
    await answered;
    let closed = 0;
    const stallMany = async (count: number): Promise<void> => {
      for (let index = 0; index < count; index += 1) {
        const socket = await stall(port, 'GET /health HTTP/1.1\r\nhost: x\r\nx-slow: ');
        socket.on('close', () => {
          closed += 1;
        });
      }
    };
    // All of a moment have a second to say who they are, up to eight times as many.
    await stallMany(150);
    expect(await health()).toBe(200);
    expect(closed).toBe(0);
    clock.ms += 1_000;
    await stallMany(10);
    await expect.poll(() => closed).toBe(10);
    await stallMany(20);
    await expect.poll(() => closed).toBe(30);
    expect(await hint(SECRET)).toBe(202);
    expect(proven.destroyed).toBe(false);
  });
});

describe('every answer', () => {
  it('carries the security headers and no word of what went wrong inside', async () => {
    const { url, post } = await openLimitedStarter({ ratePerSecond: 2 });
    const answers = [
      await fetch(`${url}/health`),
      await fetch(`${url}/nowhere`),
      await fetch(`${url}/broken`),
      await post(),
      await post(RIGHT),
      await post(RIGHT, '{'),
      await fetch(`${url}/health`, { method: 'DELETE' }),
      await fetch(`${url}/nowhere`, { method: 'PUT' }),
      await fetch(`${url}/health`),
      await fetch(`${url}/health`),
      await fetch(`${url}/health`),
    ];
    expect(answers.map((answer) => answer.status)).toEqual([200, 404, 503, 401, 202, 400, 404, 404, 200, 200, 429]);
    for (const answer of answers) {
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
      expect(answer.headers.get('strict-transport-security')).toMatch(/max-age=\d+/);
      expect(answer.headers.get('referrer-policy')).toBe('no-referrer');
      expect(answer.headers.get('x-powered-by')).toBeNull();
      expect(await answer.text()).not.toMatch(/secret words|at .*:\d+:\d+|node_modules/);
    }
  });

  it('to a method that nobody should send is a refusal, and the next request is served', async () => {
    const { port, health } = await openLimitedStarter({ ratePerSecond: 100 });
    for (const method of ['TRACE', 'PROPFIND', 'LOCK']) {
      const { status, text } = await ask(port, method);
      expect(status).toBeGreaterThanOrEqual(400);
      expect(status).toBeLessThan(500);
      expect(text).not.toMatch(/at .*:\d+:\d+|node_modules/);
    }
    expect(await health()).toBe(200);
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
