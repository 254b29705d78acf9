import './process/heap.js';
import { fileURLToPath } from 'node:url';
import { NativeConnection, Runtime as TemporalRuntime } from '@temporalio/worker';
import { heartbeats } from './activities/remote/heartbeat.js';
import { permanentFailures } from './activities/remote/permanent-failures.js';
import { TASK_QUEUES, WORKER_DEPLOYMENT } from './deal/ids.js';
import { SHUTDOWN_FORCE_MS, SHUTDOWN_GRACE_MS } from './deal/time-limits.js';
import { createTemporalWitness } from './dispatch/seal-witness.js';
import { recordConfiguration } from './ledger/settings/configuration-log.js';
import { saveMapping } from './ledger/settings/mappings.js';
import { ensureAlertSettings } from './process/alert-settings.js';
import { loadConfig } from './process/config.js';
import { toEffectiveSettings } from './process/effective-settings.js';
import { ensureLedgerIsComplete } from './process/ledger-age.js';
import { guardOutput } from './process/log.js';
import { waitFor } from './process/patient-start.js';
import { openRuntime } from './process/runtime.js';
import { ensureSignedIn, type SignIns, watchSignIns } from './process/sign-ins.js';
import { endWhileStarting } from './process/stop-on-signal.js';
import { openTelemetry } from './process/telemetry/telemetry.js';
import { connectTemporal } from './process/temporal-connection.js';
import { createTemporalLogger } from './process/temporal-logger.js';
import { openWitnesses } from './process/witnesses.js';
import { setGauge } from './telemetry/instruments.js';
import { createActivities } from './worker/activities.js';
import { startBackfillPace } from './worker/backfill-pace.js';
import { createWinMeasure } from './worker/measure-wins.js';
import { openWorkers, type WorkersOptions } from './worker/open-workers.js';
import { startSealPace } from './worker/seal-pace.js';
import { openSystems } from './worker/systems.js';
import { findDealId, traceSteps } from './worker/trace-steps.js';

/** Process: builds clients and activities, polls its queues until it is told to stop. */

guardOutput('worker');
const hasStarted = endWhileStarting();
const config = loadConfig();
ensureAlertSettings(config.rules.alerts, config.alerts);
const telemetry = await openTelemetry(config, 'worker');
const runtime = await openRuntime(config, 'worker', { waits: true, findDealId });
let signIns: SignIns | undefined;
telemetry.watch(runtime, async () => ensureSignedIn(signIns));
const { dataConverter, log } = runtime;
const prepareLedger = async () => {
  const witnesses = [createTemporalWitness(runtime.temporal), ...openWitnesses(config, runtime.database)];
  await ensureLedgerIsComplete(runtime.database, witnesses, log);
  await recordConfiguration(runtime.database, 'worker', toEffectiveSettings(config));
  await saveMapping(runtime.database, config.mapping);
};
await waitFor('PostgreSQL', prepareLedger, { log });
TemporalRuntime.install({
  logger: createTemporalLogger(log),
  ...(telemetry.temporalMetrics !== undefined && {
    telemetryOptions: {
      metrics: {
        prometheus: { bindAddress: telemetry.temporalMetrics, useSecondsForDurations: true, unitSuffix: true },
      },
    },
  }),
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
const { workerBuildId: buildId } = config;
const polling = {
  dataConverter,
  namespace: config.temporal.namespace,
  shutdownGraceTime: SHUTDOWN_GRACE_MS,
  shutdownForceTime: SHUTDOWN_FORCE_MS,
  // Deals wait for weeks and feeds for ever: pinned to their version they would keep every old worker alive.
  ...(buildId !== undefined && {
    workerDeploymentOptions: {
      useWorkerVersioning: true as const,
      version: { deploymentName: WORKER_DEPLOYMENT, buildId },
      defaultVersioningBehavior: 'AUTO_UPGRADE' as const,
    },
  }),
} as const;

const running = {
  ...polling,
  workflowBundle: { codePath: fileURLToPath(new URL('./workflow-bundle.js', import.meta.url)) },
};
const inSales = {
  interceptors: { activity: [traceSteps, createWinMeasure(runtime.database, log), heartbeats, permanentFailures] },
  maxConcurrentActivityTaskExecutions: 8,
};

const queues: WorkersOptions['workers'] = [
  {
    ...running,
    ...inSales,
    taskQueue: TASK_QUEUES.deals,
    // Their steps in Sales need no queue of their own: where a place is free they come with the task that asks for them.
    activities: { ...activities.deals, ...activities.dataverse },
    // A poll that waits holds a place, and no step comes with its task where all places wait.
    activityTaskPollerBehavior: { type: 'simple-maximum', maximum: 2 },
    // A run that left the cache is read and done again from its start at its next step: with sixty, five hundred deals at
    // once cost half as much processor again, and no less memory (docs/performance.md).
    maxCachedWorkflows: 600,
    maxConcurrentWorkflowTaskExecutions: 20,
    // The workflow tasks of a worker that died wait for it this long before another one takes them.
    stickyQueueScheduleToStartTimeout: '4s',
  },
  // Few at once, and a cache of their own: a backfill waits in the server, and takes the deals neither places nor cache.
  {
    ...running,
    taskQueue: TASK_QUEUES.masters,
    activities: activities.deals,
    interceptors: { activity: [traceSteps, permanentFailures] },
    enableNonLocalActivities: false,
    maxCachedWorkflows: 20,
    maxConcurrentWorkflowTaskExecutions: 2,
    stickyQueueScheduleToStartTimeout: '4s',
  },
  {
    ...polling,
    ...inSales,
    taskQueue: TASK_QUEUES.dataverse,
    activities: activities.dataverse,
  },
  {
    ...polling,
    taskQueue: TASK_QUEUES.businessCentral,
    activities: activities.businessCentral,
    interceptors: { activity: [traceSteps, heartbeats, permanentFailures] },
    maxConcurrentActivityTaskExecutions: config.businessCentral.parallel,
    maxTaskQueueActivitiesPerSecond: config.businessCentral.ratePerSecond,
  },
  // Each app registration has a quota of its own, and neither waits for the other's.
  ...config.businessCentral.applications.map(({ queue, ratePerSecond, parallel }) => ({
    ...polling,
    taskQueue: queue,
    activities: activities.businessCentral,
    interceptors: { activity: [traceSteps, heartbeats, permanentFailures] },
    maxConcurrentActivityTaskExecutions: parallel,
    maxTaskQueueActivitiesPerSecond: ratePerSecond,
  })),
  // Of its own: a mail server that answers nobody takes no place of a step that a deal waits for.
  {
    ...polling,
    taskQueue: TASK_QUEUES.alerts,
    activities: activities.alerts,
    interceptors: { activity: [traceSteps, heartbeats, permanentFailures] },
    maxConcurrentActivityTaskExecutions: 4,
  },
];
const { connection, workers } = await openWorkers({ connect, workers: queues, log });

if (config.feeds && config.starter.publicUrl === undefined) {
  log.info('STARTER_PUBLIC_URL is not set: Business Central is not asked to notify, its changes are read in turns');
}
const backfillPace = startBackfillPace({ ...activities.backfill, log });
const sealPace = startSealPace(runtime.database, () => activities.deals.sealAudit(), log);
signIns = watchSignIns(systems.signIns, { log, deskUrl: undefined });
const ends = workers.map((worker) => worker.run());
try {
  hasStarted();
  // Its deals wait while a sign-in is refused, and the alert that says so is sent.
  void signIns.all.then((areGood) => {
    if (!areGood) return;
    log.info({ company: config.businessCentral.company }, 'worker ready');
    process.send?.('ready');
  });
  await Promise.all(ends);
} catch (error) {
  // The connection closes only when nobody uses it any more: else that would be the error that is seen.
  for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
  await Promise.allSettled(ends);
  throw error;
} finally {
  signIns?.stop();
  sealPace.stop();
  await backfillPace.stop();
  await connection.close();
  await systems.close();
  await runtime.close();
  await telemetry.close();
}
