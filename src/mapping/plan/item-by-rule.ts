import { isSameCode } from '../../deal/codes.js';
import type { Rules } from '../rules/rules.js';

/**
 * Whether the configuration says which item this is, by its table, its pattern or a rule for lines: then a person decided
 * that several products may be one item (I11). A number that a product has itself decides nothing.
 */
export function isItemByRule(
  number: string,
  numberInSales: string | undefined,
  { masters, lines }: Pick<Rules, 'masters' | 'lines'>,
): boolean {
  const { table, pattern } = masters.items;
  const isNamed = (other: string | undefined): boolean => other !== undefined && isSameCode(other, number);
  return (
    Object.values(table).some(isNamed) ||
    (lines.rules ?? []).some((rule) => isNamed(rule.number)) ||
    (pattern !== undefined && numberInSales !== undefined && !isSameCode(numberInSales, number))
  );
}
