import { randomUUID } from 'node:crypto';
import { createClaimDeal } from '../../src/activities/deals/claim.js';
import {
  createDataverseActivities,
  type DataverseActivities,
  type DataverseActivityDependencies,
} from '../../src/activities/deals/sales.js';
import { createDataverseClient, type DataverseClient } from '../../src/clients/dataverse/client.js';
import type { Invoice } from '../../src/deal/business-central-document.js';
import type { WonDeal } from '../../src/deal/deal.js';
import { createFeedLedger, type FeedLedger } from '../../src/ledger/feeds/sales-feeds.js';
import { parseRules } from '../../src/process/config.js';
import { type Counter, openCounter } from './business-central.js';
import { loadProgressOf } from './posting.js';
import { createSeller } from './sales.js';
import { createSimulatedTokens } from './tokens.js';
import { sellUnknown } from './unknown-deal.js';

/** The simulated Sales with our client, its activities and a ledger, for tests without Temporal. */
export interface SalesCounter extends Counter {
  readonly dataverse: DataverseClient;
  readonly feeds: FeedLedger;
  readonly clock: { readonly now: () => Date };
  readonly rules: ReturnType<typeof parseRules>;
  /** @param text of the rules of today; @param choose the company of a deal that is read */
  readonly activities: (
    text?: string,
    choose?: DataverseActivityDependencies['companies']['choose'],
  ) => DataverseActivities;
  /** A sold order, and the invoice that was posted for it. */
  post(): Promise<{ readonly deal: WonDeal; readonly invoice: Invoice }>;
  deleteRow(path: string): Promise<unknown>;
  /** What the trail of a record tells, in words. */
  trail(recordId: string): Promise<readonly string[]>;
}

export async function openSalesCounter(): Promise<SalesCounter> {
  const counter = await openCounter();
  const { simulators, ledger, companyId } = counter;
  const { connection } = simulators;
  const dataverse = createDataverseClient({
    environmentUrl: connection.dataverse,
    tokens: createSimulatedTokens(connection, connection.dataverseApp),
    timeoutMs: 10_000,
  });
  const feeds = createFeedLedger(counter.database);
  const clock = { now: () => new Date() };
  const rules = parseRules('');
  const seller = createSeller(simulators);
  return {
    ...counter,
    dataverse,
    feeds,
    clock,
    rules,
    activities: (text = '', choose = chooseNone) =>
      createDataverseActivities({
        dataverse,
        ledger,
        feeds,
        clock,
        rules: { today: parseRules(text), ofDocument: async () => rules, toHandOver: async () => rules },
        companies: { choose },
        claimDeal: createClaimDeal({ ledger }),
        loadProgress: loadProgressOf({ ledger, companyId }),
        ambiguityWindowMs: 60_000,
      }),
    async post() {
      const sold = await sellUnknown(simulators, seller);
      const deal = await dataverse.readDeal('salesorder', sold.orderId);
      await ledger.register(deal);
      await ledger.saveDeal(deal, { mapping: 'default', companyId });
      await ledger.change(deal.recordId, { kind: 'state', state: 'preparing' });
      const invoice = makeInvoice();
      await ledger.saveDocument(deal.recordId, 'invoice', invoice);
      return { deal, invoice };
    },
    deleteRow: (path) => seller.call(path, {}, 'DELETE'),
    async trail(recordId) {
      const sql = 'SELECT action FROM audit_entries WHERE record_id = $1';
      return (await counter.database.query<{ action: string }>(sql, [recordId])).rows.map(({ action }) => action);
    },
    async close() {
      await dataverse.close();
      await counter.close();
    },
  };
}

async function chooseNone(): Promise<never> {
  throw new Error('no company is chosen here');
}

function makeInvoice(): Invoice {
  const id = randomUUID();
  return {
    id,
    etag: 'W/"1"',
    number: `INV-${id.slice(0, 8)}`,
    externalDocumentNumber: '',
    orderId: undefined,
    orderNumber: undefined,
    status: 'Open',
    customerNumber: 'C10001',
    currency: 'EUR',
    pricesIncludeTax: false,
    postingDate: '2026-11-01',
    dueDate: '2026-12-31',
    discount: '0',
    excludingTax: '0',
    tax: '0',
    includingTax: '0',
    remaining: '0',
    lastModified: '2026-11-01T00:00:00Z',
    lines: [],
  };
}
