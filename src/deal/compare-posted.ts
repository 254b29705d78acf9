import { alignInvoices, isNothing } from './align-lines.js';
import {
  type Invoice,
  type InvoiceLine,
  isSameBillTo,
  isSameCustomer,
  isSameObject,
  isSameUnit,
} from './business-central-document.js';
import { type CompanyCurrency, smallestUnit } from './currency.js';
import { findTermChanges } from './document-terms.js';
import { bySequence } from './lines-by-sequence.js';
import {
  add,
  type Decimal,
  distance,
  divide,
  isLess,
  isRounded,
  isSame,
  isWithin,
  isZero,
  multiply,
  subtract,
} from './money.js';
import { type Deduction, takeOutDeductions } from './prepayments.js';

/**
 * What was posted beside what was confirmed (I12). Posting itself may add an invoice rounding line or take off what a prepayment
 * billed before, and an order that is invoiced in parts rounds in each of them: that is told. Anything else is an alarm, as
 * nobody has agreed to it.
 */

export type PostedCause =
  | 'customer'
  | 'currency'
  | 'terms'
  | 'line-missing'
  | 'extra-line'
  | 'line-changed'
  | 'total'
  | 'invoice-rounding'
  | 'prepayment'
  | 'rounding-of-parts';

export interface PostedDifference {
  readonly kind: 'notice' | 'alarm';
  readonly cause: PostedCause;
  readonly text: string;
}

/** One invoice, or one of those that came from an order. */
export type PostedDocument = Pick<
  Invoice,
  | 'billToId'
  | 'billToNumber'
  | 'customerId'
  | 'customerNumber'
  | 'currency'
  | 'includingTax'
  | 'lines'
  | 'number'
  | 'terms'
>;

/** An invoice or an order as it was when it was confirmed. */
export type ConfirmedDocument = Omit<PostedDocument, 'number'> & Pick<Invoice, 'discount' | 'excludingTax'>;

export interface PostedOptions {
  readonly currency: CompanyCurrency;
  /** To what the company rounds its invoices, where it can be known (reference/business-central 3.8). */
  readonly roundingPrecision?: Decimal | undefined;
  /** Invoices that billed a part of the order before, which later ones take off again. */
  readonly prepayments?: readonly Invoice[];
  /** An order of which more is to come: its sum says nothing yet. */
  readonly isPartial?: boolean;
}

/** All of it at once; empty when exactly what was confirmed is posted. */
export function comparePosted(
  confirmed: ConfirmedDocument,
  asPosted: readonly PostedDocument[],
  options: PostedOptions,
): PostedDifference[] {
  const { prepayments = [] } = options;
  const { invoices, deductions } = takeOutDeductions(asPosted, prepayments);
  const posted = alignInvoices(confirmed.lines, invoices);
  const billedIn = posted.length + (deductions.length > 0 ? prepayments.length : 0);
  const found: PostedDifference[] = [];
  const rounding: RoundingLine[] = [];
  const parts = new Map<number, InvoiceLine[]>();
  for (const invoice of posted) {
    found.push(...compareHeader(confirmed, invoice));
    const line = findRoundingLine(confirmed, invoice, options);
    if (line) rounding.push({ invoice: invoice.number, line });
    for (const one of invoice.lines) {
      if (one === line) continue;
      const known = parts.get(one.sequence);
      if (known) known.push(one);
      else parts.set(one.sequence, [one]);
    }
  }
  found.push(...compareLines(confirmed, parts, options));
  if (!options.isPartial) found.push(...compareTotal(confirmed, posted, rounding, { parts, billedIn }, options));
  return [...found, ...rounding.map(toNotice), ...deductions.map(toPrepayment)];
}

interface RoundingLine {
  /** The number of the invoice that has it. */
  readonly invoice: string;
  readonly line: InvoiceLine;
}

function alarm(cause: PostedCause, text: string): PostedDifference {
  return { kind: 'alarm', cause, text };
}

function compareHeader(confirmed: ConfirmedDocument, invoice: PostedDocument): PostedDifference[] {
  const found: PostedDifference[] = [];
  const { number, customerNumber, currency } = invoice;
  if (!isSameCustomer(confirmed, invoice)) {
    const text = `customer: ${confirmed.customerNumber} was confirmed, invoice ${number} is for ${customerNumber}`;
    found.push(alarm('customer', text));
  }
  if (!isSameBillTo(confirmed, invoice)) {
    const { billToNumber } = invoice;
    const text = `bill-to customer: ${confirmed.billToNumber} was confirmed, invoice ${number} goes to ${billToNumber}`;
    found.push(alarm('customer', text));
  }
  if (currency !== confirmed.currency) {
    const text = `currency: ${confirmed.currency} was confirmed, invoice ${number} is in ${currency}`;
    found.push(alarm('currency', text));
  }
  for (const { other, name, is, was } of findTermChanges('agreed', confirmed.terms, invoice.terms)) {
    const text = other
      ? `invoice ${number} has ${other} than was confirmed`
      : `${name}: ${was || '(none)'} was confirmed, invoice ${number} has ${is || '(none)'}`;
    found.push(alarm('terms', text));
  }
  return found;
}

/** Nothing in API v2.0 shows the precision of the local currency; nobody rounds by more than one whole unit there. */
const MAX_ROUNDING = '1';

/**
 * The line that posting appends: behind every other one, of quantity 1 and of less than the precision to which invoices
 * are rounded (reference/business-central 3.8).
 */
function findRoundingLine(
  confirmed: ConfirmedDocument,
  { lines }: PostedDocument,
  { roundingPrecision }: PostedOptions,
): InvoiceLine | undefined {
  const last = lines.reduce<InvoiceLine | undefined>(
    (behind, line) => (behind && behind.sequence > line.sequence ? behind : line),
    undefined,
  );
  if (!last || confirmed.lines.some(({ sequence }) => sequence >= last.sequence)) return undefined;
  const isSmall = isLess(distance(amountOf(last), '0'), roundingPrecision ?? MAX_ROUNDING);
  return isSame(last.quantity, '1') && isSmall && last.number !== '' ? last : undefined;
}

function amountOf({ net, tax }: InvoiceLine): Decimal {
  return add(net, tax);
}

function compareLines(
  confirmed: ConfirmedDocument,
  parts: ReadonlyMap<number, readonly InvoiceLine[]>,
  { currency, isPartial }: PostedOptions,
): PostedDifference[] {
  const found: PostedDifference[] = [];
  for (const line of confirmed.lines) {
    const posted = parts.get(line.sequence) ?? [];
    const where = nameLine(line);
    if (posted.length === 0) {
      if (!isPartial && !isComment(line)) found.push(alarm('line-missing', `${where} was confirmed and is not posted`));
      continue;
    }
    const changes = posted.flatMap((part) => findChange(line, part));
    const quantity = add(...posted.map((part) => part.quantity));
    const isRight = isPartial ? !isLess(line.quantity, quantity) : isSame(line.quantity, quantity);
    if (!isRight) changes.push(`quantity ${line.quantity} was confirmed, ${quantity} posted`);
    if (!isPartial) changes.push(...findAmounts(line, posted, currency));
    if (changes.length > 0) found.push(alarm('line-changed', `${where}: ${[...new Set(changes)].join(', ')}`));
  }
  const known = bySequence(confirmed.lines);
  for (const [sequence, lines] of parts) {
    const [first] = lines;
    if (known.has(sequence) || !first || lines.every(isNothing)) continue;
    const amount = add(...lines.map(({ net }) => net));
    found.push(alarm('extra-line', `${nameLine(first)} (${first.number}) of ${amount} was posted and not confirmed`));
  }
  return found;
}

function findChange(line: InvoiceLine, part: InvoiceLine): string[] {
  const changes: string[] = [];
  if (!isSameObject(line, part)) {
    const posted = line.number === part.number ? 'another item or account of that number' : part.number;
    changes.push(`${line.number || 'text'} was confirmed, ${posted} posted`);
  }
  if (!isSame(line.unitPrice, part.unitPrice)) {
    changes.push(`price ${line.unitPrice} was confirmed, ${part.unitPrice} posted`);
  }
  if (!isSameUnit(line, part))
    changes.push(`unit ${line.unit || '(none)'} was confirmed, ${part.unit || '(none)'} posted`);
  for (const { other, name, is, was } of findTermChanges('goods', line.terms, part.terms)) {
    changes.push(other ? `${other} was posted` : `${name} ${was || '(none)'} was confirmed, ${is || '(none)'} posted`);
  }
  return changes;
}

/** Each part of a line rounds for itself, half a unit at most. */
function findAmounts(line: InvoiceLine, posted: readonly InvoiceLine[], currency: CompanyCurrency): string[] {
  const changes: string[] = [];
  const tolerance = roundingOf(posted.filter((part) => !isNothing(part)).length, currency);
  for (const of of ['discount', 'net'] as const) {
    const sum = add(...posted.map((part) => part[of]));
    const what = of === 'net' ? 'amount' : 'discount';
    if (!isWithin(line[of], sum, tolerance)) changes.push(`${what} ${line[of]} was confirmed, ${sum} posted`);
  }
  return changes;
}

function roundingOf(parts: number, currency: CompanyCurrency): Decimal {
  return parts > 1 ? multiply(multiply(smallestUnit(currency), '0.5'), String(parts)) : '0';
}

function compareTotal(
  confirmed: ConfirmedDocument,
  posted: readonly PostedDocument[],
  rounding: readonly RoundingLine[],
  { parts, billedIn }: { readonly parts: ReadonlyMap<number, readonly InvoiceLine[]>; readonly billedIn: number },
  { currency }: PostedOptions,
): PostedDifference[] {
  const total = add('0', ...posted.map(({ includingTax }) => includingTax));
  const rounded = add('0', ...rounding.map(({ line }) => amountOf(line)));
  const apart = subtract(subtract(total, rounded), confirmed.includingTax);
  if (isZero(apart)) return [];
  const sums = `total: ${confirmed.includingTax} was confirmed, ${total} posted`;
  const text = billedIn > 1 ? `${sums} in ${billedIn} invoices` : sums;
  if (!isWithin(apart, '0', roundingOfParts(confirmed, billedIn, parts, currency))) return [alarm('total', text)];
  return [{ kind: 'notice', cause: 'rounding-of-parts', text: `${text}; each of them rounds for itself` }];
}

/**
 * Tax rounds once in each invoice, an amount in each part that does not come out even, and in each part of a line its share of the
 * invoice discount (reference/business-central 4.4); tax is on both.
 */
function roundingOfParts(
  { discount, excludingTax, includingTax }: ConfirmedDocument,
  invoices: number,
  parts: ReadonlyMap<number, readonly InvoiceLine[]>,
  currency: CompanyCurrency,
): Decimal {
  if (invoices < 2) return '0';
  const ofTax = multiply(smallestUnit(currency), String(invoices));
  const ofLines = [...parts.values()].map((lines) => {
    const moved = lines.filter((line) => !isNothing(line));
    const uneven = moved.filter((line) => !isRounded(multiply(line.quantity, line.unitPrice), currency.decimals));
    const ofDiscount = isZero(discount) ? '0' : roundingOf(moved.length, currency);
    return add(roundingOf(uneven.length, currency), ofDiscount);
  });
  const withTax = isZero(excludingTax) ? '1' : divide(includingTax, excludingTax, 2);
  return add(ofTax, multiply(add('0', ...ofLines), withTax));
}

function toNotice({ invoice, line }: RoundingLine): PostedDifference {
  const what = `${line.number}${line.description ? ` ${line.description}` : ''}`;
  const text = `invoice rounding: posting added ${nameLine(line)} (${what}) of ${amountOf(line)} to invoice ${invoice}`;
  return { kind: 'notice', cause: 'invoice-rounding', text };
}

function toPrepayment({ invoice, account, amount, billedBy }: Deduction): PostedDifference {
  const text = `prepayment: invoice ${invoice} takes off ${amount} of account ${account}, which was billed before by invoice ${billedBy.join(' and ')}`;
  return { kind: 'notice', cause: 'prepayment', text };
}

function isComment(line: InvoiceLine): boolean {
  return line.number === '' && isNothing(line);
}

function nameLine({ sequence }: InvoiceLine): string {
  return `line ${sequence / 10_000}`;
}
