import { randomUUID } from 'node:crypto';
import { type Simulators, startSimulators } from '@dealbridge/simulators';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Database, openDatabase } from '../../src/ledger/database.js';
import { type EmbeddedLedger, startEmbeddedLedger } from '../../src/ledger/embedded/server.js';
import { migrate } from '../../src/ledger/migrate.js';
import { openMasterDataSteps } from '../support/master-data-steps.js';
import { createSeller } from '../support/sales.js';
import { sellUnknown } from '../support/unknown-deal.js';

/** Where the mapping says which number a customer or an item has, deals, sync and matching mean the same one (I11). */

const rulesWith = (mapping: string) => `createItems: true
freightAccount: "8410"
writeInAccount: "8400"
tables: { countries: { Deutschland: DE } }
masters: { accounts: all, products: all }
mapping:
${mapping}`;
const DISPLAY_NAME = 'displayName: { column: account.name, cut: true }';
const BY_COLUMN = rulesWith(`  customer: { number: { column: account.sic }, ${DISPLAY_NAME} }`);
const BY_FORMULA = rulesWith(`  customer: { number: { expression: "'D-' & account.sic" }, ${DISPLAY_NAME} }
  read: [account.sic]`);
const FAILING = rulesWith(`  customer: { number: { expression: "$multiply(account.sic, 2)" }, ${DISPLAY_NAME} }
  item: { number: { expression: "$multiply(product.size, 2)" } }
  read: [account.sic, product.size]`);

let simulators: Simulators;
let embedded: EmbeddedLedger;
let database: Database;
const opened: ReturnType<typeof openMasterDataSteps>[] = [];

beforeAll(async () => {
  simulators = await startSimulators({ products: 20, accounts: 12, documents: 12 });
  simulators.dataverse.webhooks.registrations.splice(0);
  embedded = await startEmbeddedLedger();
  database = openDatabase(embedded.url);
  await migrate(database);
});
afterAll(async () => {
  await Promise.all(opened.map((steps) => steps.close()));
  await database?.close();
  await simulators?.stop();
  await embedded?.stop();
});

function open(yaml: string) {
  const steps = openMasterDataSteps(simulators, database, yaml);
  opened.push(steps);
  return steps;
}

/** An account whose customer has the number of another column; its account number is somebody else's customer. */
async function sell(debtor: string) {
  const sold = await sellUnknown(simulators, createSeller(simulators));
  const { store } = simulators.dataverse;
  const accountId = String(store.find('salesorder', sold.orderId)?.['customerid']);
  const account = store.find('account', accountId);
  if (!account) throw new Error('the order has no account');
  store.update(store.schema.table('account'), account, { sic: debtor });
  makeCustomer(sold.accountNumber);
  return { ...sold, accountId };
}

const makeCustomer = (number: string) =>
  simulators.businessCentral.company.insert('customers', {
    ...{ number, displayName: number, type: 'Company', blocked: '_x0020_' },
  });
const linkOf = async (steps: ReturnType<typeof open>, accountId: string) =>
  (await steps.ledger.findLinks('customer', steps.companyId, [accountId])).get(accountId)?.bcNumber;

describe('the customer of an account whose number the mapping gives', () => {
  for (const [how, yaml, prefix] of [
    ['a column', BY_COLUMN, ''],
    ['a formula', BY_FORMULA, 'D-'],
  ] as const) {
    const debtor = () => `4${randomUUID().slice(0, 6).toUpperCase()}`;

    it(`is found by the sync under the number of ${how}, not under the account's`, async () => {
      const [steps, number] = [open(yaml), debtor()];
      const { accountId: rowId } = await sell(number);
      makeCustomer(`${prefix}${number}`);
      await steps.readAccount({ table: 'account', rowId, isThorough: true });
      expect(await steps.findCustomerOfAccount({ rowId })).toBe('linked');
      expect(await linkOf(steps, rowId)).toBe(`${prefix}${number}`);
    });

    it(`is created by the sync under the number of ${how}`, async () => {
      const [steps, number] = [open(yaml), debtor()];
      const { accountId: rowId } = await sell(number);
      await steps.readAccount({ table: 'account', rowId, isThorough: true });
      expect(await steps.findCustomerOfAccount({ rowId })).toBe('none');
      expect(await steps.createCustomerOfAccount({ rowId })).toBe('linked');
      expect(await linkOf(steps, rowId)).toBe(`${prefix}${number}`);
    });

    it(`is matched by the number of ${how}`, async () => {
      const [steps, number, runId] = [open(yaml), debtor(), randomUUID()];
      const { accountId } = await sell(number);
      makeCustomer(`${prefix}${number}`);
      await steps.stageCustomers({ runId });
      await steps.matchPage({ runId });
      expect(await linkOf(steps, accountId)).toBe(`${prefix}${number}`);
    });
  }

  it('is none while the number cannot be told', async () => {
    const [steps, runId] = [open(FAILING), randomUUID()];
    const { accountId: rowId } = await sell('unknown');
    await steps.readAccount({ table: 'account', rowId, isThorough: true });
    expect(await steps.findCustomerOfAccount({ rowId })).toBe('refused');
    expect((await steps.masters.getMaster({ kind: 'account', rowId })).problems).toMatchObject([
      { reason: 'mapping-failed', text: expect.stringMatching(/^customer\.number: the formula failed/) },
    ]);
    await steps.stageCustomers({ runId });
    await steps.matchPage({ runId });
    expect(await linkOf(steps, rowId)).toBeUndefined();
  });
});

it('a product whose number cannot be told has no item, whoever has its number in Sales', async () => {
  const steps = open(FAILING);
  const [item] = [...simulators.businessCentral.company.all('items')];
  const product = [...simulators.dataverse.store.all('product')].find(
    (row) => row['productnumber'] === item?.['number'],
  );
  const rowId = String(product?.['productid']);
  await steps.readProduct({ rowId, isThorough: true });
  expect(await steps.findItemOfProduct({ rowId })).toBe('refused');
  expect((await steps.masters.getMaster({ kind: 'product', rowId })).problems).toMatchObject([
    { reason: 'mapping-failed', text: expect.stringContaining('number: the formula failed') },
  ]);
});
