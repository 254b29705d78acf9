import { type Simulators, startSimulators } from '@dealbridge/simulators';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Ask, createAsk } from '../contract/ask.js';
import { getToken } from '../support/tokens.js';

describe('what Business Central and Dataverse do with money and filters', () => {
  let simulators: Simulators;
  let bc: Ask;
  let sales: Ask;
  const at = (path: string) => `companies(${simulators.businessCentral.company.id})/${path}`;
  const item = (more: object = {}) => ({ lineType: 'Item', lineObjectNumber: 'EQ-1001', quantity: 1, ...more });
  const freight = (more: object = {}) => ({ lineType: 'Account', lineObjectNumber: '8410', quantity: 1, ...more });

  async function create(set: string, lines: object[], more: object = {}) {
    const lineSet = set === 'salesOrders' ? 'salesOrderLines' : 'salesInvoiceLines';
    const body = { customerNumber: 'C10001', ...more, [lineSet]: lines };
    const answer = await bc('POST', at(`${set}?$expand=${lineSet}`), body);
    expect(answer.status, JSON.stringify(answer.body)).toBe(201);
    return answer.body;
  }

  beforeAll(async () => {
    simulators = await startSimulators({ products: 20, accounts: 12, documents: 3 });
    const { connection } = simulators;
    const root = `${connection.businessCentral}/v2.0/${connection.tenant}/${connection.environment}/api/v2.0`;
    bc = createAsk(root, await getToken(connection, connection.businessCentralApp));
    sales = createAsk(`${connection.dataverse}/api/data/v9.2`, await getToken(connection, connection.dataverseApp));
  });
  afterAll(() => simulators.stop());

  it('an invoice discount does not reach G/L lines, and is refused when no line allows it', async () => {
    const both = await create('salesInvoices', [item({ unitPrice: 100 }), freight({ unitPrice: 50 })]);
    const set = { discountAmount: 10 };
    expect((await bc('PATCH', at(`salesInvoices(${both.id})`), set, { 'if-match': '*' })).status).toBe(200);
    const { body } = await bc('GET', at(`salesInvoices(${both.id})/salesInvoiceLines`));
    expect(body.value.map((one: { invoiceDiscountAllocation: number }) => one.invoiceDiscountAllocation)).toEqual([
      10, 0,
    ]);
    const only = await create('salesInvoices', [freight({ unitPrice: 50 })]);
    const refused = await bc('PATCH', at(`salesInvoices(${only.id})`), set, { 'if-match': '*' });
    expect(refused.status).toBe(400);
    expect(refused.body.error.message).toContain('Cannot apply an invoice discount');
    const tooMuch = await bc('PATCH', at(`salesInvoices(${both.id})`), { discountAmount: 100.01 }, { 'if-match': '*' });
    expect(tooMuch.body.error?.message).toContain('The maximum Invoice Discount Amount that you can apply is 100.');
  });

  it.each([
    [
      'a total below 0',
      [item({ quantity: -1, unitPrice: 10 })],
      'The total amount for the invoice must be 0 or greater.',
    ],
    [
      'comments alone',
      [{ lineType: 'Comment', description: 'Thank you' }],
      'There is nothing to post because the document does not contain a quantity or amount.',
    ],
  ])('does not post %s', async (_what, lines, message) => {
    const invoice = await create('salesInvoices', lines);
    const refused = await bc('POST', at(`salesInvoices(${invoice.id})/Microsoft.NAV.post`));
    expect([refused.status, refused.body.error?.message]).toEqual([400, expect.stringContaining(message)]);
  });

  it('does not post a total that the invoice discount takes below 0, although the lines come to more', async () => {
    const invoice = await create('salesInvoices', [item({ unitPrice: 100 }), freight({ quantity: -1, unitPrice: 90 })]);
    const path = at(`salesInvoices(${invoice.id})`);
    expect((await bc('PATCH', path, { discountAmount: 90 }, { 'if-match': '*' })).status).toBe(200);
    const refused = await bc('POST', `${path}/Microsoft.NAV.post`);
    const message = expect.stringContaining('Amount must be positive in Gen. Journal Line');
    expect([refused.status, refused.body.error?.message]).toEqual([400, message]);
  });

  it('an invoice discount below 0 is a surcharge, which items share', async () => {
    const invoice = await create('salesInvoices', [item({ unitPrice: 100 }), freight({ unitPrice: 50 })]);
    const path = at(`salesInvoices(${invoice.id})`);
    const changed = await bc('PATCH', path, { discountAmount: -10 }, { 'if-match': '*' });
    expect([changed.body.discountAmount, changed.body.totalAmountExcludingTax]).toEqual([-10, 160]);
  });

  it('posts an invoice of nothing but free lines, which is paid at once', async () => {
    const invoice = await create('salesInvoices', [item({ unitPrice: 0 })]);
    expect((await bc('POST', at(`salesInvoices(${invoice.id})/Microsoft.NAV.post`))).status).toBe(204);
    const { body } = await bc('GET', at(`salesInvoices(${invoice.id})`));
    expect([body.status, body.totalAmountIncludingTax]).toEqual(['Paid', 0]);
  });

  it.each([
    ['JPY', '0:0', 1, 1001],
    ['KWD', '3:3', 0.001, 1000.556],
  ])('amounts in %s have its decimals', async (code, amountDecimalPlaces, amountRoundingPrecision, total) => {
    const currency = { code, displayName: code, amountDecimalPlaces, amountRoundingPrecision };
    expect((await bc('POST', at('currencies'), currency)).status).toBe(201);
    const invoice = await create('salesInvoices', [item({ unitPrice: 1000.5555 })], { currencyCode: code });
    expect(invoice.totalAmountExcludingTax).toBe(total);
  });

  it.each([-1, 60])('a line discount amount of %s that is not 0 to 100 percent of 50 is refused', async (amount) => {
    const invoice = await create('salesInvoices', []);
    const line = item({ unitPrice: 50, discountAmount: amount });
    const refused = await bc('POST', at(`salesInvoices(${invoice.id})/salesInvoiceLines`), line);
    expect(refused.status).toBe(400);
    expect(refused.body.error.message).toContain('must be between 0 and 100');
  });

  it('an order with a negative line is invoiced with it', async () => {
    const order = await create('salesOrders', [item({ unitPrice: 100 }), item({ quantity: -1, unitPrice: 30 })]);
    expect((await bc('POST', at(`salesOrders(${order.id})/Microsoft.NAV.shipAndInvoice`))).status).toBe(204);
    const { body } = await bc('GET', at(`salesInvoices?$filter=orderId eq ${order.id}`));
    expect(body.value[0].totalAmountExcludingTax).toBe(70);
  });

  it('an invoice of zero is paid when it is posted', async () => {
    const invoice = await create('salesInvoices', [item({ unitPrice: 0 })]);
    await bc('POST', at(`salesInvoices(${invoice.id})/Microsoft.NAV.post`));
    expect((await bc('GET', at(`salesInvoices(${invoice.id})`))).body.status).toBe('Paid');
  });

  it('several addresses are taken, and operators of filter values work', async () => {
    for (const number of ['F-1', 'F-2', 'F-3']) {
      const customer = { number, displayName: `${number} & Co`, email: 'a@x.example; b@x.example' };
      expect((await bc('POST', at('customers'), customer)).status).toBe(201);
    }
    const found = async (field: string, value: string) => {
      const filter = encodeURIComponent(`${field} eq '${value}'`);
      const { body } = await bc('GET', at(`customers?$filter=${filter}`));
      return body.value.map((one: { number: string }) => one.number);
    };
    expect(await found('number', 'F-1|F-3')).toEqual(['F-1', 'F-3']);
    expect(await found('number', 'F-1..F-2')).toEqual(['F-1', 'F-2']);
    expect(await found('number', '(>=F-1&<F-3)')).toEqual(['F-1', 'F-2']);
    expect(await found('displayName', 'F-1 & Co')).toEqual([]);
    expect(await found('displayName', "''F-1 & Co''")).toEqual(['F-1']);
  });

  it('a code keeps its length in capitals', async () => {
    const number = 'ß'.repeat(20);
    expect((await bc('POST', at('customers'), { number, displayName: 'x' })).body.number).toBe(number);
    const filter = encodeURIComponent(`number eq '${number}'`);
    expect((await bc('GET', at(`customers?$filter=${filter}`))).body.value).toHaveLength(1);
  });

  it('Dataverse rounds money to the precision of its column', async () => {
    const { body } = await sales('GET', 'salesorders?$top=1&$filter=statecode eq 0&$select=salesorderid');
    const path = `salesorders(${body.value[0].salesorderid})`;
    expect((await sales('PATCH', path, { freightamount: 1.2357 })).status).toBe(204);
    expect((await sales('GET', `${path}?$select=freightamount`)).body.freightamount).toBe(1.24);
  });
});
