import { serve } from '@hono/node-server';
import { findCompanyId } from './clients/business-central/client.js';
import { createDataverseClient } from './clients/dataverse/client.js';
import type { CompanyPlace } from './deal/companies.js';
import { FLOWS } from './deal/flows.js';
import { laneQueue } from './deal/lanes.js';
import { createCompanyFeeds } from './dispatch/ensure/company-feeds.js';
import { keepTrying } from './dispatch/ensure/keep-trying.js';
import { ensureLoops } from './dispatch/ensure/loops.js';
import { createNudger } from './dispatch/nudge-feeds.js';
import { learnOwnUser } from './dispatch/own-user.js';
import { createTemporalWitness } from './dispatch/seal-witness.js';
import { startDeal } from './dispatch/start-deal.js';
import { createWakeHeldDeals } from './dispatch/wake-held-deals.js';
import { createLimits, toServerOptions } from './http/limits/limits.js';
import { createSources } from './http/limits/sources.js';
import { createRoutes } from './http/routes.js';
import { createSignIn } from './http/sign-in.js';
import { createBusinessCentralWebhook } from './http/webhooks/business-central.js';
import { createWebhooks } from './http/webhooks/dataverse.js';
import { createDetections } from './ledger/deals/detections.js';
import { createHeldSweeps } from './ledger/deals/held-sweeps.js';
import { createWaiting } from './ledger/deals/waiting.js';
import { recordNamedCompanies } from './ledger/feeds/left-companies.js';
import { recordConfiguration } from './ledger/settings/configuration-log.js';
import { findRegisteredCompanyId } from './ledger/settings/environments.js';
import { createPausedLaneLedger } from './ledger/settings/paused-lanes.js';
import { createThrottledLaneLedger } from './ledger/settings/throttled-lanes.js';
import { openSharedAccess } from './process/access.js';
import { createBackground } from './process/background.js';
import { loadConfig } from './process/config.js';
import { createCredentialProvider, createNoticeSecrets, ensureCredential, toSecrets } from './process/credentials.js';
import { toEffectiveSettings } from './process/effective-settings.js';
import { toCompanyAddress } from './process/environment-lock.js';
import { ensureLedgerIsComplete } from './process/ledger-age.js';
import { toListenError } from './process/listen-error.js';
import { guardOutput } from './process/log.js';
import { findRetryAfter, waitFor } from './process/patient-start.js';
import { openRuntime } from './process/runtime.js';
import { ensureSignedIn, type SignIns, watchSignIns } from './process/sign-ins.js';
import { endWhileStarting, stopOnSignal } from './process/stop-on-signal.js';
import { systemClock } from './process/system-clock.js';
import { createLedgerObserver, toReading } from './process/telemetry/observe-ledger.js';
import { openTelemetry } from './process/telemetry/telemetry.js';
import { VERSION } from './process/version.js';
import { warnOfUnknownSettings } from './process/warn-of-settings.js';
import { openWitnesses } from './process/witnesses.js';
import { createPayloadCodec } from './secrets/payload-codec.js';
import { createSecretCheck } from './secrets/secret-check.js';
import { openDesk } from './starter/desk.js';

/** Process: takes webhooks and starts the workflows of won deals; makes sure that the feeds run; serves the desk. */

guardOutput('starter');
const hasStarted = endWhileStarting();
const config = loadConfig();
warnOfUnknownSettings('starter', config);
const telemetry = await openTelemetry(config, 'starter');
const runtime = await openRuntime(config, 'starter', { waits: true });
const { database } = runtime;
let signIns: SignIns | undefined;
telemetry.watch(
  runtime,
  async () => ensureSignedIn(signIns),
  createLedgerObserver({ database, clock: systemClock, reading: toReading(config) }),
);
const { ledger, log, ring, temporal, vault } = runtime;
const webhookSecrets = createCredentialProvider(vault, 'webhook', config.starter.webhookSecret);
const noticeSecrets = createNoticeSecrets(webhookSecrets, config.businessCentral.clientState);
const prepareLedger = async () => {
  await ensureLedgerIsComplete(database, [createTemporalWitness(temporal), ...openWitnesses(config, database)], log);
  await ensureCredential('webhook', webhookSecrets);
  const access = await openSharedAccess(config, runtime);
  await recordConfiguration(database, 'starter', toEffectiveSettings(config));
  return access;
};
const access = await waitFor('PostgreSQL', prepareLedger, { log });
const detections = createDetections(runtime.database);
// What is asked in the background; stopping waits for an answer no longer than this.
const timeoutMs = Math.min(config.requestTimeoutMs, 10_000);
const dataverse = createDataverseClient({ ...access.dataverse, timeoutMs });
if (config.feeds) await waitFor('Temporal', () => ensureLoops(temporal, config.rules), { log });

const companyFeeds = createCompanyFeeds(temporal, {
  places: [config.businessCentral, ...config.businessCentral.furtherCompanies],
  nameOf: ({ company }) => company,
  findCompanyId: (place) =>
    findCompanyId({ ...access.businessCentralOf(place), timeoutMs, companyName: place.company }),
  findRegisteredId: (place) => findRegisteredCompanyId(runtime.database, toCompanyAddress(place)),
  laneOf: ({ application }: CompanyPlace) => (application === undefined ? undefined : laneQueue(application)),
  isSubscribing: config.starter.publicUrl !== undefined,
  sweepEveryMinutes: config.rules.invoiceFeed.sweepEveryMinutes,
  flows: FLOWS.filter((flow) => config.rules.flows[flow] !== undefined),
  recordNamed: (companyIds) => recordNamedCompanies(runtime.database, companyIds),
});
const heldDeals = createWakeHeldDeals({
  startDeal: (ref, hint) => startDeal({ temporal, ledger }, ref, hint),
  waiting: createWaiting(runtime.database),
  sweeps: createHeldSweeps(runtime.database),
  onTrouble: (error) => log.warn({ err: error }, 'waking a held deal failed'),
});
const limits = createLimits({
  ratePerSecond: config.starter.ratePerSecond,
  sources: createSources(config.starter.trustedProxies),
  log,
});
const { guard } = limits;
const background = createBackground();
const { token, uiOrigin } = config.codec;
const app = createRoutes({
  limits: limits.all,
  webhooks: [
    createWebhooks({
      isRight: createSecretCheck(webhookSecrets, systemClock),
      guard,
      start: (ref) => startDeal({ temporal, ledger }, ref),
      isKnown: async (recordId) => (await ledger.findRecord(recordId)) !== undefined,
      recordDetections: (refs) => detections.recordDetections('webhook', refs),
      nudge: config.feeds ? createNudger(temporal, log, background.track) : () => undefined,
      findOwnUserId: learnOwnUser(() => background.track(dataverse.whoAmI()), log),
      log,
    }),
    createBusinessCentralWebhook({
      isAddressKey: createSecretCheck(toSecrets(noticeSecrets, 'addressKey'), systemClock),
      isClientState: createSecretCheck(toSecrets(noticeSecrets, 'clientState'), systemClock),
      guard,
      nudgeInvoiceFeed: () => background.track(companyFeeds.nudge()),
      wakeHeldDeals: (rows) => background.track(heldDeals.wake(rows)),
      log,
    }),
  ],
  codec:
    token === undefined
      ? undefined
      : {
          codec: createPayloadCodec(ring),
          signIn: createSignIn(ring, token, systemClock),
          uiOrigin,
          isHttps: config.starter.publicUrl?.startsWith('https:') ?? false,
          limits,
          log,
        },
  listPausedLanes: createPausedLaneLedger(runtime.database).list,
  listThrottledLanes: createThrottledLaneLedger(runtime.database).list,
  log,
});

const desk = await openDesk(config, runtime, access);
const { port, host: hostname } = config.starter;
let feeds: ReturnType<typeof keepTrying> | undefined;
const server = serve({ fetch: app.fetch, port, hostname, serverOptions: toServerOptions() }, async (address) => {
  // Whoever has to enter another secret does so at the desk, which is open by now; webhooks are taken, too.
  signIns = watchSignIns(
    [
      { system: 'Sales', ask: () => access.dataverse.tokens.getToken() },
      { system: 'Business Central', ask: () => access.businessCentral.tokens.getToken() },
    ],
    { log, deskUrl: desk?.url },
  );
  if (!(await signIns.all)) return;
  log.info({ port: address.port, version: VERSION }, 'starter ready');
  // Not before: a subscription is made with a handshake that comes back to this server.
  if (config.feeds) feeds = keepTrying(companyFeeds.ensure, { log, findRetryAfter });
  process.send?.({ ready: true, port: address.port, desk: desk && { url: desk.url, signInLink: desk.signInLink } });
});

limits.watch(server);
server.once('error', (error) => {
  throw toListenError({ host: 'STARTER_HOST', port: 'STARTER_PORT' }, `${hostname}:${port}`, error);
});

hasStarted();
stopOnSignal(async () => {
  telemetry.unwatch();
  signIns?.stop();
  // First nothing more is taken, then what is under way ends, and only then what it asks is closed.
  await Promise.all([desk?.close(), new Promise((resolve) => server.close(resolve)), feeds?.stop(), heldDeals.stop()]);
  await background.settle();
  await dataverse.close();
  await runtime.close();
  await telemetry.close();
});
