import { fileURLToPath } from 'node:url';
import { heartbeats } from '../activities/remote/heartbeat.js';
import { permanentFailures } from '../activities/remote/permanent-failures.js';
import { TASK_QUEUES, WORKER_DEPLOYMENT } from '../deal/ids.js';
import { SHUTDOWN_FORCE_MS, SHUTDOWN_GRACE_MS } from '../deal/time-limits.js';
import type { Config } from '../process/config.js';
import type { Runtime } from '../process/runtime.js';
import type { createActivities } from './activities.js';
import { createWinMeasure } from './measure-wins.js';
import type { WorkersOptions } from './open-workers.js';
import { traceSteps } from './trace-steps.js';

interface QueueDependencies extends Pick<Runtime, 'database' | 'log' | 'dataConverter'> {
  readonly activities: Awaited<ReturnType<typeof createActivities>>;
}

/** Which queues a worker polls, with which steps, how many at once and how often. */
export function toQueues(
  config: Config,
  { activities, dataConverter, database, log }: QueueDependencies,
): WorkersOptions['workers'] {
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
    workflowBundle: { codePath: fileURLToPath(new URL('../workflow-bundle.js', import.meta.url)) },
  };
  const inSales = {
    interceptors: { activity: [traceSteps, createWinMeasure(database, log), heartbeats, permanentFailures] },
    maxConcurrentActivityTaskExecutions: 8,
  };

  return [
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
}
