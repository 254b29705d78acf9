import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { openAccess } from './access.js';
import { findCompanyId } from './clients/business-central/client.js';
import { createSalesClient } from './clients/sales/client.js';
import { loadConfig } from './config.js';
import { createCodecEndpoint } from './console/codec-endpoint.js';
import { createSignIn } from './console/sign-in.js';
import { createCredentialProvider, createSecretCheck, deriveClientState, ensureCredential } from './credentials.js';
import { toEffectiveSettings } from './effective-settings.js';
import { createBusinessCentralWebhook } from './intake/business-central-webhook.js';
import { ensureAuditSeals } from './intake/ensure-audit-seals.js';
import { ensureDrift } from './intake/ensure-drift.js';
import { ensureFeeds } from './intake/ensure-feeds.js';
import { ensureInvoiceFeed, nudgeInvoiceFeed } from './intake/ensure-invoice-feed.js';
import { keepTrying } from './intake/keep-trying.js';
import { createLimits, toServerOptions } from './intake/limits.js';
import { createNudger } from './intake/nudge-feeds.js';
import { learnOwnUser } from './intake/own-user.js';
import { startDeal } from './intake/start-deal.js';
import { wakeHeldDeals } from './intake/wake-held-deals.js';
import { createWebhooks, toGivenKey } from './intake/webhook.js';
import { noteConfiguration } from './ledger/configuration-log.js';
import { createSightings } from './ledger/sightings.js';
import { guardOutput } from './log.js';
import { openRuntime } from './runtime.js';
import { createPayloadCodec } from './secrets/payload-codec.js';

/** Process: hears of won deals and starts their workflows; makes sure that the feeds run. */

guardOutput();
const config = loadConfig();
const runtime = await openRuntime(config, 'starter');
const { ledger, log, ring, temporal, vault } = runtime;
const webhookSecrets = createCredentialProvider(vault, 'webhook', config.starter.webhookSecret);
await ensureCredential('webhook', webhookSecrets);
const isRight = createSecretCheck(webhookSecrets);
const clientState = config.businessCentral.clientState ?? (await deriveClientState(webhookSecrets));
const access = await openAccess(config, vault);
const sightings = createSightings(runtime.database);
// Asked in the background for one answer; stopping waits for it no longer than this.
const sales = createSalesClient({ ...access.sales, timeoutMs: Math.min(config.requestTimeoutMs, 10_000) });
if (config.feeds) await ensureFeeds(temporal, config.rules.feeds);
await noteConfiguration(runtime.database, 'starter', toEffectiveSettings(config));
if (config.feeds) await ensureAuditSeals(temporal);
if (config.feeds) await ensureDrift(temporal, config.rules.masters);

const app = new Hono();
app.use(createLimits({ ...config.starter, isDataverse: (c) => isRight(toGivenKey(c)) }));
app.get('/health', (c) => c.json({ status: 'ok' }));
app.route(
  '/',
  createWebhooks({
    isRight,
    start: (ref) => startDeal({ temporal, ledger }, ref),
    isKnown: async (recordId) => (await ledger.findRecord(recordId)) !== undefined,
    noteSightings: (refs) => sightings.noteSightings('webhook', refs),
    nudge: config.feeds ? createNudger(temporal, log) : () => undefined,
    findOwnUserId: learnOwnUser(sales.whoAmI, log),
    log,
  }),
);
const companyIds = new Set<string>();
let feeds: ReturnType<typeof keepTrying> | undefined;
app.route(
  '/',
  createBusinessCentralWebhook({
    clientState,
    nudgeInvoiceFeed: async () => {
      // A notice names its company, but reading the others as well costs one request each.
      for (const companyId of companyIds) await nudgeInvoiceFeed(temporal, companyId);
    },
    wakeHeldDeals: () => wakeHeldDeals({ temporal, ledger }),
    log,
  }),
);
const { token, uiOrigin } = config.codec;
if (token !== undefined) {
  const signIn = createSignIn(ring, token);
  app.route('/codec', createCodecEndpoint({ codec: createPayloadCodec(ring), signIn, uiOrigin, log }));
}
app.notFound((c) => c.json({ error: 'there is nothing here' }, 404));
app.onError((error, c) => {
  log.error({ err: error, path: c.req.path }, 'request failed');
  // 503 buys one more attempt of Dataverse (reference 5.7); any other status would lose the hint.
  return c.json({ error: 'not available right now' }, 503);
});

const { port, host: hostname } = config.starter;
const server = serve({ fetch: app.fetch, port, hostname, serverOptions: toServerOptions() }, (address) => {
  log.info({ port: address.port }, 'starter ready');
  // Not before: a subscription is made with a handshake that comes back to this server.
  if (config.feeds) feeds = keepTrying(startFeeds, log);
  process.send?.({ ready: true, port: address.port });
});

async function startFeeds(): Promise<void> {
  const { environmentUrl, company, furtherCompanies } = config.businessCentral;
  const places = [{ environmentUrl, company }, ...furtherCompanies];
  // One that cannot be reached does not keep the others waiting.
  const started = await Promise.allSettled(
    places.map(async (place, index) => {
      const options = { ...access.businessCentral, environmentUrl: place.environmentUrl };
      const companyId = await findCompanyId({ ...options, companyName: place.company });
      companyIds.add(companyId);
      await ensureInvoiceFeed(temporal, {
        companyId,
        isFurther: index > 0,
        isSubscribing: config.starter.publicUrl !== undefined,
        sweepEveryMinutes: config.rules.invoiceFeed.sweepEveryMinutes,
      });
    }),
  );
  const failed = started.find((one) => one.status === 'rejected');
  if (failed) throw failed.reason;
}

async function stop(): Promise<void> {
  feeds?.stop();
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
