import type { Order } from '../../deal/business-central-document.js';
import type { DocumentDraft } from '../../deal/document.js';
import { isNumberOf } from '../../deal/document-number.js';
import { decimalNumber } from '../http/lossless-json.js';
import type { HttpAnswer, HttpTransport } from '../http/transport.js';
import { readWire } from '../http/wire.js';
import type { WriteContext } from '../http/write-context.js';
import { toDocumentBody } from './document-body.js';
import { toHeaderTerms } from './document-terms.js';
import { toLine } from './invoices.js';
import { filterOfRecord } from './number-filter.js';
import { listOf, type OrderRow, orderRow } from './rows.js';
import { type Receipt, toPatched, toReceipt } from './transport.js';

export interface OrderRequests {
  /** Every order under our number for the record; a fully posted one is no longer among them. */
  findOrders(recordId: string): Promise<Order[]>;
  /** @throws RemoteApiError `not-found`, also when the order was fully posted. */
  getOrder(id: string): Promise<Order>;
  createOrder(draft: DocumentDraft, context: WriteContext): Promise<Order & Receipt>;
  setOrderDiscount(id: string, etag: string, amount: string, context: WriteContext): Promise<Order & Receipt>;
  deleteOrder(id: string, etag: string, context: WriteContext): Promise<Receipt>;
  /**
   * `Microsoft.NAV.shipAndInvoice`: posts what the lines have left to ship and to invoice. Asked twice it posts twice,
   * so whoever repeats it looks first (reference/business-central 12.2). The etag must be the one that was confirmed.
   */
  shipAndInvoice(id: string, etag: string, context: WriteContext): Promise<Receipt>;
}

const WITH_LINES = '$expand=salesOrderLines';

export function createOrderRequests(http: HttpTransport): OrderRequests {
  const readOne = (asked: string, { body, requestId }: HttpAnswer): Order =>
    toOrder(readWire('business-central', asked, orderRow, body, requestId));
  const getOrder = async (id: string): Promise<Order> => {
    const asked = 'read the order';
    return readOne(asked, await http.send({ method: 'GET', path: `salesOrders(${id})?${WITH_LINES}`, asked }));
  };

  return {
    async findOrders(recordId) {
      const asked = 'look the order up';
      const filter = encodeURIComponent(filterOfRecord(recordId));
      const path = `salesOrders?$filter=${filter}&${WITH_LINES}`;
      const { body, requestId } = await http.send({ method: 'GET', path, asked });
      // A filter may be read otherwise than it is meant, so it is checked again here (reference/business-central 12.1).
      return readWire('business-central', asked, listOf(orderRow), body, requestId)
        .value.filter((row) => isNumberOf(row.externalDocumentNumber, recordId))
        .map(toOrder);
    },
    getOrder,
    async createOrder(draft, context) {
      const asked = 'create the order';
      const body = toDocumentBody(draft, 'order');
      const answer = await http.send({ method: 'POST', path: `salesOrders?${WITH_LINES}`, asked, body, context });
      return { ...readOne(asked, answer), ...toReceipt(answer) };
    },
    async setOrderDiscount(id, etag, amount, context) {
      const asked = 'set the order discount';
      const answer = await http.send({
        method: 'PATCH',
        path: `salesOrders(${id})?${WITH_LINES}`,
        asked,
        headers: { 'if-match': etag },
        body: { discountAmount: decimalNumber(amount) },
        context,
      });
      return toPatched(readOne(asked, answer), answer, getOrder);
    },
    async deleteOrder(id, etag, context) {
      return toReceipt(
        await http.send({
          method: 'DELETE',
          path: `salesOrders(${id})`,
          asked: 'delete the order',
          headers: { 'if-match': etag },
          context,
        }),
      );
    },
    async shipAndInvoice(id, etag, context) {
      return toReceipt(
        await http.send({
          method: 'POST',
          path: `salesOrders(${id})/Microsoft.NAV.shipAndInvoice`,
          asked: 'ship and invoice the order',
          headers: { 'if-match': etag },
          context,
        }),
      );
    },
  };
}

function toOrder(row: OrderRow): Order {
  return {
    id: row.id,
    etag: row['@odata.etag'],
    number: row.number,
    externalDocumentNumber: row.externalDocumentNumber,
    status: row.status,
    customerId: row.customerId,
    customerNumber: row.customerNumber,
    billToId: row.billToCustomerId,
    billToNumber: row.billToCustomerNumber,
    currency: row.currencyCode,
    pricesIncludeTax: row.pricesIncludeTax,
    postingDate: row.postingDate,
    discount: row.discountAmount,
    excludingTax: row.totalAmountExcludingTax,
    tax: row.totalTaxAmount,
    includingTax: row.totalAmountIncludingTax,
    fullyShipped: row.fullyShipped,
    lastModified: row.lastModifiedDateTime,
    terms: toHeaderTerms(row),
    lines: (row.salesOrderLines ?? []).map((line) => ({
      ...toLine(line),
      shippedQuantity: line.shippedQuantity,
      invoicedQuantity: line.invoicedQuantity,
    })),
  };
}
