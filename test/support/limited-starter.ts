import { once } from 'node:events';
import { request, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { secureHeaders } from 'hono/secure-headers';
import { pino } from 'pino';
import { createLimits, type LimitOptions, toServerOptions } from '../../src/http/limits/limits.js';
import { createSources } from '../../src/http/limits/sources.js';
import { createBusinessCentralWebhook } from '../../src/http/webhooks/business-central.js';
import { createWebhooks } from '../../src/http/webhooks/dataverse.js';

/** The routes of a starter over real HTTP, with everything behind them standing in. */

export const SECRET = 'a-webhook-secret-for-tests';
const ADDRESS_KEY = 'an-address-key-for-tests';
const CLIENT_STATE = 'a-client-state-for-tests';
export const TOKEN = 'a-token-for-large-bodies';
export const HINT = JSON.stringify({
  MessageName: 'Update',
  PrimaryEntityName: 'quote',
  PrimaryEntityId: '5b1c7d52-0000-4000-8000-00000000abcd',
});
export const DATAVERSE = '/webhooks/dataverse';
export const BUSINESS_CENTRAL = `/webhooks/business-central/${ADDRESS_KEY}`;

const servers: Server[] = [];

export async function closeStarters(): Promise<void> {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

export interface StarterOptions extends Partial<LimitOptions> {
  readonly proxies?: readonly string[];
}

/** Its clock stands still unless it is moved. */
export async function openLimitedStarter(
  { proxies = [], ...options }: StarterOptions = {},
  times: Parameters<typeof toServerOptions>[0] = {},
) {
  const started: string[] = [];
  const logged: Record<string, unknown>[] = [];
  const nudged = { times: 0 };
  const clock = { ms: 0 };
  const log = pino({ level: 'warn' }, { write: (line) => void logged.push(JSON.parse(line)) });
  const limits = createLimits({
    ratePerSecond: 1,
    sources: createSources(proxies),
    log,
    now: () => clock.ms,
    ...options,
  });
  const { guard } = limits;
  const app = new Hono();
  app.use(secureHeaders());
  app.use(limits.all);
  app.get('/health', (c) => c.json({ status: 'ok' }));
  app.get('/broken', () => {
    throw new Error('secret words of a bug');
  });
  app.post('/form', async (c) => c.json({ length: (await c.req.text()).length }));
  app.post(
    '/codec/decode',
    async (c, next) => (c.req.header('authorization') === `Bearer ${TOKEN}` ? next() : c.json({ error: 'who' }, 401)),
    limits.largeBody(16 * 1024 * 1024),
    async (c) => c.json({ length: (await c.req.text()).length }),
  );
  const start = async ({ recordId }: { recordId: string }) => {
    started.push(recordId);
    return { kind: 'started', workflowId: recordId } as const;
  };
  app.route(
    '/',
    createWebhooks({
      isRight: async (given) => given === SECRET,
      guard,
      start,
      isKnown: async () => true,
      recordDetections: async () => undefined,
      nudge: () => undefined,
      findOwnUserId: () => undefined,
      log: pino({ level: 'silent' }),
    }),
  );
  app.route(
    '/',
    createBusinessCentralWebhook({
      isAddressKey: async (given) => given === ADDRESS_KEY,
      isClientState: async (given) => given === CLIENT_STATE,
      guard,
      nudgeInvoiceFeed: async () => {
        nudged.times += 1;
      },
      wakeHeldDeals: async () => undefined,
      log: pino({ level: 'silent' }),
    }),
  );
  app.notFound((c) => c.json({ error: 'not found' }, 404));
  app.onError((_error, c) => c.json({ error: 'not available right now' }, 503));
  const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1', serverOptions: toServerOptions(times) });
  servers.push(server as Server);
  limits.watch(server);
  if (!server.listening) await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  const post = (headers: Record<string, string> = {}, body: string = HINT, path = DATAVERSE) =>
    fetch(url + path, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body });
  const status = async (answer: Promise<Response>): Promise<number> => (await answer).status;
  return {
    url,
    port,
    clock,
    started,
    nudged,
    logged,
    post,
    /** The status of a webhook of Sales with this secret, from this address when a proxy says so. */
    hint: (secret: string, from?: string) =>
      status(post({ ...(secret !== '' && { 'x-dealbridge-key': secret }), ...forwarded(from) })),
    health: (from?: string) => status(fetch(`${url}/health`, { headers: forwarded(from) })),
  };
}

export type LimitedStarter = Awaited<ReturnType<typeof openLimitedStarter>>;

function forwarded(from: string | undefined): Record<string, string> {
  return from === undefined ? {} : { 'x-forwarded-for': from };
}

export const NOTICE = JSON.stringify({
  value: [{ clientState: CLIENT_STATE, resource: '/api/v2.0/companies(x)/salesInvoices', changeType: 'updated' }],
});

/** A body without a length, as large as it is told; the status that came back. */
export function postChunked(
  port: number,
  path: string,
  bytes: number,
  headers: Record<string, string> = {},
): Promise<number> {
  return new Promise((resolve, reject) => {
    const asking = request({ port, host: '127.0.0.1', method: 'POST', path, headers }, (answer) => {
      resolve(answer.statusCode ?? 0);
      answer.resume();
      asking.destroy();
    });
    asking.on('error', reject);
    const chunk = Buffer.alloc(64 * 1024, ' ');
    for (let sent = 0; sent < bytes; sent += chunk.length)
      asking.write(chunk.subarray(0, Math.min(chunk.length, bytes - sent)));
    asking.end();
  });
}

export async function dial(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

/** Sends this and says what came back until the connection was closed. */
export async function say(port: number, text: string): Promise<string> {
  const socket = await dial(port);
  let heard = '';
  socket.on('data', (chunk: Buffer) => {
    heard += chunk.toString('latin1');
  });
  socket.write(text);
  await once(socket, 'close');
  return heard;
}
