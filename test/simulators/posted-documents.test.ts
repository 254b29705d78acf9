import { type Simulators, startSimulators } from '@dealbridge/simulators';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Ask, createAsk } from '../contract/ask.js';
import { getToken } from '../support/tokens.js';

/** What posting and deleting leave in Business Central; the numbers are sections of reference/business-central. */

let simulators: Simulators;
let bc: Ask;
const company = () => simulators.businessCentral.company;
const at = (path: string) => `companies(${company().id})/${path}`;
const item = (more: object = {}) => ({ lineType: 'Item', lineObjectNumber: 'EQ-1001', quantity: 1, ...more });
const COMMENT = { lineType: 'Comment', description: 'as agreed' };
type Row = Record<string, unknown>;

beforeAll(async () => {
  simulators = await startSimulators({ products: 20, accounts: 12, documents: 3 });
  const { connection } = simulators;
  const root = `${connection.businessCentral}/v2.0/${connection.tenant}/${connection.environment}/api/v2.0`;
  bc = createAsk(root, await getToken(connection, connection.businessCentralApp));
});
afterEach(() =>
  Object.assign(company().setup, {
    oneInvoiceSeries: false,
    preventNegativeInventory: false,
    invoiceRoundingPrecision: '0.01',
  }),
);
afterAll(() => simulators.stop());

async function create(set: string, lines: object[], more: object = {}) {
  const lineSet = set === 'salesOrders' ? 'salesOrderLines' : 'salesInvoiceLines';
  const body = { customerNumber: 'C10001', externalDocumentNumber: 'KEY', ...more, [lineSet]: lines };
  const answer = await bc('POST', at(`${set}?$expand=${lineSet}`), body);
  expect(answer.status, JSON.stringify(answer.body)).toBe(201);
  return answer.body;
}

async function postPart(order: { id: string; salesOrderLines: { id: string }[] }, quantities: readonly number[]) {
  for (const [index, quantity] of quantities.entries()) {
    const path = at(`salesOrders(${order.id})/salesOrderLines(${order.salesOrderLines[index]?.id})`);
    await bc('PATCH', path, { shipQuantity: quantity, invoiceQuantity: quantity }, { 'if-match': '*' });
  }
  expect((await bc('POST', at(`salesOrders(${order.id})/Microsoft.NAV.shipAndInvoice`))).status).toBe(204);
}

const invoicesOf = async ({ id }: { id: string }) =>
  (await bc('GET', at(`salesInvoices?$filter=orderId eq ${id}&$expand=salesInvoiceLines`))).body.value;

function runOutOfStock(): void {
  company().setStock('EQ-1001', '0');
  company().setup.preventNegativeInventory = true;
}

describe('a part of an order', () => {
  it('4.4: has every line in its invoice and its shipment, also what is not posted now', async () => {
    const order = await create('salesOrders', [item({ quantity: 2, unitPrice: 10 }), COMMENT, item({ unitPrice: 5 })]);
    await postPart(order, [1, 0, 0]);
    const [invoice] = await invoicesOf(order);
    const lines = invoice.salesInvoiceLines.map(({ sequence, quantity, unitPrice, netAmount, description }: Row) => [
      sequence,
      quantity,
      unitPrice,
      netAmount,
      description === 'as agreed',
    ]);
    expect(lines).toEqual([
      [10_000, 1, 10, 10, false],
      [20_000, 0, 0, 0, true],
      [30_000, 0, 5, 0, false],
    ]);
    const path = at(`salesShipments?$filter=orderNumber eq '${order.number}'&$expand=salesShipmentLines`);
    const [shipment] = (await bc('GET', path)).body.value;
    expect(shipment.salesShipmentLines.map(({ lineType, quantity }: Row) => [lineType, quantity])).toEqual([
      ['Item', 1],
      ['_x0020_', 0],
      ['Item', 0],
    ]);
  });

  it('has its share of the invoice discount, rounded by itself', async () => {
    const order = await create('salesOrders', [item({ quantity: 3, unitPrice: 100 })]);
    await bc('PATCH', at(`salesOrders(${order.id})`), { discountAmount: 10 }, { 'if-match': '*' });
    for (let part = 0; part < 3; part += 1) await postPart(order, [1]);
    expect((await invoicesOf(order)).map(({ discountAmount }: Row) => discountAmount)).toEqual([3.33, 3.33, 3.33]);
  });
});

describe('invoice rounding', () => {
  it.each([
    ['to the precision of the local currency', {}, 0.01],
    ['to that of the currency, which the API calls otherwise', { currencyCode: 'CHF' }, -0.01],
  ])('3.8: appends a line when it is posted: %s', async (_, more, rounding) => {
    company().setup.invoiceRoundingPrecision = '0.05';
    if (!company().findByNumber('currencies', 'CHF')) {
      const currency = { code: 'CHF', displayName: 'CHF', amountRoundingPrecision: 0.05 };
      expect((await bc('POST', at('currencies'), currency)).status).toBe(201);
      company().insert('currencyExchangeRates', {
        currencyCode: 'CHF',
        startingDate: '2020-01-01',
        exchangeRateAmount: '1',
        relationalExchangeRateAmount: '1',
      });
    }
    const price = rounding > 0 ? 0.2 : 0.22;
    const draft = await create('salesInvoices', [item({ unitPrice: price })], more);
    await bc('POST', at(`salesInvoices(${draft.id})/Microsoft.NAV.post`));
    const { body } = await bc('GET', at(`salesInvoices(${draft.id})?$expand=salesInvoiceLines`));
    expect(draft.salesInvoiceLines).toHaveLength(1);
    expect(body.totalAmountIncludingTax).toBe(0.25);
    expect(body.remainingAmount).toBe(0.25);
    expect(body.salesInvoiceLines[1]).toMatchObject({
      sequence: 20_000,
      lineType: 'Account',
      quantity: 1,
      unitPrice: rounding,
      netAmountIncludingTax: rounding,
    });
  });
});

describe('a draft whose posting number was drawn', () => {
  const PLACEHOLDER = { status: 'Paid', totalAmountIncludingTax: 0, remainingAmount: 0, externalDocumentNumber: 'KEY' };

  it('11.3: becomes a posted invoice without amounts when it is deleted', async () => {
    const draft = await create('salesInvoices', [item({ unitPrice: 10 })]);
    runOutOfStock();
    expect((await bc('POST', at(`salesInvoices(${draft.id})/Microsoft.NAV.post`))).status).toBe(400);
    expect((await bc('DELETE', at(`salesInvoices(${draft.id})`), undefined, { 'if-match': '*' })).status).toBe(204);
    const { status, body } = await bc('GET', at(`salesInvoices(${draft.id})?$expand=salesInvoiceLines`));
    expect([status, body]).toMatchObject([200, PLACEHOLDER]);
    expect(body.number).not.toBe(draft.number);
    expect(body.salesInvoiceLines).toMatchObject([{ lineType: 'Comment', sequence: 10_000, quantity: 0 }]);
  });

  it('11.3: keeps its number where it is that of posted invoices', async () => {
    company().setup.oneInvoiceSeries = true;
    const draft = await create('salesInvoices', [item()]);
    await bc('DELETE', at(`salesInvoices(${draft.id})`), undefined, { 'if-match': '*' });
    const { body } = await bc('GET', at(`salesInvoices(${draft.id})`));
    expect(body).toMatchObject({ ...PLACEHOLDER, number: draft.number });
  });

  it('11.3: is gone where no number was drawn', async () => {
    const draft = await create('salesInvoices', [item()]);
    await bc('DELETE', at(`salesInvoices(${draft.id})`), undefined, { 'if-match': '*' });
    expect((await bc('GET', at(`salesInvoices(${draft.id})`))).status).toBe(404);
  });

  it('11.3: leaves an invoice and a shipment of its own where it is an order', async () => {
    const order = await create('salesOrders', [item({ unitPrice: 10 })], { externalDocumentNumber: 'ORDER-KEY' });
    runOutOfStock();
    expect((await bc('POST', at(`salesOrders(${order.id})/Microsoft.NAV.shipAndInvoice`))).status).toBe(400);
    expect((await bc('DELETE', at(`salesOrders(${order.id})`), undefined, { 'if-match': '*' })).status).toBe(204);
    expect((await bc('GET', at(`salesOrders(${order.id})`))).status).toBe(404);
    expect(await invoicesOf(order)).toMatchObject([{ status: 'Paid', totalAmountIncludingTax: 0 }]);
    const path = at("salesShipments?$filter=externalDocumentNumber eq 'ORDER-KEY'&$expand=salesShipmentLines");
    const { value } = (await bc('GET', path)).body;
    expect(value).toMatchObject([{ salesShipmentLines: [{ lineType: '_x0020_', quantity: 0 }] }]);
  });
});
