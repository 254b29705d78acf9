import { z } from 'zod';
import type { DocumentKind } from '../../deal/deal.js';
import type { Download, HttpTransport } from '../http/transport.js';
import { decimal, guid, readWire } from '../http/wire.js';
import type { WriteContext } from '../http/write-context.js';
import { toPath } from './masters.js';
import { listOf, pageOf } from './rows.js';
import { type Receipt, toReceipt } from './transport.js';
import { quoteValue } from './value-filters.js';

/** What flows back to Sales beside the invoices, and the files that documents are given. */

export interface ChangedPage<Row> {
  /** In the order of their last change. */
  readonly rows: readonly Row[];
  readonly hasMore: boolean;
  /** By the clock of Business Central, to the second. */
  readonly answeredAt: Date | undefined;
}

export interface CreditMemo {
  readonly id: string;
  readonly etag: string;
  readonly number: string;
  readonly status: string;
  readonly customerId: string | undefined;
  readonly customerNumber: string;
  readonly currency: string;
  readonly date: string;
  readonly includingTax: string;
  /** The one that it is applied to; empty when there are several or none (reference/business-central 2.8). */
  readonly invoiceNumber: string;
  readonly lastModified: string;
}

export interface Shipment {
  readonly id: string;
  readonly etag: string;
  readonly number: string;
  readonly externalDocumentNumber: string;
  readonly orderNumber: string;
  readonly date: string;
  /** Code of the shipment method; API v2.0 has neither agent nor tracking number. */
  readonly method: string;
  readonly lines: readonly ShipmentLine[];
  readonly lastModified: string;
}

export interface ShipmentLine {
  /** That of the order line; of one that takes another back its own. */
  readonly sequence: number;
  readonly description: string;
  readonly quantity: string;
  /** The code of its unit; empty where the line has none. */
  readonly unit: string;
}

/** A line with a negative quantity: one that takes another back, or what is sold so. */
export interface NegativeShipmentLine extends ShipmentLine {
  readonly shipmentId: string;
}

/** A customer with its figures, all in the local currency. */
export interface CustomerFigures {
  readonly id: string;
  readonly creditLimit: string;
  /** `none`, `ship`, `invoice` or `all`. */
  readonly blocked: string;
  readonly balance: string;
  readonly overdue: string;
  readonly sales: string;
}

export interface ItemFigures {
  readonly id: string;
  readonly inventory: string;
  /** In the local currency, for the base unit. */
  readonly unitPrice: string;
  /** The code of the base unit, in which the stock is counted; empty where the item has none. */
  readonly unit: string;
}

export interface Attachment {
  readonly id: string;
  readonly fileName: string;
  readonly byteSize: number;
}

export interface SweptPage<Row> {
  readonly rows: readonly Row[];
  readonly nextLink: string | undefined;
}

export interface FlowRequests {
  /** Rendered when it is asked for (reference/business-central 2.8). */
  downloadInvoicePdf(invoiceId: string, maxBytes: number): Promise<Download>;
  /** One page; deletions do not show (reference/business-central 6.3). */
  readChangedCreditMemos(since: Date, pageSize: number): Promise<ChangedPage<CreditMemo>>;
  /** Those that are applied to one invoice, by its number; also drafts. */
  findCreditMemosOf(invoiceNumber: string): Promise<CreditMemo[]>;
  /** Of these numbers those that have entries in the general ledger; as many as one request can name. */
  findPostedCreditMemos(numbers: readonly string[]): Promise<ReadonlySet<string>>;
  readChangedShipments(since: Date, pageSize: number): Promise<ChangedPage<Shipment>>;
  /** As they are by now: a line that is undone does not move the stamp of its shipment (reference/business-central 4.4). */
  listShipmentsOfOrder(orderNumber: string): Promise<Shipment[]>;
  /** Of as many shipments as one request can name, in the order of their sequence. */
  listNegativeShipmentLines(shipmentIds: readonly string[]): Promise<NegativeShipmentLine[]>;
  /** All of them: neither a balance nor a stock moves the stamp of its row. */
  readCustomerFigures(pageSize: number, link: string | undefined): Promise<SweptPage<CustomerFigures>>;
  readItemFigures(pageSize: number, link: string | undefined): Promise<SweptPage<ItemFigures>>;
  /**
   * A size above `maxBytes` is only known to be above it.
   * @throws RemoteApiError `not-found` when the document is posted or deleted by now
   */
  listAttachments(kind: DocumentKind, documentId: string, maxBytes: number): Promise<Attachment[]>;
  /** Without its content, which follows (reference/business-central 2.8). */
  createAttachment(
    kind: DocumentKind,
    documentId: string,
    fileName: string,
    context: WriteContext,
  ): Promise<{ readonly id: string } & Receipt>;
  writeAttachment(attachmentId: string, bytes: Buffer, context: WriteContext): Promise<Receipt>;
}

const ledgerEntryRow = z.object({ documentNumber: z.string(), documentType: z.string() });
const ZERO_ID = '00000000-0000-0000-0000-000000000000';
const stamped = { '@odata.etag': z.string(), id: guid, number: z.string(), lastModifiedDateTime: z.string() };
const creditMemoRow = z.object({
  ...stamped,
  status: z.string(),
  customerId: guid,
  customerNumber: z.string(),
  currencyCode: z.string(),
  postingDate: z.string(),
  totalAmountIncludingTax: decimal,
  invoiceNumber: z.string(),
});

const shipmentLine = {
  sequence: z.number(),
  description: z.string(),
  quantity: decimal,
  unitOfMeasureCode: z.string(),
};
const negativeLineRow = z.object({ documentId: guid, ...shipmentLine });
const shipmentRow = z.object({
  ...stamped,
  externalDocumentNumber: z.string(),
  orderNumber: z.string(),
  postingDate: z.string(),
  shipmentMethodCode: z.string(),
  salesShipmentLines: z.array(z.object(shipmentLine)).optional(),
});
const customerRow = z.object({
  id: guid,
  creditLimit: decimal,
  blocked: z.string(),
  customerFinancialDetail: z.object({
    balance: decimal,
    overdueAmount: decimal,
    totalSalesExcludingTax: decimal,
  }),
});
const itemRow = z.object({ id: guid, inventory: decimal, unitPrice: decimal, baseUnitOfMeasureCode: z.string() });
/** How the API spells an enum value without a name. */
const BLANK = '_x0020_';
/** Content is bytes: to a client that takes JSON alone it may be refused (OData 4.0, part 1, 8.2.1). */
const ANY_TYPE = { accept: '*/*' };

const attachmentRow = z.object({ id: guid, fileName: z.string(), byteSize: z.number() });
const DOCUMENTS: Readonly<Record<DocumentKind, readonly [set: string, parentType: string]>> = {
  invoice: ['salesInvoices', 'Sales_x0020_Invoice'],
  order: ['salesOrders', 'Sales_x0020_Order'],
  quote: ['salesQuotes', 'Sales_x0020_Quote'],
};

function toShipment(row: z.output<typeof shipmentRow>): Shipment {
  return {
    ...toStamped(row),
    externalDocumentNumber: row.externalDocumentNumber,
    orderNumber: row.orderNumber,
    date: row.postingDate,
    method: row.shipmentMethodCode,
    lines: (row.salesShipmentLines ?? []).map(({ unitOfMeasureCode: unit, ...line }) => ({ ...line, unit })),
  };
}

/** @param http below the company */
export function createFlowRequests(http: HttpTransport): FlowRequests {
  const readChanged = async <Wire, Row>(
    set: string,
    [since, pageSize]: readonly [Date, number],
    shape: z.ZodType<Wire>,
    toRow: (row: Wire) => Row,
    expand = '',
  ): Promise<ChangedPage<Row>> => {
    const asked = `read the changes of ${set}`;
    const filter = encodeURIComponent(`lastModifiedDateTime gt ${since.toISOString()}`);
    const { body, headers, requestId } = await http.send({
      method: 'GET',
      path: `${set}?$filter=${filter}&$orderby=lastModifiedDateTime${expand}`,
      asked,
      headers: { prefer: `odata.maxpagesize=${pageSize}` },
    });
    const page = readWire('business-central', asked, pageOf(shape), body, requestId);
    const date = Date.parse(String(headers['date']));
    return {
      rows: page.value.map(toRow),
      hasMore: page['@odata.nextLink'] !== undefined,
      answeredAt: Number.isNaN(date) ? undefined : new Date(date),
    };
  };

  const sweep = async <Wire, Row>(
    [set, query]: readonly [string, string],
    [pageSize, link]: readonly [number, string | undefined],
    shape: z.ZodType<Wire>,
    toRow: (row: Wire) => Row,
  ): Promise<SweptPage<Row>> => {
    const asked = `read the figures of ${set}`;
    const { body, requestId } = await http.send({
      method: 'GET',
      path: link === undefined ? `${set}?${query}` : toPath(link),
      asked,
      headers: { prefer: `odata.maxpagesize=${pageSize}` },
    });
    const page = readWire('business-central', asked, pageOf(shape), body, requestId);
    return { rows: page.value.map(toRow), nextLink: page['@odata.nextLink'] };
  };

  return {
    async listAttachments(kind, documentId, maxBytes) {
      const asked = 'read the attachments of the document';
      const path = `${DOCUMENTS[kind][0]}(${documentId})/documentAttachments?$select=id,fileName,byteSize`;
      const { body, requestId } = await http.send({ method: 'GET', path, asked });
      const rows = readWire('business-central', asked, listOf(attachmentRow), body, requestId).value;
      const [only] = rows;
      if (!only || rows.length > 1 || only.byteSize > 0) return rows;
      // Of a single file the size comes as 0, whatever it has (microsoft/BCApps, GraphMgtAttachmentBuffer.Codeunit.al).
      const content = { path: `documentAttachments(${only.id})/attachmentContent`, asked, headers: ANY_TYPE };
      const { bytes } = await http.download(content, maxBytes);
      return [{ ...only, byteSize: bytes?.length ?? maxBytes + 1 }];
    },
    async createAttachment(kind, parentId, fileName, context) {
      const asked = 'create the attachment';
      const body = { fileName, parentType: DOCUMENTS[kind][1], parentId };
      const answer = await http.send({ method: 'POST', path: 'documentAttachments', asked, body, context });
      const { id } = readWire('business-central', asked, attachmentRow, answer.body, answer.requestId);
      return { id, ...toReceipt(answer) };
    },
    async writeAttachment(attachmentId, bytes, context) {
      const answer = await http.send({
        method: 'PATCH',
        path: `documentAttachments(${attachmentId})/attachmentContent`,
        asked: 'write the attachment',
        headers: { 'if-match': '*' },
        body: bytes,
        context,
      });
      return toReceipt(answer);
    },
    readChangedShipments: (...place) =>
      readChanged('salesShipments', place, shipmentRow, toShipment, '&$expand=salesShipmentLines'),
    async listShipmentsOfOrder(orderNumber) {
      const asked = 'read the shipments of the order';
      const filter = encodeURIComponent(`orderNumber eq ${quoteValue(orderNumber)}`);
      const path = `salesShipments?$filter=${filter}&$expand=salesShipmentLines`;
      const { body, requestId } = await http.send({ method: 'GET', path, asked });
      return readWire('business-central', asked, listOf(shipmentRow), body, requestId).value.map(toShipment);
    },
    async listNegativeShipmentLines(shipmentIds) {
      const asked = 'read what was undone of shipments';
      const ids = shipmentIds.map((id) => `documentId eq ${id}`).join(' or ');
      const filter = encodeURIComponent(`(${ids}) and quantity lt 0`);
      const select = 'documentId,sequence,description,quantity,unitOfMeasureCode';
      const path = `salesShipmentLines?$filter=${filter}&$select=${select}&$orderby=sequence`;
      const { body, requestId } = await http.send({ method: 'GET', path, asked });
      const { value } = readWire('business-central', asked, listOf(negativeLineRow), body, requestId);
      return value.map(({ documentId: shipmentId, unitOfMeasureCode: unit, ...line }) => ({
        ...line,
        unit,
        shipmentId,
      }));
    },
    readCustomerFigures: (...page) =>
      sweep(
        ['customers', '$select=id,creditLimit,blocked&$expand=customerFinancialDetail'],
        page,
        customerRow,
        ({ id, creditLimit, blocked, customerFinancialDetail: detail }) => ({
          ...{ id, creditLimit, blocked: blocked === BLANK || blocked.trim() === '' ? 'none' : blocked.toLowerCase() },
          ...{ balance: detail.balance, overdue: detail.overdueAmount, sales: detail.totalSalesExcludingTax },
        }),
      ),
    readItemFigures: (...page) =>
      sweep(
        ['items', '$select=id,inventory,unitPrice,baseUnitOfMeasureCode'],
        page,
        itemRow,
        ({ baseUnitOfMeasureCode: unit, ...row }) => ({ ...row, unit }),
      ),
    downloadInvoicePdf: (invoiceId, maxBytes) =>
      http.download(
        {
          path: `salesInvoices(${invoiceId})/pdfDocument/pdfDocumentContent`,
          asked: 'read the invoice as PDF',
          headers: ANY_TYPE,
        },
        maxBytes,
      ),
    readChangedCreditMemos: (...place) => readChanged('salesCreditMemos', place, creditMemoRow, toCreditMemo),
    async findCreditMemosOf(invoiceNumber) {
      const asked = 'look the credit memos of the invoice up';
      const filter = encodeURIComponent(`invoiceNumber eq ${quoteValue(invoiceNumber)}`);
      const { body, requestId } = await http.send({ method: 'GET', path: `salesCreditMemos?$filter=${filter}`, asked });
      const { value } = readWire('business-central', asked, listOf(creditMemoRow), body, requestId);
      return value.map(toCreditMemo).filter((memo) => memo.invoiceNumber === invoiceNumber);
    },
    async findPostedCreditMemos(numbers) {
      const asked = 'look the entries of credit memos up';
      const filter = encodeURIComponent(
        numbers.map((number) => `documentNumber eq ${quoteValue(number)}`).join(' or '),
      );
      const path = `generalLedgerEntries?$filter=${filter}&$select=documentNumber,documentType`;
      const { body, requestId } = await http.send({ method: 'GET', path, asked });
      const { value } = readWire('business-central', asked, listOf(ledgerEntryRow), body, requestId);
      // Another document may have the number in a series of its own.
      const ofMemos = value.filter(({ documentType }) => /^Credit(_x0020_| )Memo$/i.test(documentType));
      return new Set(ofMemos.map(({ documentNumber }) => documentNumber));
    },
  };
}

function toCreditMemo(row: z.infer<typeof creditMemoRow>): CreditMemo {
  return {
    ...toStamped(row),
    status: row.status,
    customerId: row.customerId === ZERO_ID ? undefined : row.customerId,
    customerNumber: row.customerNumber,
    currency: row.currencyCode,
    date: row.postingDate,
    includingTax: row.totalAmountIncludingTax,
    invoiceNumber: row.invoiceNumber,
  };
}

function toStamped(row: {
  readonly '@odata.etag': string;
  readonly id: string;
  readonly number: string;
  readonly lastModifiedDateTime: string;
}) {
  return { id: row.id, etag: row['@odata.etag'], number: row.number, lastModified: row.lastModifiedDateTime };
}
