import type { Invoice, InvoiceLine, Order, Quote } from '../../src/deal/business-central-document.js';

/** Documents as the client of Business Central gives them, with what a test says instead. */

const HEADER = {
  id: '0d0c0000-0000-4000-8000-00000000000d',
  etag: 'W/"d1"',
  number: '1001',
  externalDocumentNumber: '0A1B2C3D0000400080000000000000000A',
  status: 'Draft',
  customerNumber: 'C10001',
  currency: 'EUR',
  pricesIncludeTax: false,
  postingDate: '2031-05-04',
  discount: '0',
  excludingTax: '20.00',
  tax: '3.80',
  includingTax: '23.80',
  lastModified: '2031-05-04T08:00:00Z',
};

const LINE: InvoiceLine = {
  sequence: 10_000,
  number: 'EQ-1001',
  description: 'Product 1',
  quantity: '2',
  unitPrice: '10.00',
  discount: '0',
  net: '20.00',
  tax: '3.80',
};

export function makeInvoice(change: Partial<Invoice> = {}): Invoice {
  return {
    ...HEADER,
    orderId: undefined,
    orderNumber: undefined,
    dueDate: '2031-06-03',
    remaining: '23.80',
    lines: [LINE],
    ...change,
  };
}

export function makeOrder(change: Partial<Order> = {}): Order {
  return {
    ...HEADER,
    fullyShipped: false,
    lines: [{ ...LINE, shippedQuantity: '0', invoicedQuantity: '0' }],
    ...change,
  };
}

export function makeQuote(change: Partial<Quote> = {}): Quote {
  return { ...HEADER, postingDate: undefined, validUntil: undefined, lines: [LINE], ...change };
}
