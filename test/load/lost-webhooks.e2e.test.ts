import type { Delivery } from '@dealbridge/simulators/dataverse/webhooks.js';
import type { SeedDocument } from '@dealbridge/simulators/seed/distributor.js';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
// @ts-expect-error plain script without types, shared with the other commands
import { freePort } from '../../scripts/lib/temporal-server.mjs';
import { subscriptionsWorkflowId } from '../../src/deal/business-central-feeds.js';
import { documentKey, documentTail, findTail } from '../../src/deal/document-number.js';
import { until } from '../support/deals.js';
import { createListener } from '../support/feeds.js';
import { openStage, type Stage } from '../support/processes.js';
import { createSeller } from '../support/sales.js';

/** Deals over all tables while webhooks are lost and doubled, tokens expire and processes die (I1, I5). */

/** As many as fit the gate; the full size is `DEALS=2000 npm test -- test/load/lost-webhooks.e2e.test.ts`. */
const DEALS = Number(process.env['DEALS'] ?? 120);
/** The fourth and the sixth come with a fault of their own. */
const KILLS = 6;
/** How many people in Sales win at the same time. */
const SELLERS = 4;

let stage: Stage;
let seller: ReturnType<typeof createSeller>;
let listener: ReturnType<typeof createListener>;

beforeAll(async () => {
  const port = (await freePort()) as number;
  stage = await openStage({
    temporalAddress: inject('temporalAddress'),
    rules: 'test/rules/lost-webhooks.yaml',
    feeds: true,
    simulators: { accounts: 300, documents: Math.ceil(DEALS * 2.1) },
    env: { STARTER_PORT: String(port), STARTER_PUBLIC_URL: `http://127.0.0.1:${port}` },
  });
  // With the limit of six thousand requests in five minutes the full size would take nothing but that.
  stage.simulators.businessCentral.limits.settings.requests = 0;
  seller = createSeller(stage.simulators);
  listener = createListener(stage);
  await listener.untilComplete();
});
afterAll(() => stage?.close());

const OPEN: Readonly<Record<SeedDocument['kind'], number>> = { opportunity: 0, quote: 1, salesorder: 0 };

/** Deals of every table, mixed. */
function choose(): SeedDocument[] {
  const open = stage.simulators.data.documents.filter((deal) => deal.state === OPEN[deal.kind]);
  const order = (deal: SeedDocument) => documentKey(deal.id).slice(8);
  return open.sort((left, right) => (order(left) < order(right) ? -1 : 1)).slice(0, DEALS);
}

const win = (deal: SeedDocument): Promise<Response> => {
  switch (deal.kind) {
    case 'opportunity':
      return seller.winOpportunity(deal.id);
    case 'quote':
      return seller.winQuote(deal.id);
    case 'salesorder':
      return seller.submitOrder(deal.id);
  }
};

async function countWrittenBack(): Promise<number> {
  const { rows } = await stage.database.query<{ count: string }>(
    `SELECT count(*) FROM source_records WHERE state = 'written-back'`,
  );
  return Number(rows[0]?.count);
}

async function countExpired(): Promise<number> {
  return (await listener.feeds.listFeeds()).find(({ table }) => table === 'salesorder')?.timesExpired ?? 0;
}

const LOOK_MS = 250;

describe(`${DEALS} deals with lost webhooks`, () => {
  it('are handed over once each, none is missing, and the gaps name what was dropped', async () => {
    const { dataverse, businessCentral } = stage.simulators;
    const deals = choose();
    expect(deals).toHaveLength(DEALS);
    expect(new Set(deals.map((deal) => deal.kind)).size).toBe(3);
    Object.assign(dataverse.webhooks.faults, { drop: 0.2, double: 0.2, reorder: 7 });
    await until(() => businessCentral.subscriptions.rows.size === 5, LOOK_MS);

    const queue = deals.values();
    const winning = Promise.all(
      Array.from({ length: SELLERS }, async () => {
        for (const deal of queue) await win(deal);
      }),
    );
    for (let kill = 0; kill < KILLS; kill += 1) {
      await until(async () => (await countWrittenBack()) >= (kill * DEALS) / (KILLS + 2), LOOK_MS);
      if (kill === 3) {
        dataverse.faults.add({
          match: { method: 'GET', path: '/salesorders\\?.*deltatoken' },
          effect: { kind: 'expired-delta' },
        });
      }
      if (kill === 5) {
        businessCentral.subscriptions.rows.clear();
        await stage.temporal.workflow.getHandle(subscriptionsWorkflowId(businessCentral.company.id)).signal('nudge');
      }
      if (kill % 2 === 0) {
        await stage.killWorker();
        await stage.startWorker();
      } else await stage.replaceStarter();
    }
    await winning;
    await dataverse.webhooks.settle();
    await until(async () => (await countWrittenBack()) === DEALS, LOOK_MS);
    await until(() => businessCentral.subscriptions.rows.size === 5, LOOK_MS);

    // Counted in the simulators, not in our own books.
    const posted = new Map<string, number>();
    for (const { row, isPosted } of businessCentral.company.invoices.values()) {
      const tail = findTail(String(row['externalDocumentNumber'])) ?? '';
      if (isPosted) posted.set(tail, (posted.get(tail) ?? 0) + 1);
      else expect(deals.map((deal) => documentTail(deal.id))).not.toContain(tail);
    }
    const wrong = deals.filter((deal) => posted.get(documentTail(deal.id)) !== 1);
    expect(wrong.map((deal) => `${deal.kind} ${deal.id}`)).toEqual([]);
    const numbers = [...dataverse.store.all('invoice')].map((row) => row['invoicenumber']);
    for (const deal of deals) {
      const { invoiceNumber } = await stage.ledger.getRecord(deal.id);
      expect(numbers.filter((number) => number === invoiceNumber)).toHaveLength(1);
    }
    const customers = [...businessCentral.company.all('customers')].map((row) => row['number']);
    expect(new Set(customers).size).toBe(customers.length);

    // The feed has seen every one, and names those of which no webhook arrived.
    for (const table of ['opportunity', 'quote', 'salesorder'] as const) await listener.nudge(table);
    const report = async () => listener.detections.readGaps(new Date(0), DEALS);
    await until(
      async () => (await report()).reduce((sum, { sources }) => sum + sources.feed.saw, 0) === DEALS,
      LOOK_MS,
    );
    // Where the last orders came by webhook alone, the nudge was the first to ask with the token.
    await until(async () => (await countExpired()) > 0, LOOK_MS);
    expect(await countExpired()).toBe(1);
    const gaps = new Set((await report()).flatMap(({ sources }) => sources.webhook.gaps.map((gap) => gap.recordId)));
    const byRecord = new Map<string, Delivery[]>();
    for (const one of dataverse.webhooks.deliveries)
      byRecord.set(one.recordId, [...(byRecord.get(one.recordId) ?? []), one]);
    const all = (id: string, is: (status: number | string) => boolean) =>
      (byRecord.get(id) ?? []).every(({ status }) => is(status));
    const dropped = deals.filter(({ id }) => all(id, (status) => status === 'dropped'));
    // A call that died with the starter may have been heard or not.
    const arrived = deals.filter(({ id }) => (byRecord.get(id) ?? []).some(({ status }) => status === 202));
    expect(dropped.length).toBeGreaterThan(DEALS / 20);
    expect(dropped.filter(({ id }) => !gaps.has(id))).toEqual([]);
    expect(arrived.filter(({ id }) => gaps.has(id))).toEqual([]);
  }, 900_000);
});
