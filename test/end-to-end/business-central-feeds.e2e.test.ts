import { createServer } from 'node:net';
import type { SeedDocument } from '@dealbridge/simulators/seed/distributor.js';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import {
  BUSINESS_CENTRAL_WEBHOOK,
  invoiceFeedWorkflowId,
  SUBSCRIBED_RESOURCES,
  subscriptionsWorkflowId,
} from '../../src/deal/business-central-feeds.js';
import { flowWorkflowId } from '../../src/deal/flows.js';
import { ensureFlows } from '../../src/dispatch/ensure/flows.js';
import { ensureInvoiceFeed } from '../../src/dispatch/ensure/invoice-feeds.js';
import { startDeal } from '../../src/dispatch/start-deal.js';
import { openDatabase } from '../../src/ledger/database.js';
import type { InvoiceFeedPosition } from '../../src/workflows/feeds/invoice-feed.js';
import type { SubscriptionsPosition } from '../../src/workflows/feeds/keep-subscriptions.js';
import { createBookkeeper } from '../support/bookkeeper.js';
import { createDealer, until } from '../support/deals.js';
import { readLooks } from '../support/feeds.js';
import { keepHistory } from '../support/histories.js';
import { openStage, type Stage } from '../support/processes.js';

/** The loops in a real worker, the receiver in a real starter, Business Central with its own webhooks. */
let stage: Stage;
let dealer: ReturnType<typeof createDealer>;
let books: ReturnType<typeof createBookkeeper>;

beforeAll(async () => {
  const port = await freePort();
  stage = await openStage({
    temporalAddress: inject('temporalAddress'),
    rules: 'test/rules/invoice-feed.yaml',
    env: { FEEDS: 'on', STARTER_PORT: String(port), STARTER_PUBLIC_URL: `http://127.0.0.1:${port}` },
  });
  dealer = createDealer(stage);
  books = createBookkeeper(stage.simulators);
  await until(() => subscriptions().length === 4);
});
afterAll(() => stage?.close());
beforeEach(() => stage.simulators.businessCentral.faults.clear());

const subscriptions = () => stage.simulators.businessCentral.subscriptions.list();
const companyId = () => stage.simulators.businessCentral.company.id;
const invoiceFeed = () => stage.temporal.workflow.getHandle(invoiceFeedWorkflowId(companyId()));
const keeper = () => stage.temporal.workflow.getHandle(subscriptionsWorkflowId(companyId()));
const position = () => invoiceFeed().query<InvoiceFeedPosition & { isPaused: boolean }>('position');
const readings = () =>
  stage.simulators.businessCentral.requests.filter(
    ({ method, path }) => method === 'GET' && path.includes('lastModifiedDateTime gt'),
  ).length;

const looksOf = (deal: SeedDocument) => readLooks(stage, deal.id);

async function startWaiting(): Promise<{ deal: SeedDocument; invoiceId: string }> {
  const deal = dealer.takeKnown();
  await startDeal(stage, { table: 'salesorder', recordId: deal.id });
  await dealer.untilState(deal, 'awaiting-confirmation');
  return { deal, invoiceId: String(dealer.invoicesOf(deal)[0]?.row['id']) };
}

/** Reads once more than before, to the end. */
async function readNow(): Promise<void> {
  const before = readings();
  await invoiceFeed().signal('nudge');
  await until(() => readings() > before);
  await untilIdle();
}

async function untilIdle(loop = invoiceFeed()): Promise<void> {
  await until(async () => (await loop.describe()).raw.pendingActivities?.length === 0);
}

describe('the invoice feed', () => {
  it('tells the deal of a posting by hand, once, however often it reads', async () => {
    const { deal, invoiceId } = await startWaiting();
    await books.postInvoice(invoiceId);
    await readNow();
    await readNow();
    expect(await looksOf(deal)).toEqual([
      {
        at: 'business-central',
        invoiceId,
        etag: stage.simulators.businessCentral.company.invoices.get(invoiceId)?.row['@odata.etag'],
      },
    ]);
    const { watermark, lastError } = await position();
    expect(lastError).toBeUndefined();
    const [line] = await stage.ledger.listBusinessCentralFeeds();
    expect(line).toMatchObject({ name: invoiceFeedWorkflowId(companyId()), lastError: undefined });
    expect(line?.position?.toISOString()).toBe(watermark);
  });

  it('tells it once also when the worker is killed in the middle of a reading', async () => {
    const { deal, invoiceId } = await startWaiting();
    await books.postInvoice(invoiceId);
    stage.simulators.businessCentral.faults.add({
      match: { method: 'GET', path: 'lastModifiedDateTime gt' },
      effect: { kind: 'hold', when: 'after' },
    });
    await invoiceFeed().signal('nudge');
    await until(() => stage.simulators.businessCentral.faults.heldCount() === 1);
    await stage.killWorker();
    stage.simulators.businessCentral.faults.clear();
    await stage.startWorker();
    await until(async () => (await looksOf(deal)).length > 0);
    await readNow();
    expect(await looksOf(deal)).toHaveLength(1);
  });

  it('reads nothing while it is paused, and what it missed when it goes on', async () => {
    const { deal, invoiceId } = await startWaiting();
    await untilIdle();
    expect(await invoiceFeed().executeUpdate('pause')).toMatchObject({ isPaused: true });
    await untilIdle();
    const before = readings();
    await books.postInvoice(invoiceId);
    await invoiceFeed().signal('nudge');
    expect(await position()).toMatchObject({ isPaused: true });
    await untilIdle();
    expect(readings()).toBe(before);
    expect(await looksOf(deal)).toEqual([]);
    await invoiceFeed().signal('resume');
    await until(async () => (await looksOf(deal)).length === 1);
    expect(await position()).toMatchObject({ isPaused: false });
  });

  it('is started once, however many starters come up, and goes on where it stood after it was ended', async () => {
    const { runId } = await invoiceFeed().describe();
    const starters = Array.from({ length: 5 }, () =>
      ensureInvoiceFeed(stage.temporal, { companyId: companyId(), isSubscribing: true, sweepEveryMinutes: 60 }),
    );
    await Promise.all(starters);
    expect((await invoiceFeed().describe()).runId).toBe(runId);
    await untilIdle();

    await invoiceFeed().terminate('a test');
    const { deal, invoiceId } = await startWaiting();
    await books.postInvoice(invoiceId);
    await ensureInvoiceFeed(stage.temporal, { companyId: companyId(), isSubscribing: false, sweepEveryMinutes: 60 });
    await until(async () => (await looksOf(deal)).length === 1);
  });

  it('says why it cannot read, and does not end', async () => {
    stage.simulators.businessCentral.faults.add({
      match: { method: 'GET', path: 'lastModifiedDateTime gt' },
      effect: { kind: 'status', status: 403, body: { error: { code: 'Authorization_Denied', message: 'of Ann' } } },
    });
    await invoiceFeed().signal('nudge');
    await until(async () => (await position()).lastError !== undefined);
    expect((await position()).lastError).toBe('read the changes of invoices: forbidden (403 Authorization_Denied)');
    await readNow();
    await until(async () => (await position()).lastError === undefined);
    await keepHistory(stage, invoiceFeedWorkflowId(companyId()), 'invoice-feed-refused-once');
  });
});

describe('the subscriptions', () => {
  it('are made by the worker while the starter shakes hands', async () => {
    expect(subscriptions().map((row) => String(row['resource']).split('/').at(-1))).toEqual([
      'salesInvoices',
      'salesOrders',
      'salesQuotes',
      'customers',
      'items',
    ]);
    for (const row of subscriptions()) {
      const [address, key] = String(row['notificationUrl']).split(`${BUSINESS_CENTRAL_WEBHOOK}/`);
      expect(address).toBe(stage.env['STARTER_PUBLIC_URL']);
      expect(key).toMatch(/^[\w-]{43}$/);
      expect(String(row['clientState']).length).toBeGreaterThanOrEqual(16);
      expect(row['clientState']).not.toBe(stage.env['WEBHOOK_SECRET']);
    }
  });

  it('a notice makes the feed read at once', async () => {
    const { deal, invoiceId } = await startWaiting();
    await books.postInvoice(invoiceId);
    stage.simulators.clock.advance(30_000);
    await until(async () => (await looksOf(deal)).length === 1);
  });

  it('an unblocked customer wakes the deal that waits for it', async () => {
    const deal = dealer.takeKnown();
    await books.blockCustomer(dealer.account(deal).number, 'All');
    await startDeal(stage, { table: 'salesorder', recordId: deal.id });
    await dealer.untilState(deal, 'held');
    expect(await stage.ledger.getRecord(deal.id)).toMatchObject({ holdReason: 'customer-blocked' });
    await books.blockCustomer(dealer.account(deal).number, '_x0020_');
    stage.simulators.clock.advance(30_000);
    await until(async () => (await looksOf(deal)).length > 0);
    expect((await looksOf(deal))[0]).toEqual({ at: 'masters' });
  });

  it('are renewed a day later', async () => {
    const database = openDatabase(String(stage.env['DATABASE_URL']), { connections: 1 });
    await database.query(`UPDATE webhook_subscriptions SET renewed_at = now() - interval '25 hours'`);
    await database.close();
    const renewals = () =>
      stage.simulators.businessCentral.requests.filter(
        ({ method, path, status }) => method === 'PATCH' && path.includes('subscriptions(') && status === 200,
      ).length;
    const before = renewals();
    await keeper().signal('nudge');
    await until(() => renewals() === before + 4);
  });

  it('are made anew when they have expired', async () => {
    stage.simulators.clock.advance(4 * 86_400_000);
    expect(subscriptions()).toEqual([]);
    await keeper().signal('nudge');
    await until(() => subscriptions().length === SUBSCRIBED_RESOURCES.length);
  });

  it('a handshake that is refused is told, and the loop goes on', async () => {
    await untilIdle(keeper());
    const { rows } = stage.simulators.businessCentral.subscriptions;
    rows.clear();
    stage.simulators.businessCentral.faults.add({
      match: { method: 'POST', path: 'subscriptions$' },
      times: SUBSCRIBED_RESOURCES.length,
      effect: {
        kind: 'status',
        status: 400,
        body: {
          error: { code: 'Application_DialogException', message: 'The subscription validation request failed.' },
        },
      },
    });
    const problems = async () => (await keeper().query<SubscriptionsPosition>('position')).problems;
    await keeper().signal('nudge');
    await until(async () => Object.keys(await problems()).length === SUBSCRIBED_RESOURCES.length);
    expect((await problems())['items']).toBe('create the subscription: rejected (400 Application_DialogException)');
    await keeper().signal('nudge');
    await until(() => subscriptions().length === SUBSCRIBED_RESOURCES.length);
    await until(async () => Object.keys(await problems()).length === 0);
    await keepHistory(stage, subscriptionsWorkflowId(companyId()), 'subscriptions-renewed-lost-refused');
  });
});

describe('a flow that the rules name', () => {
  it('runs, tells where it stands, and is started once', async () => {
    const workflowId = flowWorkflowId('invoicePdf', companyId());
    const flow = () => stage.temporal.workflow.getHandle(workflowId);
    expect(await flow().executeUpdate('nudge')).toMatchObject({ isPaused: false });
    const { runId } = await flow().describe();
    await ensureFlows(stage.temporal, { companyId: companyId(), lane: undefined }, ['invoicePdf']);
    await untilIdle(flow());
    expect((await flow().describe()).runId).toBe(runId);
    await keepHistory(stage, workflowId, 'flow-carried');
  });
});

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
