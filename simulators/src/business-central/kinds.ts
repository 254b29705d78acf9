import type { DocumentKind } from './store.js';

/** What the four kinds of sales documents call things. */
export interface Kind {
  readonly kind: DocumentKind;
  readonly set: string;
  readonly lineSet: string;
  /** `Document Type` in error texts. */
  readonly table: string;
  readonly dateField: string;
  readonly parentType: string;
}

export const KINDS: Readonly<Record<DocumentKind, Kind>> = {
  invoice: {
    kind: 'invoice',
    set: 'salesInvoices',
    lineSet: 'salesInvoiceLines',
    table: 'Invoice',
    dateField: 'invoiceDate',
    parentType: 'Sales_x0020_Invoice',
  },
  order: {
    kind: 'order',
    set: 'salesOrders',
    lineSet: 'salesOrderLines',
    table: 'Order',
    dateField: 'orderDate',
    parentType: 'Sales_x0020_Order',
  },
  quote: {
    kind: 'quote',
    set: 'salesQuotes',
    lineSet: 'salesQuoteLines',
    table: 'Quote',
    dateField: 'documentDate',
    parentType: 'Sales_x0020_Quote',
  },
  creditMemo: {
    kind: 'creditMemo',
    set: 'salesCreditMemos',
    lineSet: 'salesCreditMemoLines',
    table: 'Credit Memo',
    dateField: 'creditMemoDate',
    parentType: 'Sales_x0020_Credit_x0020_Memo',
  },
};

export const KIND_BY_SET: ReadonlyMap<string, Kind> = new Map(Object.values(KINDS).map((kind) => [kind.set, kind]));
export const KIND_BY_LINE_SET: ReadonlyMap<string, Kind> = new Map(
  Object.values(KINDS).map((kind) => [kind.lineSet, kind]),
);
