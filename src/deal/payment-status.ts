import { add, type Decimal, isLess, isSame, isZero } from './money.js';

/** What becomes of a posted invoice, as the seller is told (reference/business-central 4.5). */
export type InvoiceStatus = 'open' | 'part-paid' | 'paid' | 'cancelled' | 'corrected';

/** The part of an invoice that Sales is told. */
export interface PaymentStatus {
  readonly number: string;
  readonly status: InvoiceStatus;
  readonly total: Decimal;
  readonly remaining: Decimal;
  readonly dueDate?: string;
}

interface PostedInvoice {
  readonly number: string;
  readonly status: string;
  readonly includingTax: Decimal;
  readonly remaining: Decimal;
  readonly credited?: Decimal | undefined;
  readonly dueDate?: string | undefined;
}

export function toPaymentStatus(invoice: PostedInvoice): PaymentStatus {
  return {
    number: invoice.number,
    status: toStatus(invoice),
    total: invoice.includingTax,
    remaining: invoice.remaining,
    ...(invoice.dueDate && { dueDate: invoice.dueDate }),
  };
}

/** What was credited was not paid: an invoice of which nothing else is closed is open, or cancelled where nothing is left. */
function toStatus({ status, includingTax, remaining, credited = '0' }: PostedInvoice): InvoiceStatus {
  if (status === 'Canceled') return 'cancelled';
  if (status === 'Corrective') return 'corrected';
  const isClosed = status === 'Paid' || (isZero(remaining) && !isZero(includingTax));
  if (isClosed) return !isZero(credited) && !isLess(credited, includingTax) ? 'cancelled' : 'paid';
  return isLess(add(remaining, credited), includingTax) ? 'part-paid' : 'open';
}

/** Nothing more follows from an invoice in such a status, unless somebody undoes it in Business Central. */
export function isFinalStatus(status: InvoiceStatus): boolean {
  return status !== 'open' && status !== 'part-paid';
}

export function isSamePaymentStatus(left: PaymentStatus, right: PaymentStatus): boolean {
  return (
    left.number === right.number &&
    left.status === right.status &&
    left.dueDate === right.dueDate &&
    isSame(left.total, right.total) &&
    isSame(left.remaining, right.remaining)
  );
}
