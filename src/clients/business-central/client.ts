import type { z } from 'zod';
import type { DocumentDraft, FieldValues } from '../../deal/document.js';
import { RemoteApiError } from '../errors.js';
import { createTransport, type HttpTransport } from '../http.js';
import { decimalNumber } from '../lossless-json.js';
import type { TokenSource } from '../tokens.js';
import { readWire } from '../wire.js';
import { toDocumentBody } from './document-body.js';
import { toMasterBody } from './master-body.js';
import type { CodeRow } from './reference-sets.js';
import { refine } from './refusals.js';
import {
  codeRow,
  companyRow,
  contactInformationRow,
  customerRow,
  dimensionedRow,
  errorEnvelope,
  type InvoiceRow,
  invoiceRow,
  itemRow,
  ledgerSetupRow,
  listOf,
  numberRow,
  toCodeRow,
  toShortcutDimensions,
  wholeRow,
} from './rows.js';

export interface CustomerRef {
  readonly id: string;
  readonly number: string;
}

export interface ItemRef {
  readonly id: string;
  readonly number: string;
  readonly isBlocked: boolean;
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

export type WholeRow = Readonly<Record<string, string | boolean>>;

export interface Receipt {
  readonly requestId: string;
  readonly correlationId: string;
}

export interface BusinessCentralClient {
  findCustomer(number: string): Promise<CustomerRef | undefined>;
  createCustomer(fields: FieldValues): Promise<CustomerRef & Receipt>;
  /** The number of the company contact that stands for a customer. */
  findCompanyContact(customerId: string): Promise<string | undefined>;
  findContact(number: string): Promise<CustomerRef | undefined>;
  createContact(fields: FieldValues): Promise<CustomerRef & Receipt>;
  findItems(numbers: readonly string[]): Promise<ItemRef[]>;
  createItem(fields: FieldValues): Promise<ItemRef & Receipt>;
  /** A whole set, such as `paymentTerms`; `dimensions` with their values; `shortcutDimensions` 1 and 2 with their names. */
  readCodes(set: string): Promise<CodeRow[]>;
  /** Whole rows by number, as the API shows them; decimals as text. */
  findWholeRows(set: 'customers' | 'items' | 'accounts', numbers: readonly string[]): Promise<WholeRow[]>;
  createUnit(code: string, name: string): Promise<{ readonly id: string; readonly code: string } & Receipt>;
  /** Default dimensions of a customer or of items, by number: code to value. */
  readDefaultDimensions(set: 'customers' | 'items', number: string): Promise<ReadonlyMap<string, string>>;
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

  const createRow = async <T>(
    set: 'customers' | 'contacts' | 'items',
    asked: string,
    shape: z.ZodType<T>,
    fields: FieldValues,
  ): Promise<{ readonly row: T } & Receipt> => {
    const sent = { method: 'POST', path: set, asked, body: toMasterBody(set, fields) } as const;
    const { body, requestId, correlationId } = await http.send(sent);
    return { row: readWire('business-central', asked, shape, body, requestId), requestId, correlationId };
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
    async createCustomer(fields) {
      const { row, ...receipt } = await createRow('customers', 'create the customer', customerRow, fields);
      return { id: row.id, number: row.number, ...receipt };
    },
    async findCompanyContact(customerId) {
      const asked = 'look the company contact up';
      const { body, requestId } = await http.send({
        method: 'GET',
        path: `customers(${customerId})/contactsInformation`,
        asked,
      });
      const rows = readWire('business-central', asked, listOf(contactInformationRow), body, requestId).value;
      return rows.find(({ contactType }) => contactType === 'Company')?.contactNumber;
    },
    async findContact(number) {
      const asked = 'look the contact up';
      const filter = encodeURIComponent(`number eq ${quote(number)}`);
      const { body, requestId } = await http.send({ method: 'GET', path: `contacts?$filter=${filter}`, asked });
      const rows = readWire('business-central', asked, listOf(numberRow), body, requestId).value;
      return rows.find((row) => row.number === number.trim().toUpperCase());
    },
    async createContact(fields) {
      const { row, ...receipt } = await createRow('contacts', 'create the contact', numberRow, fields);
      return { ...row, ...receipt };
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
    async createItem(fields) {
      const { row, ...receipt } = await createRow('items', 'create the item', itemRow, fields);
      return { ...toItem(row), ...receipt };
    },
    async readCodes(set) {
      const asked = `read ${set}`;
      if (set === 'shortcutDimensions') {
        const { body, requestId } = await http.send({ method: 'GET', path: 'generalLedgerSetup', asked });
        const [setup] = readWire('business-central', asked, listOf(ledgerSetupRow), body, requestId).value;
        return setup ? toShortcutDimensions(setup) : [];
      }
      const path = set === 'dimensions' ? `${set}?$expand=dimensionValues` : set;
      const { body, requestId } = await http.send({ method: 'GET', path, asked });
      return readWire('business-central', asked, listOf(codeRow), body, requestId).value.map(toCodeRow);
    },
    async findWholeRows(set, numbers) {
      const asked = `read ${set}`;
      const found: WholeRow[] = [];
      for (let index = 0; index < numbers.length; index += ITEMS_PER_REQUEST) {
        const wanted = numbers.slice(index, index + ITEMS_PER_REQUEST).map((number) => number.trim().toUpperCase());
        const filter = encodeURIComponent(wanted.map((number) => `number eq ${quote(number)}`).join(' or '));
        const { body, requestId } = await http.send({ method: 'GET', path: `${set}?$filter=${filter}`, asked });
        const rows = readWire('business-central', asked, listOf(wholeRow), body, requestId).value;
        found.push(...rows.filter((row) => wanted.includes(String(row['number']))));
      }
      return found;
    },
    async createUnit(code, name) {
      const asked = 'create the unit';
      const sent = { method: 'POST', path: 'unitsOfMeasure', asked, body: { code, displayName: name } } as const;
      const { body, requestId, correlationId } = await http.send(sent);
      const row = readWire('business-central', asked, codeRow, body, requestId);
      return { id: row.id, code: row.code, requestId, correlationId };
    },
    async readDefaultDimensions(set, number) {
      const asked = 'read the default dimensions';
      const filter = encodeURIComponent(`number eq ${quote(number)}`);
      const path = `${set}?$filter=${filter}&$select=id,number&$expand=defaultDimensions`;
      const { body, requestId } = await http.send({ method: 'GET', path, asked });
      const rows = readWire('business-central', asked, listOf(dimensionedRow), body, requestId).value;
      const row = rows.find((one) => one.number === number.trim().toUpperCase());
      return new Map(row?.defaultDimensions?.map((one) => [one.dimensionCode, one.dimensionValueCode]));
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
