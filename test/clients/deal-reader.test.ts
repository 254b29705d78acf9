import { randomUUID } from 'node:crypto';
import { type Simulators, startSimulators } from '@dealbridge/simulators';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDataverseClient, type DataverseClient } from '../../src/clients/dataverse/client.js';
import { dealPath } from '../../src/clients/dataverse/deal-reader.js';
import { SOURCE_TABLES, type SourceTable } from '../../src/deal/ids.js';
import { askedColumns } from '../../src/mapping/fields/columns.js';
import { parseRules } from '../../src/process/config.js';
import { until } from '../support/deals.js';
import { createSeller } from '../support/sales.js';
import { createSimulatedTokens, getToken } from '../support/tokens.js';
import { sellUnknown } from '../support/unknown-deal.js';

/** The reading request against the simulated Sales: what a mapping names comes along, in one request. */

let simulators: Simulators;
let sales: DataverseClient;
let seller: ReturnType<typeof createSeller>;

beforeAll(async () => {
  simulators = await startSimulators({ products: 20, accounts: 12, documents: 12 });
  seller = createSeller(simulators);
  const { connection } = simulators;
  sales = createDataverseClient({
    environmentUrl: connection.dataverse,
    tokens: createSimulatedTokens(connection, connection.dataverseApp),
    timeoutMs: 10_000,
  });
});
afterAll(async () => {
  await sales.close();
  await simulators.stop();
});

const EVERYTHING = {
  createCustomers: true,
  createItems: true,
  createContacts: true,
};

function asked(table: SourceTable, yaml: string, requestedFields = EVERYTHING) {
  const { mapping, lines } = parseRules(yaml);
  return askedColumns(mapping, lines, requestedFields, table);
}

async function read(table: SourceTable, id: string, yaml: string, requestedFields = EVERYTHING) {
  const before = simulators.dataverse.requests.length;
  const deal = await sales.readDeal(table, id, asked(table, yaml, requestedFields));
  expect(simulators.dataverse.requests.length - before).toBe(1);
  return deal;
}

const CUSTOM = `
tables: { salespeople: { sales@example.com: NORTH }, paymentTerms: { 3: 45D } }
mapping:
  document: { phoneNumber: { column: bc_syncstatus }, email: { column: [salesorder.bc_correlationid, opportunity.customerneed] } }
  line: { description2: { column: salesorderdetail.bc_lineno }, itemVariantId: { column: product.bc_variantcode } }
  customer: { taxRegistrationNumber: { column: account.bc_customernumber } }
  dimensions: { PROJECT: { column: owner.employeeid } }
`;

describe('one request brings the deal with the columns of the mapping', () => {
  it('of record, account, contact, owner, line and product, all as text', async () => {
    const sold = await sellUnknown(simulators, seller);
    await seller.call(`salesorders(${sold.orderId})`, { bc_syncstatus: 'ready' }, 'PATCH');
    const deal = await read('salesorder', sold.orderId, CUSTOM);
    expect(deal.extra.record).toMatchObject({
      bc_syncstatus: 'ready',
      bc_correlationid: '+49 421 999',
      shipto_name: 'Nordlager',
      requestdeliveryby: '2026-12-01T23:00:00Z',
    });
    // Terms are read once their table has entries, and columns of other tables never.
    expect(deal.extra.record).not.toHaveProperty('freighttermscode');
    expect(deal.extra.record).not.toHaveProperty('customerneed');
    expect(deal.extra.account).toMatchObject({ paymenttermscode: '3', address1_country: 'Deutschland' });
    expect(deal.extra.contact).toMatchObject({ fullname: 'Cleo Muster' });
    expect(deal.extra.owner).toEqual({ internalemailaddress: 'sales@example.com' });
    const [first] = deal.lines;
    expect(deal.extra.lines[first?.lineId ?? '']).toMatchObject({ bc_lineno: '77' });
    expect(deal.extra.products[first?.product?.productId ?? '']).toMatchObject({
      price: '150.0000',
      defaultuomid: sold.unitCode.replace('CR', 'Cr'),
    });
    expect(first).toMatchObject({ role: 'product', memo: 'Painted blue\nwith a hook' });
  });

  it.each(SOURCE_TABLES)('of a %s, with everything switched on at once', async (table) => {
    const document = simulators.data.documents.find(({ kind }) => kind === table);
    const yaml = 'convertUnits: true\ngrossPriceLists: [List EUR]\ntables: { salespeople: { a@b.example: A } }\n';
    const deal = await read(table, document?.id ?? '', yaml);
    expect(deal.priceListName).toMatch(/^List /);
    expect(deal.extra.contact['fullname']).not.toBeUndefined();
    expect(deal.lines[0]).toMatchObject({ unitFactor: '1.0000000000' });
  });

  it.each(SOURCE_TABLES)('of a %s, with the name of its seller, though no rule reads the owner', async (table) => {
    const document = simulators.data.documents.find(({ kind }) => kind === table);
    const deal = await read(table, document?.id ?? '', '', {
      createCustomers: false,
      createItems: false,
      createContacts: false,
    });
    const { store } = simulators.dataverse;
    const owner = store.find('systemuser', String(store.find(table, document?.id ?? '')?.['ownerid']));
    expect(deal.seller).toBe(owner?.['fullname']);
    expect(deal.seller).not.toBeUndefined();
    expect(deal.extra.owner).toEqual({});
  });

  it('asks for no more than before when nothing is created and nothing is mapped', () => {
    const nothing = { createCustomers: false, createItems: false, createContacts: false };
    const { rows, ...more } = asked('salesorder', '', nothing);
    expect(Object.values(more)).toEqual([false, false, false, false, false, false]);
    expect(rows.product).toEqual(['productnumber']);
  });

  it('business unit and territory, when a company is chosen by them', async () => {
    const document = simulators.data.documents.find(({ kind }) => kind === 'salesorder');
    const { store } = simulators.dataverse;
    const order = store.find('salesorder', document?.id ?? '');
    const account = store.find('account', String(order?.['customerid']));
    if (!order || !account) throw new Error('an order of an account is needed');
    const [unit, territory] = ['0a000000-0000-4000-8000-000000000001', '0a000000-0000-4000-8000-000000000002'];
    store.update(store.schema.table('salesorder'), order, { owningbusinessunit: unit });
    store.update(store.schema.table('account'), account, { territoryid: territory });
    const deal = await read(
      'salesorder',
      document?.id ?? '',
      `companies: [{ company: One, when: { businessUnit: ${unit}, territory: ${territory} } }]`,
    );
    expect(deal.extra.record['_owningbusinessunit_value']).toBe(unit);
    expect(deal.extra.account['_territoryid_value']).toBe(territory);
  });

  it('a team as owner sells, and leaves the columns of the owner empty', async () => {
    const document = simulators.data.documents.find(({ kind }) => kind === 'salesorder');
    const { store } = simulators.dataverse;
    const team = store.insert(store.schema.table('team'), { name: 'Sales north' });
    const order = store.find('salesorder', document?.id ?? '');
    if (!order) throw new Error('an order is needed');
    store.update(store.schema.table('salesorder'), order, { ownerid: String(team['teamid']) });
    const deal = await read('salesorder', document?.id ?? '', CUSTOM);
    expect(deal).toMatchObject({ seller: 'Sales north', extra: { owner: {} } });
  });
});

describe('bundles, units and other lines', () => {
  it('are told apart', async () => {
    const sold = await sellUnknown(simulators, seller);
    const { store } = simulators.dataverse;
    const lines = [...store.children('salesorderdetail', 'salesorderid', sold.orderId)];
    const [bundle, member] = lines;
    const table = store.schema.table('salesorderdetail');
    if (!bundle || !member) throw new Error('two lines are needed');
    store.update(table, bundle, { producttypecode: 2 });
    store.update(table, member, { producttypecode: 4, parentbundleidref: String(bundle['salesorderdetailid']) });
    const deal = await read('salesorder', sold.orderId, '');
    expect(deal.lines.map(({ role }) => role)).toEqual(['bundle', 'member', 'product']);
    expect(deal.lines[1]?.bundleLineId).toBe(deal.lines[0]?.lineId);
    expect(deal.lines.map(({ product }) => product?.type)).toEqual(['inventory', 'inventory', undefined]);
  });

  it('a unit knows its base unit when the rules allow to convert', async () => {
    const sold = await sellUnknown(simulators, seller);
    const { store } = simulators.dataverse;
    const [line] = [...store.children('salesorderdetail', 'salesorderid', sold.orderId)];
    const unit = store.find('uom', String(line?.['uomid']));
    const [base] = [...store.all('uom')].filter((row) => row['name'] === 'PCS');
    if (!unit) throw new Error('the unit is needed');
    store.update(store.schema.table('uom'), unit, { quantity: '12', baseuom: String(base?.['uomid']) });
    const deal = await read('salesorder', sold.orderId, 'convertUnits: true');
    expect(deal.lines[0]).toMatchObject({ unitFactor: '12.0000000000', baseUnit: 'PCS' });
  });
});

describe('lines without a sequence number', () => {
  it('stand in the order in which they were made, before those that have one', async () => {
    const sold = await sellUnknown(simulators, seller);
    const { store } = simulators.dataverse;
    const table = store.schema.table('salesorderdetail');
    const [numbered, ...others] = [...store.children('salesorderdetail', 'salesorderid', sold.orderId)];
    if (!numbered) throw new Error('a line is needed');
    // Against the order of their GUIDs, which means nothing.
    const ids = others.map((line) => String(line['salesorderdetailid'])).sort();
    const made = [...ids].reverse();
    for (const [index, id] of made.entries()) {
      const line = others.find((other) => other['salesorderdetailid'] === id);
      if (!line) throw new Error(`no line ${id}`);
      store.update(table, line, { sequencenumber: null, createdon: `2026-03-0${index + 1}T08:00:00Z` });
    }
    const { lines } = await read('salesorder', sold.orderId, '');
    expect(lines.map(({ lineId }) => lineId)).toEqual([...made, numbered['salesorderdetailid']]);
  });
});

describe('more lines than one answer has', () => {
  const LINES = 5_003;

  let orderId: string;

  beforeAll(async () => {
    orderId = await sellMany();
  });

  async function sellMany(): Promise<string> {
    const sold = await sellUnknown(simulators, seller);
    const { store } = simulators.dataverse;
    const table = store.schema.table('salesorderdetail');
    const [line] = store.children('salesorderdetail', 'salesorderid', sold.orderId);
    for (let count = 3; count < LINES; count += 1) {
      store.insert(
        table,
        { ...line, salesorderdetailid: randomUUID(), sequencenumber: count + 1, bc_lineno: count },
        true,
      );
    }
    return sold.orderId;
  }

  it('are read page by page, with the columns of the mapping, and none is missing', async () => {
    const before = simulators.dataverse.requests.length;
    const deal = await sales.readDeal('salesorder', orderId, asked('salesorder', CUSTOM));
    expect(new Set(deal.lines.map(({ lineId }) => lineId)).size).toBe(LINES);
    expect(deal.lines.map(({ sequence }) => sequence)).toEqual(deal.lines.map((_line, index) => (index + 1) * 10_000));
    const last = deal.lines.at(-1)?.lineId ?? '';
    expect(deal.extra.lines[last]).toMatchObject({ bc_lineno: String(LINES - 1) });
    // The record with the first page, the second one, and whether the record is still the same.
    expect(simulators.dataverse.requests.length - before).toBe(3);
  });

  async function fetchRecord(): Promise<Record<string, unknown>> {
    const { connection } = simulators;
    const token = await getToken(connection, connection.dataverseApp);
    const address = `${connection.dataverse}/api/data/v9.2/${dealPath('salesorder', orderId)}`;
    const answer = await fetch(address, { headers: { authorization: `Bearer ${token}` } });
    return (await answer.json()) as Record<string, unknown>;
  }

  it('are read from the first one where the link names no page', async () => {
    const { dataverse } = simulators;
    const body = await fetchRecord();
    const link = 'order_details@odata.nextLink';
    body[link] = String(body[link]).replace(/&\$skiptoken=.*/, '');
    expect(body[link]).toContain('/order_details?');
    dataverse.faults.add({
      match: { path: `salesorders\\(${orderId}\\)\\?` },
      effect: { kind: 'status', status: 200, body },
    });
    const { lines } = await sales.readDeal('salesorder', orderId);
    expect(lines).toHaveLength(LINES);
    expect(new Set(lines.map(({ lineId }) => lineId)).size).toBe(LINES);
  });

  it('are refused where the link to the rest of them leads elsewhere: a part is never taken for all', async () => {
    const { dataverse } = simulators;
    const body = await fetchRecord();
    body['order_details@odata.nextLink'] = 'https://elsewhere.example/rows?$skiptoken=2';
    dataverse.faults.add({
      match: { path: `salesorders\\(${orderId}\\)\\?` },
      effect: { kind: 'status', status: 200, body },
    });
    await expect(sales.readDeal('salesorder', orderId)).rejects.toThrow('expected a link of Dataverse');
  });

  it('of a record that changes between two pages are read again by whoever asked', async () => {
    const { dataverse } = simulators;
    dataverse.faults.add({ match: { path: 'order_details.*skiptoken' }, effect: { kind: 'hold', when: 'after' } });
    const reading = expect(sales.readDeal('salesorder', orderId)).rejects.toMatchObject({ code: 'conflict' });
    await until(() => dataverse.faults.heldCount() > 0);
    await seller.call(`salesorders(${orderId})`, { name: 'One line less' }, 'PATCH');
    dataverse.faults.releaseHolds();
    await reading;
  });
});

describe('the third line of an address', () => {
  it('comes along, of the account and of the place of delivery', async () => {
    const sold = await sellUnknown(simulators, seller);
    const { store } = simulators.dataverse;
    const order = store.find('salesorder', sold.orderId);
    const account = store.find('account', String(order?.['customerid']));
    if (!order || !account) throw new Error('an order of an account is needed');
    store.update(store.schema.table('account'), account, { address1_line3: 'Halle 4' });
    store.update(store.schema.table('salesorder'), order, { shipto_line3: 'Ramp B' });
    const deal = await read('salesorder', sold.orderId, '');
    expect(deal.customer?.address.line3).toBe('Halle 4');
    expect(deal.shipTo?.line3).toBe('Ramp B');
    expect(deal.extra.record['shipto_line3']).toBe('Ramp B');
  });
});

describe('the currency of a customer', () => {
  const sellTo = async (currency: string | null) => {
    const sold = await sellUnknown(simulators, seller);
    const { store } = simulators.dataverse;
    const account = store.find('account', String(store.find('salesorder', sold.orderId)?.['customerid']));
    const row = [...store.all('transactioncurrency')].find((one) => one['isocurrencycode'] === currency);
    if (!account) throw new Error('an account is needed');
    const id = row ? String(row['transactioncurrencyid']) : null;
    store.update(store.schema.table('account'), account, { transactioncurrencyid: id });
    return sold.orderId;
  };
  const readFor = async (id: string, createCustomers: boolean) => {
    const before = simulators.dataverse.requests.length;
    const columns = asked('salesorder', '', { ...EVERYTHING, createCustomers });
    const { currency, customer } = await sales.readDeal('salesorder', id, columns);
    return { deal: currency, customer: customer?.currency, requests: simulators.dataverse.requests.length - before };
  };

  it('is its own, for one more request the first time that it is not that of the deal', async () => {
    const first = await sellTo('USD');
    expect(await readFor(first, true)).toEqual({ deal: 'EUR', customer: 'USD', requests: 2 });
    expect(await readFor(first, true)).toEqual({ deal: 'EUR', customer: 'USD', requests: 1 });
    expect(await readFor(await sellTo('EUR'), true)).toEqual({ deal: 'EUR', customer: 'EUR', requests: 1 });
    expect(await readFor(await sellTo(null), true)).toEqual({ deal: 'EUR', customer: undefined, requests: 1 });
  });

  it('is not asked for where nobody creates customers', async () => {
    expect(await readFor(await sellTo('GBP'), false)).toEqual({ deal: 'EUR', customer: undefined, requests: 1 });
  });
});

it('a column that does not exist is told by Sales by its name', async () => {
  const document = simulators.data.documents.find(({ kind }) => kind === 'salesorder');
  const columns = asked('salesorder', 'mapping: { document: { email: { column: new_mial } } }');
  await expect(sales.readDeal('salesorder', document?.id ?? '', columns)).rejects.toMatchObject({
    facts: { remoteMessage: expect.stringContaining('new_mial') },
  });
});

describe('the records further down the lineage', () => {
  it('are told apart: live ones, and orders that were cancelled', async () => {
    const opportunity = simulators.data.documents.find(({ kind, state }) => kind === 'opportunity' && state === 0);
    const make = async (action: string, body: object, column: string): Promise<string> => {
      const answer = await seller.call(action, { ...body, ColumnSet: { AllColumns: false, Columns: [column] } });
      return ((await answer.json()) as Record<string, string>)[column] ?? '';
    };
    const quote = await make('GenerateQuoteFromOpportunity', { OpportunityId: opportunity?.id }, 'quoteid');
    await seller.call(`quotes(${quote})`, { statecode: 1, statuscode: 2 }, 'PATCH');
    await seller.winQuote(quote);
    const order = await make('ConvertQuoteToSalesOrder', { QuoteId: quote }, 'salesorderid');
    const ref = { table: 'salesorder', recordId: order };
    const lineageOf = async (table: SourceTable, id: string) => (await read(table, id, '')).lineage;
    expect(await lineageOf('quote', quote)).toEqual({ opportunityId: opportunity?.id, descendants: [ref] });
    await seller.cancelOrder(order);
    expect(await lineageOf('quote', quote)).toMatchObject({ descendants: [], endedDescendants: [ref] });
    expect(await lineageOf('opportunity', opportunity?.id ?? '')).toEqual({
      descendants: [{ table: 'quote', recordId: quote }],
      endedDescendants: [ref],
    });
  });
});
