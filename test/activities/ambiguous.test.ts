import { randomUUID } from 'node:crypto';
import { type Simulators, startSimulators } from '@dealbridge/simulators';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClaimDeal } from '../../src/activities/deals/claim.js';
import { listProducts } from '../../src/activities/deals/products.js';
import { OUTCOME_UNKNOWN, REFUSED } from '../../src/deal/failure-types.js';
import { customerKey, type SourceTable } from '../../src/deal/ids.js';
import { type Database, openDatabase } from '../../src/ledger/database.js';
import { type EmbeddedLedger, startEmbeddedLedger } from '../../src/ledger/embedded/server.js';
import { migrate } from '../../src/ledger/migrate.js';
import { parseRules } from '../../src/process/config.js';
import { openMasterDataSteps } from '../support/master-data-steps.js';
import { createSeller } from '../support/sales.js';
import { sellUnknown } from '../support/unknown-deal.js';
import { makeDeal, makeLine } from '../support/won-deal.js';

/** Two rows of Sales with one number: neither is taken for the other (I11). */

const RULES = `createItems: true
createUnits: true
freightAccount: "8410"
writeInAccount: "8400"
tables: { countries: { Deutschland: DE } }
mapping: { customer: { displayName: { column: account.name, cut: true } } }
masters: { accounts: all, products: all }
`;

let simulators: Simulators;
let embedded: EmbeddedLedger;
let database: Database;
let seller: ReturnType<typeof createSeller>;
let steps: ReturnType<typeof openMasterDataSteps>;

beforeAll(async () => {
  simulators = await startSimulators({ products: 20, accounts: 12, documents: 12 });
  simulators.dataverse.webhooks.registrations.splice(0);
  seller = createSeller(simulators);
  embedded = await startEmbeddedLedger();
  database = openDatabase(embedded.url);
  await migrate(database);
  steps = openMasterDataSteps(simulators, database, RULES);
});
afterAll(async () => {
  await steps?.close();
  await database?.close();
  await simulators?.stop();
  await embedded?.stop();
});

const table: SourceTable = 'salesorder';

/** An order of a new account; with the number of another one, if it is given. */
async function sell(number?: string) {
  const sold = await sellUnknown(simulators, seller);
  const { store } = simulators.dataverse;
  const order = store.find('salesorder', sold.orderId);
  const accountId = String(order?.['customerid']);
  const account = store.find('account', accountId);
  if (!account) throw new Error('the order has no account');
  if (number !== undefined) store.update(store.schema.table('account'), account, { accountnumber: number });
  return { ...sold, accountId, accountNumber: number ?? sold.accountNumber };
}

async function read({ orderId }: { readonly orderId: string }) {
  await steps.ledger.register({ table, recordId: orderId });
  const deal = await steps.readDeal({ table, recordId: orderId });
  return { deal, ref: { ...deal.context, recordId: orderId, revision: deal.revision } };
}

const nameOf = (accountId: string) => String(simulators.dataverse.store.find('account', accountId)?.['name']);

function makeCustomer(number: string) {
  const { company } = simulators.businessCentral;
  return company.insert('customers', { number, displayName: number, type: 'Company', blocked: '_x0020_' });
}

const customersNumbered = (number: string) =>
  [...simulators.businessCentral.company.all('customers')].filter((row) => row['number'] === number);

const derivedOf = ({ accountId }: { readonly accountId: string }) =>
  `S${accountId.replaceAll('-', '').toUpperCase().slice(0, 19)}`;

const ambiguous = (...ids: readonly string[]) => ({
  type: REFUSED,
  details: [
    expect.objectContaining({
      reason: 'customer-ambiguous',
      text: expect.stringMatching(new RegExp(ids.map((id) => `(?=.*${id})`).join(''))),
    }),
  ],
});

describe('a number that two accounts have', () => {
  it('leads the second one to nobody when the customer stands for the first', async () => {
    const first = await sell();
    makeCustomer(first.accountNumber);
    const known = await steps.findCustomer((await read(first)).ref);
    expect(known?.number).toBe(first.accountNumber);
    const second = await sell(` ${first.accountNumber.toLowerCase()} `);
    const { ref } = await read(second);
    await expect(steps.findCustomer(ref)).rejects.toMatchObject(ambiguous(first.accountId, second.accountId));
    // The first goes on as before, and the preview says the same of both.
    expect(await steps.findCustomer((await read(first)).ref)).toEqual(known);
    const { problems } = await steps.previewer.preview(table, second.orderId);
    expect(problems).toMatchObject([{ reason: 'customer-ambiguous', text: expect.stringContaining(first.accountId) }]);
    expect(problems[0]?.text).toContain(`account ${nameOf(second.accountId)} (${second.accountId}) has its number`);
    expect((await steps.previewer.preview(table, first.orderId)).problems).toEqual([]);
  });

  it('leads neither of them to the customer as long as nobody told them apart', async () => {
    const first = await sell();
    const second = await sell(first.accountNumber);
    makeCustomer(first.accountNumber);
    for (const sold of [first, second]) {
      const { ref } = await read(sold);
      await expect(steps.findCustomer(ref)).rejects.toMatchObject(ambiguous(first.accountId, second.accountId));
      const { problems } = await steps.previewer.preview(table, sold.orderId);
      for (const { accountId } of [first, second]) {
        expect(problems).toMatchObject([{ text: expect.stringContaining(`${nameOf(accountId)} (${accountId})`) }]);
      }
    }
    const decision = { accountId: first.accountId, customerNumber: first.accountNumber, by: 'ann' };
    expect(await steps.applyDecision(decision)).toBe('linked');
    expect((await steps.findCustomer((await read(first)).ref))?.number).toBe(first.accountNumber);
    await expect(steps.findCustomer((await read(second)).ref)).rejects.toMatchObject(ambiguous(second.accountId));
  });

  it('makes two customers when a person says that the second is one of its own', async () => {
    const first = await sell();
    await steps.createCustomer((await read(first)).ref);
    const second = await sell(first.accountNumber);
    await expect(steps.findCustomer((await read(second)).ref)).rejects.toMatchObject(ambiguous(first.accountId));
    const decision = { accountId: second.accountId, customerNumber: undefined, by: 'ann' };
    expect(await steps.applyDecision(decision)).toBe('new');
    const { ref } = await read(second);
    expect(await steps.findCustomer(ref)).toBeUndefined();
    const derived = derivedOf(second);
    expect((await steps.previewer.preview(table, second.orderId)).plan[0]).toMatchObject({ number: derived });
    expect((await steps.createCustomer(ref)).number).toBe(derived);
    expect(customersNumbered(first.accountNumber)).toHaveLength(1);
  });

  it('does not keep a customer of its own from an account when nobody is linked to the customer with its number', async () => {
    const sold = await sell();
    makeCustomer(sold.accountNumber);
    const decision = { accountId: sold.accountId, customerNumber: undefined, by: 'ann' };
    expect(await steps.applyDecision(decision)).toBe('new');
    const { ref } = await read(sold);
    expect(await steps.findCustomer(ref)).toBeUndefined();
    expect((await steps.previewer.preview(table, sold.orderId)).plan[0]).toMatchObject({ number: derivedOf(sold) });
    expect((await steps.createCustomer(ref)).number).toBe(derivedOf(sold));
    expect(customersNumbered(sold.accountNumber)).toHaveLength(1);
  });

  it.each(['its own', 'the derived'] as const)(
    'is asked for again by %s number when the answer was lost',
    async (whose) => {
      const sold = await sell();
      expect(await steps.applyDecision({ accountId: sold.accountId, customerNumber: undefined, by: 'ann' })).toBe(
        'new',
      );
      const { ref } = await read(sold);
      makeCustomer(sold.accountNumber);
      const number = whose === 'its own' ? sold.accountNumber : derivedOf(sold);
      const key = customerKey(sold.accountId, steps.companyId);
      await steps.ledger.openIntent(key, sold.orderId, new Date(), { number });
      if (whose === 'its own') expect((await steps.createCustomer(ref)).number).toBe(number);
      else await expect(steps.createCustomer(ref)).rejects.toMatchObject({ type: OUTCOME_UNKNOWN });
      makeCustomer(derivedOf(sold));
      expect((await steps.createCustomer(ref)).number).toBe(number);
      expect(customersNumbered(sold.accountNumber)).toHaveLength(1);
    },
  );

  it('goes on when the number is corrected', async () => {
    const first = await sell();
    await steps.createCustomer((await read(first)).ref);
    const second = await sell(first.accountNumber);
    await expect(steps.findCustomer((await read(second)).ref)).rejects.toMatchObject(ambiguous(second.accountId));
    const { store } = simulators.dataverse;
    const row = store.find('account', second.accountId);
    if (row) store.update(store.schema.table('account'), row, { accountnumber: `${first.accountNumber}X` });
    const { ref } = await read(second);
    expect(await steps.findCustomer(ref)).toBeUndefined();
    expect((await steps.createCustomer(ref)).number).toBe(`${first.accountNumber}X`);
  });

  it('is shared when a person says so, and then the first alone is brought over', async () => {
    const first = await sell();
    await steps.createCustomer((await read(first)).ref);
    const second = await sell(first.accountNumber);
    const decision = { accountId: second.accountId, customerNumber: first.accountNumber, by: 'ann' };
    expect(await steps.applyDecision(decision)).toBe('customer-taken');
    expect(await steps.applyDecision({ ...decision, isShared: true })).toBe('linked');
    expect((await steps.findCustomer((await read(second)).ref))?.number).toBe(first.accountNumber);
    const reading = (rowId: string) => steps.readAccount({ table: 'account', rowId, isThorough: true });
    expect(await reading(first.accountId)).toMatchObject({ kind: 'followed', isLinked: true });
    expect(await reading(second.accountId)).toEqual({ kind: 'not-followed' });
    // The second goes on buying, so the customer is not blocked when the first stops.
    const { store } = simulators.dataverse;
    const row = store.find('account', first.accountId);
    if (row) store.update(store.schema.table('account'), row, { statecode: 1, statuscode: 2 });
    expect(await reading(first.accountId)).toEqual({ kind: 'not-followed' });
  });

  it('gives the second no customer that was made for the first while both were about to get one', async () => {
    const first = await sell();
    const second = await sell(first.accountNumber);
    const [one, other] = [(await read(first)).ref, (await read(second)).ref];
    expect([await steps.findCustomer(one), await steps.findCustomer(other)]).toEqual([undefined, undefined]);
    await steps.createCustomer(one);
    const repeat = async () => {
      try {
        return await steps.createCustomer(other);
      } catch (error) {
        // As Temporal would: what may pass is asked again.
        if (error instanceof Error && 'nonRetryable' in error && error.nonRetryable) throw error;
        return steps.createCustomer(other);
      }
    };
    await expect(repeat()).rejects.toMatchObject(ambiguous(first.accountId, second.accountId));
    expect(customersNumbered(first.accountNumber)).toHaveLength(1);
  });

  it('is a problem of the account that is kept in agreement', async () => {
    const first = await sell();
    makeCustomer(first.accountNumber);
    const follow = async (rowId: string) => {
      expect(await steps.readAccount({ table: 'account', rowId, isThorough: true })).toMatchObject({
        kind: 'followed',
      });
      return steps.findCustomerOfAccount({ rowId });
    };
    expect(await follow(first.accountId)).toBe('linked');
    const second = await sell(first.accountNumber.toLowerCase());
    expect(await follow(second.accountId)).toBe('refused');
    const { problems } = await steps.masters.getMaster({ kind: 'account', rowId: second.accountId });
    expect(problems).toMatchObject([{ reason: 'customer-ambiguous', text: expect.stringContaining(first.accountId) }]);
  });

  it('is free again when the account that had the customer was deleted in Sales', async () => {
    const first = await sell();
    await steps.createCustomer((await read(first)).ref);
    const { store } = simulators.dataverse;
    const row = store.find('account', first.accountId);
    if (row) store.remove(store.schema.table('account'), row);
    await steps.readAccount({ table: 'account', rowId: first.accountId, isThorough: true });
    const again = await sell(first.accountNumber);
    expect((await steps.findCustomer((await read(again)).ref))?.number).toBe(first.accountNumber);
    const links = await steps.ledger.findLinks('customer', steps.companyId, [first.accountId, again.accountId]);
    expect([...links.keys()]).toEqual([again.accountId]);
  });
});

describe('a number that two products have', () => {
  const product = (number: string, isByRule = false) => ({
    productId: randomUUID(),
    number,
    ...(isByRule && { isByRule: true as const }),
  });
  const find = (...products: readonly ReturnType<typeof product>[]) =>
    steps.findItems({ companyId: steps.companyId, products });

  it('leads the second one to no item, unless the rules name the item for both', async () => {
    const [item] = [...simulators.businessCentral.company.all('items')].filter((row) => row['blocked'] === false);
    const number = String(item?.['number']);
    const [first, second, named] = [product(number), product(` ${number.toLowerCase()}`), product(number, true)];
    expect(await find(first)).toEqual({ missing: [], blocked: [] });
    await expect(find(second)).rejects.toMatchObject({
      type: REFUSED,
      details: [{ reason: 'item-ambiguous', text: expect.stringContaining(second.productId) }],
    });
    expect(await find(named, first)).toEqual({ missing: [], blocked: [] });
    const links = await steps.ledger.findLinks(
      'item',
      steps.companyId,
      [first, named].map((one) => one.productId),
    );
    expect(links.get(first.productId)).toMatchObject({ isSecondary: false });
    expect(links.get(named.productId)).toMatchObject({ isSecondary: true });
  });

  it('stays linked with its own item where a price decides that a line is another one', async () => {
    const [own, sample] = [...simulators.businessCentral.company.all('items')]
      .filter((row) => row['blocked'] === false)
      .map((row) => String(row['number']))
      .slice(-2);
    const productId = randomUUID();
    const { lines } = parseRules(`
lineRules:
  - { when: { price: { below: "0.01" } }, as: item, number: ${sample} }
  - { when: { number: OLD-* }, as: item, number: ${own} }
`);
    const sell = (number: string, unitPrice: string) => {
      const product = { productId, number, name: number, isActive: true, isService: false };
      const deal = makeDeal({ lines: [makeLine(1, { unitPrice, product })] });
      return steps.findItems({
        companyId: steps.companyId,
        products: listProducts(deal, { ...parseRules(''), lines }),
      });
    };
    const linked = async () =>
      (await steps.ledger.findLinks('item', steps.companyId, [productId])).get(productId)?.bcNumber;
    expect(await sell('NEW-1', '0')).toEqual({ missing: [], blocked: [] });
    expect(await linked()).toBeUndefined();
    expect(await sell('OLD-1', '10')).toEqual({ missing: [], blocked: [] });
    expect(await linked()).toBe(own);
    expect(await sell('OLD-1', '0')).toEqual({ missing: [], blocked: [] });
    expect(await linked()).toBe(own);
  });

  it('is two items where a price names another one for one of its lines, also while the product is linked', async () => {
    const { lines } = parseRules('lineRules: [{ when: { price: { below: "0.01" } }, as: item, number: NO-SAMPLE }]');
    const product = { productId: randomUUID(), number: 'NO-OWN', name: 'New', isActive: true, isService: false };
    const sold = [makeLine(1, { product }), makeLine(2, { unitPrice: '0', product }), makeLine(3, { product })];
    const products = listProducts(makeDeal({ lines: sold }), { ...parseRules(''), lines });
    const { companyId, ledger } = steps;
    const { missing } = await steps.findItems({ companyId, products });
    expect(missing.map(({ number }) => number)).toEqual(['NO-OWN', 'NO-SAMPLE']);
    const recordId = randomUUID();
    await ledger.register({ table: 'salesorder', recordId });
    const link = { salesId: product.productId, bcId: randomUUID(), bcNumber: 'NO-OWN' };
    await ledger.saveLink('item', companyId, link);
    const customer = { accountId: randomUUID() };
    const claiming = { recordId, revision: '1', ancestors: [], customer, context: { companyId } };
    expect(await createClaimDeal({ ledger })(claiming, products)).toMatchObject({
      masters: { unknownProducts: [{ number: 'NO-SAMPLE' }] },
    });
  });

  it.each([
    ['as an item', { as: 'item', number: 'BY-RULE' }, 'BY-RULE'],
    ['as an account', { as: 'account', number: '8499' }, undefined],
  ] as const)('that a rule sells %s has in sync the item that is looked for', async (_what, rule, named) => {
    const sold = await sellUnknown(simulators, seller);
    const { store } = simulators.dataverse;
    const [number] = sold.products;
    const product = [...store.all('product')].find((row) => row['productnumber'] === number);
    const unit = [...store.all('uom')].find((row) => row['name'] === 'PCS');
    if (!product) throw new Error('the order has no product');
    store.update(store.schema.table('product'), product, { defaultuomid: unit?.['uomid'] ?? null });
    const rowId = String(product['productid']);
    const lineRules = `lineRules: ${JSON.stringify([{ when: { number }, ...rule }])}\n`;
    const ofRule = openMasterDataSteps(
      simulators,
      database,
      `${RULES.replace('products: all', 'products: all, createItems: true')}${lineRules}`,
    );
    await ofRule.readProduct({ rowId, isThorough: true });
    expect(await ofRule.findItemOfProduct({ rowId })).toBe('none');
    expect(await ofRule.createItemOfProduct({ rowId })).toBe('linked');
    const linked = async () => (await steps.ledger.findLinks('item', steps.companyId, [rowId])).get(rowId)?.bcNumber;
    expect(await linked()).toBe(named ?? number);
    await ofRule.close();
  });

  it('is linked in sync with the item that a rule sells it as, though one has its own number', async () => {
    const sold = await sellUnknown(simulators, seller);
    const [number] = sold.products;
    const product = [...simulators.dataverse.store.all('product')].find((row) => row['productnumber'] === number);
    const rowId = String(product?.['productid']);
    const [wanted] = [...simulators.businessCentral.company.all('items')].map((row) => String(row['number'])).slice(-1);
    simulators.businessCentral.company.insert('items', { number: number ?? '', displayName: 'Own', type: 'Inventory' });
    const lineRules = `lineRules: ${JSON.stringify([{ when: { number }, as: 'item', number: wanted }])}\n`;
    const ofRule = openMasterDataSteps(simulators, database, `${RULES}${lineRules}`);
    await ofRule.readProduct({ rowId, isThorough: true });
    expect(await ofRule.findItemOfProduct({ rowId })).toBe('linked');
    expect((await steps.ledger.findLinks('item', steps.companyId, [rowId])).get(rowId)?.bcNumber).toBe(wanted);
    await ofRule.close();
  });

  it('gets an item of its own in sync, which sells it at no price at all', async () => {
    const sold = await sellUnknown(simulators, seller);
    const { store } = simulators.dataverse;
    const product = [...store.all('product')].find((row) => row['productnumber'] === sold.products[0]);
    const unit = [...store.all('uom')].find((row) => row['name'] === 'PCS');
    if (!product) throw new Error('the order has no product');
    store.update(store.schema.table('product'), product, { defaultuomid: unit?.['uomid'] ?? null });
    const rowId = String(product['productid']);
    const rule = 'lineRules: [{ when: { price: { below: "0.01" } }, as: item, number: SAMPLE }]';
    const ofRule = openMasterDataSteps(
      simulators,
      database,
      `${RULES.replace('products: all', 'products: all, createItems: true')}${rule}\n`,
    );
    await ofRule.readProduct({ rowId, isThorough: true });
    expect(await ofRule.findItemOfProduct({ rowId })).toBe('none');
    expect(await ofRule.createItemOfProduct({ rowId })).toBe('linked');
    expect((await steps.ledger.findLinks('item', steps.companyId, [rowId])).get(rowId)?.bcNumber).toBe(
      sold.products[0],
    );
    await ofRule.close();
  });

  it('makes no item for the second one that was made for the first', async () => {
    const sold = await sellUnknown(simulators, seller);
    const other = await sellUnknown(simulators, seller);
    const { store } = simulators.dataverse;
    const rows = [...store.all('product')];
    const rowOf = (number: string | undefined) => rows.find((row) => row['productnumber'] === number);
    const [taken, asking] = [rowOf(sold.products[0]), rowOf(other.products[0])];
    if (!taken || !asking) throw new Error('the orders have no products');
    store.update(store.schema.table('product'), asking, { productnumber: String(taken['productnumber']) });
    const create = async (order: { readonly orderId: string }, productId: unknown) =>
      steps.createItem({
        ...(await read(order)).ref,
        productId: String(productId),
        number: String(taken['productnumber']),
      });
    await create(sold, taken['productid']);
    const repeat = () => create(other, asking['productid']).catch(() => create(other, asking['productid']));
    await expect(repeat()).rejects.toMatchObject({
      type: REFUSED,
      details: [{ reason: 'item-ambiguous', text: expect.stringContaining(String(asking['productid'])) }],
    });
  });
});

describe('matching all accounts', () => {
  it('links by number only those whose number no other account has; the others are for a person', async () => {
    const [first, alone] = [await sell(), await sell()];
    const second = await sell(first.accountNumber);
    makeCustomer(first.accountNumber);
    makeCustomer(alone.accountNumber);
    const runId = randomUUID();
    expect(await steps.stageCustomers({ runId })).toBeUndefined();
    await steps.matchPage({ runId });
    const ids = [first, second, alone].map(({ accountId }) => accountId);
    const links = await steps.ledger.findLinks('customer', steps.companyId, ids);
    expect([...links.keys()]).toEqual([alone.accountId]);
    const candidates = (await steps.matching.listCandidates(100))
      .filter(({ customerNumber }) => customerNumber === first.accountNumber)
      .map(({ accountId }) => accountId);
    expect(candidates.sort()).toEqual([first.accountId, second.accountId].sort());
  });
});
