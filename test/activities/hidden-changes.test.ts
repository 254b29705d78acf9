import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createSalesFeedActivities } from '../../src/activities/feeds/sales-feed.js';
import { createDataverseChanges, type DataverseChanges } from '../../src/clients/dataverse/changes.js';
import { createTakeSalesChanges } from '../../src/dispatch/take-changes.js';
import { createDetections } from '../../src/ledger/deals/detections.js';
import { createWaiting } from '../../src/ledger/deals/waiting.js';
import { parseRules } from '../../src/process/config.js';
import { type FlowCounter, openFlowCounter } from '../support/flow-counter.js';
import { createSeller } from '../support/sales.js';
import { createSimulatedTokens } from '../support/tokens.js';

/** A row tells who changed it last and not who did before: what flows back must not hide a change that no feed has read yet. */

let counter: FlowCounter;
let changes: DataverseChanges;
let seller: ReturnType<typeof createSeller>;
let taken: string[] = [];
beforeAll(async () => {
  counter = await openFlowCounter();
  const { connection } = counter.simulators;
  seller = createSeller(counter.simulators);
  const tokens = createSimulatedTokens(connection, connection.dataverseApp);
  changes = createDataverseChanges({ environmentUrl: connection.dataverse, tokens, timeoutMs: 10_000 }, counter.clock);
  await counter.addColumn('account', 'Decimal', 'new_balance');
});
afterAll(async () => {
  await changes?.close();
  await counter?.close();
});

/** Reads all that changed; answers with the rows that concern somebody. */
async function readFeed(table: 'account' | 'product'): Promise<readonly string[]> {
  taken = [];
  const { readSalesPage } = createSalesFeedActivities({
    changes,
    feeds: counter.feeds,
    detections: createDetections(counter.database),
    rules: parseRules(''),
    clock: counter.clock,
    getOwnUserId: async () => (await counter.dataverse.whoAmI()).userId,
    take: createTakeSalesChanges({
      startDeal: () => Promise.resolve(),
      waiting: createWaiting(counter.database),
      takeAccount: async (change) => void taken.push('accountId' in change ? change.accountId : change.contactId),
      takeProduct: async ({ productId }) => void taken.push(productId),
      takeBackfill: () => Promise.resolve(),
    }),
  });
  while ((await readSalesPage({ table })).hasMore);
  return taken;
}

it('an account that a person changed is read before its figures are written, however long the feed stood still', async () => {
  const accountid = randomUUID();
  await seller.call('accounts', { accountid, name: 'Nordlager' });
  const link = { salesId: accountid, bcId: counter.customerId, bcNumber: 'C10001' };
  await counter.ledger.saveLink('customer', counter.companyId, link);
  await readFeed('account');
  await seller.call(`accounts(${accountid})`, { telephone1: '040 1234' }, 'PATCH');

  const rules = 'flows: { customerFinances: { columns: { balance: new_balance } } }';
  const first = await counter.run('customerFinances', rules);
  expect(await readFeed('account')).toEqual([accountid]);
  expect(first).toEqual({ carried: 0, noted: 0, deferred: 1 });
  expect(await counter.run('customerFinances', rules)).toEqual({ carried: 1, noted: 0, deferred: 0 });
  const row = counter.simulators.dataverse.store.find('account', accountid);
  expect(row).toMatchObject({ telephone1: '040 1234', new_balance: expect.anything() });
  // Our own change concerns nobody, and the next one is made at once.
  expect(await readFeed('account')).toEqual([]);
  await counter.invoiced();
  expect(await counter.run('customerFinances', rules)).toEqual({ carried: 1, noted: 0, deferred: 0 });
});

it('so is a product before its stock is', async () => {
  const { store } = counter.simulators.dataverse;
  const { company } = counter.simulators.businessCentral;
  const productid = String([...store.all('product')].find((row) => row['productnumber'] === 'EQ-1001')?.['productid']);
  const link = {
    salesId: productid,
    bcId: String(company.findByNumber('items', 'EQ-1001')?.['id']),
    bcNumber: 'EQ-1001',
  };
  await counter.ledger.saveLink('item', counter.companyId, link);
  await readFeed('product');
  await seller.call(`products(${productid})`, { description: 'Longer' }, 'PATCH');
  company.setStock('EQ-1001', '12.5');
  const rules = 'flows: { stock: { columns: { inventory: quantityonhand } } }';
  const first = await counter.run('stock', rules);
  expect(await readFeed('product')).toEqual([productid]);
  expect(first).toEqual({ carried: 0, noted: 0, deferred: 1 });
  expect(await counter.run('stock', rules)).toEqual({ carried: 1, noted: 0, deferred: 0 });
  expect(Number(store.find('product', productid)?.['quantityonhand'])).toBe(12.5);
});
