import { toIsoCurrency } from './currency.js';
import type { DealLine, WonDeal } from './deal.js';
import { lineDiscount, pricesIncludeTax, toDiscount } from './document.js';
import type { Problem } from './holds.js';
import { decideLine, isFree, isLeftOut, type LineRules } from './line-rules.js';
import { add, type Decimal, display, isLess, isZero, multiply, round, subtract } from './money.js';
import { namePricingError } from './pricing-errors.js';

export type { LineRules } from './line-rules.js';

/** Why a total is refused that is below 0, whoever finds it. */
export const NEVER_NEGATIVE = 'Business Central posts no invoice whose total is below 0';

/** Everything that is wrong with the deal itself, all of it at once, so that nobody repairs one thing a day. */
export function findProblems(deal: WonDeal, rules: LineRules): Problem[] {
  const problems: Problem[] = [];
  const say = sayTo(problems);
  if (deal.lines.length === 0) say('no-lines', `${deal.table} ${deal.number} has no lines`);
  if (!deal.customer) say('no-customer', `${deal.table} ${deal.number} names no account`);
  else if (!deal.customer.isActive) say('customer-inactive', 'the account is inactive in Sales');
  if (!deal.currency) say('no-currency', `${deal.table} ${deal.number} has no currency`);
  if (deal.pricingErrorCode !== 0) say('pricing-error', `${namePricingError(deal.pricingErrorCode)} on the header`);
  for (const line of deal.lines) {
    if (line.pricingErrorCode !== 0) {
      say('pricing-error', `${whereOf(line)}: ${namePricingError(line.pricingErrorCode)}`);
    }
  }
  sayLineDiscounts(deal, rules, say);
  const refused = findRefusedLines(deal, rules);
  if (refused.length === 0 && deal.lines.length > 0) {
    sayDiscount(deal, rules, say);
    sayNothingToPost(deal, rules, say);
    sayNegative(deal, rules, say);
  }
  return [...problems, ...refused];
}

const NO_RULE = 'no rule says what a project-based service becomes';

/** Lines that the rules turn into nothing: of such a deal no document can be made, and none be compared with. */
export function findRefusedLines(deal: WonDeal, rules: LineRules): Problem[] {
  const problems: Problem[] = [];
  const say = sayTo(problems);
  for (const line of deal.lines) {
    const where = whereOf(line);
    if (isLeftOut(line, rules)) continue;
    const { kind, number, isByRule } = decideLine(line, rules, deal);
    if (kind === 'unmapped') say('write-in-unmapped', `${where} is a write-in`);
    else if (kind === 'refuse') say('line-refused', `${where}: ${isByRule ? 'a rule refuses such lines' : NO_RULE}`);
    else if (kind === 'comment' && !isFree(line)) {
      say('line-refused', `${where}: a rule makes it a comment, but it costs ${line.unitPrice} each`);
    } else if (kind !== 'comment' && number === '') {
      say('line-refused', `${where}: a rule makes it a line of kind ${kind} without a number`);
    }
  }
  if (!isZero(deal.freight) && !rules.freightAccount) say('freight-unmapped', `freight of ${deal.freight}`);
  return problems;
}

/** Told with the line, which Business Central does not name (reference/business-central 2.9). */
function sayLineDiscounts(deal: WonDeal, rules: LineRules, say: ReturnType<typeof sayTo>): void {
  const currency = toIsoCurrency(deal.currency ?? '');
  for (const line of deal.lines) {
    const discount = lineDiscount(line, currency);
    if (isZero(discount) || isLeftOut(line, rules) || decideLine(line, rules, deal).kind === 'comment') continue;
    const amount = round(multiply(line.quantity, line.unitPrice), currency.decimals);
    const isShare =
      !isLess(multiply(discount, amount), '0') && !isLess(multiply(amount, amount), multiply(discount, amount));
    if (!isZero(line.quantity) && (isZero(amount) || isShare)) continue;
    const of = isZero(line.quantity) ? 'a quantity of 0' : `an amount of ${amount}`;
    const text = `discount of ${line.discount} on ${of}: Business Central takes 0 to 100 % of an amount alone`;
    say('line-refused', `${whereOf(line)}: ${text}`);
  }
}

/**
 * A discount of the whole document is spread over lines of items and resources alone (reference/business-central 3.7), at most
 * all of what they come to. One below 0 is a surcharge, and spread in the same way.
 */
function sayDiscount(deal: WonDeal, rules: LineRules, say: ReturnType<typeof sayTo>): void {
  const discount = toDiscount(deal, toIsoCurrency(deal.currency ?? ''));
  if (isZero(discount)) return;
  const carrying = deal.lines.filter((line) => {
    const { kind } = decideLine(line, rules, deal);
    return (kind === 'item' || kind === 'resource') && !isLeftOut(line, rules);
  });
  const amount = amountOf(carrying, deal);
  const isMore = isLess(amount, '0') ? isLess(discount, amount) : isLess(amount, discount);
  if (!isZero(amount) && !isMore) return;
  const why = carrying.every(isFree)
    ? 'none of its lines is an item or a resource that costs something'
    : `its lines of items and resources come to ${display(amount)} after their own discounts`;
  const text = `discount of ${deal.headerDiscount} on the whole record, but ${why}: Business Central spreads it over those alone`;
  say('discount-not-allowed', text);
}

/** An invoice of nothing but free lines is posted; without a quantity there is nothing to post (reference/business-central 4.8). */
function sayNothingToPost(deal: WonDeal, rules: LineRules, say: ReturnType<typeof sayTo>): void {
  if (!isZero(deal.freight) || linesWithAmount(deal, rules).some((line) => !isZero(line.quantity))) return;
  const why = 'each is a comment, is left out or has a quantity of 0';
  say('no-lines', `${deal.table} ${deal.number} has no line that can be posted: ${why}`);
}

/** Business Central posts a total below 0 only as a credit memo (reference/business-central 11.6). */
function sayNegative(deal: WonDeal, rules: LineRules, say: ReturnType<typeof sayTo>): void {
  const discount = toDiscount(deal, toIsoCurrency(deal.currency ?? ''));
  const isGross = pricesIncludeTax(deal, rules);
  const tax = isGross ? '0' : deal.tax;
  const amounts = [...linesWithAmount(deal, rules).map((line) => amountOf([line], deal)), deal.freight];
  const total = subtract(add('0', ...amounts, tax), discount);
  if (!isLess(total, '0')) return;
  const isTaxKnown = isGross || !isZero(tax);
  const taxed = subtract(add('0', ...amounts.filter((amount) => isLess('0', amount))), discount);
  const mostTax = isTaxKnown || isLess(taxed, '0') ? '0' : multiply(taxed, HIGHEST_TAX);
  if (!isLess(add(total, mostTax), '0')) return;
  const parts = ['the lines', isZero(deal.freight) ? [] : 'the freight', isZero(tax) ? [] : 'the tax'].flat();
  const what = `${IN_WORDS.format(parts)}${isZero(discount) ? '' : ' less the discount'}`;
  const sum = `${display(total)}${deal.currency === undefined ? '' : ` ${deal.currency}`}`;
  say('total-negative', `${what} come to ${sum}: ${NEVER_NEGATIVE}`);
}

const IN_WORDS = new Intl.ListFormat('en-GB');

/**
 * Where nobody typed a tax in Sales, only the draft tells it: lines with more of it may lift a net below 0 to a total above.
 * No tax on sales takes more than the price.
 */
const HIGHEST_TAX = '1';

function linesWithAmount(deal: WonDeal, rules: LineRules): readonly DealLine[] {
  return deal.lines.filter((line) => decideLine(line, rules, deal).kind !== 'comment' && !isLeftOut(line, rules));
}

/** What the lines come to in Business Central, which rounds each of them. */
function amountOf(lines: readonly DealLine[], deal: WonDeal): Decimal {
  const currency = toIsoCurrency(deal.currency ?? '');
  return add(
    '0',
    ...lines.map((line) =>
      subtract(round(multiply(line.quantity, line.unitPrice), currency.decimals), lineDiscount(line, currency)),
    ),
  );
}

function sayTo(problems: Problem[]): (reason: Problem['reason'], text: string) => void {
  return (reason, text) => {
    problems.push({ reason, text });
  };
}

function whereOf(line: DealLine): string {
  return `line ${line.sequence / 10_000}`;
}
