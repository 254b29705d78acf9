import { toCode } from '../../deal/codes.js';
import { quote } from './transport.js';

/**
 * Values of Sales in filters. Business Central reads the value of `eq` as a filter of its own: single quotes around it take the
 * meaning of operators away, and one that is longer than the field is an error, though it only stands for nothing
 * (reference/business-central 6.2).
 */

export const NUMBER_LENGTH = 20; // Code[20], reference/business-central 2.2 to 2.4
const MAY_BE_OPERATORS = /[|&<>=@()'*?"]|\.\./;

/** @returns undefined when no row can have the value */
export function equalTo(field: string, value: string, length: number): string | undefined {
  if (value === '' || value.length > length) return undefined;
  return `${field} eq ${quoteValue(value)}`;
}

export function quoteValue(value: string): string {
  return quote(MAY_BE_OPERATORS.test(value) ? quote(value) : value);
}

/** For an URL. @returns undefined when no row can have any of these numbers */
export function filterOfNumbers(numbers: readonly string[]): string | undefined {
  const filters = [...new Set(numbers.map(toCode))].flatMap((number) => equalTo('number', number, NUMBER_LENGTH) ?? []);
  return filters.length > 0 ? encodeURIComponent(filters.join(' or ')) : undefined;
}
