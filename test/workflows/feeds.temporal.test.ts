import { randomUUID } from 'node:crypto';
import { ApplicationFailure } from '@temporalio/common';
import { Worker } from '@temporalio/worker';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import type { ReconcileInput } from '../../src/activities/feeds/reconcile-sales.js';
import type { SubscriptionTask } from '../../src/activities/feeds/subscriptions.js';
import { TASK_QUEUES } from '../../src/deal/ids.js';
import {
  feedPositionQuery,
  loopPositionQuery,
  nudgeFeedSignal,
  nudgeFeedUpdate,
  nudgeLoopSignal,
  type OperatorCommand,
  pauseFeedSignal,
  pauseFeedUpdate,
  pauseLoopUpdate,
  resumeFeedSignal,
  resumeFeedUpdate,
  resumeLoopSignal,
} from '../../src/workflows/feeds/messages.js';
import type {
  carryFlow,
  invoiceFeed,
  keepSubscriptions,
  reconcileSales,
  salesFeed,
} from '../../src/workflows/index.js';
import { openTimeSkipping, type StandIns, type TimeSkipping } from '../support/time-skipping.js';

/** The loops that read, and what people and webhooks may send to them. */

let skipping: TimeSkipping;
/**
 * A loop never ends by itself, and a step that is under way when its run is terminated keeps the clock of the test server
 * from jumping ever again: so each test has an environment of its own.
 */
let workflowId = '';
beforeEach(async () => {
  workflowId = randomUUID();
  skipping = await openTimeSkipping();
});
afterEach(async () => {
  await skipping.env.client.workflow
    .getHandle(workflowId)
    .terminate()
    .catch(() => undefined);
  await skipping.close();
});

const PAGE = {
  phase: 'changes',
  isPaused: false,
  hasMore: false,
  waitSeconds: 30,
  rows: 1,
  taken: 1,
  positionAt: undefined,
  caughtUpAt: '2026-01-01T00:00:00Z',
} as const;

describe('the feed of a table of Sales', () => {
  async function start(answers: StandIns = {}) {
    // The ledger keeps the pause, and a page that is read says what the ledger says.
    const seen = { pages: 0, pausedBy: [] as string[], resumed: 0, isPaused: false };
    skipping.answerWith({
      readSalesPage: async () => {
        seen.pages += 1;
        return { ...PAGE, isPaused: seen.isPaused };
      },
      pauseFeed: async ({ by }) => {
        seen.pausedBy.push(by);
        seen.isPaused = true;
      },
      resumeFeed: async () => {
        seen.resumed += 1;
        seen.isPaused = false;
      },
      ...answers,
    });
    const feed = await skipping.env.client.workflow.start<typeof salesFeed>('salesFeed', {
      taskQueue: TASK_QUEUES.deals,
      workflowId,
      args: [{ table: 'quote' }],
    });
    await expect.poll(() => feed.query(feedPositionQuery)).not.toMatchObject({ pages: 0, lastError: undefined });
    return { feed, seen };
  }

  it('reads a page, waits as long as the page says, and reads again', async () => {
    const { feed, seen } = await start();
    await expect.poll(() => seen.pages).toBe(1);
    await skipping.env.sleep('31 seconds');
    await expect.poll(() => seen.pages).toBe(2);
    expect(await feed.query(feedPositionQuery)).toMatchObject({ table: 'quote', isPaused: false, pages: 2 });
  });

  it('reads on at once while there is more', async () => {
    let left = 3;
    const { feed } = await start({
      readSalesPage: async () => {
        left -= 1;
        return { ...PAGE, hasMore: left > 0 };
      },
    });
    await expect.poll(async () => (await feed.query(feedPositionQuery)).pages).toBe(3);
  });

  it('pauses and goes on by update, in the name of who paused it', async () => {
    const { feed, seen } = await start();
    await expect.poll(() => seen.pages).toBe(1);
    expect(await feed.executeUpdate(pauseFeedUpdate, { args: [{ by: 'ann' }] })).toMatchObject({ isPaused: true });
    // The page that tells of the pause is the last one, and a nudge makes no other.
    await expect.poll(() => seen.pages).toBe(2);
    await feed.executeUpdate(nudgeFeedUpdate, { args: [{ by: 'ann' }] });
    expect(await feed.query(feedPositionQuery)).toMatchObject({ isPaused: true, pages: 2 });
    expect(seen).toMatchObject({ pausedBy: ['ann'], resumed: 0 });
    const before = seen.pages;
    expect(await feed.executeUpdate(resumeFeedUpdate, { args: [{ by: 'ann' }] })).toMatchObject({ isPaused: false });
    await expect.poll(() => seen.pages).toBe(before + 1);
  });

  it('pauses and goes on by signal, and ignores one that does not fit', async () => {
    const { feed, seen } = await start();
    await feed.signal(pauseFeedSignal, {} as OperatorCommand);
    await feed.signal(pauseFeedSignal, { by: '' });
    await feed.signal(resumeFeedSignal, { by: 'ann', now: true } as OperatorCommand);
    const ignored = async () => (await feed.query(feedPositionQuery)).ignoredSignal;
    await expect.poll(ignored).toMatch(/^resume: input: expected no other fields than by, actor, got "now"$/);
    await feed.signal('Pause', { by: 'ann' });
    await expect.poll(ignored).toBe('Pause: expected one of pause, resume, nudge');
    await feed.signal(pauseFeedSignal, { by: 'ann' });
    await expect.poll(async () => (await feed.query(feedPositionQuery)).isPaused).toBe(true);
    expect(seen).toMatchObject({ pausedBy: ['ann'], resumed: 0 });
    await feed.signal(resumeFeedSignal, { by: 'ann' });
    await expect.poll(async () => (await feed.query(feedPositionQuery)).isPaused).toBe(false);
  });

  it('takes commands in their order, also when the ledger takes the first one last', async () => {
    let free: () => void = () => undefined;
    const ledgerIsThere = new Promise<void>((resolve) => {
      free = resolve;
    });
    let triesToPause = 0;
    // A try that took too long is repeated, and both reach the ledger.
    const switched = new Set<string>();
    const { feed, seen } = await start({
      pauseFeed: async () => {
        triesToPause += 1;
        await ledgerIsThere;
        switched.add('pause');
      },
      resumeFeed: async () => {
        switched.add('resume');
      },
    });
    await expect.poll(() => seen.pages).toBe(1);
    const accepted: { args: [OperatorCommand]; waitForStage: 'ACCEPTED' } = {
      args: [{ by: 'ann' }],
      waitForStage: 'ACCEPTED',
    };
    const pause = await feed.startUpdate(pauseFeedUpdate, accepted);
    await expect.poll(() => triesToPause).not.toBe(0);
    const resume = await feed.startUpdate(resumeFeedUpdate, accepted);
    free();
    await Promise.all([pause.result(), resume.result()]);
    expect([...switched]).toEqual(['pause', 'resume']);
    expect(await feed.query(feedPositionQuery)).toMatchObject({ isPaused: false });
    const history = await feed.fetchHistory();
    await Worker.runReplayHistory({ workflowBundle: { codePath: inject('workflowBundle') } }, history, workflowId);
  });

  it('refuses an update without a name', async () => {
    const { feed, seen } = await start();
    const pause = feed.executeUpdate(pauseFeedUpdate, { args: [{} as OperatorCommand] });
    await expect(pause).rejects.toMatchObject({
      cause: { message: 'by: expected a text of 1 to 100 characters, got nothing' },
    });
    expect(seen.pausedBy).toEqual([]);
  });

  it('reads now when it is nudged, by a webhook or by a person', async () => {
    const { feed, seen } = await start();
    await expect.poll(() => seen.pages).toBe(1);
    await feed.signal(nudgeFeedSignal);
    await skipping.env.sleep('1 second');
    await expect.poll(() => seen.pages).toBe(2);
    await feed.executeUpdate(nudgeFeedUpdate, { args: [{ by: 'ann' }] });
    await skipping.env.sleep('1 second');
    await expect.poll(() => seen.pages).toBe(3);
  });

  it('that is refused says why, and tries again', async () => {
    let isRefused = true;
    const { feed } = await start({
      readSalesPage: async () => {
        if (isRefused) throw ApplicationFailure.nonRetryable('no privilege', 'Refused');
        return PAGE;
      },
    });
    await expect.poll(async () => (await feed.query(feedPositionQuery)).lastError).toBe('no privilege');
    isRefused = false;
    await skipping.env.sleep('2 minutes');
    await expect.poll(async () => (await feed.query(feedPositionQuery)).lastError).toBeUndefined();
  });
});

describe('the feed of the invoices of Business Central', () => {
  const start = () =>
    skipping.env.client.workflow.start<typeof invoiceFeed>('invoiceFeed', {
      taskQueue: TASK_QUEUES.deals,
      workflowId,
      args: [{ companyId: 'company-1' }],
    });

  it('reads page after page, rests, and reads at once when it is nudged', async () => {
    const pages: (string | undefined)[] = [];
    skipping.answerWith({
      readInvoicePage: async ({ next }) => {
        pages.push(next);
        const isFirst = next === undefined;
        return { watermark: 'w-1', everySeconds: 600, found: 1, notified: 1, next: isFirst ? 'n-1' : undefined };
      },
    });
    const feed = await start();
    await expect.poll(() => pages).toEqual([undefined, 'n-1']);
    await feed.signal(nudgeLoopSignal);
    await expect.poll(() => pages).toEqual([undefined, 'n-1', undefined, 'n-1']);
    expect(await feed.query(loopPositionQuery)).toMatchObject({ watermark: 'w-1', isPaused: false });
  });

  it('reads nothing while it is paused', async () => {
    let pages = 0;
    skipping.answerWith({
      readInvoicePage: async () => {
        pages += 1;
        return { watermark: 'w-1', everySeconds: 5, found: 0, notified: 0 };
      },
    });
    const feed = await start();
    expect(await feed.executeUpdate(pauseLoopUpdate, { args: [{ by: 'ann' }] })).toMatchObject({ isPaused: true });
    await feed.signal(nudgeLoopSignal);
    expect(await feed.query(loopPositionQuery)).toMatchObject({ isPaused: true });
    const before = pages;
    await feed.signal(resumeLoopSignal, { by: 'ann' });
    await expect.poll(() => pages).toBeGreaterThan(before);
  });

  it('begins a new run while it is paused, before its signals are too many', async () => {
    skipping.answerWith({
      readInvoicePage: async () => ({ watermark: 'w-1', everySeconds: 600, found: 0, notified: 0 }),
    });
    const feed = await start();
    await feed.executeUpdate(pauseLoopUpdate, { args: [{ by: 'ann' }] });
    // A run takes a thousand commands.
    for (let sent = 0; sent < 1_000; sent += 50)
      await Promise.all(Array.from({ length: 50 }, () => feed.signal(nudgeLoopSignal)));
    const latest = () => skipping.env.client.workflow.getHandle(workflowId);
    await expect.poll(async () => (await latest().describe()).runId).not.toBe(feed.firstExecutionRunId);
    expect(await latest().query(loopPositionQuery)).toMatchObject({ isPaused: true });
  });

  it('that is refused says why, and waits before it reads again', async () => {
    skipping.answerWith({
      readInvoicePage: async () => {
        throw ApplicationFailure.nonRetryable('no permission', 'Refused');
      },
    });
    const feed = await start();
    await expect.poll(() => feed.query(loopPositionQuery)).toMatchObject({ lastError: 'no permission' });
    const bad = feed.executeUpdate(pauseLoopUpdate, { args: [{ by: '' }] });
    await expect(bad).rejects.toMatchObject({ cause: { message: expect.stringMatching(/^by: expected/) } });
  });

  it('that is refused again and again rests twice as long each time, and begins anew once it was not', async () => {
    const refused = [true, true, true, false, true, true];
    skipping.answerWith({
      readInvoicePage: async () => {
        if (refused.shift() ?? true) throw ApplicationFailure.nonRetryable('no permission', 'Refused');
        return { watermark: 'w-1', everySeconds: 30, found: 0, notified: 0 };
      },
    });
    const feed = await start();
    await expect.poll(() => refused).toHaveLength(5);
    await skipping.env.sleep('101 seconds');
    await expect.poll(() => refused).toEqual([]);
    const { events } = await feed.fetchHistory();
    const rests = (events ?? []).flatMap(({ timerStartedEventAttributes: timer }) =>
      timer ? [Number(timer.startToFireTimeout?.seconds)] : [],
    );
    expect(rests.slice(0, 5)).toEqual([10, 20, 40, 30, 10]);
  });
});

describe('the loop that keeps the subscriptions', () => {
  it('creates, renews and moves them, and goes on past one that fails', async () => {
    const done: string[] = [];
    const tasks: SubscriptionTask[] = [
      { resource: 'salesInvoices', todo: 'create', etag: '' },
      { resource: 'salesOrders', todo: 'renew', etag: '1' },
      { resource: 'customers', todo: 'move', etag: '2' },
    ];
    skipping.answerWith({
      findSubscriptionTasks: async () => tasks,
      createSubscription: async ({ resource }) => {
        done.push(`create ${resource}`);
      },
      renewSubscription: async ({ resource }) => {
        done.push(`renew ${resource}`);
        throw ApplicationFailure.nonRetryable('gone', 'Refused');
      },
      deleteSubscription: async ({ resource }) => {
        done.push(`delete ${resource}`);
      },
    });
    const loop = await skipping.env.client.workflow.start<typeof keepSubscriptions>('keepSubscriptions', {
      taskQueue: TASK_QUEUES.deals,
      workflowId,
      args: [{ companyId: 'company-1' }],
    });
    await expect.poll(() => loop.query(loopPositionQuery)).toMatchObject({ problems: { salesOrders: 'gone' } });
    const all = ['create salesInvoices', 'renew salesOrders', 'delete customers', 'create customers'];
    expect(done).toEqual(all);
    // After a failure it comes again in five minutes, otherwise in an hour.
    tasks.length = 0;
    await skipping.env.sleep('6 minutes');
    await expect.poll(() => loop.query(loopPositionQuery)).toMatchObject({ problems: {} });
  });
});

describe('a flow', () => {
  const CARRIED = { carried: 0, noted: 0, deferred: 0, hasMore: false, everySeconds: 3_600 };
  const start = () =>
    skipping.env.client.workflow.start<typeof carryFlow>('carryFlow', {
      taskQueue: TASK_QUEUES.deals,
      workflowId,
      args: [{ companyId: 'company-1', flow: 'invoicePdf' }],
    });

  it('takes every page, carries all of it, and comes again after the time of its rule', async () => {
    const done: string[] = [];
    skipping.answerWith({
      collectFlow: async ({ next }) => {
        done.push(`collect ${next ?? 'first'}`);
        return { found: 1, next: next === undefined ? 'second' : undefined };
      },
      carryFlow: async () => {
        done.push('carry');
        return { ...CARRIED, carried: 2, noted: 1, hasMore: done.filter((step) => step === 'carry').length === 1 };
      },
    });
    const flow = await start();
    await expect.poll(() => flow.query(loopPositionQuery)).toMatchObject({ carried: 4, noted: 2 });
    expect(done).toEqual(['collect first', 'collect second', 'carry', 'carry']);
    await skipping.env.sleep('61 minutes');
    await expect.poll(() => done.slice(4)).toEqual(['collect first', 'collect second', 'carry']);
  });

  it('says what stops it, asks again after ten seconds, and looks for what may have landed after a minute', async () => {
    const answers = { collected: 0, carried: 0 };
    skipping.answerWith({
      collectFlow: async () => {
        answers.collected += 1;
        if (answers.collected === 1) throw ApplicationFailure.nonRetryable('no permission', 'Refused');
        return { found: 0 };
      },
      carryFlow: async () => {
        answers.carried += 1;
        return { ...CARRIED, deferred: answers.carried === 1 ? 1 : 0 };
      },
    });
    const flow = await start();
    await expect.poll(() => flow.query(loopPositionQuery)).toMatchObject({ lastError: 'no permission' });
    await skipping.env.sleep('11 seconds');
    await expect.poll(() => answers).toEqual({ collected: 2, carried: 1 });
    expect(await flow.query(loopPositionQuery)).not.toHaveProperty('lastError');
    await skipping.env.sleep('61 seconds');
    await expect.poll(() => answers).toEqual({ collected: 3, carried: 2 });
  });

  it('that the rules name no more ends', async () => {
    skipping.answerWith({ collectFlow: async () => 'off' as const });
    await (await start()).result();
  });
});

describe('the nightly reconciliation', () => {
  it('reads every table to its end and adds up what was missed', async () => {
    const read: string[] = [];
    skipping.answerWith({
      reconcileSalesPage: async ({ table, progress }: ReconcileInput) => {
        read.push(table);
        const isFirst = progress === undefined;
        const link = isFirst && table === 'quote' ? 'next' : undefined;
        return { link, since: '2026-01-01', rows: (progress?.rows ?? 0) + 10, missed: (progress?.missed ?? 0) + 1 };
      },
    });
    const result = await skipping.env.client.workflow.execute<typeof reconcileSales>('reconcileSales', {
      taskQueue: TASK_QUEUES.deals,
      workflowId,
      args: [],
    });
    expect(read).toEqual(['opportunity', 'quote', 'quote', 'salesorder']);
    expect(result).toMatchObject({ quote: { rows: 20, missed: 2 }, salesorder: { rows: 10, missed: 1 } });
  });
});
