import { z } from 'zod';
import type { Invoice, InvoiceLine, Order, OrderLine, Quote } from '../../deal/business-central-document.js';
import { contentOf, decimalText } from '../stored-content.js';

/** Documents as the ledger stores them, version 1. */

const text = z.string();
const terms = z.record(text, text);

const line = {
  sequence: z.number(),
  objectId: text.optional(),
  isAccount: z.literal(true).optional(),
  number: text,
  description: text,
  unitId: text.optional(),
  unit: text.optional(),
  quantity: decimalText,
  unitPrice: decimalText,
  discount: decimalText,
  net: decimalText,
  tax: decimalText,
  terms: terms.optional(),
};

const header = {
  id: text,
  etag: text,
  number: text,
  externalDocumentNumber: text,
  status: text,
  customerId: text.optional(),
  customerNumber: text,
  billToId: text.optional(),
  billToNumber: text.optional(),
  currency: text,
  pricesIncludeTax: z.boolean(),
  postingDate: text.optional(),
  discount: decimalText,
  excludingTax: decimalText,
  tax: decimalText,
  includingTax: decimalText,
  lastModified: text,
  terms: terms.optional(),
};

export const invoiceContent = contentOf<Invoice>({
  ...header,
  orderId: text.optional(),
  orderNumber: text.optional(),
  dueDate: text.optional(),
  remaining: decimalText,
  credited: decimalText.optional(),
  lines: z.array(contentOf<InvoiceLine>(line)),
});

export const quoteContent = contentOf<Quote>({
  ...header,
  validUntil: text.optional(),
  lines: z.array(contentOf<InvoiceLine>(line)),
});

export const orderContent = contentOf<Order>({
  ...header,
  fullyShipped: z.boolean(),
  lines: z.array(contentOf<OrderLine>({ ...line, shippedQuantity: decimalText, invoicedQuantity: decimalText })),
});
