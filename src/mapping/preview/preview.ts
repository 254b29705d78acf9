import { toCode } from '../../deal/codes.js';
import type { DocumentKind, RecordRef, WonDeal } from '../../deal/deal.js';
import { type DocumentDraft, type DocumentLine, type FieldValues, toNet } from '../../deal/document.js';
import type { Problem } from '../../deal/holds.js';
import type { SourceTable } from '../../deal/ids.js';
import { add, type Decimal, subtract } from '../../deal/money.js';
import type { MappingNote } from '../fields/resolve.js';
import { toSentNotes } from '../plan/plan-document.js';

/** The document as Business Central would make it, from what was read only: nothing is written for it. */

export interface Preview {
  readonly deal: {
    readonly table: SourceTable;
    readonly recordId: string;
    readonly number: string;
    /** The record further down the lineage that carries the deal instead. */
    readonly carrier: RecordRef | undefined;
    readonly customer: string | undefined;
    readonly total: Decimal;
    readonly currency: string | undefined;
    readonly lines: number;
  };
  readonly masters: PreviewMasters;
  /** What would be written, in this order. */
  readonly plan: readonly PlanStep[];
  /** Properties of API v2.0; undefined when the deal is held before there could be a document. */
  readonly document: PreviewDocument | undefined;
  readonly notes: readonly PreviewNote[];
  readonly problems: readonly Problem[];
}

/** The customer and the items of the deal, and whether Business Central has them. */
export interface PreviewMasters {
  readonly companyId: string;
  /** As a rule names it; undefined for the default company. */
  readonly company?: string | undefined;
  readonly customer: PreviewMaster | undefined;
  readonly items: readonly PreviewMaster[];
}

export interface PreviewMaster {
  readonly number: string;
  /** As Sales names it. */
  readonly name: string;
  readonly email?: string | undefined;
  readonly isFound: boolean;
}

export interface PreviewDocument {
  readonly kind: DocumentKind;
  /** What a quote is made once it is confirmed. */
  readonly becomes: DocumentKind | undefined;
  /** What Business Central is sent, in the order of the request. */
  readonly body: DocumentBody;
  readonly header: PreviewRow;
  readonly lines: readonly PreviewRow[];
}

/** A request for a document: properties of the header, and one list of lines. */
export type DocumentBody = Readonly<Record<string, unknown>>;

export interface PreviewRow {
  readonly values: FieldValues;
  /** Which of them come from customer, item or Business Central's own habits, and from which. */
  readonly defaulted: Readonly<Record<string, string>>;
}

export interface PlanStep {
  readonly step:
    | 'create-customer'
    | 'create-contact'
    | 'create-unit'
    | 'create-item'
    | 'create-invoice'
    | 'create-order'
    | 'create-quote'
    | 'set-discount'
    | 'make-order'
    | 'make-invoice';
  readonly number: string;
  readonly fields: FieldValues;
}

export interface PreviewNote {
  readonly kind: 'mapped' | 'looked-up' | 'cut' | 'left-out';
  readonly field: string;
  readonly text: string;
  /** Of what was looked up: the code that people know, where the request has the id behind it. */
  readonly code?: string;
}

/** A whole row of a customer or an item, or what would be sent to make it. */
export type MasterRow = Readonly<Record<string, string | boolean>>;

export interface PreviewInput {
  readonly kind: DocumentKind;
  readonly becomes: DocumentKind | undefined;
  readonly deal: WonDeal;
  readonly plan: readonly PlanStep[];
  /** With the body that Business Central is sent for it. */
  readonly draft: (DocumentDraft & { readonly body: DocumentBody }) | undefined;
  readonly customer: MasterRow | undefined;
  /** By number. */
  readonly items: ReadonlyMap<string, MasterRow>;
  readonly accounts: ReadonlyMap<string, MasterRow>;
  readonly unitIds: ReadonlyMap<string, string>;
  readonly masters: PreviewMasters;
  readonly notes: readonly MappingNote[];
  readonly problems: readonly Problem[];
}

export function toPreview(input: PreviewInput): Preview {
  const { kind, becomes, deal, draft, customer, problems } = input;
  const document =
    draft && customer
      ? {
          ...{ kind, becomes },
          body: draft.body,
          header: toHeader(customer, draft.body),
          lines: linesOf(draft.body).map((sent, index) => toLineRow(draft.lines[index], sent, draft, input)),
        }
      : undefined;
  const figures = draft && document && toFigures(draft);
  return {
    deal: {
      table: deal.table,
      recordId: deal.recordId,
      number: deal.number,
      carrier: deal.lineage.descendants[0],
      customer: deal.customer?.name,
      total: deal.total,
      currency: deal.currency,
      lines: deal.lines.length,
    },
    masters: input.masters,
    plan: problems.length > 0 ? [] : input.plan,
    document: document && {
      ...document,
      header: { ...document.header, values: { ...document.header.values, ...figures } },
    },
    notes: toSentNotes(input.notes, kind).map(toNote),
    problems,
  };
}

const ADDRESS = {
  AddressLine1: 'addressLine1',
  AddressLine2: 'addressLine2',
  City: 'city',
  State: 'state',
  PostCode: 'postalCode',
  Country: 'country',
};

/** What the customer gives (reference/business-central 3.3), and over it what the mapping says. */
function toHeader(customer: MasterRow, body: DocumentBody): PreviewRow {
  const text = (name: string): string | boolean => customer[name] ?? '';
  const given: Record<string, string | boolean> = {
    customerId: text('id'),
    customerNumber: text('number'),
    customerName: text('displayName'),
    billToName: text('displayName'),
    billToCustomerId: text('id'),
    billToCustomerNumber: text('number'),
    shipToName: text('displayName'),
    phoneNumber: text('phoneNumber'),
    email: text('email'),
    salesperson: text('salespersonCode'),
    paymentTermsId: text('paymentTermsId'),
    shipmentMethodId: text('shipmentMethodId'),
  };
  for (const side of ['sellTo', 'billTo', 'shipTo']) {
    for (const [part, from] of Object.entries(ADDRESS)) given[`${side}${part}`] = text(from);
  }
  const { customerId: _chosen, ...own } = valuesOf(body);
  // Bill-to follows sell-to as long as both are the same customer (reference/business-central 2.8).
  for (const part of Object.keys(ADDRESS)) {
    const sellTo = own[`sellTo${part}`];
    if (sellTo !== undefined) given[`billTo${part}`] = sellTo;
  }
  return layered(given, 'the customer', own);
}

function toLineRow(
  line: DocumentLine | undefined,
  sent: DocumentBody,
  { currency, pricesIncludeTax }: DocumentDraft,
  { items, accounts, unitIds }: PreviewInput,
): PreviewRow {
  const own = { ...valuesOf(sent), sequence: String(sent['sequence']) };
  if (!line || line.kind === 'comment') return { values: own, defaulted: {} };
  const master = (line.kind === 'item' ? items : line.kind === 'account' ? accounts : undefined)?.get(
    toCode(line.number),
  );
  const given: Record<string, string | boolean> = { discountAmount: '0' };
  if (master) {
    given['description'] = master['displayName'] ?? '';
    if (line.kind === 'item') {
      given['unitOfMeasureCode'] = master['baseUnitOfMeasureCode'] ?? '';
      if (master['taxGroupCode']) given['taxCode'] = master['taxGroupCode'];
    }
    if (master['id']) given[line.kind === 'item' ? 'itemId' : 'accountId'] = master['id'];
  }
  const row: Record<string, string | boolean> = { ...own, lineObjectNumber: toCode(line.number) };
  const unitId = unitIds.get(String(row['unitOfMeasureCode'] ?? given['unitOfMeasureCode']));
  if (unitId) given['unitOfMeasureId'] = unitId;
  // With prices that include tax only Business Central can tell the net amount.
  const name = pricesIncludeTax ? 'amountIncludingTax' : 'amountExcludingTax';
  return layered({ ...given, [name]: toNet(line, currency) }, `the ${line.kind}`, row);
}

/** The lines of a request; its other properties are plain values, or dimensions. */
function linesOf(body: DocumentBody): readonly DocumentBody[] {
  const lines = body['salesInvoiceLines'] ?? body['salesOrderLines'] ?? body['salesQuoteLines'];
  return Array.isArray(lines) ? (lines as readonly DocumentBody[]) : [];
}

function valuesOf(body: DocumentBody): Record<string, string | boolean> {
  const values: Record<string, string | boolean> = {};
  for (const [name, value] of Object.entries(body)) {
    if (typeof value === 'string' || typeof value === 'boolean') values[name] = value;
    else if (typeof value === 'number') values[name] = String(value);
  }
  return values;
}

function layered(given: FieldValues, whose: string, own: FieldValues): PreviewRow {
  const defaulted: Record<string, string> = {};
  for (const name of Object.keys(given)) if (own[name] === undefined) defaulted[name] = whose;
  return { values: { ...given, ...own }, defaulted };
}

/** With tax where the prices have it, else without; the other figure only Business Central knows. */
function toFigures(draft: DocumentDraft): FieldValues {
  const amounts = draft.lines.map((line) => toNet(line, draft.currency));
  const discount = draft.headerDiscount ?? '0';
  const name = draft.pricesIncludeTax ? 'totalAmountIncludingTax' : 'totalAmountExcludingTax';
  return { discountAmount: discount, [name]: subtract(add('0', ...amounts), discount) };
}

function toNote({ field, value, source, cutFrom, lookedUp, leftOut }: MappingNote): PreviewNote {
  if (leftOut !== undefined) return { kind: 'left-out', field, text: `${source}: ${String(value)} ${leftOut}` };
  if (cutFrom !== undefined) {
    return { kind: 'cut', field, text: `${source}: ${cutFrom.length} characters cut to ${String(value).length}` };
  }
  if (lookedUp) {
    const code = String(value);
    return { kind: 'looked-up', field, text: `${source}: ${code}, found in ${lookedUp}`, code };
  }
  return { kind: 'mapped', field, text: `${source}: ${String(value)}` };
}
