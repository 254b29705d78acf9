import { currencyDecimals, smallestUnit } from './currency.js';
import type { WonDeal } from './deal.js';
import type { DocumentLine } from './document.js';
import { add, type Decimal, distance, isSame, isWithin, isZero, multiply, round, subtract } from './money.js';

/** Whether deal and draft add up to the same, line by line and in sum, and if not, why. */

export interface DocumentTotals {
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
  'discount-moved',
  'rounding',
  'sales-total',
] as const;
export type DifferenceCause = (typeof DIFFERENCE_CAUSES)[number];

export interface Difference {
  readonly cause: DifferenceCause;
  readonly text: string;
}

export type OnDifference = 'pass' | 'ask' | 'refuse';

export interface TotalsRules {
  /** By currency, for each line; the smallest unit of the currency where none is given. */
  readonly tolerance: Readonly<Record<string, Decimal>>;
  readonly onDifference: OnDifference;
  readonly causes: Readonly<Partial<Record<DifferenceCause, OnDifference>>>;
}

const STRICT: TotalsRules = { tolerance: {}, onDifference: 'refuse', causes: {} };

export function whatToDo(cause: DifferenceCause, rules: TotalsRules): OnDifference {
  return rules.causes[cause] ?? rules.onDifference;
}

export interface Expected {
  /** The lines that the document was asked to have. */
  readonly lines: readonly DocumentLine[];
  readonly pricesIncludeTax: boolean;
}

/** The first cause that explains a difference beyond the tolerance; undefined when there is none. */
export function findDifference(
  deal: WonDeal,
  draft: DocumentTotals,
  expected: Expected,
  rules: TotalsRules = STRICT,
): Difference | undefined {
  const perLine = rules.tolerance[deal.currency ?? ''] ?? smallestUnit(deal.currency);
  const lines = expected.lines.filter((line) => line.kind !== 'comment');
  const inLines = findLineDifference(deal, lines, draft, perLine);
  if (inLines) return inLines;

  const tolerance = multiply(perLine, String(Math.max(lines.length, 1)));
  const wanted = add(deal.totalLessFreight, deal.freight);
  const isGross = expected.pricesIncludeTax;
  const found = isGross ? draft.includingTax : draft.excludingTax;
  if (isGross !== draft.pricesIncludeTax && !isZero(draft.tax)) {
    const whose = isGross ? 'the price list of the deal includes tax, the customer does not' : toldByCustomer(wanted);
    return { cause: 'tax-included', text: `tax included: ${whose}` };
  }
  if (!isWithin(wanted, found, tolerance)) return nameSum(deal, draft, wanted, found, tolerance);
  // Sales has no tax engine: a typed tax is compared, an empty one is not a statement.
  if (!isZero(deal.tax) && !isWithin(deal.tax, draft.tax, tolerance)) {
    return { cause: 'tax', text: `tax: ${deal.tax} in Sales, ${draft.tax} in the draft` };
  }
  return undefined;
}

function toldByCustomer(wanted: Decimal): string {
  return `the customer's prices include tax, so ${wanted} net in Sales is gross in the draft`;
}

function findLineDifference(
  deal: WonDeal,
  lines: readonly DocumentLine[],
  draft: DocumentTotals,
  tolerance: Decimal,
): Difference | undefined {
  const missing = lines.filter((line) => !draft.lines.some(({ sequence }) => sequence === line.sequence));
  if (missing.length > 0) {
    const counted = `${lines.length} expected, ${lines.length - missing.length} found`;
    return { cause: 'line-missing', text: `line missing: ${missing.map(nameLine).join(', ')}; ${counted}` };
  }
  const extra = draft.lines.find(
    (line) => !lines.some(({ sequence }) => sequence === line.sequence) && !isZero(line.net),
  );
  if (extra) {
    const what = extra.number ? ` (${extra.number})` : '';
    return { cause: 'extra-line', text: `extra line: ${nameLine(extra)}${what} of ${extra.net} is not in the deal` };
  }
  for (const line of lines) {
    const found = draft.lines.find(({ sequence }) => sequence === line.sequence);
    const cause = found && compareLine(deal, line, found, tolerance);
    if (cause) return cause;
  }
  return undefined;
}

function compareLine(deal: WonDeal, line: DocumentLine, found: DraftLine, tolerance: Decimal): Difference | undefined {
  const { quantity, unitPrice, discount } = found;
  const where = nameLine(line);
  if (!isSame(quantity, line.quantity)) {
    return { cause: 'quantity', text: `quantity: ${where} has ${line.quantity} in Sales, ${quantity} in the draft` };
  }
  const decimals = currencyDecimals(deal.currency);
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

/** Every line agrees, the sum does not: discount, rounding, or a total in Sales that its own lines do not give. */
function nameSum(
  deal: WonDeal,
  draft: DocumentTotals,
  wanted: Decimal,
  found: Decimal,
  tolerance: Decimal,
): Difference {
  const decimals = currencyDecimals(deal.currency);
  const nets = deal.lines.map((line) =>
    round(subtract(multiply(line.quantity, line.unitPrice), line.discount), decimals),
  );
  const ofLines = add(...nets, `-${deal.headerDiscount}`.replace('--', ''), deal.freight);
  const sums = `net total: ${wanted} in Sales, ${found} in the draft`;
  if (!isWithin(ofLines, wanted, tolerance)) {
    const apart = distance(ofLines, wanted);
    return { cause: 'sales-total', text: `${sums}; the lines in Sales give ${ofLines}, ${apart} apart from its total` };
  }
  const { discount } = draft;
  if (!isWithin(discount, deal.headerDiscount, tolerance)) {
    const moved = `${deal.headerDiscount} in Sales, ${discount} in the draft`;
    return { cause: 'discount-moved', text: `${sums}; every line agrees, so a discount moved: ${moved}` };
  }
  return { cause: 'rounding', text: `${sums}; lines and discounts agree, so it is rounding` };
}

function nameLine({ sequence }: { readonly sequence: number }): string {
  return `line ${sequence / 10_000}`;
}
