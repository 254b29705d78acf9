import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { InvoiceLine } from '../../src/deal/business-central-document.js';
import { add } from '../../src/deal/money.js';
import { makeInvoice } from '../support/documents.js';
import { openSalesCounter, type SalesCounter } from '../support/sales-counter.js';

let counter: SalesCounter;
beforeAll(async () => {
  counter = await openSalesCounter();
});
afterAll(() => counter?.close());

type Amounts = Pick<InvoiceLine, 'quantity' | 'unitPrice' | 'discount' | 'net' | 'tax'>;

/** The row in Sales of an invoice that was posted with these lines. */
async function rowOf(lines: readonly Amounts[], pricesIncludeTax = false, decimalsInSales = 2) {
  const { store: sales } = counter.simulators.dataverse;
  const currencies = sales.schema.table('transactioncurrency');
  for (const row of sales.all('transactioncurrency'))
    sales.update(currencies, row, { currencyprecision: decimalsInSales });
  const { deal } = await counter.post();
  const excludingTax = add(...lines.map(({ net }) => net));
  const invoice = makeInvoice({
    ...{ id: randomUUID(), number: `INV-${randomUUID().slice(0, 8)}`, status: 'Open', pricesIncludeTax, excludingTax },
    ...{ includingTax: add(excludingTax, ...lines.map(({ tax }) => tax)) },
    lines: lines.map((line, index) => ({
      ...{ ...line, sequence: 90_000 + index, number: 'EQ-1001', description: 'Product 1' },
    })),
  });
  await counter.ledger.saveDocument(deal.recordId, 'invoice', invoice);
  const written = { ref: deal, revision: deal.revision, invoiceId: invoice.id };
  const { invoiceId, total } = await counter.activities().createInvoiceRow(written);
  const { store } = counter.simulators.dataverse;
  const made = [...store.children('invoicedetail', 'invoiceid', invoiceId)];
  return {
    total: Number(total),
    wanted: Number(invoice.includingTax),
    lines: made.map((line) => [Number(line['priceperunit']), Number(line['manualdiscountamount'])]),
  };
}

describe('the row of a posted invoice in Sales has its total to the cent', () => {
  it('with price and discount as they were posted', async () => {
    const row = await rowOf([{ quantity: '3', unitPrice: '10.00', discount: '5.00', net: '25.00', tax: '4.75' }]);
    expect(row).toEqual({ total: 29.75, wanted: 29.75, lines: [[10, 5]] });
  });

  it('when something is taken back with its discount, since Sales takes none below zero', async () => {
    const row = await rowOf([
      { quantity: '3', unitPrice: '10.00', discount: '0', net: '30.00', tax: '5.70' },
      { quantity: '-1', unitPrice: '10.00', discount: '-1.00', net: '-9.00', tax: '-1.71' },
    ]);
    expect(row.total).toBe(row.wanted);
    expect(row.lines).toContainEqual([9, 0]);
  });

  it('when the prices include tax, which those of Sales never do', async () => {
    const row = await rowOf(
      [
        { quantity: '1', unitPrice: '119.00', discount: '0', net: '100.00', tax: '19.00' },
        { quantity: '2', unitPrice: '119.00', discount: '23.80', net: '180.00', tax: '34.20' },
        { quantity: '3', unitPrice: '9.99', discount: '0', net: '25.18', tax: '4.79' },
      ],
      true,
    );
    expect(row.total).toBe(row.wanted);
    expect(row.lines).toEqual(
      expect.arrayContaining([
        [100, 0],
        [100, 20],
      ]),
    );
  });

  it('when a price has more decimals than money has in Sales', async () => {
    const row = await rowOf([{ quantity: '1000', unitPrice: '0.33333', discount: '0', net: '333.33', tax: '63.33' }]);
    expect(row.total).toBe(row.wanted);
    expect(row.lines).toEqual([[0.34, 6.67]]);
  });

  it.each([
    ['up', '5424.56', '0', '5425'],
    ['down', '5424.44', '0', '5424'],
    ['up, with a discount', '99.50', '9.50', '90.50'],
    ['down, with a discount', '99.44', '9', '90'],
  ])('when Business Central rounds amounts to other units than Sales, %s', async (_how, unitPrice, discount, net) => {
    const row = await rowOf([{ quantity: '1', unitPrice, discount, net, tax: '0' }]);
    expect(row.total).toBe(row.wanted);
  });

  it('when amounts have four decimals in Sales', async () => {
    const lines = [
      { quantity: '3', unitPrice: '1.2345', discount: '0', net: '3.70', tax: '0' },
      { quantity: '-2', unitPrice: '0.1234', discount: '0', net: '-0.25', tax: '0' },
    ];
    const row = await rowOf(lines, false, 4);
    expect(row.total).toBe(row.wanted);
  });

  it('but for amounts that have more decimals than Sales knows', async () => {
    const row = await rowOf([{ quantity: '1', unitPrice: '1.2345', discount: '0', net: '1.235', tax: '0' }]);
    expect(row).toEqual({ total: 1.23, wanted: 1.235, lines: [[1.23, 0]] });
  });
});

describe('a line that was posted with another item than it was handed over with', () => {
  it('is that item in Sales, and not the product that was sold', async () => {
    const { deal } = await counter.post();
    const [sold] = deal.lines;
    if (!sold?.product) throw new Error('a line with a product is needed');
    const amounts = { quantity: sold.quantity, unitPrice: '10.00', discount: '0', net: '10.00', tax: '0' };
    const { sequence } = sold;
    const made = makeInvoice({
      ...{ id: randomUUID(), number: `INV-${randomUUID().slice(0, 8)}`, status: 'Draft' },
      ...{ excludingTax: '10.00', tax: '0', includingTax: '10.00', discount: '0' },
      lines: [{ ...amounts, sequence, number: 'EQ-1001', description: 'Product 1' }],
    });
    const { ledger } = counter;
    const { id: documentId, number: draftNumber } = made;
    const drafted = { kind: 'drafted', documentId, documentKind: 'invoice', draftNumber, draftVersion: 1 } as const;
    await ledger.recordOutcome({
      recordId: deal.recordId,
      document: { kind: 'invoice', content: made },
      change: { ...drafted, customerNumber: 'C10001', mapping: undefined },
      audit: { actor: 'dealbridge', action: 'create draft invoice in Business Central' },
    });
    const productsOf = async (number: string) => {
      const id = randomUUID();
      const lines = made.lines.map((line) => ({ ...line, number }));
      await ledger.saveDocument(deal.recordId, 'invoice', { ...made, id, status: 'Open', lines });
      const written = { ref: deal, revision: deal.revision, invoiceId: id };
      const row = await counter.activities().createInvoiceRow(written);
      return [...counter.simulators.dataverse.store.children('invoicedetail', 'invoiceid', row.invoiceId)].map(
        (line) => [line['productid'] ?? undefined, String(line['productdescription'] ?? '')],
      );
    };
    expect(await productsOf('EQ-1001')).toEqual([[sold.product.productId, expect.anything()]]);
    expect(await productsOf('EQ-1002')).toEqual([[undefined, 'EQ-1002 Product 1']]);
  });
});
