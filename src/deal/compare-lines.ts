import type { InvoiceLine, SalesDocument } from './business-central-document.js';
import { toIsoCurrency } from './currency.js';
import type { DealLine, WonDeal } from './deal.js';
import { pricesIncludeTax } from './document.js';
import type { LineRules } from './line-rules.js';
import { bySequence } from './lines-by-sequence.js';
import { add, type Decimal, isSame, isZero, multiply, round, subtract } from './money.js';

/** Deal and document side by side, for people: each line of the one beside the same line of the other. */

export interface ComparedLine {
  /** 1, 2, 3, … as both sides count. */
  readonly position: number;
  readonly sold: ShownLine | undefined;
  readonly drafted: ShownLine | undefined;
  /** What is not the same, by the name of the figure. */
  readonly differences: readonly LineFigure[];
}

export interface ShownLine {
  readonly number: string;
  readonly text: string;
  readonly quantity: Decimal;
  readonly unit?: string | undefined;
  readonly unitPrice: Decimal;
  readonly discount: Decimal;
  readonly net: Decimal;
}

export const LINE_FIGURES = ['quantity', 'unitPrice', 'discount', 'net'] as const;
export type LineFigure = (typeof LINE_FIGURES)[number] | 'line';

export interface ComparedTotal {
  readonly name: 'net' | 'discount' | 'freight' | 'tax' | 'gross';
  readonly sold: Decimal | undefined;
  readonly drafted: Decimal | undefined;
  readonly isDifferent: boolean;
}

export interface Comparison {
  readonly lines: readonly ComparedLine[];
  readonly totals: readonly ComparedTotal[];
}

/** @param rules by which the deal's price list may include tax: then its amounts are compared with tax */
export function compareLines(
  deal: WonDeal,
  document: SalesDocument | undefined,
  rules: Pick<LineRules, 'grossPriceLists'> = {},
): Comparison {
  const isGross = pricesIncludeTax(deal, rules);
  const soldLines = bySequence(deal.lines);
  const draftedLines = bySequence(document?.lines ?? []);
  const sequences = [...new Set([...soldLines.keys(), ...draftedLines.keys()])].sort((a, b) => a - b);
  const { decimals } = toIsoCurrency(deal.currency ?? '');
  const lines = sequences.map((sequence, index): ComparedLine => {
    const sold = soldLines.get(sequence);
    const found = draftedLines.get(sequence);
    const [left, right] = [sold && toSold(sold, decimals), found && toDrafted(found, isGross)];
    return { position: index + 1, sold: left, drafted: right, differences: findDifferent(left, right, document, deal) };
  });
  return { lines, totals: compareTotals(deal, document, isGross) };
}

function toSold(line: DealLine, decimals: number): ShownLine {
  const { quantity, unitPrice, discount } = line;
  return {
    number: line.product?.number ?? '',
    text: line.description,
    quantity,
    unit: line.unit,
    unitPrice,
    discount,
    net: round(subtract(multiply(quantity, unitPrice), discount), decimals),
  };
}

function toDrafted(line: InvoiceLine, isGross: boolean): ShownLine {
  const { number, description, unit, quantity, unitPrice, discount, net, tax } = line;
  return { number, text: description, quantity, unit, unitPrice, discount, net: isGross ? add(net, tax) : net };
}

function findDifferent(
  sold: ShownLine | undefined,
  drafted: ShownLine | undefined,
  document: SalesDocument | undefined,
  deal: WonDeal,
): LineFigure[] {
  if (!document) return [];
  if (!drafted) return sold && isZero(sold.net) ? [] : ['line'];
  // A comment costs nothing, and freight is a line in the one system and a field in the other.
  if (!sold) return isZero(drafted.net) || isSame(drafted.net, deal.freight) ? [] : ['line'];
  // What costs nothing may be a text there, which has no quantity.
  if (isZero(sold.net) && drafted.number === '' && isZero(drafted.net)) return [];
  return LINE_FIGURES.filter((figure) => !isSame(sold[figure], drafted[figure]));
}

function compareTotals(deal: WonDeal, document: SalesDocument | undefined, isGross: boolean): ComparedTotal[] {
  const sold = add(deal.totalLessFreight, deal.freight);
  const total = (
    name: ComparedTotal['name'],
    inSales: Decimal | undefined,
    drafted: Decimal | undefined,
  ): ComparedTotal => ({
    name,
    sold: inSales,
    drafted,
    isDifferent: inSales !== undefined && drafted !== undefined && !isSame(inSales, drafted),
  });
  // Sales has no tax engine: an empty tax is no statement, and then gross is none either.
  const isTaxed = !isZero(deal.tax);
  return [
    total('discount', deal.headerDiscount, document?.discount),
    ...(isZero(deal.freight) ? [] : [total('freight', deal.freight, undefined)]),
    total('net', isGross ? undefined : sold, document?.excludingTax),
    total('tax', isTaxed ? deal.tax : undefined, document?.tax),
    total('gross', isGross ? sold : isTaxed ? deal.total : undefined, document?.includingTax),
  ];
}
