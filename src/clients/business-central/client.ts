import type { DocumentDraft, DocumentLine } from '../../deal/document.js';
import { RemoteApiError } from '../errors.js';
import { decimalNumber } from '../lossless-json.js';
import { readWire } from '../wire.js';
import { createInvoiceRequests, type InvoiceRequests } from './invoices.js';
import { createOrderRequests, type OrderRequests } from './orders.js';
import { companyRow, customerRow, itemRow, listOf } from './rows.js';
import { createBusinessCentralTransport, type EnvironmentOptions, quote, type Receipt } from './transport.js';

export type { Invoice, InvoiceLine, InvoicePage } from './invoices.js';
export type { Order, OrderLine } from './orders.js';
export type { Receipt } from './transport.js';

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

export interface BusinessCentralClient extends InvoiceRequests, OrderRequests {
  findCustomer(number: string): Promise<CustomerRef | undefined>;
  createCustomer(customer: NewCustomer): Promise<CustomerRef & Receipt>;
  findItems(numbers: readonly string[]): Promise<ItemRef[]>;
  createItem(item: NewItem): Promise<ItemRef & Receipt>;
  close(): Promise<void>;
}

export interface BusinessCentralClientOptions extends EnvironmentOptions {
  readonly companyId: string;
}

const PARALLEL = 4; // five are processed at once per app registration, one is left for people (reference 8)
/** One filter holds that many numbers: the URL stays short and `or` on one field is allowed. */
export const ITEMS_PER_REQUEST = 20;

export function createBusinessCentralClient(options: BusinessCentralClientOptions): BusinessCentralClient {
  const http = createBusinessCentralTransport(options, `companies(${options.companyId})/`, PARALLEL);

  return {
    ...createInvoiceRequests(http, toInvoiceBody),
    ...createOrderRequests(http, toInvoiceBody),
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
    close: () => http.close(),
  };
}

/** Asks for the id of a company by its name, which needs no company in the path. */
export async function findCompanyId(options: EnvironmentOptions & { readonly companyName: string }): Promise<string> {
  const asked = 'look the company up';
  const http = createBusinessCentralTransport(options, '', 1);
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

function toItem(row: { id: string; number: string; blocked: boolean }): ItemRef {
  return { id: row.id, number: row.number, isBlocked: row.blocked };
}

/** Properties in the order that the machine behind the POST needs (reference 3.2): customer first, lines last. */
function toInvoiceBody(draft: DocumentDraft): Record<string, unknown> {
  return {
    customerId: draft.customerId,
    currencyCode: draft.currencyCode,
    externalDocumentNumber: draft.externalDocumentNumber,
    salesInvoiceLines: draft.lines.map(toLineBody),
  };
}

function toLineBody(line: DocumentLine): Record<string, unknown> {
  return {
    sequence: line.sequence,
    lineType: line.kind === 'item' ? 'Item' : 'Account',
    lineObjectNumber: line.number,
    ...(line.unitCode && { unitOfMeasureCode: line.unitCode }),
    quantity: decimalNumber(line.quantity),
    unitPrice: decimalNumber(line.unitPrice),
    ...(line.discount !== '0' && { discountAmount: decimalNumber(line.discount) }),
    ...(line.description && { description: line.description }),
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
