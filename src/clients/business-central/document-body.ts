import type { DocumentKind } from '../../deal/deal.js';
import {
  type DimensionValue,
  type DocumentDraft,
  type DocumentLine,
  type FieldValues,
  hasField,
  hasLineField,
} from '../../deal/document.js';
import type { LineKind } from '../../deal/line-rules.js';
import { decimalNumber, parseLosslessJson, stringifyLosslessJson } from '../http/lossless-json.js';

/**
 * The bodies of sales documents. The machine behind the POST replays properties in the order of the payload, and what
 * comes too early is overwritten silently, so the order stands here once, in lists (reference/business-central 3.2).
 */

/** Bill-to gives the currency and the terms, so it comes right after the customer. */
const BEFORE_CURRENCY = ['billToCustomerId', 'billToCustomerNumber'];

const side = (name: string): string[] =>
  ['AddressLine1', 'AddressLine2', 'City', 'State', 'PostCode', 'Country'].map((part) => `${name}${part}`);

const AFTER_CURRENCY = [
  'paymentTermsId',
  'shipmentMethodId',
  'salesperson',
  'customerPurchaseOrderReference',
  'orderDate',
  'invoiceDate',
  'documentDate',
  'postingDate',
  'dueDate',
  'validUntilDate',
  'requestedDeliveryDate',
  'pricesIncludeTax',
  'partialShipping',
  ...side('sellTo'),
  'shipToName',
  'shipToContact',
  ...side('shipTo'),
  'phoneNumber',
  'email',
  'shortcutDimension1Code',
  'shortcutDimension2Code',
];

const BEFORE_UNIT = ['itemVariantId', 'locationId'];
const AFTER_DISCOUNT = ['taxCode', 'description', 'description2', 'shipmentDate'];

const LINE_SET = { invoice: 'salesInvoiceLines', order: 'salesOrderLines', quote: 'salesQuoteLines' } as const;
const LINE_TYPE: Record<LineKind, string> = {
  item: 'Item',
  resource: 'Resource',
  account: 'Account',
  charge: 'Charge',
  comment: 'Comment',
};

export function toDocumentBody(draft: DocumentDraft, kind: DocumentKind): Record<string, unknown> {
  const fields: FieldValues = { ...draft.fields, ...(draft.pricesIncludeTax && { pricesIncludeTax: true }) };
  const offered = AFTER_CURRENCY.filter((name) => hasField(kind, name));
  return {
    customerId: draft.customerId,
    ...pick(fields, BEFORE_CURRENCY),
    currencyCode: draft.currency.code,
    externalDocumentNumber: draft.externalDocumentNumber,
    ...pick(fields, offered),
    ...dimensions(draft.dimensions),
    [LINE_SET[kind]]: draft.lines.map((line) => toLineBody(line, kind)),
  };
}

/** The same as it goes over the wire, for whoever only shows it: decimals as they are written. */
export function toDocumentRequest(draft: DocumentDraft, kind: DocumentKind): Readonly<Record<string, unknown>> {
  return parseLosslessJson(stringifyLosslessJson(toDocumentBody(draft, kind))) as Record<string, unknown>;
}

function toLineBody(line: DocumentLine, kind: DocumentKind): Record<string, unknown> {
  const { sequence, description } = line;
  if (line.kind === 'comment') return { sequence, lineType: 'Comment', description: description ?? '' };
  const fields: FieldValues = { ...line.fields, ...(description !== undefined && { description }) };
  return {
    sequence,
    lineType: LINE_TYPE[line.kind],
    lineObjectNumber: line.number,
    ...pick(fields, BEFORE_UNIT),
    ...(line.unitCode && { unitOfMeasureCode: line.unitCode }),
    quantity: decimalNumber(line.quantity),
    unitPrice: decimalNumber(line.unitPrice),
    ...(line.discount !== '0' && { discountAmount: decimalNumber(line.discount) }),
    ...pick(
      fields,
      AFTER_DISCOUNT.filter((name) => hasLineField(kind, name)),
    ),
    ...dimensions(line.dimensions),
  };
}

function pick(fields: FieldValues, names: readonly string[]): Record<string, unknown> {
  const picked: Record<string, unknown> = {};
  for (const name of names) if (fields[name] !== undefined) picked[name] = fields[name];
  return picked;
}

function dimensions(values: readonly DimensionValue[] | undefined): Record<string, unknown> {
  if (!values || values.length === 0) return {};
  return { dimensionSetLines: values.map(({ code, value }) => ({ code, valueCode: value })) };
}
