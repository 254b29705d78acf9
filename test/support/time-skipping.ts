import { randomUUID } from 'node:crypto';
import { activityInfo } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import proto from '@temporalio/proto';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { inject } from 'vitest';
import { permanentFailures } from '../../src/activities/remote/permanent-failures.js';
import { TASK_QUEUES } from '../../src/deal/ids.js';
import { SEARCH_ATTRIBUTES } from '../../src/workflows/deals/search-attributes.js';
import { createNamespace } from './processes.js';
import { silenceOnce } from './temporal-runtime.js';

/**
 * Workflows on Temporal's test server, whose clock jumps to the next timer while a test waits for a result or calls
 * `sleep`: the real bundle, stand-in activities, no ledger and no API. One environment for a test file; the clock is its own.
 */
export interface TimeSkipping {
  readonly env: TestWorkflowEnvironment;
  /** From here on activities are answered by these; an activity without a stand-in fails its workflow by name. */
  answerWith(standIns: StandIns): void;
  close(): Promise<void>;
}

/** Activities as workflows call them, typed by the real ones; the queue does not matter to a test. */
export type StandIns = {
  readonly [Name in ActivityName]?: StandInFor<ActivityOf<Name, Proxies>>;
};

type Proxies = Module[keyof Module] | FeedModule[keyof FeedModule];
type Module = typeof import('../../src/workflows/activity-options.js');
type FeedModule = typeof import('../../src/workflows/feeds/activities.js');
type ActivityName = NamesIn<Proxies>;
type NamesIn<Proxy> = Proxy extends unknown ? keyof Proxy : never;
type ActivityOf<Name, Proxy> = Proxy extends unknown ? (Name extends keyof Proxy ? Proxy[Name] : never) : never;
type StandInFor<Activity> = Activity extends (...args: infer Args) => Promise<infer Result>
  ? (...args: Args) => Result | Promise<Result>
  : never;

export async function openTimeSkipping(): Promise<TimeSkipping> {
  const path = process.env['TEMPORAL_TEST_SERVER_PATH'];
  if (!path) throw new Error('run the tests by `npm test`: it finds the test server');
  silenceOnce();
  const env = await startServer(path);
  const namespace = env.namespace ?? 'default';
  await env.connection.operatorService.addSearchAttributes({ namespace, searchAttributes: searchAttributes() });
  return runWorkers(env, namespace);
}

/** The same on the real server, in a namespace of its own: for what the test server does otherwise. Its clock is nobody's. */
export async function openRealServer(): Promise<TimeSkipping> {
  const env = await openOwnNamespace('workflows');
  return runWorkers(env, env.namespace ?? '');
}

/** On the server of the run, without workers. */
export async function openOwnNamespace(name: string): Promise<TestWorkflowEnvironment> {
  silenceOnce();
  const namespace = `${name}-${randomUUID()}`;
  const address = inject('temporalAddress');
  const first = await TestWorkflowEnvironment.createFromExistingServer({ address });
  await createNamespace(first.connection, namespace);
  await first.teardown();
  return TestWorkflowEnvironment.createFromExistingServer({ address, namespace });
}

async function runWorkers(env: TestWorkflowEnvironment, namespace: string): Promise<TimeSkipping> {
  let answers: StandIns = {};
  const activities = {
    default: async (...args: unknown[]): Promise<unknown> => {
      const { activityType } = activityInfo();
      const answer = (answers as Readonly<Record<string, (...given: unknown[]) => unknown>>)[activityType];
      if (!answer) throw ApplicationFailure.nonRetryable(`no stand-in for ${activityType}`, 'NoStandIn');
      return answer(...args);
    },
  };
  const workflowBundle = { codePath: inject('workflowBundle') };
  const interceptors = { activity: [permanentFailures] };
  const common = { connection: env.nativeConnection, namespace, activities, interceptors };
  const workers = await Promise.all([
    Worker.create({ ...common, taskQueue: TASK_QUEUES.deals, workflowBundle }),
    Worker.create({ ...common, taskQueue: TASK_QUEUES.masters, workflowBundle }),
    Worker.create({ ...common, taskQueue: TASK_QUEUES.dataverse }),
    Worker.create({ ...common, taskQueue: TASK_QUEUES.businessCentral }),
    Worker.create({ ...common, taskQueue: TASK_QUEUES.alerts }),
  ]);
  const running = Promise.all(workers.map((worker) => worker.run()));
  return {
    env,
    answerWith: (standIns) => {
      answers = standIns;
    },
    async close() {
      for (const worker of workers) worker.shutdown();
      // The server ends with the environment, also when a worker failed.
      await running.finally(() => env.teardown());
    },
  };
}

/** The SDK gives the server five seconds to start, which a busy machine may not have: then it is started anew. */
async function startServer(path: string, triesLeft = 3): Promise<TestWorkflowEnvironment> {
  try {
    return await TestWorkflowEnvironment.createTimeSkipping({
      server: { executable: { type: 'existing-path', path } },
    });
  } catch (error) {
    if (triesLeft === 0 || !/did not start within/.test(String(error))) throw error;
    return startServer(path, triesLeft - 1);
  }
}

function searchAttributes(): Record<string, number> {
  const { IndexedValueType } = proto.temporal.api.enums.v1;
  const keys = Object.values(SEARCH_ATTRIBUTES);
  return Object.fromEntries(keys.map(({ name, type }) => [name, IndexedValueType[`INDEXED_VALUE_TYPE_${type}`]]));
}
