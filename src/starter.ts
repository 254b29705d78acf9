import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { findCompanyId } from './clients/business-central/client.js';
import { createDataverseClient } from './clients/dataverse/client.js';
import { ensureAuditSeals } from './dispatch/ensure/audit-seals.js';
import { ensureDrift } from './dispatch/ensure/drift.js';
import { ensureInvoiceFeed, nudgeInvoiceFeed } from './dispatch/ensure/invoice-feeds.js';
import { keepTrying } from './dispatch/ensure/keep-trying.js';
import { ensureFeeds } from './dispatch/ensure/sales-feeds.js';
import { createNudger } from './dispatch/nudge-feeds.js';
import { learnOwnUser } from './dispatch/own-user.js';
import { startDeal } from './dispatch/start-deal.js';
import { wakeHeldDeals } from './dispatch/wake-held-deals.js';
import { createCodecEndpoint } from './http/codec.js';
import { createLimits, toServerOptions } from './http/limits.js';
import { createSignIn } from './http/sign-in.js';
import { createBusinessCentralWebhook } from './http/webhooks/business-central.js';
import { createWebhooks, toGivenKey } from './http/webhooks/dataverse.js';
import { createDetections } from './ledger/deals/detections.js';
import { recordConfiguration } from './ledger/settings/configuration-log.js';
import { openAccess } from './process/access.js';
import { loadConfig } from './process/config.js';
import { createCredentialProvider, deriveClientState, ensureCredential } from './process/credentials.js';
import { toEffectiveSettings } from './process/effective-settings.js';
import { guardOutput } from './process/log.js';
import { openRuntime } from './process/runtime.js';
import { createPayloadCodec } from './secrets/payload-codec.js';
import { createSecretCheck } from './secrets/secret-check.js';

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
const detections = createDetections(runtime.database);
// Asked in the background for one answer; stopping waits for it no longer than this.
const dataverse = createDataverseClient({ ...access.dataverse, timeoutMs: Math.min(config.requestTimeoutMs, 10_000) });
if (config.feeds) await ensureFeeds(temporal, config.rules.feeds);
await recordConfiguration(runtime.database, 'starter', toEffectiveSettings(config));
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
    recordDetections: (refs) => detections.recordDetections('webhook', refs),
    nudge: config.feeds ? createNudger(temporal, log) : () => undefined,
    findOwnUserId: learnOwnUser(dataverse.whoAmI, log),
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
  // 503 buys one more attempt of Dataverse (reference/dataverse-sales 5.7); any other status would lose the hint.
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
  await dataverse.close();
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
