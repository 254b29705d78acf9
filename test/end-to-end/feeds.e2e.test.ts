import type { SeedDocument } from '@dealbridge/simulators/seed/distributor.js';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { FEED_TABLES, SOURCE_TABLES, salesFeedId } from '../../src/deal/ids.js';
import { ensureFeeds } from '../../src/dispatch/ensure/sales-feeds.js';
import { createDealer, until } from '../support/deals.js';
import { createListener } from '../support/feeds.js';
import { keepHistory } from '../support/histories.js';
import { openStage, type Stage } from '../support/processes.js';
import { createSeller } from '../support/sales.js';
import { getToken } from '../support/tokens.js';

/** What the feeds do when nothing else tells of a won deal. */

let stage: Stage;
let dealer: ReturnType<typeof createDealer>;
let seller: ReturnType<typeof createSeller>;
let listener: ReturnType<typeof createListener>;

beforeAll(async () => {
  stage = await openStage({
    temporalAddress: inject('temporalAddress'),
    rules: 'test/rules/feeds.yaml',
    feeds: true,
  });
  dealer = createDealer(stage);
  seller = createSeller(stage.simulators);
  listener = createListener(stage);
  await listener.untilComplete();
});
afterAll(() => stage?.close());
afterEach(() => {
  stage.simulators.dataverse.webhooks.faults.drop = 0;
  stage.simulators.dataverse.faults.clear();
});

const dropWebhooks = (): void => {
  stage.simulators.dataverse.webhooks.faults.drop = 1;
};
const takeKind = (kind: SeedDocument['kind'], index: number): SeedDocument => {
  const found = stage.simulators.data.documents.filter((document) => document.kind === kind)[index];
  if (!found) throw new Error(`the seed holds no ${kind} ${index}`);
  return found;
};
const settled = (deal: SeedDocument) =>
  until(async () => (await stage.ledger.findRecord(deal.id))?.state === 'written-back');
const gapsOf = async (source: 'webhook' | 'feed' | 'count') =>
  (await listener.detections.readGaps(new Date(0), 100)).flatMap(({ sources }) =>
    sources[source].gaps.map((gap) => gap.recordId),
  );

/** A change that our own Application User makes. */
async function changeOurselves(path: string, body: object, method = 'PATCH'): Promise<void> {
  const { connection } = stage.simulators;
  const response = await fetch(`${connection.dataverse}/api/data/v9.2/${path}`, {
    method,
    headers: {
      authorization: `Bearer ${await getToken(connection, connection.dataverseApp)}`,
      'content-type': 'application/json',
      'if-match': '*',
    },
    body: JSON.stringify(body),
  });
  expect(response.ok).toBe(true);
}

describe('the first reading', () => {
  it('knows every row there is and starts none that is older than itself', async () => {
    for (const table of FEED_TABLES) {
      const { rows } = await stage.database.query<{ count: string }>(
        'SELECT count(*) FROM sales_rows WHERE source_table = $1 AND settled_version = version',
        [table],
      );
      expect(Number(rows[0]?.count)).toBe(stage.simulators.dataverse.store.count(table));
    }
    expect((await stage.ledger.listRecords({ limit: 10 })).rows).toEqual([]);
  });

  it('runs once for each table, however many starters make sure of it', async () => {
    const runs = async () =>
      Promise.all(FEED_TABLES.map(async (table) => (await listener.handle(table).describe()).runId));
    const before = await runs();
    await Promise.all([
      ensureFeeds(stage.temporal, { countAt: { hour: 4, minute: 30 } }),
      ensureFeeds(stage.temporal, { countAt: { hour: 4, minute: 30 } }),
    ]);
    expect(await runs()).toEqual(before);
    const { spec } = await stage.temporal.schedule.getHandle('reconcile-sales').describe();
    expect(spec.calendars?.[0]).toMatchObject({ hour: [{ start: 4 }], minute: [{ start: 30 }] });
  });
});

describe('deals whose webhooks were dropped', () => {
  it('are started by the feeds, and the gaps name exactly them', async () => {
    dropWebhooks();
    const [opportunity, quote, order] = [takeKind('opportunity', 0), takeKind('quote', 0), dealer.take()];
    await seller.winOpportunity(opportunity.id);
    await seller.winQuote(quote.id);
    await seller.submitOrder(order.id);
    const dropped = [opportunity, quote, order];
    for (const deal of dropped) await settled(deal);

    const told = dealer.take();
    stage.simulators.dataverse.webhooks.faults.drop = 0;
    await seller.submitOrder(told.id);
    await settled(told);
    await listener.untilSettled('salesorder', told.id);

    const deliveries = stage.simulators.dataverse.webhooks.deliveries;
    const neverSent = new Set(deliveries.filter(({ status }) => status === 'dropped').map(({ recordId }) => recordId));
    expect([...neverSent].sort()).toEqual(dropped.map(({ id }) => id).sort());
    expect((await gapsOf('webhook')).sort()).toEqual([...neverSent].sort());
    expect(await gapsOf('feed')).toEqual([]);
    for (const deal of dropped)
      expect((await stage.temporal.workflow.getHandle(deal.id).describe()).status.name).toBe('COMPLETED');
  });

  it('the command line shows feeds and gaps, and names the records', async () => {
    const table = await listener.cli('feeds');
    for (const name of FEED_TABLES) expect(table).toMatch(new RegExp(`^${name} +changes +\\d+ s ago`, 'm'));
    expect(table).toMatch(/^salesorder +2 +1 +1 +2 +0 +0 +0$/m);
    const gaps = await listener.cli('feeds', 'gaps', '--since', '2020-01-31');
    expect(gaps).toMatch(new RegExp(`^webhook +opportunity +\\S.* ${takeKind('opportunity', 0).id} `, 'm'));
  });
});

describe('our own changes', () => {
  it('are remembered and start nothing, neither by feed nor by webhook', async () => {
    const order = dealer.take();
    await changeOurselves(`salesorders(${order.id})`, { statecode: 1, statuscode: 3 });
    await stage.simulators.dataverse.webhooks.settle();
    const sent = stage.simulators.dataverse.webhooks.deliveries.filter(({ recordId }) => recordId === order.id);
    expect(sent.map(({ status }) => status)).toEqual([202]);
    await listener.untilSettled('salesorder', order.id);
    expect(await stage.ledger.findRecord(order.id)).toBeUndefined();
  });

  it('do not hide that a record was won', async () => {
    const opportunity = takeKind('opportunity', 1);
    dropWebhooks();
    await listener.pause('opportunity');
    await seller.winOpportunity(opportunity.id);
    await changeOurselves(`opportunities(${opportunity.id})`, { bc_postedinvoicenumber: 'touched' });
    await listener.resume('opportunity');
    await settled(opportunity);
  });
});

describe('a paused feed', () => {
  it('reads nothing, neither nudged nor after the worker and its own run were replaced, until it is resumed', async () => {
    dropWebhooks();
    const order = dealer.take();
    await listener.pause('salesorder');
    const { runId } = await listener.handle('salesorder').describe();
    await seller.submitOrder(order.id);
    const before = listener.requestsFor('salesorders').length;

    await stage.stopWorker();
    await stage.startWorker();
    // As many nudges as end a run of the loop.
    for (let batch = 0; batch < 21; batch += 1) {
      await Promise.all(Array.from({ length: 100 }, () => listener.handle('salesorder').signal('nudge')));
    }
    await until(async () => (await listener.handle('salesorder').describe()).runId !== runId);
    await listener.nudge('salesorder');
    await until(async () => (await listener.position('salesorder')).pages > 0);
    expect(await listener.position('salesorder')).toMatchObject({ table: 'salesorder', isPaused: true });
    expect(await listener.feeds.openFeed('salesorder')).toMatchObject({ pausedBy: 'test', timesPaused: 1 });
    expect(listener.requestsFor('salesorders').length).toBe(before);
    expect(await stage.ledger.findRecord(order.id)).toBeUndefined();

    expect(JSON.parse(await listener.cli('feeds', 'resume', 'sales-feed-salesorder', '--json'))).toMatchObject({
      isPaused: false,
    });
    await settled(order);
  }, 180_000);
});

describe('an expired token', () => {
  it('is followed by a comparison: what changed is taken, what is missing counts as deleted', async () => {
    dropWebhooks();
    await listener.pause('salesorder');
    const [changed, deleted] = [dealer.take(), dealer.take()];
    await seller.submitOrder(changed.id);
    await seller.call(`salesorders(${deleted.id})`, {}, 'DELETE');
    stage.simulators.dataverse.faults.add({
      match: { path: 'salesorders.*deltatoken' },
      effect: { kind: 'expired-delta' },
    });
    await listener.resume('salesorder');
    await settled(changed);
    await until(async () => (await listener.feeds.openFeed('salesorder')).phase === 'changes');
    expect(await listener.feeds.openFeed('salesorder')).toMatchObject({
      timesExpired: 1,
      compared: { rows: String(stage.simulators.dataverse.store.count('salesorder')), changed: '1', missing: '1' },
    });
    expect(await stage.ledger.findRecord(deleted.id)).toBeUndefined();
    expect(await listener.cli('feeds')).toMatch(/salesorder: token expired 1 time, .*1 changed, 1 missing/);
  });
});

describe('a feed that is refused', () => {
  it('says why and goes on when the cause is gone', async () => {
    dropWebhooks();
    stage.simulators.dataverse.switches.denied = ['quote:Read'];
    await until(async () => (await listener.feeds.openFeed('quote')).lastError !== undefined);
    expect((await listener.feeds.openFeed('quote')).lastError).toMatch(/changes of quote: forbidden \(403/);
    await until(async () => (await listener.position('quote')).lastError !== undefined);
    stage.simulators.dataverse.switches.denied = [];
    const quote = takeKind('quote', 1);
    await seller.winQuote(quote.id);
    await listener.nudge('quote');
    await settled(quote);
    expect((await listener.feeds.openFeed('quote')).lastError).toBeUndefined();
  });
});

describe('the nightly count', () => {
  it('finds what neither webhook nor feed saw, has it handed over, and says so', async () => {
    dropWebhooks();
    for (const table of SOURCE_TABLES) await listener.pause(table);
    const opportunity = takeKind('opportunity', 2);
    await seller.winOpportunity(opportunity.id);
    await stage.temporal.schedule.getHandle('reconcile-sales').trigger();
    await settled(opportunity);
    const audit = await stage.ledger.readAudit(opportunity.id);
    expect(audit[0]).toMatchObject({ actor: 'dealbridge', action: 'found by the count' });
    await until(async () => (await listener.feeds.openFeed('salesorder')).count !== undefined);
    expect((await listener.feeds.openFeed('opportunity')).count).toMatchObject({ rows: '3', missed: '1' });
    expect((await listener.feeds.openFeed('quote')).count).toMatchObject({ rows: '2', missed: '0' });
    expect(await gapsOf('webhook')).toContain(opportunity.id);
    expect(await gapsOf('count')).toEqual([]);
    for (const table of SOURCE_TABLES) await listener.resume(table);

    const { info } = await stage.temporal.schedule.getHandle('reconcile-sales').describe();
    const run = info.recentActions.at(-1)?.action.workflow;
    expect(await stage.temporal.workflow.getHandle(run?.workflowId ?? '').result()).toMatchObject({
      opportunity: { rows: 3, missed: 1 },
    });
    await keepHistory(stage, run?.workflowId ?? '', 'reconcile-sales');
    await keepHistory(stage, salesFeedId('quote'), 'sales-feed-refused-then-paused');
  });
});
