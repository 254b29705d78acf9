import { type LinearPattern, toLinearPattern } from './linear-pattern.js';

/** Patterns of the rules with `*` and `?`, which fit a whole text, in upper or lower case. */

/** What a character of the pattern stands for; every other one stands for itself. */
export type Wildcards = Readonly<Record<string, string>>;

const ANY_TEXT = { '*': '[\\s\\S]*' };
export const STAR: Wildcards = ANY_TEXT;
export const STAR_AND_QUESTION_MARK: Wildcards = { ...ANY_TEXT, '?': '[\\s\\S]' };

/** Several stars in one pattern may take JavaScript hours on a text that does not fit: it tries every way to divide it. */
export function toWildcardPattern(text: string, wildcards: Wildcards): LinearPattern {
  const source = [...text].map((one) => wildcards[one] ?? one.replace(/[.*+?^${}()|[\]\\]/, '\\$&')).join('');
  return toLinearPattern(`^${source}$`, 'i');
}
