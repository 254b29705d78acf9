import { randomUUID } from 'node:crypto';
import { entityOf } from './entities.js';
import { createDocument } from './headers.js';
import { postDraft } from './posting.js';
import type { Company, DocumentLine, Row, SalesDocument } from './store.js';
import { big, computeTotals, rounded } from './totals.js';
import { emptyRow } from './values.js';

/**
 * Get Shipment Lines and Combine Shipments: an invoice of what was shipped and not invoiced, posted. Its lines have numbers of its
 * own behind a text that names the shipment (SalesShipmentLine.Table.al); it names the order only
 * where all of it is of one (SalesPost.Codeunit.al, PostUpdateOrderNo); and the orders stay until a batch job deletes them.
 */
export function invoiceShipments(company: Company, orders: readonly SalesDocument[]): SalesDocument {
  const [first] = orders;
  if (!first) throw new RangeError('no order');
  const { customerId, currencyCode } = first.row;
  const invoice = createDocument(company, 'invoice', { customerId, currencyCode });
  for (const order of orders) {
    for (const shipment of company.all('salesShipments'))
      if (shipment['orderNumber'] === order.row['number']) getLines(company, invoice, order, shipment);
    company.touch(order.row, 'salesOrders', 'updated');
  }
  computeTotals(company, invoice);
  postDraft(company, invoice);
  if (orders.length === 1) Object.assign(invoice.row, { orderId: first.row['id'], orderNumber: first.row['number'] });
  return invoice;
}

function getLines(company: Company, invoice: SalesDocument, order: SalesDocument, shipment: Row): void {
  append(company, invoice, { lineType: 'Comment', description: `Shipment No. ${String(shipment['number'])}:` });
  for (const shipped of company.all('salesShipmentLines')) {
    const line = order.lines.find(({ sequence }) => sequence === shipped['sequence']);
    if (shipped['documentId'] !== shipment['id'] || !line) continue;
    const rest = big(line['shippedQuantity']).minus(big(line['invoicedQuantity']));
    const quantity = rest.lt(big(shipped['quantity'])) ? rest : big(shipped['quantity']);
    if (quantity.lte(0)) continue;
    const share = big(line['discountAmount']).times(quantity).div(big(line['quantity']));
    append(company, invoice, {
      ...line,
      quantity: quantity.toFixed(),
      discountAmount: rounded(company, order, share).toFixed(),
    });
    line['invoicedQuantity'] = big(line['invoicedQuantity']).plus(quantity).toFixed();
    line['invoiceQuantity'] = '0';
    company.touch(line);
  }
}

function append(company: Company, invoice: SalesDocument, values: Row): void {
  const entity = entityOf('salesInvoiceLines');
  const made = emptyRow(entity);
  for (const name of entity.fields.keys()) made[name] = values[name] ?? made[name] ?? '';
  const sequence = (invoice.lines.at(-1)?.sequence ?? 0) + 10_000;
  const line: DocumentLine = { ...made, id: randomUUID(), documentId: String(invoice.row['id']), sequence };
  company.touch(line);
  invoice.lines.push(line);
}

/** Report "Delete Invoiced Sales Orders". */
export function deleteInvoicedOrder(company: Company, order: SalesDocument): void {
  if (order.lines.some((line) => !big(line['invoicedQuantity']).eq(big(line['quantity']))))
    throw new RangeError(`order ${String(order.row['number'])} is not invoiced`);
  const id = String(order.row['id']);
  company.documents.order.delete(id);
  company.announce({ set: 'salesOrders', id, type: 'deleted', at: company.clock.now() });
}
