import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { createSalesClient } from './clients/sales/client.js';
import { createTokenSource } from './clients/tokens.js';
import { loadConfig } from './config.js';
import { ensureDrift } from './intake/ensure-drift.js';
import { ensureFeeds } from './intake/ensure-feeds.js';
import { createNudger } from './intake/nudge-feeds.js';
import { learnOwnUser } from './intake/own-user.js';
import { startDeal } from './intake/start-deal.js';
import { createWebhooks } from './intake/webhook.js';
import { createSightings } from './ledger/sightings.js';
import { openRuntime } from './runtime.js';

/** Process: hears of won deals and starts their workflows; makes sure that the feeds run. */

const config = loadConfig();
const runtime = await openRuntime(config, 'starter');
const { ledger, log, temporal } = runtime;
const sightings = createSightings(runtime.database);
const sales = createSalesClient({
  environmentUrl: config.sales.environmentUrl,
  tokens: createTokenSource(config.sales.app),
  // Asked in the background for one answer; stopping waits for it no longer than this.
  timeoutMs: Math.min(config.requestTimeoutMs, 10_000),
});
if (config.startsFeeds) {
  await ensureFeeds(temporal, config.rules.feeds);
  await ensureDrift(temporal, config.rules.masters);
}

const app = new Hono();
app.get('/health', (c) => c.json({ status: 'ok' }));
app.route(
  '/',
  createWebhooks({
    secret: config.starter.webhookSecret,
    start: (ref) => startDeal({ temporal, ledger }, ref),
    isKnown: async (recordId) => (await ledger.findRecord(recordId)) !== undefined,
    noteSightings: (refs) => sightings.noteSightings('webhook', refs),
    nudge: config.startsFeeds ? createNudger(temporal, log) : () => undefined,
    findOwnUserId: learnOwnUser(sales.whoAmI, log),
    log,
  }),
);
app.notFound((c) => c.json({ error: 'there is nothing here' }, 404));
app.onError((error, c) => {
  log.error({ err: error, path: c.req.path }, 'request failed');
  // 503 buys one more attempt of Dataverse (reference 5.7); any other status would lose the hint.
  return c.json({ error: 'not available right now' }, 503);
});

const server = serve({ fetch: app.fetch, port: config.starter.port, hostname: config.starter.host }, (address) => {
  log.info({ port: address.port }, 'starter ready');
  process.send?.({ ready: true, port: address.port });
});

async function stop(): Promise<void> {
  await new Promise((resolve) => server.close(resolve));
  await sales.close();
  await runtime.close();
}

// Ctrl-C reaches the whole group, and whoever started us says it again.
let isStopping = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (isStopping) return;
    isStopping = true;
    void stop();
  });
}
