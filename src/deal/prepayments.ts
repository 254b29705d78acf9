import { isNothing } from './align-lines.js';
import { type Invoice, type InvoiceLine, isSameObject } from './business-central-document.js';
import { add, type Decimal, distance, isLess, isSame, subtract } from './money.js';

/**
 * Prepayments of an order: an invoice of its own under the order's External Document No., which nothing else in API v2.0 ties to the
 * order, and lines of quantity -1 by which later invoices take off what it billed (reference/business-central 4.4).
 */

type Billed = Pick<Invoice, 'excludingTax' | 'includingTax' | 'lines' | 'number' | 'tax'>;

/**
 * Whether an invoice can be a prepayment of an order with these lines: it bills accounts alone, each once, and none that the order has.
 * @param ordered of the order, or of invoices that were posted of it
 */
export function isPrepayment(ordered: readonly InvoiceLine[], { orderId, lines }: Pick<Invoice, 'orderId' | 'lines'>) {
  const sold = ordered.filter(({ quantity }) => isLess('0', quantity));
  const billed = lines.filter((line) => !isNothing(line));
  return (
    orderId === undefined &&
    billed.length > 0 &&
    billed.every((line) => isBilledOnce(line) && !sold.some((other) => isSameObject(other, line)))
  );
}

function isBilledOnce({ isAccount, quantity, net }: InvoiceLine): boolean {
  return isAccount === true && isSame(quantity, '1') && isLess('0', net);
}

export interface Deduction {
  /** The number of the invoice that takes it off. */
  readonly invoice: string;
  readonly account: string;
  readonly amount: Decimal;
  /** The numbers of the invoices that billed it. */
  readonly billedBy: readonly string[];
}

export interface WithoutDeductions<Posted> {
  readonly invoices: Posted[];
  readonly deductions: readonly Deduction[];
}

/**
 * The invoices as they would be without the prepayments. A line that takes something off counts as such only where all of its account
 * are no more than prepayment invoices have billed.
 */
export function takeOutDeductions<Posted extends Pick<Billed, 'includingTax' | 'lines' | 'number'>>(
  posted: readonly Posted[],
  prepayments: readonly Billed[],
): WithoutDeductions<Posted> {
  const billed = prepayments.flatMap(({ number, lines }) => lines.map((line) => ({ number, line })));
  const isTakenOff = (line: InvoiceLine): boolean =>
    line.isAccount === true && isSame(line.quantity, '-1') && billed.some((one) => isSameObject(one.line, line));
  const all = posted.flatMap(({ lines }) => lines.filter(isTakenOff));
  const isCovered = (line: InvoiceLine): boolean => {
    const ofAccount = (lines: readonly InvoiceLine[]) =>
      add('0', ...lines.filter((other) => isSameObject(other, line)).map(({ net }) => net));
    return !isLess(ofAccount(billed.map((one) => one.line)), distance(ofAccount(all), '0'));
  };
  const deductions: Deduction[] = [];
  const invoices = posted.map((invoice) => {
    const taken = invoice.lines.filter((line) => isTakenOff(line) && isCovered(line));
    if (taken.length === 0) return invoice;
    for (const line of taken) {
      const billedBy = billed.filter((one) => isSameObject(one.line, line)).map(({ number }) => number);
      const amount = distance(line.net, '0');
      deductions.push({ invoice: invoice.number, account: line.number, amount, billedBy: [...new Set(billedBy)] });
    }
    return { ...invoice, ...toTotals(invoice, taken), lines: invoice.lines.filter((line) => !taken.includes(line)) };
  });
  return { invoices, deductions };
}

function toTotals(invoice: Partial<Billed>, taken: readonly InvoiceLine[]): Partial<Billed> {
  const [net, tax] = [add('0', ...taken.map((line) => line.net)), add('0', ...taken.map((line) => line.tax))];
  const { excludingTax, tax: ofInvoice, includingTax } = invoice;
  return {
    ...(excludingTax !== undefined && { excludingTax: subtract(excludingTax, net) }),
    ...(ofInvoice !== undefined && { tax: subtract(ofInvoice, tax) }),
    ...(includingTax !== undefined && { includingTax: subtract(includingTax, add(net, tax)) }),
  };
}
