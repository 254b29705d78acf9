import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RemoteApiError } from '../../src/clients/errors.js';
import {
  createTransport,
  type HttpOptions,
  type HttpRequest,
  type HttpTransport,
} from '../../src/clients/http/transport.js';
import { REPEATABLE } from '../../src/clients/http/write-context.js';

/** One transport against a server that answers as it is told. */
let server: Server;
let answer: (response: ServerResponse) => void;
let asked: { authorization: string | undefined; correlationId: string | undefined }[] = [];
let renewals = 0;
let http: HttpTransport;

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push({
      authorization: request.headers.authorization,
      correlationId: request.headers['x-ms-client-request-id'] as string | undefined,
    });
    answer(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  http = transportTo(`${origin()}/api/`);
});
afterAll(async () => {
  await http.close();
  await new Promise((resolve) => server.close(resolve));
});

function origin(): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function transportTo(
  baseUrl: string,
  beforeRequest?: () => Promise<void>,
  more: Partial<HttpOptions> = {},
): HttpTransport {
  return createTransport({
    api: 'business-central',
    baseUrl,
    tokens: {
      async getToken(options) {
        if (options?.renew) renewals += 1;
        return `token-${renewals}`;
      },
    },
    timeoutMs: 400,
    parallel: 2,
    beforeRequest,
    headers: {},
    readError: () => ({ code: 'SomeCode', message: 'of customer Ann' }),
    ...more,
  });
}

async function send(act: (response: ServerResponse) => void): Promise<unknown> {
  answer = act;
  asked = [];
  return http
    .send({ method: 'POST', path: 'orders', asked: 'create the order', body: { a: 1 }, context: REPEATABLE })
    .catch((e: unknown) => e);
}

const status =
  (code: number, headers: Record<string, string> = {}, body = '') =>
  (response: ServerResponse) => {
    response.writeHead(code, headers);
    response.end(body);
  };

describe('one request', () => {
  const codes = {
    301: 'unreadable',
    307: 'unreadable',
    400: 'rejected',
    403: 'forbidden',
    404: 'not-found',
    407: 'unavailable',
    408: 'unknown-outcome',
    409: 'conflict',
    412: 'conflict',
    429: 'throttled',
    500: 'unknown-outcome',
    501: 'rejected',
    502: 'unknown-outcome',
    503: 'unavailable',
    504: 'unknown-outcome',
    507: 'unknown-outcome',
    511: 'unavailable',
    524: 'unknown-outcome',
    598: 'unknown-outcome',
  } as const;
  for (const [code, wanted] of Object.entries(codes)) {
    it(`${code} is ${wanted}, and is asked once`, async () => {
      const error = await send(status(Number(code)));
      expect(error).toBeInstanceOf(RemoteApiError);
      expect(error).toMatchObject({ code: wanted, facts: { status: Number(code) } });
      expect(asked).toHaveLength(1);
      expect((error as RemoteApiError).wasNotDone).toBe(!['unknown-outcome', 'unreadable'].includes(wanted));
    });
  }

  it('a 401 renews the token and asks once more', async () => {
    const before = renewals;
    expect(await send(status(401))).toMatchObject({ code: 'unauthorized' });
    expect(renewals).toBe(before + 1);
    expect(asked.map((one) => one.authorization)).toEqual([`Bearer token-${before}`, `Bearer token-${before + 1}`]);
    expect(new Set(asked.map((one) => one.correlationId)).size).toBe(2);
  });

  it('an answer that never comes is an unknown outcome after the time limit', async () => {
    expect(await send(() => undefined)).toMatchObject({ code: 'unknown-outcome', facts: { remoteCode: 'TIMEOUT' } });
  });

  it('a connection that is cut is an unknown outcome', async () => {
    expect(await send((response) => response.destroy())).toMatchObject({ code: 'unknown-outcome' });
  });

  it('what is stopped before is not sent, be it a write or a read', async () => {
    const stop = new Error('not here');
    const guarded = transportTo('http://127.0.0.1:1/api/', async () => {
      throw stop;
    });
    for (const method of ['POST', 'PATCH', 'DELETE'] as const) {
      await expect(guarded.send({ method, path: 'x', asked: 'write', context: REPEATABLE })).rejects.toBe(stop);
    }
    await expect(guarded.send({ method: 'GET', path: 'x', asked: 'look' })).rejects.toBe(stop);
    await guarded.close();
  });

  it('a write is told when it leaves, after what it waited for, and each time that it leaves', async () => {
    const said: string[] = [];
    const waiting = transportTo(`${origin()}/api/`, async () => {
      said.push('waited');
    });
    answer = (response) => {
      said.push('arrived');
      status(401)(response);
    };
    const context = {
      async beforeSending() {
        said.push('leaves');
      },
    };
    await waiting.send({ method: 'POST', path: 'x', asked: 'ask', context }).catch(() => undefined);
    expect(said).toEqual(['waited', 'leaves', 'arrived', 'leaves', 'arrived']);
    await waiting.send({ method: 'GET', path: 'x', asked: 'ask' }).catch(() => undefined);
    expect(said.slice(5)).toEqual(['waited', 'arrived', 'arrived']);
    await waiting.close();
  });

  it('the pause of the lane is looked at once a connection is free, and who gets none has sent nothing', async () => {
    const looks: string[] = [];
    let endPause: (() => void) | undefined;
    const throttle = {
      async run<T>(one: string, request: () => Promise<T>): Promise<T> {
        looks.push(one);
        // As at the end of a pause, which is waited for with the connection at hand.
        if (one === 'second') await new Promise<void>((resolve) => (endPause = resolve));
        return request();
      },
    };
    const narrow = transportTo(`${origin()}/api/`, undefined, {
      parallel: 1,
      throttle,
    });
    let arrived: ServerResponse | undefined;
    answer = (response) => {
      arrived = response;
    };
    const read = (name: string) => narrow.send({ method: 'GET', path: 'x', asked: name });
    const [first, second] = [read('first'), read('second')];
    await expect.poll(() => arrived).toBeDefined();
    expect(looks).toEqual(['first']);
    arrived?.end('{}');
    await first;
    expect(looks).toEqual(['first', 'second']);
    await expect(read('third')).rejects.toMatchObject({ code: 'unavailable', wasNotDone: true });
    expect(looks).toEqual(['first', 'second']);
    answer = status(200, {}, '{}');
    endPause?.();
    await second;
    await narrow.close();
  });

  it('a write that tells nobody when it leaves does not compile', () => {
    // @ts-expect-error a request that may change something carries its context
    const write: HttpRequest = { method: 'POST', path: 'x', asked: 'ask' };
    const read: HttpRequest = { method: 'GET', path: 'x', asked: 'ask' };
    expect([write.method, read.method]).toEqual(['POST', 'GET']);
  });

  it('a server that is not there was certainly not asked', async () => {
    const nowhere = transportTo('http://127.0.0.1:1/api/');
    await expect(nowhere.send({ method: 'GET', path: 'x', asked: 'look' })).rejects.toMatchObject({
      code: 'unavailable',
    });
    await nowhere.close();
  });

  it('a success that is no JSON is unreadable, and its outcome unknown', async () => {
    const error = await send(status(200, {}, '<html>'));
    expect(error).toMatchObject({ code: 'unreadable' });
    expect((error as RemoteApiError).wasNotDone).toBe(false);
  });

  const MIB = 1024 * 1024;
  /** As fast as it is taken, until it is twice as much as is read; then nothing, so that nobody's memory is filled. */
  const endless = (code: number, headers: Record<string, string> = {}) => {
    const sent = { bytes: 0, isOver: false };
    const piece = Buffer.alloc(MIB, ' ');
    const act = (response: ServerResponse) => {
      response.writeHead(code, headers);
      const more = (): void => {
        while (!response.destroyed && sent.bytes < 128 * MIB) {
          sent.bytes += MIB;
          if (!response.write(piece)) return;
        }
      };
      response.on('drain', more);
      response.on('close', () => (sent.isOver = true));
      more();
    };
    return { sent, act };
  };

  it('an answer without end is given up by its size, which the error names with system and request', async () => {
    const patient = transportTo(`${origin()}/api/`, undefined, { timeoutMs: 45_000 });
    const { sent, act } = endless(200);
    answer = act;
    const error = await patient.send({ method: 'GET', path: 'x', asked: 'read it' }).catch((e: unknown) => e);
    expect(error).toMatchObject({
      code: 'unreadable',
      message: 'read it (business-central answered more than 64 MiB): unreadable (200)',
      wasNotDone: false,
    });
    await expect.poll(() => sent.isOver, { timeout: 30_000 }).toBe(true);
    await patient.close();
  });

  it('an answer that says itself that it is too large is not read, and a refusal without end has its status', async () => {
    const patient = transportTo(`${origin()}/api/`, undefined, { timeoutMs: 45_000 });
    const ask = () => patient.send({ method: 'GET', path: 'x', asked: 'read it' }).catch((e: unknown) => e);
    answer = (response) => {
      response.writeHead(200, { 'content-length': String(65 * MIB) });
      response.write('{');
    };
    expect(await ask()).toMatchObject({ code: 'unreadable' });
    answer = endless(503).act;
    expect(await ask()).toMatchObject({ code: 'unavailable', facts: { status: 503 } });
    await patient.close();
  });

  it('a byte-order mark before an answer is no part of it', async () => {
    answer = status(200, {}, '\uFEFF{"a":1}');
    expect(await http.send({ method: 'GET', path: 'x', asked: 'look' })).toMatchObject({ body: { a: 1 } });
  });

  const wordless = {
    ...{ 400: 'unavailable', 403: 'unavailable', 404: 'unavailable', 406: 'unavailable', 410: 'unavailable' },
    ...{ 421: 'unavailable', 426: 'unavailable', 451: 'unavailable', 405: 'rejected', 413: 'rejected' },
    ...{ 414: 'rejected', 431: 'rejected', 501: 'rejected', 401: 'unauthorized', 408: 'unknown-outcome' },
    ...{ 409: 'conflict', 412: 'conflict', 429: 'throttled', 500: 'unknown-outcome', 503: 'unavailable' },
  } as const;
  it.each(Object.entries(wordless))('a %s without a word of the system itself is %s', async (code, wanted) => {
    const silent = transportTo(`${origin()}/api/`, undefined, { readError: () => ({}) });
    for (const body of ['', '<html>Bad Request</html>']) {
      answer = status(Number(code), {}, body);
      const write = { method: 'POST', path: 'x', asked: 'write', context: REPEATABLE } as const;
      await expect(silent.send(write)).rejects.toMatchObject({ code: wanted });
    }
    await silent.close();
  });

  it('the message says what was asked and what came back, and no word of the customer (I7)', async () => {
    const error = (await send(status(400, { 'request-id': 'r-1' }, '{}'))) as RemoteApiError;
    expect(error.message).toBe('create the order: rejected (400 SomeCode)');
    expect(error.facts.requestId).toBe('r-1');
    expect(error.facts.remoteMessage).toBe('of customer Ann');
  });

  it('Retry-After travels with the error (I8)', async () => {
    expect(await send(status(429, { 'retry-after': '7' }))).toMatchObject({ facts: { retryAfterMs: 7_000 } });
    const date = 'Sat, 01 Mar 2031 12:00:00 GMT';
    const byItsClock = await send(status(503, { date, 'retry-after': 'Sat, 01 Mar 2031 12:00:45 GMT' }));
    expect(byItsClock).toMatchObject({ facts: { retryAfterMs: 45_000 } });
  });
});
