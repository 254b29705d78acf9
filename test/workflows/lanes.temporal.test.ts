import { randomUUID } from 'node:crypto';
import { activityInfo } from '@temporalio/activity';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import type { Policy, RecordRef } from '../../src/deal/deal.js';
import { TASK_QUEUES } from '../../src/deal/ids.js';
import { type LanesByCompany, laneQueue, PRIORITIES } from '../../src/deal/lanes.js';
import { startDeal } from '../../src/dispatch/start-deal.js';
import { createFollowMasters } from '../../src/dispatch/take-master-changes.js';
import type { DealLedger } from '../../src/ledger/deals/deal-ledger.js';
import { makeDealWorld } from '../support/deal-world.js';
import { openOwnNamespace, type StandIns } from '../support/time-skipping.js';

/** Who goes first where tasks wait, on the real server: the test server knows neither priority nor fairness. */

let env: TestWorkflowEnvironment;
/** Also those of a test that failed: no queue has two workers of one process. */
let polling: { stop(): Promise<void> }[];
/** What ran from a queue, in the order in which the server gave it out. */
let given: { readonly type: string; readonly company: string | undefined; readonly queue: string }[];
let answers: StandIns;
let lanes: LanesByCompany | undefined;

beforeAll(async () => {
  env = await openOwnNamespace('lanes');
});
afterAll(() => env?.teardown());

beforeEach(async () => {
  given = [];
  lanes = undefined;
  polling = [];
  await run(TASK_QUEUES.deals, 'runs');
  await run(TASK_QUEUES.masters, 'runs');
});
afterEach(() => Promise.all(polling.map((worker) => worker.stop())));

/** A worker with one place for steps, so that the order is the server's; where it has runs they come with as many as they like. */
async function run(taskQueue: string, what: 'runs' | 'runs alone' | 'steps' = 'steps'): Promise<void> {
  const worker = await Worker.create({
    connection: env.nativeConnection,
    namespace: env.namespace ?? '',
    taskQueue,
    ...(what !== 'steps'
      ? {
          workflowBundle: { codePath: inject('workflowBundle') },
          // As the product's: the steps of a deal in Sales come with its run.
          enableNonLocalActivities: what === 'runs' && taskQueue === TASK_QUEUES.deals,
        }
      : { maxConcurrentActivityTaskExecutions: 1, maxConcurrentActivityTaskPolls: 1 }),
    activities: {
      default: async (...args: unknown[]): Promise<unknown> => {
        const { activityType, isLocal } = activityInfo();
        const [input] = args as [{ readonly companyId?: string } | undefined];
        if (!isLocal) given.push({ type: activityType, company: input?.companyId, queue: taskQueue });
        const answer = (answers as Readonly<Record<string, (...all: unknown[]) => unknown>>)[activityType];
        return answer?.(...args);
      },
    },
  });
  const running = worker.run();
  polling.push({
    async stop() {
      worker.shutdown();
      await running;
    },
  });
}

/** As the ledger's steps and the readers of both systems answer, for the deals of one company. */
function answersOf(
  companyOf: (recordId: string) => string,
  policy: Partial<Policy> = {},
): StandIns & Required<Pick<StandIns, 'beginDeal'>> {
  const { standIns } = makeDealWorld({ env, answerWith: () => undefined, close: async () => undefined }, policy);
  return {
    ...standIns,
    beginDeal: async (ref) => {
      const companyId = companyOf(ref.recordId);
      const { progress, deal } = await standIns.beginDeal(ref);
      if (!deal) throw new Error('a deal that nobody knew is needed');
      const place = { context: { ...deal.context, companyId }, nextCompanyId: companyId };
      return { progress: { ...progress, ...(lanes && { lanes }) }, deal: { ...deal, ...ref, ...place } };
    },
    claimDeal: async () => ({ kind: 'carrier', masters: { customer: undefined, unknownProducts: [] } }),
  };
}

/** The companies of deals that were read before. */
const known = new Map<string, string>();
const ledger = {
  findLabel: async () => undefined,
  register: async ({ recordId }: RecordRef) => ({
    state: 'seen',
    endedBy: undefined,
    companyId: known.get(recordId),
  }),
} as unknown as DealLedger;
const start = (recordId: string) => startDeal({ temporal: env.client, ledger }, { table: 'salesorder', recordId });

/** Until so many steps wait in the queue, or on their way to it. */
async function untilScheduled(workflowIds: readonly string[], type: string): Promise<void> {
  await expect
    .poll(
      async () => {
        const runs = await Promise.all(workflowIds.map((id) => env.client.workflow.getHandle(id).describe()));
        return runs.every(({ raw }) => raw.pendingActivities?.some(({ activityType }) => activityType?.name === type));
      },
      { timeout: 20_000, interval: 50 },
    )
    .toBe(true);
}

const end = (workflowIds: readonly string[]) =>
  Promise.all(
    workflowIds.map((id) =>
      env.client.workflow
        .getHandle(id)
        .terminate()
        .catch(() => undefined),
    ),
  );

describe('a deal', () => {
  it('is read while masters wait, and those that have just changed go before a backfill, whenever they came', async () => {
    answers = answersOf(() => 'company-1');
    const follow = createFollowMasters(env.client, { quietMs: 0 });
    const backfill = Array.from({ length: 10 }, () => randomUUID());
    const changed = Array.from({ length: 3 }, () => randomUUID());
    for (const rowId of backfill) await follow.followAccount('account', rowId, {}, true);
    const backfillRuns = backfill.map((rowId) => `account-${rowId}`);
    await untilScheduled(backfillRuns, 'readAccount');
    for (const rowId of changed) await follow.followProduct(rowId, {});
    const changedRuns = changed.map((rowId) => `product-${rowId}`);
    await untilScheduled(changedRuns, 'readProduct');
    const recordId = randomUUID();
    await start(recordId);
    await untilScheduled([recordId], 'findCustomer');
    expect(given).toEqual([{ type: 'beginDeal', company: undefined, queue: TASK_QUEUES.deals }]);

    await run(TASK_QUEUES.dataverse);
    await expect.poll(() => given.length, { timeout: 20_000 }).toBeGreaterThanOrEqual(14);
    const order = given.slice(1, 14).map(({ type }) => type);
    // The server may have given the first task to the poller before it compared.
    expect(Math.max(...changed.map((_, index) => order.indexOf('readProduct') + index))).toBeLessThanOrEqual(3);
    expect(order.slice(4).every((type) => type === 'readAccount')).toBe(true);
    await end([...backfillRuns, ...changedRuns, recordId]);
  });
});

describe('a queue that is behind', () => {
  /** The steps in Business Central that runs of each class begin with, and their class. */
  const CLASSES: Readonly<Record<string, number>> = {
    findCustomer: PRIORITIES.deal,
    readOpenInvoicePage: PRIORITIES.feed,
    findItemOfProduct: PRIORITIES.master,
    stageMasters: PRIORITIES.drift,
    watchHold: PRIORITIES.drift,
    findCustomerOfAccount: PRIORITIES.backfill,
  };

  /** Of the ids of their runs. */
  const PREFIXES: Readonly<Record<string, string>> = {
    findItemOfProduct: 'product-',
    findCustomerOfAccount: 'account-',
  };

  it('gives out deals, feeds, masters, comparisons with looks at holds, and a backfill, in this order', async () => {
    const recordId = randomUUID();
    const held: readonly string[] = Array.from({ length: 3 }, () => randomUUID());
    const usual = answersOf(() => 'company-1');
    const row = { kind: 'followed', isActive: true, isLinked: false, echo: 'as it is' };
    answers = {
      ...usual,
      async beginDeal(ref) {
        const { progress, deal } = await usual.beginDeal(ref);
        const problems = held.includes(ref.recordId) ? [{ reason: 'no-lines', text: 'it has no lines' } as const] : [];
        return { progress, ...(deal && { deal: { ...deal, problems } }) };
      },
      readAccount: async () => row,
      readProduct: async () => row,
      startDrift: async () => ['product'],
      recordMissing: async () => ({ hasMore: false }),
      readOpenInvoicePage: async () => ({ beganAt: '2026-01-01T00:00:00Z', found: 0, notified: 0, next: undefined }),
      listUnmetInvoices: async () => [],
    } as StandIns;
    await run(TASK_QUEUES.dataverse);
    const follow = createFollowMasters(env.client, { quietMs: 0 });
    const runs: string[] = [];
    /** The later its class, the sooner it comes. */
    const come = async (ids: readonly string[], step: string, begin: (id: string) => Promise<unknown>) => {
      for (const id of ids) await begin(id);
      const workflowIds = ids.map((id) => `${PREFIXES[step] ?? ''}${id}`);
      runs.push(...workflowIds);
      await untilScheduled(workflowIds, step);
    };
    const some = () => Array.from({ length: 3 }, () => randomUUID());
    const startRun = (workflowType: 'reportDrift' | 'sweepInvoices', taskQueue: string) => (workflowId: string) =>
      env.client.workflow.start(workflowType, { taskQueue, workflowId, args: [{ companyId: 'company-1' }] });
    await come(some(), 'findCustomerOfAccount', (id) => follow.followAccount('account', id, {}, true));
    await come(held, 'watchHold', start);
    await come(some(), 'stageMasters', startRun('reportDrift', TASK_QUEUES.masters));
    await come(some(), 'findItemOfProduct', (id) => follow.followProduct(id, {}));
    await come(some(), 'readOpenInvoicePage', startRun('sweepInvoices', TASK_QUEUES.deals));
    await come([recordId], 'findCustomer', start);

    await run(TASK_QUEUES.businessCentral);
    const order = () => given.flatMap(({ type }) => CLASSES[type] ?? []);
    await expect.poll(() => order().length, { timeout: 20_000 }).toBe(16);
    // The server may have given the first task to the poller before it compared.
    const [, ...compared] = order();
    expect(compared).toEqual(compared.toSorted());
    await end(runs);
  });

  it('gives out what a posted deal writes back behind the deals that begin', async () => {
    const [posted, first, last] = [randomUUID(), randomUUID(), randomUUID()];
    const usual = answersOf(() => 'company-1', { confirmation: { by: 'rule' } });
    let free: () => void = () => undefined;
    const isFree = new Promise<void>((resolve) => {
      free = resolve;
    });
    answers = {
      ...usual,
      async beginDeal(ref) {
        if (ref.recordId === first) await isFree;
        return usual.beginDeal(ref);
      },
    };
    await polling.shift()?.stop();
    await run(TASK_QUEUES.deals, 'runs alone');
    await run(TASK_QUEUES.deals);
    await start(posted);
    await untilScheduled([posted], 'findCustomer');
    // It has the only place for steps in Sales.
    await start(first);
    await expect.poll(() => given.length).toBe(2);
    await run(TASK_QUEUES.businessCentral);
    await untilScheduled([posted], 'createInvoiceRow');
    await start(last);
    await untilScheduled([last], 'beginDeal');
    free();
    const inSales = () => given.filter(({ queue }) => queue === TASK_QUEUES.deals).map(({ type }) => type);
    await expect.poll(inSales).toContain('createInvoiceRow');
    expect(inSales()).toEqual(['beginDeal', 'beginDeal', 'beginDeal', 'createInvoiceRow']);
    await end([posted, first, last]);
  });
});

describe('a run of a backfill', () => {
  it('waits for no further change, and what it leads to waits as it does', async () => {
    const seen: { readonly contact: string; readonly input: unknown }[] = [];
    let contact = '';
    answers = {
      ...answersOf(() => 'company-1'),
      readAccount: async () => ({ kind: 'belongs-to', accountId: 'its account' }),
      followMaster: async (input) => void seen.push({ contact, input }),
    };
    await run(TASK_QUEUES.dataverse);
    const [patient, hurried] = [1_000, 600_000].map((quietMs) => createFollowMasters(env.client, { quietMs }));
    const of = (isBackfill: boolean) => ({ kind: 'account', rowId: 'its account', isThorough: false, isBackfill });
    const rowIds = [randomUUID(), randomUUID()] as const;
    contact = 'of a backfill';
    await hurried?.followAccount('contact', rowIds[0], {}, true);
    await expect.poll(() => seen, { timeout: 10_000 }).toEqual([{ contact, input: of(true) }]);
    contact = 'that changed';
    await patient?.followAccount('contact', rowIds[1], {});
    await expect.poll(() => seen.slice(1), { timeout: 10_000 }).toEqual([{ contact, input: of(false) }]);
    await end(rowIds.map((rowId) => `account-${rowId}`));
  });
});

describe('companies', () => {
  it('share a queue, and the backlog of one does not keep another one waiting', async () => {
    const [big, small] = [randomUUID(), randomUUID()];
    const ofBig = Array.from({ length: 12 }, () => randomUUID());
    const ofSmall = randomUUID();
    answers = answersOf((recordId) => (recordId === ofSmall ? small : big));
    await run(TASK_QUEUES.dataverse);
    for (const recordId of ofBig) await start(recordId);
    await untilScheduled(ofBig, 'findCustomer');
    await start(ofSmall);
    await untilScheduled([ofSmall], 'findCustomer');
    await run(TASK_QUEUES.businessCentral);
    const found = () => given.filter(({ type }) => type === 'findCustomer');
    await expect.poll(() => found().length, { timeout: 20_000 }).toBe(13);
    expect(found().findIndex(({ company }) => company === small)).toBeLessThanOrEqual(2);
    await end([...ofBig, ofSmall]);
  });

  it('take turns from the first step on where their deals were read before', async () => {
    const [big, small] = [randomUUID(), randomUUID()];
    const ofBig = Array.from({ length: 12 }, () => randomUUID());
    const ofSmall = randomUUID();
    for (const recordId of ofBig) known.set(recordId, big);
    known.set(ofSmall, small);
    const begun: string[] = [];
    const usual = answersOf(() => big);
    answers = {
      ...usual,
      async beginDeal(ref) {
        begun.push(ref.recordId);
        return usual.beginDeal(ref);
      },
    };
    await polling.shift()?.stop();
    await run(TASK_QUEUES.deals, 'runs alone');
    for (const recordId of [...ofBig, ofSmall]) await start(recordId);
    await untilScheduled([...ofBig, ofSmall], 'beginDeal');
    await run(TASK_QUEUES.deals);
    await expect.poll(() => begun.length, { timeout: 20_000 }).toBe(13);
    expect(begun.indexOf(ofSmall)).toBeLessThanOrEqual(2);
    await end([...ofBig, ofSmall]);
  });

  it('with an app registration of their own have a queue of their own', async () => {
    const [here, abroad] = [randomUUID(), randomUUID()];
    lanes = { [abroad]: laneQueue('us') };
    const records = [randomUUID(), randomUUID()];
    answers = answersOf((recordId) => (recordId === records[0] ? here : abroad));
    for (const queue of [TASK_QUEUES.dataverse, TASK_QUEUES.businessCentral, laneQueue('us')]) await run(queue);
    for (const recordId of records) await start(recordId);
    const inCompanies = () => given.filter(({ company }) => company !== undefined);
    await expect
      .poll(() => inCompanies().filter(({ type }) => type === 'createDraft').length, { timeout: 20_000 })
      .toBe(2);
    expect(new Set(inCompanies().map(({ company, queue }) => `${company} ${queue}`))).toEqual(
      new Set([`${here} business-central`, `${abroad} business-central-us`]),
    );
    await end(records);
  });
});
