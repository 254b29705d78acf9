import type { z } from 'zod';
import { type AskedColumns, NOTHING_MORE } from '../../deal/asked-columns.js';
import type { WonDeal } from '../../deal/deal.js';
import type { SourceTable } from '../../deal/ids.js';
import { RemoteApiError } from '../errors.js';
import { createTransport, type HttpTransport } from '../http.js';
import { decimalNumber } from '../lossless-json.js';
import type { TokenSource } from '../tokens.js';
import { readWire } from '../wire.js';
import { dealPath, fromOpportunity, fromOrder, fromQuote } from './deal-reader.js';
import { readExtraColumns } from './extra-columns.js';
import { errorEnvelope, idPage, invoiceRow, opportunityRow, orderRow, quoteRow, whoAmI } from './rows.js';

/** What a request changed, for the audit trail. */
export interface WriteReceipt {
  readonly requestId: string;
  readonly correlationId: string;
}

export interface SalesInvoice {
  /** Chosen by us before the first attempt, so that a repeat finds it. */
  readonly invoiceId: string;
  readonly number: string;
  readonly name: string;
  readonly source: { readonly table: SourceTable; readonly recordId: string };
  readonly accountId: string;
  readonly customerKind: 'account' | 'contact';
  readonly currencyId: string | undefined;
  readonly priceListId: string | undefined;
  readonly dueDate: string | undefined;
  readonly discount: string;
  readonly lines: readonly SalesInvoiceLine[];
}

export interface SalesInvoiceLine {
  readonly product: { readonly productId: string; readonly unitId: string } | undefined;
  readonly description: string;
  readonly quantity: string;
  readonly unitPrice: string;
  readonly discount: string;
  readonly tax: string;
}

export interface SalesInvoiceState {
  readonly invoiceId: string;
  readonly number: string;
  readonly total: string;
  readonly etag: string;
}

export interface SalesClient {
  /** @throws RemoteApiError `not-found` when the record was deleted. */
  readDeal(table: SourceTable, recordId: string, asked?: AskedColumns): Promise<WonDeal>;
  /** Records of a table that changed at or after a day and are not open or dead, the oldest first. */
  findRecordIds(table: SourceTable, since: string): Promise<string[]>;
  findInvoice(invoiceId: string): Promise<SalesInvoiceState | undefined>;
  createInvoice(invoice: SalesInvoice): Promise<SalesInvoiceState & WriteReceipt>;
  /** Writes columns of an opportunity. `If-Match: *`, because a PATCH of an unknown GUID would create a row. */
  updateOpportunity(opportunityId: string, columns: Readonly<Record<string, string>>): Promise<WriteReceipt>;
  whoAmI(): Promise<{ userId: string; organizationId: string }>;
  close(): Promise<void>;
}

export interface SalesClientOptions {
  /** Origin of the environment, such as `https://contoso.crm4.dynamics.com`. */
  readonly environmentUrl: string;
  readonly tokens: TokenSource;
  readonly timeoutMs: number;
}

const PARALLEL = 8; // dataverse reference 6.1: start with 2–8

export function createSalesClient(options: SalesClientOptions): SalesClient {
  const http: HttpTransport = createTransport({
    api: 'sales',
    baseUrl: `${options.environmentUrl}/api/data/v9.2/`,
    tokens: options.tokens,
    timeoutMs: options.timeoutMs,
    parallel: PARALLEL,
    headers: { 'odata-maxversion': '4.0', 'odata-version': '4.0', 'if-none-match': 'null' },
    readError: (_status, body) => errorEnvelope.safeParse(body).data?.error ?? {},
    refine: (status, code) => (status === 412 && isDuplicate(code) ? 'conflict' : undefined),
  });

  return {
    async readDeal(table, recordId, more = NOTHING_MORE) {
      const asked = `read the ${table}`;
      const { body, requestId } = await http.send({ method: 'GET', path: dealPath(table, recordId, more), asked });
      const extra = readExtraColumns(table, body, more);
      switch (table) {
        case 'opportunity':
          return { ...fromOpportunity(readWire('sales', asked, opportunityRow, body, requestId)), extra };
        case 'quote':
          return { ...fromQuote(readWire('sales', asked, quoteRow, body, requestId)), extra };
        case 'salesorder':
          return { ...fromOrder(readWire('sales', asked, orderRow, body, requestId)), extra };
      }
    },
    async findRecordIds(table, since) {
      const asked = `list the ${table} records`;
      const [set, id, states] = LISTED[table];
      const filter = encodeURIComponent(`modifiedon ge ${since}T00:00:00Z and (${states})`);
      let path: string | undefined = `${set}?$select=${id}&$filter=${filter}&$orderby=modifiedon,${id}`;
      const found: string[] = [];
      while (path !== undefined) {
        const { body, requestId } = await http.send({ method: 'GET', path, asked });
        const page: z.infer<typeof idPage> = readWire('sales', asked, idPage, body, requestId);
        found.push(...page.value.map((row) => String(row[id]).toLowerCase()));
        // The link is followed as it is, below our own base (reference 8).
        path = page['@odata.nextLink']?.split('/api/data/v9.2/')[1];
      }
      return found;
    },
    async findInvoice(invoiceId) {
      const asked = 'look the invoice row up';
      const path = `invoices(${invoiceId})?$select=invoicenumber,totalamount,statecode,statuscode`;
      try {
        const { body, requestId } = await http.send({ method: 'GET', path, asked });
        return toInvoiceState(readWire('sales', asked, invoiceRow, body, requestId));
      } catch (error) {
        if (error instanceof RemoteApiError && error.code === 'not-found') return undefined;
        throw error;
      }
    },
    async createInvoice(invoice) {
      const asked = 'create the invoice row';
      const { body, requestId, correlationId } = await http.send({
        method: 'POST',
        path: 'invoices?$select=invoicenumber,totalamount,statecode,statuscode',
        asked,
        headers: { prefer: 'return=representation' },
        body: toInvoiceBody(invoice),
      });
      return { ...toInvoiceState(readWire('sales', asked, invoiceRow, body, requestId)), requestId, correlationId };
    },
    async updateOpportunity(opportunityId, columns) {
      const asked = 'write the columns of the opportunity';
      const path = `opportunities(${opportunityId})`;
      return http.send({ method: 'PATCH', path, asked, headers: { 'if-match': '*' }, body: columns });
    },
    async whoAmI() {
      const asked = 'ask who we are';
      const { body, requestId } = await http.send({ method: 'GET', path: 'WhoAmI', asked });
      const answer = readWire('sales', asked, whoAmI, body, requestId);
      return { userId: answer.UserId, organizationId: answer.OrganizationId };
    },
    close: () => http.close(),
  };
}

/** The state codes of what may be handed over (reference 2.13). */
const LISTED: Record<SourceTable, readonly [set: string, id: string, states: string]> = {
  opportunity: ['opportunities', 'opportunityid', 'statecode eq 1'],
  quote: ['quotes', 'quoteid', 'statecode eq 2'],
  salesorder: ['salesorders', 'salesorderid', 'statecode ne 2'],
};

const DUPLICATES: ReadonlySet<string> = new Set(['0x80040237', '0x80060892']);

function isDuplicate(code: string | undefined): boolean {
  return code !== undefined && DUPLICATES.has(code.toLowerCase());
}

function toInvoiceState(row: ReturnType<typeof invoiceRow.parse>): SalesInvoiceState {
  return { invoiceId: row.invoiceid, number: row.invoicenumber, total: row.totalamount, etag: row['@odata.etag'] };
}

/** Statuscode 4 is Billed: what Business Central's own connector gives a posted invoice (reference 3.9). */
const BILLED = 4;

function toInvoiceBody(invoice: SalesInvoice): Record<string, unknown> {
  const { table, recordId } = invoice.source;
  const bindSource =
    table === 'salesorder'
      ? { 'salesorderid@odata.bind': `/salesorders(${recordId})` }
      : table === 'opportunity'
        ? { 'opportunityid@odata.bind': `/opportunities(${recordId})` }
        : {};
  const customer =
    invoice.customerKind === 'account'
      ? { 'customerid_account@odata.bind': `/accounts(${invoice.accountId})` }
      : { 'customerid_contact@odata.bind': `/contacts(${invoice.accountId})` };
  return {
    invoiceid: invoice.invoiceId,
    invoicenumber: invoice.number,
    name: invoice.name,
    statuscode: BILLED,
    ...customer,
    ...bindSource,
    ...(invoice.currencyId && { 'transactioncurrencyid@odata.bind': `/transactioncurrencies(${invoice.currencyId})` }),
    ...(invoice.priceListId && { 'pricelevelid@odata.bind': `/pricelevels(${invoice.priceListId})` }),
    ...(invoice.dueDate && { duedate: invoice.dueDate }),
    ...(invoice.discount !== '0' && { discountamount: decimalNumber(invoice.discount) }),
    invoice_details: invoice.lines.map((line, index) => ({
      sequencenumber: index + 1,
      quantity: decimalNumber(line.quantity),
      priceperunit: decimalNumber(line.unitPrice),
      ispriceoverridden: true,
      manualdiscountamount: decimalNumber(line.discount),
      tax: decimalNumber(line.tax),
      ...(line.product
        ? {
            isproductoverridden: false,
            'productid@odata.bind': `/products(${line.product.productId})`,
            'uomid@odata.bind': `/uoms(${line.product.unitId})`,
          }
        : { isproductoverridden: true, productdescription: line.description }),
    })),
  };
}
