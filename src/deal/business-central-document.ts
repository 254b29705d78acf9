import type { DocumentKind } from './deal.js';
import type { Terms } from './document-terms.js';
import { isZero } from './money.js';

/** What Business Central holds for a deal, in our words: the client reads it, the ledger keeps it, the steps compare it. */

/** A sales invoice, draft or posted: one row with one id for its whole life (reference/business-central 4.3). */
export interface Invoice {
  readonly id: string;
  readonly etag: string;
  readonly number: string;
  readonly externalDocumentNumber: string;
  /** The order that the invoice was posted from, if it was. */
  readonly orderId: string | undefined;
  readonly orderNumber: string | undefined;
  readonly status: string;
  /** Stays when the customer gets another number; undefined once it was deleted. */
  readonly customerId?: string | undefined;
  readonly customerNumber: string;
  /** Who gets the bill; absent in what was read before this was. */
  readonly billToId?: string | undefined;
  readonly billToNumber?: string | undefined;
  readonly currency: string;
  readonly pricesIncludeTax: boolean;
  /** Undefined where the company gives none by itself. */
  readonly postingDate: string | undefined;
  readonly dueDate: string | undefined;
  readonly discount: string;
  readonly excludingTax: string;
  readonly tax: string;
  readonly includingTax: string;
  readonly remaining: string;
  /** What posted credit memos that name it have taken off; absent where none has. */
  readonly credited?: string | undefined;
  readonly lastModified: string;
  readonly terms?: Terms | undefined;
  readonly lines: readonly InvoiceLine[];
}

export interface InvoiceLine {
  readonly sequence: number;
  /** Of its item or account, which stays when that gets another number; undefined for what is neither, or was deleted. */
  readonly objectId?: string | undefined;
  readonly isAccount?: true | undefined;
  readonly number: string;
  readonly description: string;
  /** Of its unit, which stays when that gets another code. */
  readonly unitId?: string | undefined;
  /** Its code; undefined of a text, which has none. */
  readonly unit?: string | undefined;
  readonly quantity: string;
  readonly unitPrice: string;
  readonly discount: string;
  readonly net: string;
  readonly tax: string;
  readonly terms?: Terms | undefined;
}

/**
 * A sales order: it lives until it is fully shipped and invoiced, and then it is gone (reference/business-central 4.4).
 */
export interface Order {
  readonly id: string;
  readonly etag: string;
  readonly number: string;
  readonly externalDocumentNumber: string;
  readonly status: string;
  /** Stays when the customer gets another number; undefined once it was deleted. */
  readonly customerId?: string | undefined;
  readonly customerNumber: string;
  /** Who gets the bill; absent in what was read before this was. */
  readonly billToId?: string | undefined;
  readonly billToNumber?: string | undefined;
  readonly currency: string;
  readonly pricesIncludeTax: boolean;
  readonly postingDate: string | undefined;
  readonly discount: string;
  readonly excludingTax: string;
  readonly tax: string;
  readonly includingTax: string;
  readonly fullyShipped: boolean;
  readonly lastModified: string;
  readonly terms?: Terms | undefined;
  readonly lines: readonly OrderLine[];
}

export interface OrderLine extends InvoiceLine {
  readonly shippedQuantity: string;
  readonly invoicedQuantity: string;
}

/**
 * A sales quote: it lives until it becomes an order or an invoice, and then it is gone (reference/business-central 4.9).
 */
export interface Quote {
  readonly id: string;
  readonly etag: string;
  readonly number: string;
  readonly externalDocumentNumber: string;
  readonly status: string;
  /** Stays when the customer gets another number; undefined once it was deleted. */
  readonly customerId?: string | undefined;
  readonly customerNumber: string;
  /** Who gets the bill; absent in what was read before this was. */
  readonly billToId?: string | undefined;
  readonly billToNumber?: string | undefined;
  readonly currency: string;
  /** As its lines tell: the API does not show it. */
  readonly pricesIncludeTax: boolean;
  readonly postingDate: string | undefined;
  /** The last day on which it stands; undefined when it has none. */
  readonly validUntil: string | undefined;
  readonly discount: string;
  readonly excludingTax: string;
  readonly tax: string;
  readonly includingTax: string;
  readonly lastModified: string;
  readonly terms?: Terms | undefined;
  readonly lines: readonly InvoiceLine[];
}

export type SalesDocument = Invoice | Order | Quote;

export function isQuote(document: SalesDocument): document is Quote {
  return kindOf(document) === 'quote';
}

export function kindOf(document: SalesDocument): DocumentKind {
  if ('remaining' in document) return 'invoice';
  return 'fullyShipped' in document ? 'order' : 'quote';
}

/** Whether a quote is out of date: nothing in Business Central stops it then (reference/business-central 4.9). */
export function isExpired({ validUntil }: Pick<Quote, 'validUntil'>, today: string): boolean {
  return validUntil !== undefined && validUntil < today;
}

/**
 * What the status alone says: `Open` is a posted invoice, or one that somebody released and nobody posted
 * (reference/business-central 4.5).
 */
export function readStatus(status: string): 'draft' | 'in-review' | 'released-or-posted' | 'posted' {
  switch (status) {
    case 'Draft':
      return 'draft';
    case 'In_x0020_Review':
      return 'in-review';
    case 'Open':
      return 'released-or-posted';
    default:
      return 'posted';
  }
}

/**
 * A posted invoice that only takes the number of a draft which was deleted after a posting number was drawn for it, under the
 * draft's id and our number (reference/business-central 11.3). Nothing is posted without a quantity, so it is none.
 */
export function isPlaceholder({ status, lines }: Pick<Invoice, 'status' | 'lines'>): boolean {
  return readStatus(status) === 'posted' && lines.every(({ quantity }) => isZero(quantity));
}

/** Whether two documents are for one customer, also when it was given another number in between (reference/business-central 2.2). */
export function isSameCustomer(
  left: Pick<SalesDocument, 'customerId' | 'customerNumber'>,
  right: Pick<SalesDocument, 'customerId' | 'customerNumber'>,
): boolean {
  if (left.customerId === undefined || right.customerId === undefined)
    return left.customerNumber === right.customerNumber;
  return left.customerId === right.customerId;
}

/** Whether the bill of two documents goes to one customer, as far as it is known. */
export function isSameBillTo(
  left: Pick<SalesDocument, 'billToId' | 'billToNumber'>,
  right: Pick<SalesDocument, 'billToId' | 'billToNumber'>,
): boolean {
  if (left.billToId !== undefined && right.billToId !== undefined) return left.billToId === right.billToId;
  return (
    left.billToNumber === undefined || right.billToNumber === undefined || left.billToNumber === right.billToNumber
  );
}

/** Whether two lines are for one item or account, also when it was given another number in between. */
export function isSameObject(
  left: Pick<InvoiceLine, 'objectId' | 'number'>,
  right: Pick<InvoiceLine, 'objectId' | 'number'>,
): boolean {
  if (left.objectId === undefined || right.objectId === undefined) return left.number === right.number;
  return left.objectId === right.objectId;
}

/** Whether two lines count in one unit, also when that was given another code in between, as far as it is known. */
export function isSameUnit(
  left: Pick<InvoiceLine, 'unitId' | 'unit'>,
  right: Pick<InvoiceLine, 'unitId' | 'unit'>,
): boolean {
  if (left.unitId !== undefined && right.unitId !== undefined) return left.unitId === right.unitId;
  return left.unit === undefined || right.unit === undefined || left.unit === right.unit;
}
