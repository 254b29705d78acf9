import { type CompanyCurrency, smallestUnit } from './currency.js';
import type { WonDeal } from './deal.js';
import { type DocumentLine, toDiscount } from './document.js';
import { bySequence } from './lines-by-sequence.js';
import {
  add,
  type Decimal,
  distance,
  isLess,
  isRounded,
  isSame,
  isWithin,
  isZero,
  multiply,
  round,
  subtract,
} from './money.js';

/**
 * Whether deal and draft add up to the same, line by line and in sum, and if not, why. Tolerance is for rounding alone:
 * an amount that no system has to round agrees to the last digit, and a discount is never taken for rounding (I12).
 */

export interface DocumentTotals {
  /** The code of Business Central. */
  readonly currency: string;
  readonly excludingTax: Decimal;
  readonly tax: Decimal;
  readonly includingTax: Decimal;
  readonly pricesIncludeTax: boolean;
  /** The invoice discount of the draft. */
  readonly discount: Decimal;
  readonly lines: readonly DraftLine[];
}

export interface DraftLine {
  readonly sequence: number;
  readonly net: Decimal;
  readonly number: string;
  readonly quantity: Decimal;
  readonly unitPrice: Decimal;
  readonly discount: Decimal;
}

export const DIFFERENCE_CAUSES = [
  'line-missing',
  'extra-line',
  'quantity',
  'price',
  'line-discount',
  'tax-included',
  'tax',
  'header-discount',
  'rounding',
  'sales-total',
] as const;
/** What the rules may let pass; a document in another currency never does. */
export type TolerableCause = (typeof DIFFERENCE_CAUSES)[number];
export type DifferenceCause = TolerableCause | 'currency';

export interface Difference {
  readonly cause: DifferenceCause;
  readonly text: string;
}

export type OnDifference = 'pass' | 'ask' | 'refuse';

export interface TotalsRules {
  /** By ISO code, for each amount that has to be rounded; half of the smallest unit where none is given. */
  readonly tolerance: Readonly<Record<string, Decimal>>;
  readonly onDifference: OnDifference;
  readonly causes: Readonly<Partial<Record<TolerableCause, OnDifference>>>;
}

const STRICT: TotalsRules = { tolerance: {}, onDifference: 'refuse', causes: {} };

export function whatToDo(cause: DifferenceCause, rules: TotalsRules): OnDifference {
  return cause === 'currency' ? 'refuse' : (rules.causes[cause] ?? rules.onDifference);
}

export interface Expected {
  /** The lines that the document was asked to have. */
  readonly lines: readonly DocumentLine[];
  readonly pricesIncludeTax: boolean;
  readonly currency: CompanyCurrency;
}

/** The first cause that explains a difference beyond the tolerance; undefined when there is none. */
export function findDifference(
  deal: WonDeal,
  draft: DocumentTotals,
  expected: Expected,
  rules: TotalsRules = STRICT,
): Difference | undefined {
  const { currency } = expected;
  if (draft.currency.toUpperCase() !== currency.code.toUpperCase()) {
    const wanted = currency.code === deal.currency ? currency.code : `${currency.code} (${deal.currency} in Sales)`;
    return { cause: 'currency', text: `currency: ${wanted} by the deal, ${draft.currency || 'none'} in the draft` };
  }
  const lines = expected.lines.filter((line) => line.kind !== 'comment');
  const tolerances = toTolerances(deal, lines, currency, rules);
  const inLines = findLineDifference(lines, draft, currency, tolerances);
  if (inLines) return inLines;

  const wanted = add(deal.totalLessFreight, deal.freight);
  const isGross = expected.pricesIncludeTax;
  const found = isGross ? draft.includingTax : draft.excludingTax;
  if (isGross !== draft.pricesIncludeTax && !isZero(draft.tax)) {
    const whose = isGross ? 'the price list of the deal includes tax, the customer does not' : toldByCustomer(wanted);
    return { cause: 'tax-included', text: `tax included: ${whose}` };
  }
  // By itself: within the sum of many lines' tolerances it would be lost.
  if (!isSameDiscount(deal.headerDiscount, draft.discount, currency)) return nameDiscount(deal, draft, wanted, found);
  if (!isWithin(wanted, found, tolerances.ofSum)) return nameSum(deal, wanted, found, currency, tolerances);
  // Sales has no tax engine: a typed tax is compared, an empty one is not a statement.
  if (!isZero(deal.tax) && !isWithin(deal.tax, draft.tax, tolerances.ofTax)) {
    return { cause: 'tax', text: `tax: ${deal.tax} in Sales, ${draft.tax} in the draft` };
  }
  return undefined;
}

function toldByCustomer(wanted: Decimal): string {
  return `the customer's prices include tax, so ${wanted} net in Sales is gross in the draft`;
}

/** Within one unit, as Business Central may round the last one the other way. */
function isSameDiscount(wanted: Decimal, found: Decimal, currency: CompanyCurrency): boolean {
  return isWithin(wanted, found, smallestUnit(currency));
}

/** How a draft was when it was read before. */
export interface SeenDiscount {
  /** What was missing then; nothing once it is set. */
  readonly missing: Decimal | undefined;
  readonly found: Decimal;
}

/**
 * The discount of the deal that still has to be set: the draft has none, or the customer's automatic one. What differs
 * after it was set, a person has changed, and it is told instead of overwritten (I14).
 *
 * @param seen absent for a draft that has just been made
 */
export function findMissingDiscount(
  deal: WonDeal,
  found: Decimal,
  currency: CompanyCurrency,
  seen?: SeenDiscount,
): Decimal | undefined {
  const wanted = toDiscount(deal, currency);
  if (isZero(wanted) || isSame(wanted, found)) return undefined;
  if (!seen) return wanted;
  const isUntouched = seen.missing !== undefined && (isZero(found) || isSame(found, seen.found));
  return isUntouched ? wanted : undefined;
}

interface Tolerances {
  /** By the sequence of the line: nothing, unless its amount has to be rounded. */
  readonly ofLines: ReadonlyMap<number, Decimal>;
  readonly ofSum: Decimal;
  /** Tax is rounded whatever the amounts are: by line in one system, by rate in the other. */
  readonly ofTax: Decimal;
}

function toTolerances(
  deal: WonDeal,
  lines: readonly DocumentLine[],
  currency: CompanyCurrency,
  rules: TotalsRules,
): Tolerances {
  const { decimals } = currency;
  const each = rules.tolerance[deal.currency ?? ''] ?? multiply(smallestUnit(currency), '0.5');
  const ifRounded = (...amounts: readonly Decimal[]): Decimal =>
    amounts.every((amount) => isRounded(amount, decimals)) ? '0' : each;
  const sources = new Map(deal.lines.map((line) => [line.lineId, line]));
  const ofLines = new Map(
    lines.map((line) => {
      const source = line.lineId === undefined ? undefined : sources.get(line.lineId);
      return [line.sequence, ifRounded(toAmount(line), ...(source ? [toAmount(source)] : []))];
    }),
  );
  return {
    ofLines,
    ofSum: add(...ofLines.values(), ifRounded(deal.headerDiscount)),
    ofTax: multiply(each, String(Math.max(lines.length, 1))),
  };
}

/** What a line comes to, before anybody rounds it. */
function toAmount(line: Pick<DocumentLine, 'quantity' | 'unitPrice' | 'discount'>): Decimal {
  return subtract(multiply(line.quantity, line.unitPrice), line.discount);
}

function findLineDifference(
  lines: readonly DocumentLine[],
  draft: DocumentTotals,
  currency: CompanyCurrency,
  { ofLines }: Tolerances,
): Difference | undefined {
  const drafted = bySequence(joinSplitLines(lines, draft.lines));
  const missing = lines.filter(({ sequence }) => !drafted.has(sequence));
  if (missing.length > 0) {
    const counted = `${lines.length} expected, ${lines.length - missing.length} found`;
    return { cause: 'line-missing', text: `line missing: ${missing.map(nameLine).join(', ')}; ${counted}` };
  }
  const expected = bySequence(lines);
  const extra = [...drafted.values()].find(({ sequence, net }) => !expected.has(sequence) && !isZero(net));
  if (extra) {
    const what = extra.number ? ` (${extra.number})` : '';
    return { cause: 'extra-line', text: `extra line: ${nameLine(extra)}${what} of ${extra.net} is not in the deal` };
  }
  for (const line of lines) {
    const found = drafted.get(line.sequence);
    const cause = found && compareLine(line, found, currency, ofLines.get(line.sequence) ?? '0');
    if (cause) return cause;
  }
  return undefined;
}

/**
 * A line that somebody split in the draft, as one again: as much of the same at the same price as it has less. What else was added
 * stays a line of its own.
 */
function joinSplitLines(lines: readonly DocumentLine[], found: readonly DraftLine[]): DraftLine[] {
  const expected = bySequence(lines);
  const own = new Map(found.filter(({ sequence }) => expected.has(sequence)).map((line) => [line.sequence, line]));
  const others = found.filter((line) => {
    if (own.has(line.sequence) || line.number === '') return !own.has(line.sequence);
    const split = [...own.values()].find((one) => {
      const left = subtract(expected.get(one.sequence)?.quantity ?? '0', one.quantity);
      const isSameKind = one.number === line.number && isSame(one.unitPrice, line.unitPrice);
      return isSameKind && isLess('0', line.quantity) && !isLess(left, line.quantity);
    });
    if (split) own.set(split.sequence, joinLines(split, line));
    return !split;
  });
  return [...own.values(), ...others];
}

function joinLines(one: DraftLine, other: DraftLine): DraftLine {
  const sum = (field: 'quantity' | 'net' | 'discount') => add(one[field], other[field]);
  return { ...one, quantity: sum('quantity'), net: sum('net'), discount: sum('discount') };
}

function compareLine(
  line: DocumentLine,
  found: DraftLine,
  { decimals }: CompanyCurrency,
  tolerance: Decimal,
): Difference | undefined {
  const { quantity, unitPrice, discount } = found;
  const where = nameLine(line);
  if (!isSame(quantity, line.quantity)) {
    return { cause: 'quantity', text: `quantity: ${where} has ${line.quantity} in Sales, ${quantity} in the draft` };
  }
  const amount = (price: Decimal): Decimal => round(multiply(line.quantity, price), decimals);
  if (!isWithin(amount(unitPrice), amount(line.unitPrice), tolerance)) {
    return { cause: 'price', text: `price: ${where} costs ${line.unitPrice} in Sales, ${unitPrice} in the draft` };
  }
  if (!isWithin(discount, line.discount, tolerance)) {
    const text = `line discount: ${where} has ${line.discount} in Sales, ${discount} in the draft`;
    return { cause: 'line-discount', text };
  }
  return undefined;
}

function nameDiscount(deal: WonDeal, { discount }: DocumentTotals, wanted: Decimal, found: Decimal): Difference {
  const sums = `net total: ${wanted} in Sales, ${found} in the draft`;
  const whose = isZero(deal.headerDiscount) ? ", most likely the customer's own invoice discount" : '';
  const text = `header discount: ${deal.headerDiscount} in Sales, ${discount} in the draft${whose}; ${sums}`;
  return { cause: 'header-discount', text };
}

/** Lines and discount agree, the sum does not: rounding, or a total in Sales that its own lines do not give. */
function nameSum(
  deal: WonDeal,
  wanted: Decimal,
  found: Decimal,
  { decimals }: CompanyCurrency,
  { ofSum }: Tolerances,
): Difference {
  const nets = deal.lines.map((line) => round(toAmount(line), deal.currencyDecimals ?? decimals));
  const ofLines = add('0', subtract(add('0', ...nets), deal.headerDiscount), deal.freight);
  const sums = `net total: ${wanted} in Sales, ${found} in the draft`;
  if (!isWithin(ofLines, wanted, ofSum)) {
    const apart = distance(ofLines, wanted);
    return { cause: 'sales-total', text: `${sums}; the lines in Sales give ${ofLines}, ${apart} apart from its total` };
  }
  return { cause: 'rounding', text: `${sums}; lines and discounts agree, so it is rounding` };
}

function nameLine({ sequence }: { readonly sequence: number }): string {
  return `line ${sequence / 10_000}`;
}
