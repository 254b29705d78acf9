import { z } from 'zod';
import { decimal, guid } from '../http/wire.js';
import type { CodeRow } from './reference-sets.js';

/** The wire shapes of API v2.0 (reference/business-central 2); wire names stay in this folder. */

/** BC writes absent values as zero GUIDs and 0001-01-01, never as null. */
const ZERO_ID = '00000000-0000-0000-0000-000000000000';
const optionalId = guid.transform((id) => (id === ZERO_ID ? undefined : id));
const date = z.string().transform((text) => (text.startsWith('0001-01-01') ? undefined : text));
/** Only compared, with nothing as an empty text. */
const term = z.string().optional();
const termId = term.transform((id) => (id === ZERO_ID ? '' : id));
const termDate = term.transform((text) => (text?.startsWith('0001-01-01') ? '' : text));

export const customerRow = z.object({
  id: guid,
  number: z.string(),
  displayName: z.string(),
  blocked: z.string(),
});

export const numberRow = z.object({ id: guid, number: z.string() });

export const contactInformationRow = z.object({ contactNumber: z.string(), contactType: z.string() });

/** What all sets of codes have; names stand in `displayName`, or in `description` where there is none. */
export const codeRow = z.object({
  id: guid,
  code: z.string(),
  displayName: z.string().optional(),
  description: z.string().optional(),
  itemNumber: z.string().optional(),
  dimensionValues: z.array(z.object({ code: z.string() })).optional(),
  amountDecimalPlaces: z.string().optional(),
});

export function toCodeRow(row: z.infer<typeof codeRow>): CodeRow {
  const { id, code, displayName, description, itemNumber, dimensionValues, amountDecimalPlaces } = row;
  const values = dimensionValues?.map((value) => value.code);
  const decimals = amountDecimalPlaces === undefined ? undefined : toDecimals(amountDecimalPlaces);
  return { id, code, name: displayName ?? description ?? '', itemNumber, values, decimals };
}

/** `2:2`, least and most; one number alone is both (reference/business-central 3.8). */
function toDecimals(places: string): number | undefined {
  const most = /^(?:\d*:)?(\d)$/.exec(places.trim())?.[1];
  return most === undefined ? undefined : Number(most);
}

/** Between which days may be posted, an open end as undefined (reference/business-central 11.3). */
export const postingPeriodRow = z.object({ allowPostingFrom: date, allowPostingTo: date });

export const ledgerSetupRow = z.object({
  id: guid,
  shortcutDimension1Code: z.string(),
  shortcutDimension2Code: z.string(),
  localCurrencyCode: z.string(),
});

/** The names of the global dimensions under `1` and `2`, the local currency under `LCY`. */
export function toSetupCodes(row: z.infer<typeof ledgerSetupRow>): CodeRow[] {
  const names = [
    ['1', row.shortcutDimension1Code],
    ['2', row.shortcutDimension2Code],
    ['LCY', row.localCurrencyCode],
  ] as const;
  return names.map(([code, name]) => ({ id: row.id, code, name }));
}

/** Every scalar of a row as text; annotations are no properties. */
export const wholeRow = z.record(z.string(), z.unknown()).transform((row) => {
  const values: Record<string, string | boolean> = {};
  for (const [name, value] of Object.entries(row)) {
    if (name.startsWith('@') || (typeof value === 'object' && value !== null)) continue;
    values[name] = typeof value === 'boolean' ? value : String(value ?? '');
  }
  return values;
});

export const dimensionedRow = z.object({
  id: guid,
  number: z.string(),
  defaultDimensions: z.array(z.object({ dimensionCode: z.string(), dimensionValueCode: z.string() })).optional(),
});

export const itemRow = z.object({ id: guid, number: z.string(), blocked: z.boolean() });

export const documentLineRow = z.object({
  sequence: z.number(),
  description: z.string(),
  lineObjectNumber: z.string(),
  itemId: optionalId,
  accountId: optionalId,
  lineType: z.string(),
  unitOfMeasureCode: z.string().optional(),
  quantity: decimal,
  unitPrice: decimal,
  discountAmount: decimal,
  amountExcludingTax: decimal,
  totalTaxAmount: decimal,
  netAmount: decimal,
  netTaxAmount: decimal,
  unitOfMeasureId: optionalId.optional(),
  itemVariantId: termId,
  locationId: termId,
  taxCode: term,
  shipmentDate: termDate,
  description2: term,
});
export type DocumentLineRow = z.infer<typeof documentLineRow>;

const orderLineRow = documentLineRow.extend({ shippedQuantity: decimal, invoicedQuantity: decimal });

/** What else a mapping may have written; not every kind of document has all of it. */
const terms = {
  customerPurchaseOrderReference: term,
  orderDate: termDate,
  invoiceDate: termDate,
  documentDate: termDate,
  requestedDeliveryDate: termDate,
  partialShipping: z.boolean().optional(),
  paymentTermsId: termId,
  shipmentMethodId: termId,
  salesperson: term,
  shipToName: term,
  shipToContact: term,
  shipToAddressLine1: term,
  shipToAddressLine2: term,
  shipToCity: term,
  shipToState: term,
  shipToPostCode: term,
  shipToCountry: term,
  sellToAddressLine1: term,
  sellToAddressLine2: term,
  sellToCity: term,
  sellToState: term,
  sellToPostCode: term,
  sellToCountry: term,
  phoneNumber: term,
  email: term,
  shortcutDimension1Code: term,
  shortcutDimension2Code: term,
};
const termsRow = z.object(terms);
export type DocumentTermsRow = z.infer<typeof termsRow>;

/** What orders, invoices and quotes have in common (reference/business-central 2.8). */
const common = {
  ...terms,
  '@odata.etag': z.string(),
  id: guid,
  number: z.string(),
  externalDocumentNumber: z.string(),
  status: z.string(),
  customerId: optionalId,
  customerNumber: z.string(),
  billToCustomerId: optionalId,
  billToCustomerNumber: z.string(),
  currencyCode: z.string(),
  postingDate: date,
  discountAmount: decimal,
  totalAmountExcludingTax: decimal,
  totalTaxAmount: decimal,
  totalAmountIncludingTax: decimal,
  lastModifiedDateTime: z.string(),
};
const header = { ...common, pricesIncludeTax: z.boolean() };

export const orderRow = z.object({
  ...header,
  fullyShipped: z.boolean(),
  salesOrderLines: z.array(orderLineRow).optional(),
});
export type OrderRow = z.infer<typeof orderRow>;

export const quoteRow = z.object({
  ...common,
  validUntilDate: date,
  salesQuoteLines: z.array(documentLineRow).optional(),
});
export type QuoteRow = z.infer<typeof quoteRow>;

export const invoiceRow = z.object({
  ...header,
  dueDate: date,
  remainingAmount: decimal,
  orderId: optionalId,
  orderNumber: z.string(),
  salesInvoiceLines: z.array(documentLineRow).optional(),
});
/** A posted invoice in the list of its own (reference/business-central 4.3). */
export const postedInvoiceRow = z.object({ apiId: z.string(), externalDocumentNumber: z.string() });

export type InvoiceRow = z.infer<typeof invoiceRow>;

export const companyRow = z.object({ id: guid, name: z.string() });

export function listOf<T>(row: z.ZodType<T>): z.ZodType<{ value: T[] }> {
  return z.object({ value: z.array(row) });
}

/** Rows that are not all ours to keep in order: one that cannot be read hides none of the others, and is counted. */
export function readableListOf<T>(row: z.ZodType<T>): z.ZodType<{ value: T[]; unreadable: number }> {
  return z.object({ value: z.array(z.unknown()) }).transform(({ value }) => {
    const read = value.map((one) => row.safeParse(one)).flatMap(({ data, success }) => (success ? [data] : []));
    return { value: read, unreadable: value.length - read.length };
  });
}

export function pageOf<T>(row: z.ZodType<T>): z.ZodType<{ value: T[]; '@odata.nextLink'?: string | undefined }> {
  return z.object({ value: z.array(row), '@odata.nextLink': z.url().optional() });
}

export const subscriptionRow = z.object({
  '@odata.etag': z.string(),
  subscriptionId: z.string(),
  notificationUrl: z.string(),
  resource: z.string(),
  clientState: z.string().optional(),
  expirationDateTime: z.string(),
});
export type SubscriptionRow = z.infer<typeof subscriptionRow>;

/** The id of the request ends each message (reference/business-central 10.1): what is refused twice is refused for the same. */
const CORRELATION_ID = /\s{0,4}CorrelationId:\s{1,4}[\da-f-]{1,40}\.?\s{0,4}$/i;

export const errorEnvelope = z.object({
  error: z.object({
    code: z.string().optional(),
    message: z.string().transform((text) => text.replace(CORRELATION_ID, '')),
  }),
});
