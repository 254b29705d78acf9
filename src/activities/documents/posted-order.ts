import type { Invoice, Order, OrderLine } from '../../clients/business-central/client.js';
import { add } from '../../deal/money.js';

/** Matches no order: whoever posts by it is told that there is nothing left to post. */
const NO_ETAG = 'W/"gone"';

export function isPostedOrder({ etag }: { readonly etag: string }): boolean {
  return etag === NO_ETAG;
}

/** An order that is gone because all of it was posted, as its invoices tell it; undefined when they are not of one. */
export function toPostedOrder(invoices: readonly Invoice[]): Order | undefined {
  const [first] = invoices;
  if (!first?.orderId || invoices.some((invoice) => invoice.orderId !== first.orderId)) return undefined;
  const sum = (field: 'discount' | 'excludingTax' | 'tax' | 'includingTax') =>
    add(...invoices.map((invoice) => invoice[field]));
  return {
    id: first.orderId,
    etag: NO_ETAG,
    number: first.orderNumber ?? '',
    externalDocumentNumber: first.externalDocumentNumber,
    status: first.status,
    customerId: first.customerId,
    customerNumber: first.customerNumber,
    billToId: first.billToId,
    billToNumber: first.billToNumber,
    currency: first.currency,
    pricesIncludeTax: first.pricesIncludeTax,
    postingDate: first.postingDate,
    discount: sum('discount'),
    excludingTax: sum('excludingTax'),
    tax: sum('tax'),
    includingTax: sum('includingTax'),
    fullyShipped: true,
    lastModified: first.lastModified,
    lines: mergeLines(invoices),
  };
}

/** Parts of one line, invoiced one after the other, are one line of the order again. */
function mergeLines(invoices: readonly Invoice[]): OrderLine[] {
  const lines = new Map<number, OrderLine>();
  for (const line of invoices.flatMap((invoice) => invoice.lines)) {
    const earlier = lines.get(line.sequence);
    const quantity = add(line.quantity, earlier?.quantity ?? '0');
    lines.set(line.sequence, {
      ...line,
      quantity,
      discount: add(line.discount, earlier?.discount ?? '0'),
      net: add(line.net, earlier?.net ?? '0'),
      tax: add(line.tax, earlier?.tax ?? '0'),
      shippedQuantity: quantity,
      invoicedQuantity: quantity,
    });
  }
  return [...lines.values()].sort((left, right) => left.sequence - right.sequence);
}
