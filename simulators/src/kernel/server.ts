import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { SimClock } from './clock.js';
import { type FaultEffect, type FaultRule, Faults, type Phase } from './faults.js';

export interface SimRequest {
  readonly method: string;
  /** Still percent-encoded, query included. */
  readonly rawUrl: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
}

export interface SimResponse {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Text and bytes are sent as they are; any other object as JSON. */
  readonly body?: string | Buffer | object;
}

export interface LoggedRequest {
  readonly method: string;
  readonly path: string;
  readonly status: number | 'cut';
  /** The client id in the token. */
  readonly who: string;
  /** The trace that the caller says it belongs to (W3C). */
  readonly traceparent?: string;
  readonly startedAt: string;
  readonly durationMs: number;
  readonly faults: readonly string[];
}

export type AdminHandler = (body: unknown, query: URLSearchParams) => unknown;

export interface SimServerOptions {
  readonly name: string;
  readonly port: number;
  /** The address to listen on; 127.0.0.1 by default. */
  readonly host?: string | undefined;
  /** The name by which clients reach it, when that is another. */
  readonly publicHost?: string | undefined;
  readonly clock: SimClock;
  readonly handle: (request: SimRequest) => SimResponse | Promise<SimResponse>;
  /** What it says of a record that it has not; a bare 404 when it has no words for that. */
  readonly toNotFound?: (path: string) => SimResponse;
  /** `GET /path` below `/_sim` to what answers it. */
  readonly admin?: Readonly<Record<string, AdminHandler>>;
  readonly maxBodyBytes?: number;
}

export interface SimServer {
  readonly origin: string;
  readonly port: number;
  readonly faults: Faults;
  /** Newest last; the oldest are forgotten. */
  readonly requests: LoggedRequest[];
  stop(): Promise<void>;
}

const MAX_BODY_BYTES = 350 * 1024 * 1024;
const KEPT_REQUESTS = 50_000;

/** A real HTTP server around a simulator: body limit, faults, request log, and the admin API under `/_sim`. */
export async function startSimServer(options: SimServerOptions): Promise<SimServer> {
  const faults = new Faults(options.clock);
  const requests: LoggedRequest[] = [];
  const server: Server = createServer({ keepAliveTimeout: 60_000 }, (incoming, response) => {
    serve(incoming, response).catch((error: unknown) => {
      // A simulator that fails must be seen, and must not be taken for an answer of the real thing.
      process.stderr.write(`${options.name}: ${String(error instanceof Error ? error.stack : error)}\n`);
      incoming.socket.destroy();
    });
  });

  /** The simulated time, as a host whose clock is moved tells it. */
  const stamp = (answer: SimResponse): SimResponse => ({
    ...answer,
    headers: { date: options.clock.date().toUTCString(), ...answer.headers },
  });

  async function serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const rawUrl = incoming.url ?? '/';
    const method = incoming.method ?? 'GET';
    const body = await readBody(incoming, options.maxBodyBytes ?? MAX_BODY_BYTES);
    if (body === undefined) return send(response, { status: 413, body: '' });
    if (rawUrl.startsWith('/_sim')) return send(response, await administer(method, rawUrl, body));
    const startedAt = Date.now();
    const path = safelyDecoded(rawUrl);
    const who = clientOf(incoming.headers.authorization);
    const traceparent = incoming.headers['traceparent'];
    const taken = faults.isEmpty() ? [] : faults.take({ method, path, client: who });
    const log = (status: number | 'cut'): void => {
      requests.push({
        method,
        path,
        status,
        who,
        ...(typeof traceparent === 'string' && { traceparent }),
        startedAt: new Date(startedAt).toISOString(),
        durationMs: Date.now() - startedAt,
        faults: taken.map(({ id }) => id),
      });
      if (requests.length > KEPT_REQUESTS) requests.splice(0, KEPT_REQUESTS / 10);
    };
    const suffer = async (phase: Phase): Promise<SimResponse | 'cut' | undefined> => {
      for (const { effect } of taken) {
        if (phaseOf(effect) !== phase) continue;
        if (effect.kind === 'delay') await new Promise((resolve) => setTimeout(resolve, effect.ms));
        else if (effect.kind === 'hold') await faults.hold();
        else if (effect.kind === 'lose-answer') return 'cut';
        else if (effect.kind === 'status') return toResponse(effect);
        else if (effect.kind === 'throttle') return throttled(effect);
        else if (effect.kind === 'not-found') return options.toNotFound?.(path) ?? { status: 404, body: '' };
      }
      return undefined;
    };
    let answer = await suffer('before');
    if (answer === undefined) {
      const asked = distorted({ method, rawUrl, headers: incoming.headers as SimRequest['headers'], body }, taken);
      const worked = await options.handle(asked);
      answer = (await suffer('after')) ?? worked;
    }
    log(answer === 'cut' ? 'cut' : answer.status);
    if (answer === 'cut') cutOff(incoming.socket, taken);
    else if (taken.some(({ effect }) => effect.kind === 'cut')) sendHalf(response, stamp(answer));
    else send(response, stamp(answer));
  }

  const admin: Record<string, AdminHandler> = {
    'GET /requests': (_body, query) => {
      const wanted = new RegExp(query.get('path') ?? '');
      const fits = (request: LoggedRequest, name: 'method' | 'who' | 'status'): boolean =>
        (query.get(name) ?? String(request[name])) === String(request[name]);
      return requests
        .filter((one) => wanted.test(one.path) && fits(one, 'method') && fits(one, 'who') && fits(one, 'status'))
        .slice(-Number(query.get('limit') ?? 1_000));
    },
    'DELETE /requests': () => ({ forgotten: requests.splice(0).length }),
    'GET /faults': () => faults.list(),
    'POST /faults': (body) => ({ id: faults.add(body as FaultRule) }),
    'DELETE /faults': () => {
      faults.clear();
      return {};
    },
    'DELETE /faults/one': (_body, query) => ({ removed: faults.remove(query.get('id') ?? '') }),
    'GET /holds': () => ({ held: faults.heldCount() }),
    'POST /holds/release': () => ({ released: faults.releaseHolds() }),
    'GET /clock': () => ({ now: options.clock.date().toISOString() }),
    'POST /clock': (body) => {
      const { advanceMs, now } = body as { advanceMs?: number; now?: string };
      if (advanceMs !== undefined) options.clock.advance(advanceMs);
      if (now !== undefined) options.clock.set(Date.parse(now));
      return { now: options.clock.date().toISOString() };
    },
    ...options.admin,
  };

  async function administer(method: string, rawUrl: string, body: Buffer): Promise<SimResponse> {
    const url = new URL(rawUrl, 'http://sim');
    const route = `${method} ${url.pathname.slice('/_sim'.length) || '/'}`;
    if (route === 'GET /' || route === 'GET /help') return { status: 200, body: { routes: Object.keys(admin) } };
    const handler = admin[route];
    if (!handler) return { status: 404, body: { error: `no ${route}`, routes: Object.keys(admin) } };
    try {
      const parsed: unknown = body.length > 0 ? JSON.parse(body.toString('utf8')) : {};
      return { status: 200, body: ((await handler(parsed, url.searchParams)) as object | undefined) ?? {} };
    } catch (error) {
      return { status: 400, body: { error: error instanceof Error ? error.message : String(error) } };
    }
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host ?? '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://${options.publicHost ?? '127.0.0.1'}:${port}`,
    port,
    faults,
    requests,
    async stop() {
      faults.releaseHolds();
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

function phaseOf(effect: FaultEffect): Phase | undefined {
  if (effect.kind === 'throttle' || effect.kind === 'not-found') return 'before';
  if (effect.kind === 'cut' || effect.kind === 'stale-etag' || effect.kind === 'expired-delta') return undefined;
  return effect.when ?? 'before';
}

function throttled(effect: { seconds: number; retryAfter?: boolean }): SimResponse {
  const headers = effect.retryAfter === false ? {} : { 'retry-after': String(effect.seconds) };
  return { status: 429, headers, body: { error: { code: 'TooManyRequests', message: 'Too many requests.' } } };
}

const STALE_ETAG = 'W/"0"';
const EXPIRED_TOKEN = '1%2101%2f01%2f2000%2000%3a00%3a00';

/** Makes what the client sends outdated, so that the simulator refuses it in its own words. */
function distorted(request: SimRequest, taken: readonly { effect: FaultEffect }[]): SimRequest {
  let { headers, rawUrl } = request;
  for (const { effect } of taken) {
    const hasEtag = headers['if-match'] !== undefined && headers['if-match'] !== '*';
    if (effect.kind === 'stale-etag' && hasEtag) headers = { ...headers, 'if-match': STALE_ETAG };
    if (effect.kind === 'expired-delta') rawUrl = rawUrl.replace(/((?:\$|%24)deltatoken=)[^&]*/i, `$1${EXPIRED_TOKEN}`);
  }
  return { ...request, headers, rawUrl };
}

/** Who asks, as the token says; whether it is a good token is the simulator's matter. */
function clientOf(authorization: string | undefined): string {
  const payload = authorization?.split('.')[1];
  if (!payload) return '';
  const found = /"appid":"([^"]+)"/.exec(Buffer.from(payload, 'base64url').toString('utf8'));
  return found?.[1] ?? '';
}

function cutOff(socket: Socket, taken: readonly { effect: FaultEffect }[]): void {
  if (taken.some(({ effect }) => effect.kind === 'lose-answer' && effect.reset)) socket.resetAndDestroy();
  else socket.destroy();
}

function sendHalf(response: ServerResponse, answer: SimResponse): void {
  const isRaw = typeof answer.body === 'string' || Buffer.isBuffer(answer.body);
  const text = isRaw ? String(answer.body) : JSON.stringify(answer.body ?? {});
  response.writeHead(answer.status, { ...answer.headers, 'content-length': Buffer.byteLength(text) + 1 });
  response.write(text.slice(0, Math.floor(text.length / 2)), () => response.destroy());
}

function toResponse(effect: { status: number; headers?: Record<string, string>; body?: unknown }): SimResponse {
  return {
    status: effect.status,
    ...(effect.headers && { headers: effect.headers }),
    ...(effect.body !== undefined && { body: effect.body as string | object }),
  };
}

function safelyDecoded(rawUrl: string): string {
  try {
    return decodeURIComponent(rawUrl.replaceAll('+', ' '));
  } catch {
    return rawUrl;
  }
}

async function readBody(incoming: IncomingMessage, largest: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming) {
    size += (chunk as Buffer).length;
    if (size > largest) return undefined;
    chunks.push(chunk as Buffer);
  }
  return chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
}

function send(response: ServerResponse, answer: SimResponse): void {
  const isText = typeof answer.body === 'string' || Buffer.isBuffer(answer.body);
  const text = answer.body === undefined ? '' : isText ? (answer.body as string | Buffer) : JSON.stringify(answer.body);
  const headers: Record<string, string | number> = { ...answer.headers };
  if (!isText && text !== '' && !('content-type' in headers))
    headers['content-type'] = 'application/json; charset=utf-8';
  if (answer.status !== 204 && answer.status !== 304) headers['content-length'] = Buffer.byteLength(text);
  response.writeHead(answer.status, headers);
  response.end(answer.status === 204 || answer.status === 304 ? undefined : text);
}
