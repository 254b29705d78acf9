import './process/heap.js';
import { NativeConnection, Runtime as TemporalRuntime } from '@temporalio/worker';
import { TASK_QUEUES } from './deal/ids.js';
import { createTemporalWitness } from './dispatch/seal-witness.js';
import { recordConfiguration } from './ledger/settings/configuration-log.js';
import { saveMapping } from './ledger/settings/mappings.js';
import { ensureAlertSettings } from './process/alert-settings.js';
import { loadConfig } from './process/config.js';
import { toEffectiveSettings } from './process/effective-settings.js';
import { ensureLedgerIsComplete } from './process/ledger-age.js';
import { guardOutput, toReason } from './process/log.js';
import { waitFor } from './process/patient-start.js';
import { openRuntime } from './process/runtime.js';
import { ensureSignedIn, type SignIns, watchSignIns } from './process/sign-ins.js';
import { endWhileStarting } from './process/stop-on-signal.js';
import { openTelemetry } from './process/telemetry/telemetry.js';
import { connectTemporal } from './process/temporal-connection.js';
import { createTemporalLogger } from './process/temporal-logger.js';
import { VERSION } from './process/version.js';
import { warnOfUnknownSettings } from './process/warn-of-settings.js';
import { openWitnesses } from './process/witnesses.js';
import { setGauge } from './telemetry/instruments.js';
import { createActivities } from './worker/activities.js';
import { startBackfillPace } from './worker/backfill-pace.js';
import { openWorkers } from './worker/open-workers.js';
import { toQueues } from './worker/queues.js';
import { runWorkers } from './worker/run-workers.js';
import { startSealPace } from './worker/seal-pace.js';
import { openSystems } from './worker/systems.js';
import { findDealId } from './worker/trace-steps.js';

/** Process: builds clients and activities, polls its queues until it is told to stop. */

guardOutput('worker');
const hasStarted = endWhileStarting();
const config = loadConfig();
warnOfUnknownSettings('worker', config);
ensureAlertSettings(config.rules.alerts, config.alerts);
const telemetry = await openTelemetry(config, 'worker');
const runtime = await openRuntime(config, 'worker', { waits: true, findDealId });
let signIns: SignIns | undefined;
telemetry.watch(runtime, async () => ensureSignedIn(signIns));
const { log } = runtime;
const prepareLedger = async () => {
  const witnesses = [createTemporalWitness(runtime.temporal), ...openWitnesses(config, runtime.database)];
  await ensureLedgerIsComplete(runtime.database, witnesses, log);
  await recordConfiguration(runtime.database, 'worker', toEffectiveSettings(config));
  await saveMapping(runtime.database, config.mapping);
};
await waitFor('PostgreSQL', prepareLedger, { log });
TemporalRuntime.install({
  logger: createTemporalLogger(log),
  telemetryOptions: {
    // Its core would print by itself otherwise, past our log.
    logging: { forward: {}, filter: { core: 'WARN', other: 'ERROR' } },
    ...(telemetry.temporalMetrics !== undefined && {
      metrics: {
        prometheus: { bindAddress: telemetry.temporalMetrics, useSecondsForDurations: true, unitSuffix: true },
      },
    }),
  },
});
const { ratePerSecond: ownRate, applications } = config.businessCentral;
for (const { queue, ratePerSecond } of [
  { queue: TASK_QUEUES.businessCentral, ratePerSecond: ownRate },
  ...applications,
])
  setGauge('dealbridge_quota_requests_per_second', ratePerSecond, { system: 'business-central', lane: queue });
const systems = await openSystems(config, runtime);
const activities = await createActivities(config, runtime, systems);
// What goes to and fro is sealed: nothing gets smaller by compressing it, and both sides would pay for it.
const connect = () =>
  connectTemporal(config.temporal, (options) =>
    NativeConnection.connect({ ...options, grpcCompression: { codec: 'none' } }),
  );
const queues = toQueues(config, { activities, ...runtime });
const { connection, workers } = await openWorkers({ connect, workers: queues, log });

if (config.feeds && config.starter.publicUrl === undefined) {
  log.info('STARTER_PUBLIC_URL is not set: Business Central is not asked to notify, its changes are read in turns');
}
const backfillPace = startBackfillPace({ ...activities.backfill, log });
const sealPace = startSealPace(runtime.database, () => activities.deals.sealAudit(), log);
signIns = watchSignIns(systems.signIns, { log, deskUrl: undefined });
let isTidy = true;
const onRunning = (): void => {
  hasStarted();
  // Its deals wait while a sign-in is refused, and the alert that says so is sent.
  void signIns?.all.then((areGood) => {
    if (!areGood) return;
    log.info({ company: config.businessCentral.company, version: VERSION }, 'worker ready');
    process.send?.('ready');
  });
};
const onUntidy = (error: unknown): void => {
  isTidy = false;
  log.warn(
    { reason: toReason(error) },
    'stopped; a thread of the SDK that was still busy with a failed task ends with the process',
  );
};
try {
  await runWorkers(workers, onRunning, onUntidy);
} finally {
  telemetry.unwatch();
  signIns?.stop();
  await sealPace.stop();
  await backfillPace.stop();
  await connection.close();
  await systems.close();
  await runtime.close();
  await telemetry.close();
}
// A thread that was not destroyed would keep the process.
if (!isTidy) process.exit(0);
