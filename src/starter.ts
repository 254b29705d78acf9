import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { loadConfig } from './config.js';
import { toEffectiveSettings } from './effective-settings.js';
import { ensureAuditSeals } from './intake/ensure-audit-seals.js';
import { createLimits, toServerOptions } from './intake/limits.js';
import { startDeal } from './intake/start-deal.js';
import { createWebhooks, hasWebhookKey } from './intake/webhook.js';
import { noteConfiguration } from './ledger/configuration-log.js';
import { openRuntime } from './runtime.js';

/** Process: hears of won deals and starts their workflows. */

const config = loadConfig();
const runtime = await openRuntime(config, 'starter');
const { ledger, log, temporal } = runtime;
await noteConfiguration(runtime.database, 'starter', toEffectiveSettings(config));
if (config.feeds) await ensureAuditSeals(temporal);

const app = new Hono();
app.use(createLimits({ ...config.starter, isDataverse: (c) => hasWebhookKey(c, config.starter.webhookSecret) }));
app.get('/health', (c) => c.json({ status: 'ok' }));
app.route(
  '/',
  createWebhooks({
    secret: config.starter.webhookSecret,
    start: (ref) => startDeal({ temporal, ledger }, ref),
    log,
  }),
);
app.notFound((c) => c.json({ error: 'there is nothing here' }, 404));
app.onError((error, c) => {
  log.error({ err: error, path: c.req.path }, 'request failed');
  // 503 buys one more attempt of Dataverse (reference 5.7); any other status would lose the hint.
  return c.json({ error: 'not available right now' }, 503);
});

const { port, host: hostname } = config.starter;
const server = serve({ fetch: app.fetch, port, hostname, serverOptions: toServerOptions() }, (address) => {
  log.info({ port: address.port }, 'starter ready');
  process.send?.({ ready: true, port: address.port });
});

async function stop(): Promise<void> {
  await new Promise((resolve) => server.close(resolve));
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
