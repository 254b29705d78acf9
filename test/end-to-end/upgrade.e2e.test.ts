import type { ChildProcess } from 'node:child_process';
import { afterEach, describe, expect, inject, it } from 'vitest';
import { TASK_QUEUES, WORKER_DEPLOYMENT } from '../../src/deal/ids.js';
import { startDeal } from '../../src/dispatch/start-deal.js';
import { createDealer, until } from '../support/deals.js';
import { confirmDeal } from '../support/decisions.js';
import { openStage, type Stage } from '../support/processes.js';

/** A new worker takes over while deals are under way. */
let stage: Stage;
afterEach(() => stage?.close());

function ended(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null) return Promise.resolve(child.exitCode);
  return new Promise((resolve) => child.once('exit', resolve));
}

/** Who did the steps of a run: process id and machine. */
async function workersOf(id: string): Promise<(string | null | undefined)[]> {
  const { events } = await stage.temporal.workflow.getHandle(id).fetchHistory();
  return (events ?? []).flatMap((event) => event.workflowTaskStartedEventAttributes?.identity ?? []);
}

describe('a rolling deployment', () => {
  it('stops the old worker in the middle of running deals, and none of them fails or is done twice', async () => {
    stage = await openStage({ temporalAddress: inject('temporalAddress'), rules: 'test/rules/automatic.yaml' });
    const dealer = createDealer(stage);
    // Slow enough that every deal is under way when the workers change.
    stage.simulators.businessCentral.faults.add({ match: {}, times: 0, effect: { kind: 'delay', ms: 150 } });
    const old = stage.worker;
    await stage.startWorker();
    const deals = Array.from({ length: 16 }, () => dealer.takeKnown());
    await Promise.all(deals.map(({ id }) => startDeal(stage, { table: 'salesorder', recordId: id })));
    await until(() => deals.some((deal) => dealer.invoicesOf(deal).length > 0));
    const isDone = (deal: (typeof deals)[number]): boolean => [...dealer.salesInvoicesOf(deal)].length > 0;
    const gone = ended(old);
    old.kill('SIGTERM');
    expect(deals.filter(isDone).length).toBeLessThan(deals.length);
    expect(await gone).toBe(0);

    for (const deal of deals) {
      await dealer.untilState(deal, 'written-back');
      // Throws for a run that failed or was terminated.
      expect(await dealer.result(deal)).toMatchObject({ outcome: expect.any(String) });
      expect(dealer.invoicesOf(deal).map(({ isPosted }) => isPosted)).toEqual([true]);
      expect([...dealer.salesInvoicesOf(deal)]).toHaveLength(1);
    }
    const workers = (await Promise.all(deals.map(({ id }) => workersOf(id)))).flat();
    expect(workers.some((identity) => identity?.startsWith(`${old.pid}@`))).toBe(true);
    expect(workers.some((identity) => identity?.startsWith(`${stage.worker.pid}@`))).toBe(true);
  });
});

describe('a version of the worker', () => {
  const setCurrent = (buildId: string) =>
    stage.temporal.workflowService.setWorkerDeploymentCurrentVersion({
      namespace: stage.temporal.options.namespace,
      deploymentName: WORKER_DEPLOYMENT,
      version: `${WORKER_DEPLOYMENT}.${buildId}`,
      buildId,
      identity: 'test',
    });
  /** A version exists once its three queues are polled. */
  const untilKnown = (buildId: string) =>
    until(async () => {
      const { namespace } = stage.temporal.options;
      const deploymentVersion = { deploymentName: WORKER_DEPLOYMENT, buildId };
      const version = `${WORKER_DEPLOYMENT}.${buildId}`;
      const known = await stage.temporal.workflowService
        .describeWorkerDeploymentVersion({ namespace, version, deploymentVersion })
        .catch(() => undefined);
      const queues = known?.workerDeploymentVersionInfo?.taskQueueInfos?.map(({ name }) => name) ?? [];
      return Object.values(TASK_QUEUES).every((name) => queues.includes(name));
    });
  const buildsOf = async (id: string): Promise<(string | null | undefined)[]> => {
    const { events } = await stage.temporal.workflow.getHandle(id).fetchHistory();
    return (events ?? []).flatMap((event) => {
      const done = event.workflowTaskCompletedEventAttributes;
      return done ? [done.deploymentVersion?.buildId] : [];
    });
  };

  it('takes over a deal that waits for a person once it is made the current one', async () => {
    stage = await openStage({
      temporalAddress: inject('temporalAddress'),
      rules: 'test/rules/person.yaml',
      env: { WORKER_BUILD_ID: 'one' },
    });
    const dealer = createDealer(stage);
    const deal = dealer.takeKnown();
    await untilKnown('one');
    await setCurrent('one');
    await startDeal(stage, { table: 'salesorder', recordId: deal.id });
    await dealer.untilState(deal, 'awaiting-confirmation');

    const first = stage.worker;
    stage.env['WORKER_BUILD_ID'] = 'two';
    await stage.startWorker();
    await untilKnown('two');
    await setCurrent('two');
    const gone = ended(first);
    first.kill('SIGTERM');
    expect(await gone).toBe(0);

    expect(await dealer.status(deal)).toMatchObject({ state: 'awaiting-confirmation' });
    await confirmDeal(stage.temporal, deal.id);
    await dealer.untilState(deal, 'written-back');
    const builds = await buildsOf(deal.id);
    expect(builds[0]).toBe('one');
    expect(builds.at(-1)).toBe('two');
    expect(dealer.invoicesOf(deal)).toHaveLength(1);
  });
});
