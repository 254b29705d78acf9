import type { WonDeal } from './deal.js';
import { add, type Decimal, distance, isWithin, isZero, multiply } from './money.js';

/** What Business Central computed for a document. */
export interface DocumentTotals {
  readonly excludingTax: Decimal;
  readonly tax: Decimal;
  readonly includingTax: Decimal;
  readonly pricesIncludeTax: boolean;
  readonly lines: readonly { readonly sequence: number; readonly net: Decimal }[];
}

/** Tolerance per line in the document's currency: the smallest unit, since each line rounds on its own. */
const TOLERANCE_PER_LINE = '0.01';

/** Why deal and draft do not add up to the same, or undefined when they do (design 3.4). */
export function findDifference(deal: WonDeal, draft: DocumentTotals): string | undefined {
  const expectedLines = deal.lines.length + (isZero(deal.freight) ? 0 : 1);
  if (draft.lines.length < expectedLines) return `line missing: ${expectedLines} expected, ${draft.lines.length} found`;
  const tolerance = multiply(TOLERANCE_PER_LINE, String(Math.max(draft.lines.length, 1)));
  const expected = add(deal.totalLessFreight, deal.freight);
  if (!isWithin(expected, draft.excludingTax, tolerance)) {
    if (draft.pricesIncludeTax && isWithin(expected, draft.includingTax, tolerance)) {
      return `tax included: the customer's prices include tax, so ${expected} net in Sales is gross in the draft`;
    }
    const worst = findWorstLine(deal, draft);
    return `net total: ${expected} in Sales, ${draft.excludingTax} in the draft${worst}`;
  }
  // Sales has no tax engine: a typed tax is compared, an empty one is not a statement.
  if (!isZero(deal.tax) && !isWithin(deal.tax, draft.tax, tolerance)) {
    return `tax: ${deal.tax} in Sales, ${draft.tax} in the draft`;
  }
  return undefined;
}

function findWorstLine(deal: WonDeal, draft: DocumentTotals): string {
  for (const line of deal.lines) {
    const found = draft.lines.find((other) => other.sequence === line.sequence);
    const net = add(multiply(line.quantity, line.unitPrice), `-${line.discount}`);
    if (found && !isWithin(net, found.net, TOLERANCE_PER_LINE)) {
      return `; line ${line.sequence / 10_000}: ${net} against ${found.net}, ${distance(net, found.net)} apart`;
    }
  }
  return '; every line agrees, so a discount moved';
}
