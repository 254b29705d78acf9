import { toCode } from './codes.js';
import type { DealLine, ProductType, WonDeal } from './deal.js';
import type { LinearPattern } from './linear-pattern.js';
import { type Decimal, isLess, isZero } from './money.js';
import { numberInSales } from './sales-numbers.js';
import { STAR_AND_QUESTION_MARK, toWildcardPattern } from './wildcard.js';

/** What a line of a deal becomes in Business Central, by rules of which the first that fits decides. */

export const LINE_KINDS = ['item', 'resource', 'account', 'charge', 'comment'] as const;
export type LineKind = (typeof LINE_KINDS)[number];

export const SALES_LINES = ['product', 'write-in', 'bundle', 'member', 'project-service'] as const;
export type SalesLine = (typeof SALES_LINES)[number];

export interface LineRule {
  readonly when: {
    readonly line?: readonly SalesLine[] | undefined;
    readonly productType?: readonly ProductType[] | undefined;
    /** Product number of Sales with `*` and `?`, whatever its item is called. */
    readonly number?: string | undefined;
    /** Price of one unit. */
    readonly price?: { readonly below?: Decimal | undefined; readonly atLeast?: Decimal | undefined } | undefined;
    /** E-mail address of the record's owner with `*` and `?`. */
    readonly owner?: string | undefined;
  };
  readonly as: LineKind | 'refuse';
  /** Number in Business Central; the product number when it is left out. */
  readonly number?: string | undefined;
}

/** What the rules of one company say about lines. */
export interface LineRules {
  /** G/L account for write-in lines; without it such a line is a hold. */
  readonly writeInAccount?: string | undefined;
  /** G/L account for freight; without it freight is a hold. */
  readonly freightAccount?: string | undefined;
  /** Sales unit name (upper case) to Business Central unit code; others are taken as they are. */
  readonly units: Readonly<Record<string, string>>;
  readonly rules?: readonly LineRule[];
  /** `bundle` leaves out members that cost nothing; one with a price stays a line, so no money is lost. */
  readonly bundles?: 'lines' | 'bundle';
  /** Whether the memo of a line becomes comment lines after it. */
  readonly memos?: 'comments' | 'none';
  /** Whether a unit that Business Central lacks is turned into the base unit. */
  readonly convertUnits?: boolean;
  /** Price lists whose prices include tax. */
  readonly grossPriceLists?: readonly string[];
}

export interface LineDecision {
  readonly kind: LineKind | 'refuse' | 'unmapped';
  /** Empty for a comment. */
  readonly number: string;
  /** What the line is sold for, or by whom, names the item: another line of the product may be another one. */
  readonly isOfLine?: true;
  /** Of a line that is refused: by a rule, and not for the want of one. */
  readonly isByRule?: true;
}

export function decideLine(
  line: DealLine,
  rules: LineRules,
  deal: Pick<WonDeal, 'extra' | 'salesNumbers'>,
): LineDecision {
  const rule = findRule(line, rules, deal);
  if (rule) {
    const isOfLine = rule.number !== undefined && !isOfProduct(rule);
    return {
      kind: rule.as,
      number: rule.number ?? line.product?.number ?? '',
      ...(isOfLine && { isOfLine }),
      ...(rule.as === 'refuse' && { isByRule: true }),
    };
  }
  // Hours of a project follow other rules, so nobody guesses what they are (reference/dataverse-sales 12, trap 6).
  if (line.role === 'project-service') return { kind: 'refuse', number: '' };
  if (line.product) return { kind: 'item', number: line.product.number };
  return rules.writeInAccount ? { kind: 'account', number: rules.writeInAccount } : { kind: 'unmapped', number: '' };
}

/** Whether the line has the number of its product in the document. */
export function goesByItsProduct(line: DealLine, rules: LineRules, deal: Pick<WonDeal, 'extra' | 'salesNumbers'>) {
  const rule = findRule(line, rules, deal);
  return rule?.as !== 'comment' && rule?.number === undefined && !isLeftOut(line, rules);
}

function findRule(
  line: DealLine,
  { rules }: LineRules,
  deal: Pick<WonDeal, 'extra' | 'salesNumbers'>,
): LineRule | undefined {
  return rules?.find((one) => fits(line, one.when, deal));
}

/**
 * The rules by which a product has its item where nobody sells it: what rules say of a price, an owner or a kind of line says
 * nothing of it, and what they sell otherwise than as an item keeps its own number.
 */
export function rulesOfProduct(line: DealLine, rules: LineRules, deal: Pick<WonDeal, 'extra' | 'salesNumbers'>) {
  const ofProduct = { ...rules, rules: (rules.rules ?? []).filter(isOfProduct) };
  return decideLine(line, ofProduct, deal).kind === 'item' ? ofProduct : { ...rules, rules: [] };
}

/** Whether it says the same of every line of a product. */
function isOfProduct({ when: { line, price, owner } }: LineRule): boolean {
  return line === undefined && price === undefined && owner === undefined;
}

function salesLineOf(line: DealLine): SalesLine {
  return line.product ? line.role : 'write-in';
}

function fits(line: DealLine, when: LineRule['when'], deal: Pick<WonDeal, 'extra' | 'salesNumbers'>): boolean {
  const { price } = when;
  const { number, owner } = patternsOf(when);
  return (
    (!when.line || when.line.includes(salesLineOf(line))) &&
    (!when.productType || (line.product?.type !== undefined && when.productType.includes(line.product.type))) &&
    (!number || number.find(numberInSales(deal, line) ?? '') !== undefined) &&
    (price?.below === undefined || isLess(line.unitPrice, price.below)) &&
    (price?.atLeast === undefined || !isLess(line.unitPrice, price.atLeast)) &&
    (!owner || owner.find(deal.extra.owner['internalemailaddress'] ?? '') !== undefined)
  );
}

type Patterns = Readonly<Record<'number' | 'owner', LinearPattern | undefined>>;

/** A deal of thousands of lines asks the same few rules for each of them. */
const patterns = new WeakMap<LineRule['when'], Patterns>();

function patternsOf(when: LineRule['when']): Patterns {
  const known = patterns.get(when);
  if (known) return known;
  const toPattern = (text: string | undefined) =>
    text === undefined ? undefined : toWildcardPattern(text, STAR_AND_QUESTION_MARK);
  const made = { number: toPattern(when.number), owner: toPattern(when.owner) };
  patterns.set(when, made);
  return made;
}

/** Members of a bundle that the rules leave out: those that cost nothing. */
export function isLeftOut(line: DealLine, rules: LineRules): boolean {
  return rules.bundles === 'bundle' && line.role === 'member' && isFree(line);
}

export function isFree(line: DealLine): boolean {
  return (isZero(line.unitPrice) || isZero(line.quantity)) && isZero(line.discount) && isZero(line.tax);
}

export function toUnitCode(unit: string | undefined, rules: LineRules): string | undefined {
  if (unit === undefined) return undefined;
  const name = toCode(unit);
  return rules.units[name] ?? name;
}
