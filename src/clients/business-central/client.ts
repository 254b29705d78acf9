import type { DocumentDraft } from '../../deal/document.js';
import { RemoteApiError } from '../errors.js';
import { createTransport, type HttpTransport } from '../http.js';
import { decimalNumber } from '../lossless-json.js';
import type { TokenSource } from '../tokens.js';
import { readWire } from '../wire.js';
import { toDocumentBody } from './document-body.js';
import { refine } from './refusals.js';
import { companyRow, customerRow, errorEnvelope, type InvoiceRow, invoiceRow, itemRow, listOf } from './rows.js';

export interface CustomerRef {
  readonly id: string;
  readonly number: string;
}

export interface ItemRef {
  readonly id: string;
  readonly number: string;
  readonly isBlocked: boolean;
}

export interface NewCustomer {
  readonly number: string;
  readonly name: string;
  readonly isPerson: boolean;
  readonly email: string | undefined;
  readonly phone: string | undefined;
  readonly website: string | undefined;
  readonly line1: string | undefined;
  readonly line2: string | undefined;
  readonly city: string | undefined;
  readonly state: string | undefined;
  readonly postalCode: string | undefined;
  /** Code of a country in Business Central. */
  readonly country: string | undefined;
  readonly currencyCode: string | undefined;
}

export interface NewItem {
  readonly number: string;
  readonly name: string;
  readonly isService: boolean;
  readonly unitCode: string | undefined;
}

/** A sales invoice, draft or posted: one row with one id for its whole life (reference 4.3). */
export interface Invoice {
  readonly id: string;
  readonly etag: string;
  readonly number: string;
  readonly status: string;
  readonly customerNumber: string;
  readonly currency: string;
  readonly pricesIncludeTax: boolean;
  readonly dueDate: string | undefined;
  readonly discount: string;
  readonly excludingTax: string;
  readonly tax: string;
  readonly includingTax: string;
  readonly remaining: string;
  readonly lines: readonly InvoiceLine[];
}

export interface InvoiceLine {
  readonly sequence: number;
  readonly number: string;
  readonly description: string;
  readonly quantity: string;
  readonly unitPrice: string;
  readonly discount: string;
  readonly net: string;
  readonly tax: string;
}

export interface Receipt {
  readonly requestId: string;
  readonly correlationId: string;
}

export interface BusinessCentralClient {
  findCustomer(number: string): Promise<CustomerRef | undefined>;
  createCustomer(customer: NewCustomer): Promise<CustomerRef & Receipt>;
  findItems(numbers: readonly string[]): Promise<ItemRef[]>;
  createItem(item: NewItem): Promise<ItemRef & Receipt>;
  /** Every invoice, draft or posted, that carries our key; more than one is a conflict for a person. */
  findInvoices(key: string): Promise<Invoice[]>;
  /** @throws RemoteApiError `not-found`. */
  getInvoice(id: string): Promise<Invoice>;
  createInvoice(draft: DocumentDraft): Promise<Invoice & Receipt>;
  setInvoiceDiscount(id: string, etag: string, amount: string): Promise<Invoice & Receipt>;
  deleteInvoice(id: string, etag: string): Promise<Receipt>;
  /** `Microsoft.NAV.post`; the id stays, the number changes. The etag must be the one that was confirmed. */
  postInvoice(id: string, etag: string): Promise<Receipt>;
  close(): Promise<void>;
}

export interface BusinessCentralClientOptions {
  /** Up to and including the environment: `https://api.businesscentral.dynamics.com/v2.0/<tenant>/<environment>`. */
  readonly environmentUrl: string;
  readonly companyId: string;
  readonly tokens: TokenSource;
  readonly timeoutMs: number;
}

const PARALLEL = 4; // five are processed at once per app registration, one is left for people (reference 8)
/** One filter holds that many numbers: the URL stays short and `or` on one field is allowed. */
export const ITEMS_PER_REQUEST = 20;

export function createBusinessCentralClient(options: BusinessCentralClientOptions): BusinessCentralClient {
  const http: HttpTransport = createTransport({
    api: 'business-central',
    baseUrl: `${options.environmentUrl}/api/v2.0/companies(${options.companyId})/`,
    tokens: options.tokens,
    timeoutMs: options.timeoutMs,
    parallel: PARALLEL,
    headers: { 'accept-language': 'en-US' },
    readError: (_status, body) => errorEnvelope.safeParse(body).data?.error ?? {},
    refine,
  });

  const getInvoices = async (asked: string, filter: string): Promise<Invoice[]> => {
    const path = `salesInvoices?$filter=${encodeURIComponent(filter)}&$expand=salesInvoiceLines`;
    const { body, requestId } = await http.send({ method: 'GET', path, asked });
    return readWire('business-central', asked, listOf(invoiceRow), body, requestId).value.map(toInvoice);
  };

  return {
    async findCustomer(number) {
      const asked = 'look the customer up';
      const filter = encodeURIComponent(`number eq ${quote(number)}`);
      const { body, requestId } = await http.send({ method: 'GET', path: `customers?$filter=${filter}`, asked });
      const rows = readWire('business-central', asked, listOf(customerRow), body, requestId).value;
      // A filter reads * and & as operators, so equality is checked again here (reference 12.1).
      return rows.find((row) => row.number === number.trim().toUpperCase());
    },
    async createCustomer(customer) {
      const asked = 'create the customer';
      const { body, requestId, correlationId } = await http.send({
        method: 'POST',
        path: 'customers',
        asked,
        body: toCustomerBody(customer),
      });
      const row = readWire('business-central', asked, customerRow, body, requestId);
      return { id: row.id, number: row.number, requestId, correlationId };
    },
    async findItems(numbers) {
      const asked = 'look the items up';
      const filter = encodeURIComponent(numbers.map((number) => `number eq ${quote(number)}`).join(' or '));
      const { body, requestId } = await http.send({ method: 'GET', path: `items?$filter=${filter}`, asked });
      const wanted = new Set(numbers.map((number) => number.toUpperCase()));
      return readWire('business-central', asked, listOf(itemRow), body, requestId)
        .value.filter((row) => wanted.has(row.number))
        .map(toItem);
    },
    async createItem(item) {
      const asked = 'create the item';
      const { body, requestId, correlationId } = await http.send({
        method: 'POST',
        path: 'items',
        asked,
        body: {
          number: item.number,
          displayName: item.name,
          type: item.isService ? 'Service' : 'Inventory',
          ...(item.unitCode && { baseUnitOfMeasureCode: item.unitCode }),
        },
      });
      return { ...toItem(readWire('business-central', asked, itemRow, body, requestId)), requestId, correlationId };
    },
    findInvoices: (key) => getInvoices('look the document up', `externalDocumentNumber eq ${quote(key)}`),
    async getInvoice(id) {
      const asked = 'read the invoice';
      const path = `salesInvoices(${id})?$expand=salesInvoiceLines`;
      const { body, requestId } = await http.send({ method: 'GET', path, asked });
      return toInvoice(readWire('business-central', asked, invoiceRow, body, requestId));
    },
    async createInvoice(draft) {
      const asked = 'create the draft';
      const { body, requestId, correlationId } = await http.send({
        method: 'POST',
        path: 'salesInvoices?$expand=salesInvoiceLines',
        asked,
        body: toDocumentBody(draft, 'invoice'),
      });
      return {
        ...toInvoice(readWire('business-central', asked, invoiceRow, body, requestId)),
        requestId,
        correlationId,
      };
    },
    async setInvoiceDiscount(id, etag, amount) {
      const asked = 'set the invoice discount';
      const { body, requestId, correlationId } = await http.send({
        method: 'PATCH',
        path: `salesInvoices(${id})?$expand=salesInvoiceLines`,
        asked,
        headers: { 'if-match': etag },
        body: { discountAmount: decimalNumber(amount) },
      });
      return {
        ...toInvoice(readWire('business-central', asked, invoiceRow, body, requestId)),
        requestId,
        correlationId,
      };
    },
    deleteInvoice: (id, etag) =>
      http.send({
        method: 'DELETE',
        path: `salesInvoices(${id})`,
        asked: 'delete the draft',
        headers: { 'if-match': etag },
      }),
    postInvoice: (id, etag) =>
      http.send({
        method: 'POST',
        path: `salesInvoices(${id})/Microsoft.NAV.post`,
        asked: 'post the invoice',
        headers: { 'if-match': etag },
      }),
    close: () => http.close(),
  };
}

/** Asks for the id of a company by its name, which needs no company in the path. */
export async function findCompanyId(
  options: Omit<BusinessCentralClientOptions, 'companyId'> & { readonly companyName: string },
): Promise<string> {
  const asked = 'look the company up';
  const http = createTransport({
    api: 'business-central',
    baseUrl: `${options.environmentUrl}/api/v2.0/`,
    tokens: options.tokens,
    timeoutMs: options.timeoutMs,
    parallel: 1,
    headers: { 'accept-language': 'en-US' },
    readError: (_status, body) => errorEnvelope.safeParse(body).data?.error ?? {},
    refine,
  });
  try {
    const { body, requestId } = await http.send({ method: 'GET', path: 'companies', asked });
    const companies = readWire('business-central', asked, listOf(companyRow), body, requestId).value;
    const wanted = companies.find((row) => row.name === options.companyName || row.id === options.companyName);
    if (wanted) return wanted.id;
    const names = companies.map((row) => `'${row.name}'`).join(', ');
    throw new RemoteApiError(
      'business-central',
      'not-found',
      `${asked}: '${options.companyName}' is none of ${names}`,
      {},
    );
  } finally {
    await http.close();
  }
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

function toItem(row: { id: string; number: string; blocked: boolean }): ItemRef {
  return { id: row.id, number: row.number, isBlocked: row.blocked };
}

function toInvoice(row: InvoiceRow): Invoice {
  return {
    id: row.id,
    etag: row['@odata.etag'],
    number: row.number,
    status: row.status,
    customerNumber: row.customerNumber,
    currency: row.currencyCode,
    pricesIncludeTax: row.pricesIncludeTax,
    dueDate: row.dueDate,
    discount: row.discountAmount,
    excludingTax: row.totalAmountExcludingTax,
    tax: row.totalTaxAmount,
    includingTax: row.totalAmountIncludingTax,
    remaining: row.remainingAmount,
    lines: (row.salesInvoiceLines ?? []).map((line) => ({
      sequence: line.sequence,
      number: line.lineObjectNumber,
      description: line.description,
      quantity: line.quantity,
      unitPrice: line.unitPrice,
      discount: line.discountAmount,
      net: line.amountExcludingTax,
      tax: line.netTaxAmount,
    })),
  };
}

function toCustomerBody(customer: NewCustomer): Record<string, unknown> {
  const optional = {
    addressLine1: customer.line1,
    addressLine2: customer.line2,
    city: customer.city,
    state: customer.state,
    country: customer.country,
    postalCode: customer.postalCode,
    phoneNumber: customer.phone,
    email: customer.email,
    website: customer.website,
    currencyCode: customer.currencyCode,
  };
  const given = Object.entries(optional).filter(([, value]) => value !== undefined);
  return {
    number: customer.number,
    displayName: customer.name,
    type: customer.isPerson ? 'Person' : 'Company',
    ...Object.fromEntries(given),
  };
}
