import { type Invoice, type InvoiceLine, isPlaceholder } from '../../deal/business-central-document.js';
import type { DocumentDraft } from '../../deal/document.js';
import { isNumberOf } from '../../deal/document-number.js';
import { RemoteApiError } from '../errors.js';
import { decimalNumber } from '../http/lossless-json.js';
import type { HttpAnswer, HttpTransport } from '../http/transport.js';
import { readWire } from '../http/wire.js';
import type { WriteContext } from '../http/write-context.js';
import { toDocumentBody } from './document-body.js';
import { toHeaderTerms, toLineTerms } from './document-terms.js';
import { filterOfRecord } from './number-filter.js';
import { type DocumentLineRow, type InvoiceRow, invoiceRow, listOf, pageOf, postedInvoiceRow } from './rows.js';
import { quote, type Receipt, toPatched, toReceipt } from './transport.js';

/** What changed after a moment. */
export interface InvoicePlace {
  readonly since: Date;
  /** Those that are open alone. */
  readonly open?: boolean;
}

export interface InvoicePage {
  /** In the order of their last change. */
  readonly invoices: readonly Invoice[];
  /** There are more behind the last one. */
  readonly hasMore: boolean;
  /** By the clock of Business Central, to the second. */
  readonly answeredAt: Date | undefined;
}

export interface InvoiceRequests {
  /**
   * One page of the invoices that changed; deletions do not show (reference/business-central 6.3). A next page is asked
   * for by the stamp of the last invoice: the link that comes with a page names its last row and not a moment, and goes
   * on from wherever that row stands by then. It has the placeholders of deleted drafts as well, which no other list has.
   */
  readChangedInvoices(place: InvoicePlace, pageSize: number): Promise<InvoicePage>;
  /** Those of them that are there; a few dozen in one request. */
  readInvoices(ids: readonly string[]): Promise<Invoice[]>;
  /**
   * Whether a posted invoice of the company shows at all: whoever lacks the permission gets an empty list and no refusal
   * (reference/business-central 1.3).
   */
  showsPostedInvoices(): Promise<boolean>;
  /** Every invoice, draft or posted, under our number for the record; more than one is a conflict for a person. */
  findInvoices(recordId: string): Promise<Invoice[]>;
  /** One for each posting of the order; none when nothing was invoiced yet. */
  findInvoicesOfOrder(orderId: string): Promise<Invoice[]>;
  /** The ids of the posted ones among them. The list is of another API, which the app may lack the permission for. */
  findPostedIds(externalNumber: string): Promise<ReadonlySet<string>>;
  /** @throws RemoteApiError `not-found`. */
  getInvoice(id: string): Promise<Invoice>;
  createInvoice(draft: DocumentDraft, context: WriteContext): Promise<Invoice & Receipt>;
  setInvoiceDiscount(id: string, etag: string, amount: string, context: WriteContext): Promise<Invoice & Receipt>;
  deleteInvoice(id: string, etag: string, context: WriteContext): Promise<Receipt>;
  /** `Microsoft.NAV.post`; the id stays, the number changes. The etag must be the one that was confirmed. */
  postInvoice(id: string, etag: string, context: WriteContext): Promise<Receipt>;
}

const WITH_LINES = '$expand=salesInvoiceLines';

/** @param automate under `api/microsoft/automate/v1.0/`, where posted invoices have a list of their own */
export function createInvoiceRequests(http: HttpTransport, automate: HttpTransport): InvoiceRequests {
  const list = async (asked: string, filter: string): Promise<Invoice[]> => {
    const path = `salesInvoices?$filter=${encodeURIComponent(filter)}&${WITH_LINES}`;
    const { body, requestId } = await http.send({ method: 'GET', path, asked });
    const { value } = readWire('business-central', asked, listOf(invoiceRow), body, requestId);
    return value.map(toInvoice).filter((invoice) => !isPlaceholder(invoice));
  };
  const readOne = (asked: string, { body, requestId }: HttpAnswer): Invoice =>
    toInvoice(readWire('business-central', asked, invoiceRow, body, requestId));
  const getInvoice = async (id: string): Promise<Invoice> => {
    const asked = 'read the invoice';
    const answer = await http.send({ method: 'GET', path: `salesInvoices(${id})?${WITH_LINES}`, asked });
    const invoice = readOne(asked, answer);
    // What stands there in its place says that it was deleted.
    if (isPlaceholder(invoice))
      throw new RemoteApiError('business-central', 'not-found', asked, {
        requestId: answer.requestId,
        rowOf: 'salesInvoices',
      });
    return invoice;
  };

  return {
    async readChangedInvoices(place, pageSize) {
      const asked = 'read the changes of invoices';
      const { body, headers, requestId } = await http.send({
        method: 'GET',
        path: `salesInvoices?${toQuery(place)}`,
        asked,
        headers: { prefer: `odata.maxpagesize=${pageSize}` },
      });
      const page = readWire('business-central', asked, pageOf(invoiceRow), body, requestId);
      const date = Date.parse(String(headers['date']));
      return {
        invoices: page.value.map(toInvoice),
        hasMore: page['@odata.nextLink'] !== undefined,
        answeredAt: Number.isNaN(date) ? undefined : new Date(date),
      };
    },
    async readInvoices(ids) {
      // All conditions are on one field, as Business Central wants it (reference/business-central 6.1).
      const found = await list('read the invoices', ids.map((id) => `id eq ${id}`).join(' or '));
      return found.filter((invoice) => ids.includes(invoice.id));
    },
    async showsPostedInvoices() {
      const asked = 'look for a posted invoice';
      // Not «Open», which a released draft is too (reference/business-central 4.5).
      const filter = ['Paid', 'Canceled', 'Corrective'].map((status) => `status eq '${status}'`).join(' or ');
      const path = `salesInvoices?$filter=${encodeURIComponent(filter)}&$top=1`;
      const { body, requestId } = await http.send({ method: 'GET', path, asked });
      return readWire('business-central', asked, listOf(invoiceRow), body, requestId).value.length > 0;
    },
    async findInvoices(recordId) {
      const found = await list('look the invoice up', filterOfRecord(recordId));
      // A filter may be read otherwise than it is meant, so it is checked again here (reference/business-central 12.1).
      return found.filter((invoice) => isNumberOf(invoice.externalDocumentNumber, recordId));
    },
    async findPostedIds(externalNumber) {
      const asked = 'look the posted invoice up';
      // `apiId` is the id of salesInvoices; it is computed and cannot be filtered by (reference/business-central 12.2).
      const filter = encodeURIComponent(`externalDocumentNumber eq ${quote(externalNumber)}`);
      const path = `postedSalesInvoices?$filter=${filter}`;
      const { body, requestId } = await automate.send({ method: 'GET', path, asked });
      const { value } = readWire('business-central', asked, listOf(postedInvoiceRow), body, requestId);
      return new Set(value.filter((row) => row.externalDocumentNumber === externalNumber).map(({ apiId }) => apiId));
    },
    async findInvoicesOfOrder(orderId) {
      const found = await list('look the invoices of the order up', `orderId eq ${orderId}`);
      return found.filter((invoice) => invoice.orderId === orderId);
    },
    getInvoice,
    async createInvoice(draft, context) {
      const asked = 'create the draft';
      const path = `salesInvoices?${WITH_LINES}`;
      const body = toDocumentBody(draft, 'invoice');
      const answer = await http.send({ method: 'POST', path, asked, body, context });
      return { ...readOne(asked, answer), ...toReceipt(answer) };
    },
    async setInvoiceDiscount(id, etag, amount, context) {
      const asked = 'set the invoice discount';
      const answer = await http.send({
        method: 'PATCH',
        path: `salesInvoices(${id})?${WITH_LINES}`,
        asked,
        headers: { 'if-match': etag },
        body: { discountAmount: decimalNumber(amount) },
        context,
      });
      return toPatched(readOne(asked, answer), answer, getInvoice);
    },
    deleteInvoice: (id, etag, context) =>
      http.send({
        method: 'DELETE',
        path: `salesInvoices(${id})`,
        asked: 'delete the draft',
        headers: { 'if-match': etag },
        context,
      }),
    postInvoice: (id, etag, context) =>
      http.send({
        method: 'POST',
        path: `salesInvoices(${id})/Microsoft.NAV.post`,
        asked: 'post the invoice',
        headers: { 'if-match': etag },
        context,
      }),
  };
}

function toQuery({ since, open }: InvoicePlace): string {
  const filter = `lastModifiedDateTime gt ${since.toISOString()}${open ? ` and status eq 'Open'` : ''}`;
  return `$filter=${encodeURIComponent(filter)}&$orderby=lastModifiedDateTime&${WITH_LINES}`;
}

function toInvoice(row: InvoiceRow): Invoice {
  return {
    id: row.id,
    etag: row['@odata.etag'],
    number: row.number,
    externalDocumentNumber: row.externalDocumentNumber,
    orderId: row.orderId,
    orderNumber: row.orderNumber || undefined,
    status: row.status,
    customerId: row.customerId,
    customerNumber: row.customerNumber,
    billToId: row.billToCustomerId,
    billToNumber: row.billToCustomerNumber,
    currency: row.currencyCode,
    pricesIncludeTax: row.pricesIncludeTax,
    postingDate: row.postingDate,
    dueDate: row.dueDate,
    discount: row.discountAmount,
    excludingTax: row.totalAmountExcludingTax,
    tax: row.totalTaxAmount,
    includingTax: row.totalAmountIncludingTax,
    remaining: row.remainingAmount,
    lastModified: row.lastModifiedDateTime,
    terms: toHeaderTerms(row),
    lines: (row.salesInvoiceLines ?? []).map(toLine),
  };
}

export function toLine(line: DocumentLineRow): InvoiceLine {
  return {
    sequence: line.sequence,
    objectId: line.itemId ?? line.accountId,
    ...(line.accountId && { isAccount: true as const }),
    number: line.lineObjectNumber,
    description: line.description,
    unitId: line.unitOfMeasureId,
    ...(line.unitOfMeasureCode && { unit: line.unitOfMeasureCode }),
    quantity: line.quantity,
    unitPrice: line.unitPrice,
    discount: line.discountAmount,
    net: line.amountExcludingTax,
    tax: line.netTaxAmount,
    terms: toLineTerms(line),
  };
}
