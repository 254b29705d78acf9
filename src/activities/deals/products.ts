import type { WonDeal } from '../../deal/deal.js';
import { listSoldItems } from '../../deal/missing-master-data.js';
import { isItemByRule } from '../../mapping/plan/item-by-rule.js';
import type { Rules } from '../../mapping/rules/rules.js';
import type { ProductRef } from '../masters/deal-master-data.js';

/** The products that a deal sells as items travel a few at a time, so that no payload grows with its lines. */
export interface ProductPage {
  readonly products: readonly ProductRef[];
  /** Where the next page begins in the list of all of them; absent behind the last one. */
  readonly nextProduct?: number;
}

/** Some 17 KB; Temporal warns of a payload above 512 KB and ends a run above 2 MB (reference/temporal 5.1). */
const PRODUCTS_PER_PAGE = 200;

export function listProducts(deal: WonDeal, rules: Rules): ProductRef[] {
  return listSoldItems(deal, rules.lines).map(({ productId, number, line, isOfLine }) => ({
    productId,
    number,
    ...(isOfLine && { isOfLine }),
    ...(isItemByRule(number, deal, line, rules) && { isByRule: true as const }),
  }));
}

/** A link says nothing of an item that a rule names for single lines. */
export function isUnknown({ productId, isOfLine }: ProductRef, links: Pick<ReadonlySet<string>, 'has'>): boolean {
  return isOfLine === true || !links.has(productId);
}

/** @param isWanted others are passed over; positions count them all the same */
export function toProductPage(
  all: readonly ProductRef[],
  from = 0,
  isWanted: (product: ProductRef) => boolean = () => true,
): ProductPage {
  const products: ProductRef[] = [];
  for (const [index, product] of all.entries()) {
    if (index < from || !isWanted(product)) continue;
    if (products.length === PRODUCTS_PER_PAGE) return { products, nextProduct: index };
    products.push(product);
  }
  return { products };
}
