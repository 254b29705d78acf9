import { isSameCode } from '../../deal/codes.js';
import type { DealLine, WonDeal } from '../../deal/deal.js';
import { isNamedByRules } from '../../deal/sales-numbers.js';
import type { Rules } from '../rules/rules.js';

/**
 * Whether the configuration says which item a line is, by its table, its pattern or a rule for lines: then a person decided
 * that several products may be one item (I11). A number that a product has itself decides nothing, nor one of the mapping.
 */
export function isItemByRule(
  number: string,
  deal: Pick<WonDeal, 'salesNumbers'>,
  line: DealLine,
  { masters, lines }: Pick<Rules, 'masters' | 'lines'>,
): boolean {
  const isNamed = (other: string | undefined): boolean => other !== undefined && isSameCode(other, number);
  return (
    Object.values(masters.items.table).some(isNamed) ||
    (lines.rules ?? []).some((rule) => isNamed(rule.number)) ||
    isNamedByRules(deal, line)
  );
}
