import type { z } from 'zod';
import { type AskedColumns, NOTHING_MORE } from '../../deal/asked-columns.js';
import type { RecordRef, WonDeal } from '../../deal/deal.js';
import type { SourceTable } from '../../deal/ids.js';
import { STATE_CODES, STATUS_CODES } from '../../deal/state-codes.js';
import { RemoteApiError } from '../errors.js';
import { decimalNumber } from '../http/lossless-json.js';
import { readWire } from '../http/wire.js';
import type { WriteContext } from '../http/write-context.js';
import { findAccountsWithNumbers, type NumberedAccount } from './account-numbers.js';
import { withAllLines } from './all-lines.js';
import { dealPath, fromOpportunity, fromOrder, fromQuote } from './deal-reader.js';
import { ENTITY_SETS } from './entity-sets.js';
import { readExtraColumns } from './extra-columns.js';
import { toPath } from './links.js';
import {
  currencyRow,
  FORMATTED_VALUE,
  idPage,
  invoiceRow,
  opportunityRow,
  orderRow,
  orderStateRow,
  quoteRow,
  whoAmI,
} from './rows.js';
import { createDataverseTransport, type DataverseClientOptions } from './transport.js';

/** What a request changed, for the audit trail. */
export interface WriteReceipt {
  readonly requestId: string;
  readonly correlationId: string;
}

export interface DataverseInvoice {
  /** Chosen by us before the first attempt, so that a repeat finds it. */
  readonly invoiceId: string;
  readonly number: string;
  readonly name: string;
  /** Undefined when the record does not exist any more. */
  readonly source: RecordRef | undefined;
  readonly accountId: string;
  readonly customerKind: 'account' | 'contact';
  readonly currencyId: string | undefined;
  readonly priceListId: string | undefined;
  readonly dueDate: string | undefined;
  readonly discount: string;
  /** Columns of the customer's own, by name. */
  readonly columns: Readonly<Record<string, string>>;
  readonly lines: readonly DataverseInvoiceLine[];
}

export interface DataverseInvoiceLine {
  readonly product: { readonly productId: string; readonly unitId: string } | undefined;
  readonly description: string;
  readonly quantity: string;
  readonly unitPrice: string;
  readonly discount: string;
  readonly tax: string;
}

export interface DataverseOrderState {
  readonly etag: string;
  readonly stateCode: number;
}

export interface DataverseInvoiceState {
  readonly invoiceId: string;
  readonly number: string;
  readonly total: string;
  readonly etag: string;
}

export interface DataverseInvoiceRow extends DataverseInvoiceState {
  readonly stage: DataverseInvoiceStage;
}

/** The state of an invoice row, as Business Central's own connector sets it (reference/dataverse-sales 3.9). */
export type DataverseInvoiceStage = 'billed' | 'part-paid' | 'paid' | 'cancelled';

/** What is written to an invoice row: a stage, or columns; one PATCH with both would be two updates (reference/dataverse-sales 3.4). */
export type DataverseInvoiceChange =
  | { readonly stage: DataverseInvoiceStage }
  | { readonly dueDate?: string; readonly columns: Readonly<Record<string, unknown>> };

/** A note on the timeline: locked records take it too (reference/dataverse-sales 3.5). */
export interface DataverseNote {
  readonly noteId: string;
  readonly ref: RecordRef;
  readonly subject: string;
  readonly text: string;
}

export interface DataverseClient {
  /** @throws RemoteApiError `not-found` when the record was deleted. */
  readDeal(table: SourceTable, recordId: string, asked?: AskedColumns): Promise<WonDeal>;
  /** Records of a table that changed at or after a day and are not open or dead, the oldest first. */
  findRecordIds(table: SourceTable, since: string): Promise<string[]>;
  findInvoice(invoiceId: string): Promise<DataverseInvoiceRow | undefined>;
  createInvoice(invoice: DataverseInvoice, context: WriteContext): Promise<DataverseInvoiceState & WriteReceipt>;
  /** `If-Match` with the etag that was read last. @throws RemoteApiError `conflict` when the row is another by now. */
  updateInvoice(
    invoiceId: string,
    etag: string,
    change: DataverseInvoiceChange,
    context: WriteContext,
  ): Promise<DataverseInvoiceState & WriteReceipt>;
  findNote(noteId: string): Promise<{ readonly noteId: string } | undefined>;
  createNote(note: DataverseNote, context: WriteContext): Promise<{ readonly noteId: string } & WriteReceipt>;
  /** `If-Match: *`, because a PATCH of an unknown GUID would create a row. @throws RemoteApiError `not-found` when it was deleted. */
  updateNote(note: Omit<DataverseNote, 'ref'>, context: WriteContext): Promise<WriteReceipt>;
  /** @throws RemoteApiError `not-found` when it was deleted. */
  getOrderState(orderId: string): Promise<DataverseOrderState>;
  /** Sets a submitted or fulfilled order to Invoiced. @throws RemoteApiError `conflict` when it is another by now. */
  setOrderInvoiced(orderId: string, etag: string, context: WriteContext): Promise<WriteReceipt>;
  /**
   * Writes columns of a record, null empties one. `If-Match` always, because a PATCH of an unknown GUID would create a row: the
   * etag, or any. Quotes and orders take none once they are locked (reference/dataverse-sales 3.5).
   * @throws RemoteApiError `not-found` when it was deleted, `conflict` when it is another by now
   */
  updateRecord(
    ref: RecordRef & { readonly etag?: string | undefined },
    columns: Readonly<Record<string, string | null>>,
    context: WriteContext,
  ): Promise<WriteReceipt>;
  /** Active accounts, whoever they are. */
  findAccountsWithNumbers(numbers: readonly string[]): Promise<NumberedAccount[]>;
  whoAmI(): Promise<{ userId: string; organizationId: string }>;
  close(): Promise<void>;
}

const PARALLEL = 8; // reference/dataverse-sales 6.1: start with 2–8

export function createDataverseClient(options: DataverseClientOptions): DataverseClient {
  const http = createDataverseTransport(options, PARALLEL);
  // A currency keeps its code for ever (reference/dataverse-sales 2.10).
  const isoCodes = new Map<string, string>();
  const findIsoCode = async (id: string): Promise<string> => {
    const known = isoCodes.get(id);
    if (known !== undefined) return known;
    const asked = "read the customer's currency";
    const path = `transactioncurrencies(${id})?$select=isocurrencycode`;
    const { body, requestId } = await http.send({ method: 'GET', path, asked });
    const { isocurrencycode } = readWire('dataverse', asked, currencyRow, body, requestId);
    isoCodes.set(id, isocurrencycode);
    return isocurrencycode;
  };

  /** Whoever is to clear the hold has to know which row has the number. */
  const nameHolder = async (error: unknown, { invoiceId, number }: DataverseInvoice): Promise<never> => {
    if (!(error instanceof RemoteApiError) || error.code !== 'taken') throw error;
    const asked = 'look for invoice rows of the number';
    const filter = encodeURIComponent(`invoicenumber eq '${number.replaceAll("'", "''")}'`);
    const { body, requestId } = await http.send({
      method: 'GET',
      path: `invoices?$select=invoiceid&$filter=${filter}`,
      asked,
    });
    const holders = readWire('dataverse', asked, idPage, body, requestId)
      .value.map((row) => String(row['invoiceid']).toLowerCase())
      .filter((id) => id !== invoiceId);
    if (holders.length === 0) throw error;
    const remoteMessage = `invoice ${number} in Sales: row ${holders.join(', ')} has the number already; ${error.facts.remoteMessage ?? ''}`;
    throw new RemoteApiError('dataverse', 'taken', 'create the invoice row', { ...error.facts, remoteMessage });
  };

  return {
    async readDeal(table, recordId, more = NOTHING_MORE) {
      const asked = `read the ${table}`;
      const headers = { prefer: `odata.include-annotations="${FORMATTED_VALUE}"` };
      const answer = await http.send({ method: 'GET', path: dealPath(table, recordId, more), asked, headers });
      const { requestId } = answer;
      const body = await withAllLines(http, { table, recordId, columns: more, asked, headers }, answer);
      const read = {
        opportunity: () => fromOpportunity(readWire('dataverse', asked, opportunityRow, body, requestId)),
        quote: () => fromQuote(readWire('dataverse', asked, quoteRow, body, requestId)),
        salesorder: () => fromOrder(readWire('dataverse', asked, orderRow, body, requestId)),
      }[table]();
      const { customerCurrencyId, priceListName, ...others } = read;
      // A name that no rule reads is no part of what the deal says.
      const deal = { ...others, ...(more.priceList && { priceListName }) };
      const extra = readExtraColumns(table, body, more);
      if (!deal.customer || !more.customerCurrency || !customerCurrencyId) return { ...deal, extra };
      const isSame = customerCurrencyId === deal.currencyId;
      const currency = isSame ? deal.currency : await findIsoCode(customerCurrencyId);
      return { ...deal, customer: { ...deal.customer, currency }, extra };
    },
    async findRecordIds(table, since) {
      const asked = `list the ${table} records`;
      const id = `${table}id`;
      const filter = encodeURIComponent(`modifiedon ge ${since}T00:00:00Z and (${LISTED[table]})`);
      let path: string | undefined = `${ENTITY_SETS[table]}?$select=${id}&$filter=${filter}&$orderby=modifiedon,${id}`;
      const found: string[] = [];
      while (path !== undefined) {
        const { body, requestId } = await http.send({ method: 'GET', path, asked });
        const page: z.infer<typeof idPage> = readWire('dataverse', asked, idPage, body, requestId);
        found.push(...page.value.map((row) => String(row[id]).toLowerCase()));
        path = page['@odata.nextLink'] && toPath(page['@odata.nextLink']);
      }
      return found;
    },
    findAccountsWithNumbers: (numbers) => findAccountsWithNumbers(http, numbers),
    async findInvoice(invoiceId) {
      const asked = 'look the invoice row up';
      const path = `invoices(${invoiceId})?${INVOICE_SELECT}`;
      try {
        const { body, requestId } = await http.send({ method: 'GET', path, asked });
        const row = readWire('dataverse', asked, invoiceRow, body, requestId);
        return { ...toInvoiceState(row), stage: toStage(row) };
      } catch (error) {
        if (error instanceof RemoteApiError && error.code === 'not-found') return undefined;
        throw error;
      }
    },
    async createInvoice(invoice, context) {
      const asked = 'create the invoice row';
      const { body, requestId, correlationId } = await http
        .send({
          method: 'POST',
          path: `invoices?${INVOICE_SELECT}`,
          asked,
          headers: { prefer: 'return=representation' },
          body: toInvoiceBody(invoice),
          context,
        })
        .catch((error: unknown) => nameHolder(error, invoice));
      return { ...toInvoiceState(readWire('dataverse', asked, invoiceRow, body, requestId)), requestId, correlationId };
    },
    async updateInvoice(invoiceId, etag, change, context) {
      const asked = 'stage' in change ? 'set the state of the invoice row' : 'write the invoice row';
      const { body, requestId, correlationId } = await http.send({
        method: 'PATCH',
        path: `invoices(${invoiceId})?${INVOICE_SELECT}`,
        asked,
        headers: { prefer: 'return=representation', 'if-match': etag },
        body:
          'stage' in change
            ? STAGES[change.stage]
            : { ...change.columns, ...(change.dueDate && { duedate: change.dueDate }) },
        context,
      });
      return { ...toInvoiceState(readWire('dataverse', asked, invoiceRow, body, requestId)), requestId, correlationId };
    },
    async findNote(noteId) {
      try {
        await http.send({ method: 'GET', path: `annotations(${noteId})?$select=subject`, asked: 'look the note up' });
        return { noteId };
      } catch (error) {
        if (error instanceof RemoteApiError && error.code === 'not-found') return undefined;
        throw error;
      }
    },
    async createNote({ noteId, ref, subject, text }, context) {
      const { requestId, correlationId } = await http.send({
        method: 'POST',
        path: 'annotations',
        asked: 'write the note',
        body: {
          annotationid: noteId,
          subject,
          notetext: text,
          [`objectid_${ref.table}@odata.bind`]: `/${ENTITY_SETS[ref.table]}(${ref.recordId})`,
        },
        context,
      });
      return { noteId, requestId, correlationId };
    },
    updateNote: ({ noteId, subject, text }, context) =>
      http.send({
        method: 'PATCH',
        path: `annotations(${noteId})`,
        asked: 'write the note',
        headers: { 'if-match': '*' },
        body: { subject, notetext: text },
        context,
      }),
    async getOrderState(orderId) {
      const asked = 'read the state of the order';
      const path = `salesorders(${orderId})?$select=statecode`;
      const { body, requestId } = await http.send({ method: 'GET', path, asked });
      const row = readWire('dataverse', asked, orderStateRow, body, requestId);
      return { etag: row['@odata.etag'], stateCode: row.statecode };
    },
    setOrderInvoiced: (orderId, etag, context) =>
      http.send({
        method: 'PATCH',
        path: `salesorders(${orderId})`,
        asked: 'set the order to invoiced',
        headers: { 'if-match': etag },
        body: { statecode: STATE_CODES.salesorder.invoiced, statuscode: STATUS_CODES.salesorder.invoiced },
        context,
      }),
    async updateRecord({ table, recordId, etag = '*' }, columns, context) {
      const asked = `write the columns of the ${table}`;
      const path = `${ENTITY_SETS[table]}(${recordId})`;
      return http.send({ method: 'PATCH', path, asked, headers: { 'if-match': etag }, body: columns, context });
    },
    async whoAmI() {
      const asked = 'ask who we are';
      const { body, requestId } = await http.send({ method: 'GET', path: 'WhoAmI', asked });
      const answer = readWire('dataverse', asked, whoAmI, body, requestId);
      return { userId: answer.UserId, organizationId: answer.OrganizationId };
    },
    close: () => http.close(),
  };
}

const INVOICE_SELECT = '$select=invoicenumber,totalamount,statecode,statuscode';
/** Of what may be handed over. */
const LISTED: Readonly<Record<SourceTable, string>> = {
  opportunity: `statecode eq ${STATE_CODES.opportunity.won}`,
  quote: `statecode eq ${STATE_CODES.quote.won}`,
  salesorder: `statecode ne ${STATE_CODES.salesorder.canceled}`,
};

const STAGES: Record<DataverseInvoiceStage, { readonly statecode: number; readonly statuscode: number }> = {
  billed: { statecode: STATE_CODES.invoice.active, statuscode: STATUS_CODES.invoice.billed },
  'part-paid': { statecode: STATE_CODES.invoice.paid, statuscode: STATUS_CODES.invoice.partlyPaid },
  paid: { statecode: STATE_CODES.invoice.paid, statuscode: STATUS_CODES.invoice.paid },
  cancelled: { statecode: STATE_CODES.invoice.canceled, statuscode: STATUS_CODES.invoice.canceled },
};

function toInvoiceState(row: ReturnType<typeof invoiceRow.parse>): DataverseInvoiceState {
  return {
    invoiceId: row.invoiceid,
    number: row.invoicenumber,
    total: row.totalamount,
    etag: row['@odata.etag'],
  };
}

/** What is not billed, paid or cancelled is a row that takes columns, as a billed one does. */
function toStage({ statecode, statuscode }: ReturnType<typeof invoiceRow.parse>): DataverseInvoiceStage {
  if (statecode === STATE_CODES.invoice.canceled) return 'cancelled';
  if (statecode !== STATE_CODES.invoice.paid) return 'billed';
  return statuscode === STATUS_CODES.invoice.partlyPaid ? 'part-paid' : 'paid';
}

function toInvoiceBody(invoice: DataverseInvoice): Record<string, unknown> {
  const { source } = invoice;
  const bindSource =
    source?.table === 'salesorder'
      ? { 'salesorderid@odata.bind': `/salesorders(${source.recordId})` }
      : source?.table === 'opportunity'
        ? { 'opportunityid@odata.bind': `/opportunities(${source.recordId})` }
        : {};
  const customer =
    invoice.customerKind === 'account'
      ? { 'customerid_account@odata.bind': `/accounts(${invoice.accountId})` }
      : { 'customerid_contact@odata.bind': `/contacts(${invoice.accountId})` };
  return {
    invoiceid: invoice.invoiceId,
    invoicenumber: invoice.number,
    ...invoice.columns,
    name: invoice.name,
    statuscode: STAGES.billed.statuscode,
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
