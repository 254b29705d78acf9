import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createMasterLedger } from '../../src/ledger/masters/masters.js';
import { createMatchLedger } from '../../src/ledger/masters/matching.js';
import { type FlowCounter, openFlowCounter } from '../support/flow-counter.js';
import { createSeller } from '../support/sales.js';

/** Figures of customers and items, which no stamp tells of: they are read in turns, and written when they are others. */

const FINANCES = 'balance: new_balance, overdue: new_overdue, creditLimit: creditlimit, blocked: creditonhold';
const FINANCE_RULES = `flows: { customerFinances: { columns: { ${FINANCES} } } }`;
const STOCK_RULES = 'flows: { stock: { columns: { inventory: quantityonhand, unitPrice: price } } }';

let counter: FlowCounter;
let seller: ReturnType<typeof createSeller>;
beforeAll(async () => {
  counter = await openFlowCounter();
  seller = createSeller(counter.simulators);
  await counter.addColumn('account', 'Decimal', 'new_balance');
  await counter.addColumn('account', 'String', 'new_overdue');
});
afterAll(() => counter?.close());

const store = () => counter.simulators.dataverse.store;
const company = () => counter.simulators.businessCentral.company;
const currencyId = (code: string) =>
  [...store().all('transactioncurrency')].find((row) => row['isocurrencycode'] === code)?.['transactioncurrencyid'];
const localCurrency = async () =>
  (await counter.client.readCodes('ledgerSetup')).find(({ code }) => code === 'LCY')?.name;

async function account(code: string, customerId = counter.customerId) {
  const accountid = randomUUID();
  const currency = { 'transactioncurrencyid@odata.bind': `/transactioncurrencies(${currencyId(code)})` };
  await seller.call('accounts', { accountid, name: 'Alder', ...currency });
  const link = { salesId: accountid, bcId: customerId, bcNumber: 'C10001' };
  await counter.ledger.saveLink('customer', counter.companyId, link);
  return accountid;
}
/** A customer that no account is linked with yet, one for each test. */
const otherCustomer = (place: number) =>
  String([...company().all('customers')].filter((row) => row['number'] !== 'C10001')[place]?.['id']);
const thing = async (flow: 'customerFinances' | 'stock', id: string) =>
  (await counter.things(flow)).find(({ source_id }) => source_id === id);

describe('the figures of a customer', () => {
  it('fill the columns of its account, again only when they are others', async () => {
    const id = await account((await localCurrency()) ?? '');
    const { invoice } = await counter.invoiced();
    expect(await counter.run('customerFinances', FINANCE_RULES)).toMatchObject({ carried: 1, noted: 0 });
    const row = store().find('account', id);
    expect(row).toMatchObject({ creditonhold: false, creditlimit: expect.anything() });
    expect(Number(row?.['new_balance'])).toBeCloseTo(Number(invoice.includingTax), 2);
    expect(await counter.run('customerFinances', FINANCE_RULES)).toMatchObject({ carried: 0 });

    await counter.books.payInvoice(invoice.id);
    await counter.books.blockCustomer('C10001', 'All');
    expect(await counter.run('customerFinances', FINANCE_RULES)).toMatchObject({ carried: 1 });
    expect(store().find('account', id)).toMatchObject({ creditonhold: true });
    expect(Number(store().find('account', id)?.['new_balance'])).toBe(0);
    await counter.books.blockCustomer('C10001', '_x0020_');
    expect(await counter.trail(id)).toContain('write the figures of the customer on the account in Sales');
  });

  it('that an attempt took up which was taken for dead are not written over later ones', async () => {
    const customerId = otherCustomer(4);
    const id = await account((await localCurrency()) ?? '', customerId);
    const number = [...company().all('customers')].find((row) => row['id'] === customerId)?.['number'];
    const { faults } = counter.simulators.dataverse;
    // What it asks before it writes.
    faults.add({ match: { method: 'GET', path: `accounts\\(${id}` }, effect: { kind: 'hold', when: 'after' } });
    const first = counter.run('customerFinances', FINANCE_RULES);
    await expect.poll(() => faults.heldCount(), { timeout: 30_000 }).toBe(1);
    await counter.books.blockCustomer(String(number), 'All');
    await counter.run('customerFinances', FINANCE_RULES);
    expect(store().find('account', id)).toMatchObject({ creditonhold: true });
    faults.releaseHolds();
    await first;
    expect(store().find('account', id)).toMatchObject({ creditonhold: true });
    expect(await thing('customerFinances', customerId)).toMatchObject({ state: 'carried' });
  });

  it('of a customer without an account, and of an account without a customer, are counted and no more', async () => {
    const gone = await account('EUR', randomUUID());
    await counter.run('customerFinances', FINANCE_RULES);
    expect(await thing('customerFinances', otherCustomer(0))).toMatchObject({ reason: 'no-account' });
    expect(await thing('customerFinances', `row:${gone}`)).toMatchObject({ state: 'skipped', reason: 'no-customer' });
    expect(store().find('account', gone)?.['new_balance'] ?? null).toBeNull();
  });

  it('do not become money of another currency', async () => {
    const local = await localCurrency();
    const foreign = ['EUR', 'USD', 'GBP', 'CHF'].find((code) => code !== local && currencyId(code)) ?? '';
    const id = await account(foreign, otherCustomer(1));
    expect(await counter.run('customerFinances', FINANCE_RULES)).toMatchObject({ noted: 1 });
    expect(await thing('customerFinances', otherCustomer(1))).toMatchObject({
      reason: 'other-currency',
      remark: `the account is in ${foreign}, the amounts are in ${local}`,
    });
    expect(store().find('account', id)?.['creditlimit'] ?? null).toBeNull();
  });

  it('of an account that was deleted are noted, and the others go on', async () => {
    const id = await account('EUR', otherCustomer(2));
    store().remove(store().schema.table('account'), store().get(store().schema.table('account'), id));
    const rules = 'flows: { customerFinances: { columns: { balance: new_balance } } }';
    expect(await counter.run('customerFinances', rules)).toMatchObject({ noted: 1 });
    expect(await thing('customerFinances', otherCustomer(2))).toMatchObject({ state: 'noted' });
  });
});

describe('the figures of a customer that two accounts share', () => {
  it('are those of the other one once the first is deleted', async () => {
    const customerId = otherCustomer(3);
    const first = await account('EUR', customerId);
    const second = randomUUID();
    await seller.call('accounts', { accountid: second, name: 'Alder North' });
    const matching = createMatchLedger(counter.database, counter.companyId);
    await matching.decide(second, { id: customerId, number: 'C10001' }, 'ann', { isShared: true });
    const rules = 'flows: { customerFinances: { columns: { balance: new_balance } } }';
    await counter.run('customerFinances', rules);
    expect(await thing('customerFinances', customerId)).toMatchObject({ target_id: first, state: 'carried' });
    store().remove(store().schema.table('account'), store().get(store().schema.table('account'), first));
    const masters = createMasterLedger(counter.database, counter.companyId);
    await masters.change({ kind: 'account', rowId: first }, { state: 'deleted' });
    await counter.run('customerFinances', rules);
    expect(await thing('customerFinances', customerId)).toMatchObject({ target_id: second, state: 'carried' });
    expect(store().find('account', second)?.['new_balance'] ?? null).not.toBeNull();
  });
});

describe('stock and price of an item', () => {
  const itemId = (number: string) => String(company().findByNumber('items', number)?.['id']);
  const productId = (number: string) =>
    String([...store().all('product')].find((row) => row['productnumber'] === number)?.['productid']);
  const link = async (number: string) => {
    const link = { salesId: productId(number), bcId: itemId(number), bcNumber: number };
    await counter.ledger.saveLink('item', counter.companyId, link);
  };

  it('fill the columns of the product', async () => {
    await link('EQ-1001');
    company().setStock('EQ-1001', '12.5');
    const rules = 'flows: { stock: { columns: { inventory: quantityonhand } } }';
    expect(await counter.run('stock', rules)).toMatchObject({ carried: 1, noted: 0 });
    expect(Number(store().find('product', productId('EQ-1001'))?.['quantityonhand'])).toBe(12.5);
    company().setStock('EQ-1001', '11');
    expect(await counter.run('stock', rules)).toMatchObject({ carried: 1 });
    expect(Number(store().find('product', productId('EQ-1001'))?.['quantityonhand'])).toBe(11);
    expect(await counter.run('stock', rules)).toMatchObject({ carried: 0 });
    expect(await thing('stock', itemId('EQ-1002'))).toMatchObject({ reason: 'no-product' });
  });

  it('reach the price list that the rule names, where the product has an entry of an amount', async () => {
    const local = await localCurrency();
    const [list] = [...store().all('pricelevel')].filter(
      (row) => row['transactioncurrencyid'] === currencyId(local ?? ''),
    );
    const priceList = String(list?.['pricelevelid']);
    const product = store().find('product', productId('EQ-1001'));
    const rules = `flows: { stock: { priceList: "${priceList}" } }`;
    const entries = () =>
      [...store().all('productpricelevel')].filter(
        (row) => row['pricelevelid'] === priceList && row['productid'] === productId('EQ-1001'),
      );
    for (const entry of entries()) store().remove(store().schema.table('productpricelevel'), entry);
    expect(await counter.run('stock', rules)).toMatchObject({ noted: 1 });
    expect(await thing('stock', itemId('EQ-1001'))).toMatchObject({ reason: 'not-in-price-list' });

    await seller.call('productpricelevels', {
      amount: 1,
      pricingmethodcode: 1,
      'pricelevelid@odata.bind': `/pricelevels(${priceList})`,
      'productid@odata.bind': `/products(${productId('EQ-1001')})`,
      'uomid@odata.bind': `/uoms(${product?.['defaultuomid']})`,
    });
    company().setStock('EQ-1001', '10');
    expect(await counter.run('stock', rules)).toMatchObject({ carried: 1 });
    const unitPrice = Number(company().findByNumber('items', 'EQ-1001')?.['unitPrice']);
    expect(Number(entries()[0]?.['amount'])).toBe(unitPrice);
  });

  describe('whose product is sold in another unit than the item is counted in', () => {
    const rules = `${STOCK_RULES}\ntables: { units: { Piece: PCS } }`;
    /** A default unit of the product, made of some of another one. */
    async function sellIn(number: string, name: string, quantity: string, baseName: string) {
      await link(number);
      const product = store().find('product', productId(number));
      const schedule = String(product?.['defaultuomscheduleid']);
      const [base, unit] = [randomUUID(), randomUUID()];
      const put = (row: Record<string, string>) => store().insert(store().schema.table('uom'), row, true);
      put({ uomid: base, name: baseName, quantity: '1', uomscheduleid: schedule });
      put({ uomid: unit, name, quantity, baseuom: base, uomscheduleid: schedule });
      if (product)
        Object.assign(product, {
          defaultuomid: unit,
          transactioncurrencyid: currencyId((await localCurrency()) ?? ''),
        });
      const item = company().findByNumber('items', number);
      if (item) Object.assign(item, { baseUnitOfMeasureCode: 'PCS', unitPrice: '2.5' });
      company().setStock(number, '30');
      return () => store().find('product', productId(number));
    }

    it('are turned into that unit where it is made of the one of the item', async () => {
      const row = await sellIn('EQ-1005', 'Carton', '12', 'Piece');
      await counter.run('stock', rules);
      expect(await thing('stock', itemId('EQ-1005'))).toMatchObject({ state: 'carried' });
      expect([Number(row()?.['quantityonhand']), Number(row()?.['price'])]).toEqual([2.5, 30]);
    });

    it('are not carried where nothing says how many of the one make the other', async () => {
      const row = await sellIn('EQ-1006', 'Drum', '4', 'Litre');
      const before = row()?.['price'];
      await counter.run('stock', rules);
      expect(await thing('stock', itemId('EQ-1006'))).toMatchObject({ reason: 'other-unit' });
      expect(row()?.['price']).toBe(before);
    });
  });

  it('of a currency of its own does not become the price of the product', async () => {
    await link('EQ-1003');
    const product = store().find('product', productId('EQ-1003'));
    if (product) product['transactioncurrencyid'] = currencyId('USD') ?? null;
    await counter.run('stock', STOCK_RULES);
    expect(await thing('stock', itemId('EQ-1003'))).toMatchObject({ reason: 'other-currency' });
  });
});
