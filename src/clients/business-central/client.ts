import type { z } from 'zod';
import { isSameCode, toCode } from '../../deal/codes.js';
import type { FieldValues } from '../../deal/document.js';
import { DEFAULT_PARALLEL } from '../../deal/lanes.js';
import type { PostingPeriod } from '../../deal/posting-period.js';
import { RemoteApiError } from '../errors.js';
import { readWire } from '../http/wire.js';
import type { WriteContext } from '../http/write-context.js';
import { lookUpCompany } from './environment.js';
import { createFlowRequests, type FlowRequests } from './flows.js';
import { createInvoiceRequests, type InvoiceRequests } from './invoices.js';
import { toMasterBody } from './master-body.js';
import { createMasterRequests, type MasterRequests, toPath } from './masters.js';
import { createNumberedDocumentRequests, type NumberedDocumentRequests } from './numbered-documents.js';
import { createOrderRequests, type OrderRequests } from './orders.js';
import { createQuoteRequests, type QuoteRequests } from './quotes.js';
import type { CodeRow } from './reference-sets.js';
import {
  codeRow,
  contactInformationRow,
  customerRow,
  dimensionedRow,
  itemRow,
  ledgerSetupRow,
  listOf,
  numberRow,
  pageOf,
  postingPeriodRow,
  toCodeRow,
  toSetupCodes,
  wholeRow,
} from './rows.js';
import { createBusinessCentralTransport, type EnvironmentOptions, type Receipt } from './transport.js';
import { filterOfNumbers } from './value-filters.js';

export type { Invoice, Order, OrderLine, Quote } from '../../deal/business-central-document.js';
export type { InvoicePage, InvoicePlace } from './invoices.js';
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

export type WholeRow = Readonly<Record<string, string | boolean>>;

export interface BusinessCentralClient
  extends InvoiceRequests,
    OrderRequests,
    QuoteRequests,
    MasterRequests,
    FlowRequests,
    NumberedDocumentRequests {
  readonly companyId: string;
  findCustomer(number: string): Promise<CustomerRef | undefined>;
  createCustomer(fields: FieldValues, context: WriteContext): Promise<CustomerRef & Receipt>;
  /** The number of the company contact that stands for a customer. */
  findCompanyContact(customerId: string): Promise<string | undefined>;
  findContact(number: string): Promise<CustomerRef | undefined>;
  createContact(fields: FieldValues, context: WriteContext): Promise<CustomerRef & Receipt>;
  findItems(numbers: readonly string[]): Promise<ItemRef[]>;
  createItem(fields: FieldValues, context: WriteContext): Promise<ItemRef & Receipt>;
  /** A whole set, such as `paymentTerms`; `dimensions` with their values; `ledgerSetup` see {@link toSetupCodes}. */
  readCodes(set: string): Promise<CodeRow[]>;
  /** Undefined where the company has no general ledger setup. A range of the app's own user is not shown (reference/business-central 11.3). */
  readPostingPeriod(): Promise<PostingPeriod | undefined>;
  /** Whole rows by number, as the API shows them; decimals as text. */
  findWholeRows(set: 'customers' | 'items' | 'accounts', numbers: readonly string[]): Promise<WholeRow[]>;
  createUnit(
    code: string,
    name: string,
    context: WriteContext,
  ): Promise<{ readonly id: string; readonly code: string } & Receipt>;
  /** Default dimensions of a customer or of items, by number: code to value. */
  readDefaultDimensions(set: 'customers' | 'items', number: string): Promise<ReadonlyMap<string, string>>;
  close(): Promise<void>;
}

export interface BusinessCentralClientOptions extends EnvironmentOptions {
  readonly companyId: string;
  /** Requests at once: as many as steps of the lane. */
  readonly parallel?: number | undefined;
}

const codePage = pageOf(codeRow);

/** One filter holds that many numbers: the URL stays short and `or` on one field is allowed. */
export const ITEMS_PER_REQUEST = 20;

export function createBusinessCentralClient(options: BusinessCentralClientOptions): BusinessCentralClient {
  const company = `companies(${options.companyId})/`;
  const http = createBusinessCentralTransport(options, company, options.parallel ?? DEFAULT_PARALLEL);
  const automate = createBusinessCentralTransport(options, company, 1, 'microsoft/automate/v1.0');

  const createRow = async <T>(
    set: 'customers' | 'contacts' | 'items',
    asked: string,
    shape: z.ZodType<T>,
    fields: FieldValues,
    context: WriteContext,
  ): Promise<{ readonly row: T } & Receipt> => {
    const sent = { method: 'POST', path: set, asked, body: toMasterBody(set, fields), context } as const;
    const { body, requestId, correlationId } = await http.send(sent);
    return { row: readWire('business-central', asked, shape, body, requestId), requestId, correlationId };
  };

  return {
    ...createInvoiceRequests(http, automate),
    ...createOrderRequests(http),
    ...createQuoteRequests(http),
    ...createMasterRequests(http),
    ...createFlowRequests(http),
    ...createNumberedDocumentRequests(http),
    companyId: options.companyId,
    async findCustomer(number) {
      const asked = 'look the customer up';
      const filter = filterOfNumbers([number]);
      if (filter === undefined) return undefined;
      const { body, requestId } = await http.send({ method: 'GET', path: `customers?$filter=${filter}`, asked });
      const rows = readWire('business-central', asked, listOf(customerRow), body, requestId).value;
      // A filter reads * as any text, so equality is checked again here (reference/business-central 12.1).
      return rows.find((row) => isSameCode(row.number, number));
    },
    async createCustomer(fields, context) {
      const { row, ...receipt } = await createRow('customers', 'create the customer', customerRow, fields, context);
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
      const filter = filterOfNumbers([number]);
      if (filter === undefined) return undefined;
      const { body, requestId } = await http.send({ method: 'GET', path: `contacts?$filter=${filter}`, asked });
      const rows = readWire('business-central', asked, listOf(numberRow), body, requestId).value;
      return rows.find((row) => isSameCode(row.number, number));
    },
    async createContact(fields, context) {
      const { row, ...receipt } = await createRow('contacts', 'create the contact', numberRow, fields, context);
      return { ...row, ...receipt };
    },
    async findItems(numbers) {
      const asked = 'look the items up';
      const filter = filterOfNumbers(numbers);
      if (filter === undefined) return [];
      const { body, requestId } = await http.send({ method: 'GET', path: `items?$filter=${filter}`, asked });
      const wanted = new Set(numbers.map(toCode));
      return readWire('business-central', asked, listOf(itemRow), body, requestId)
        .value.filter((row) => wanted.has(toCode(row.number)))
        .map(toItem);
    },
    async createItem(fields, context) {
      const { row, ...receipt } = await createRow('items', 'create the item', itemRow, fields, context);
      return { ...toItem(row), ...receipt };
    },
    async readCodes(set) {
      const asked = `read ${set}`;
      if (set === 'ledgerSetup') {
        const { body, requestId } = await http.send({ method: 'GET', path: 'generalLedgerSetup', asked });
        const [setup] = readWire('business-central', asked, listOf(ledgerSetupRow), body, requestId).value;
        return setup ? toSetupCodes(setup) : [];
      }
      const found: CodeRow[] = [];
      let path: string | undefined = set === 'dimensions' ? `${set}?$expand=dimensionValues` : set;
      // A company may have more variants of items than one page holds (reference/business-central 6.3).
      while (path !== undefined) {
        const { body, requestId } = await http.send({ method: 'GET', path, asked });
        const page: ReturnType<typeof codePage.parse> = readWire('business-central', asked, codePage, body, requestId);
        for (const row of page.value) found.push(toCodeRow(row));
        path = page['@odata.nextLink'] && toPath(page['@odata.nextLink']);
      }
      return found;
    },
    async readPostingPeriod() {
      const asked = 'read the posting period';
      const { body, requestId } = await http.send({ method: 'GET', path: 'generalLedgerSetup', asked });
      const [row] = readWire('business-central', asked, listOf(postingPeriodRow), body, requestId).value;
      return row && { from: row.allowPostingFrom, to: row.allowPostingTo };
    },
    async findWholeRows(set, numbers) {
      const asked = `read ${set}`;
      const found: WholeRow[] = [];
      for (let index = 0; index < numbers.length; index += ITEMS_PER_REQUEST) {
        const wanted = numbers.slice(index, index + ITEMS_PER_REQUEST).map(toCode);
        const filter = filterOfNumbers(wanted);
        if (filter === undefined) continue;
        const { body, requestId } = await http.send({ method: 'GET', path: `${set}?$filter=${filter}`, asked });
        const rows = readWire('business-central', asked, listOf(wholeRow), body, requestId).value;
        found.push(...rows.filter((row) => wanted.includes(toCode(String(row['number'])))));
      }
      return found;
    },
    async createUnit(code, name, context) {
      const asked = 'create the unit';
      const sent = {
        method: 'POST',
        path: 'unitsOfMeasure',
        asked,
        body: { code, displayName: name },
        context,
      } as const;
      const { body, requestId, correlationId } = await http.send(sent);
      const row = readWire('business-central', asked, codeRow, body, requestId);
      return { id: row.id, code: row.code, requestId, correlationId };
    },
    async readDefaultDimensions(set, number) {
      const asked = 'read the default dimensions';
      const filter = filterOfNumbers([number]);
      if (filter === undefined) return new Map();
      const path = `${set}?$filter=${filter}&$select=id,number&$expand=defaultDimensions`;
      const { body, requestId } = await http.send({ method: 'GET', path, asked });
      const rows = readWire('business-central', asked, listOf(dimensionedRow), body, requestId).value;
      const row = rows.find((one) => isSameCode(one.number, number));
      return new Map(row?.defaultDimensions?.map((one) => [one.dimensionCode, one.dimensionValueCode]));
    },
    async close() {
      await http.close();
      await automate.close();
    },
  };
}

/** Asks for the id of a company by its name, which needs no company in the path. */
export async function findCompanyId(options: EnvironmentOptions & { readonly companyName: string }): Promise<string> {
  const { company, companies } = await lookUpCompany(options, options.companyName);
  if (company) return company.id;
  const names = companies.map((row) => `'${row.name}'`).join(', ');
  throw new RemoteApiError(
    'business-central',
    'not-found',
    `look the company up: '${options.companyName}' is none of ${names}`,
    {},
  );
}

function toItem(row: { id: string; number: string; blocked: boolean }): ItemRef {
  return { id: row.id, number: row.number, isBlocked: row.blocked };
}
