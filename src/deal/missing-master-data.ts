import { toCode } from './codes.js';
import type { DealLine, Policy, WonDeal } from './deal.js';
import type { Problem } from './holds.js';
import { decideLine, isLeftOut, type LineRules } from './line-rules.js';

/** What Business Central lacks for a deal, and whether the rules allow to create it. */

/** What is to be created before the document. */
export interface Creates {
  readonly customer: boolean;
  readonly items: readonly Pick<SoldItem, 'productId' | 'number'>[];
}

export interface FoundMasterData {
  /** Undefined when there is none, under which number it was looked for. */
  readonly customer: object | undefined;
  readonly customerNumber: string | undefined;
  /** Products without an item. */
  readonly missing: readonly SoldItem[];
  readonly blocked: readonly { readonly number: string }[];
}

export interface SoldItem {
  readonly productId: string;
  readonly number: string;
  /** Its line names the item, so that the product itself is not linked with it. */
  readonly isOfLine?: true | undefined;
}

/** All that is missing is named at once. */
export function decideMissing(
  { customer, customerNumber, missing, blocked }: FoundMasterData,
  { createCustomers, createItems }: Pick<Policy, 'createCustomers' | 'createItems'>,
): { readonly problems: Problem[]; readonly creates: Creates } {
  const problems: Problem[] = blocked.map(({ number }) => ({
    reason: 'item-blocked',
    text: `item ${number} is blocked`,
  }));
  if (!customer && !createCustomers) {
    problems.push({ reason: 'customer-missing', text: sayMissing('customer', customerNumber ?? '(no number)') });
  }
  if (!createItems) {
    for (const { number } of missing) problems.push({ reason: 'item-missing', text: sayMissing('item', number) });
  }
  return {
    problems,
    creates: {
      customer: !customer && createCustomers,
      items: createItems ? missing.map(({ productId, number }) => ({ productId, number })) : [],
    },
  };
}

const NUMBER_LENGTH = 20; // Code[20], reference/business-central 2.2 and 2.4

/** Nobody can create what has a number that is too long. */
export function sayMissing(what: 'customer' | 'item', number: string): string {
  const { length } = toCode(number);
  const why = length > NUMBER_LENGTH ? `: its number has ${length} characters, and ${NUMBER_LENGTH} fit` : '';
  return `no ${what} ${number}${why}`;
}

/**
 * The products that are sold as items, each once for every item that it is sold as, with the first line that sells it so:
 * resources, accounts and comments have no item.
 */
export function listSoldItems(deal: WonDeal, rules: LineRules): (SoldItem & { readonly line: DealLine })[] {
  const items = new Map<string, SoldItem & { readonly line: DealLine }>();
  for (const line of deal.lines) {
    const { kind, number, isOfLine } = decideLine(line, rules, deal);
    if (!line.product || kind !== 'item' || isLeftOut(line, rules)) continue;
    const { productId } = line.product;
    const key = keyOfSold({ productId, number });
    if (!items.has(key)) items.set(key, { productId, number, line, isOfLine });
  }
  return [...items.values()];
}

/** A product may be sold as several items, and several products as one. */
export function keyOfSold({ productId, number }: Pick<SoldItem, 'productId' | 'number'>): string {
  return `${productId} ${toCode(number)}`;
}
