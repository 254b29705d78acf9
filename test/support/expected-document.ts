import { toIsoCurrency } from '../../src/deal/currency.js';
import type { WonDeal } from '../../src/deal/deal.js';
import { pricesIncludeTax, toLines } from '../../src/deal/document.js';
import type { Expected } from '../../src/deal/totals.js';
import { parseRules } from '../../src/process/config.js';

export const RULES = parseRules('freightAccount: "8410"\ngrossPriceLists: [Gross]\n');

/** What a draft of the deal has to hold by these rules. */
export function expectedOf(deal: WonDeal, currency = toIsoCurrency(deal.currency ?? '')): Expected {
  const lines = toLines(deal, RULES.lines, { currency });
  return { lines, pricesIncludeTax: pricesIncludeTax(deal, RULES.lines), currency };
}
