import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decideLine } from '../../src/deal/line-rules.js';
import { STAR, STAR_AND_QUESTION_MARK, toWildcardPattern, type Wildcards } from '../../src/deal/wildcard.js';
import { parseRules } from '../../src/process/config.js';
import { makeDeal, makeLine } from '../support/won-deal.js';

/** `*` and `?` in the rules. */

const fits = (pattern: string, text: string, wildcards: Wildcards = STAR_AND_QUESTION_MARK) =>
  toWildcardPattern(pattern, wildcards).find(text) !== undefined;

/** As it is defined: each `*` is tried with every length. */
function fitsByTrying([first, ...rest]: readonly string[], text: readonly string[]): boolean {
  if (first === undefined) return text.length === 0;
  if (first === '*') {
    return text.some((_, at) => fitsByTrying(rest, text.slice(at))) || fitsByTrying(rest, []);
  }
  const [character, ...others] = text;
  if (character === undefined) return false;
  return (first === '?' || first.toLowerCase() === character.toLowerCase()) && fitsByTrying(rest, others);
}

describe('a pattern with wildcards', () => {
  it('fits the texts that it says, and no others', () => {
    const characters = fc.constantFrom('a', 'A', 'ä', '.', '$', '\n', '\\', '-', '^', '(');
    const patterns = fc.array(fc.oneof(characters, fc.constantFrom('*', '?')), { maxLength: 6 });
    fc.assert(
      fc.property(patterns, fc.array(characters, { maxLength: 8 }), (pattern, text) => {
        expect(fits(pattern.join(''), text.join(''))).toBe(fitsByTrying(pattern, text));
      }),
      { numRuns: 2_000 },
    );
  });

  it('takes a question mark for itself where only the star stands for something', () => {
    expect([fits('a?*', 'a?b', STAR), fits('a?*', 'axb', STAR)]).toEqual([true, false]);
  });

  it('ends on a text that does not fit, however many stars it has (I13)', () => {
    expect(fits(`${'*a'.repeat(20)}*b`, 'a'.repeat(2_000))).toBe(false);
    expect(fits(`${'*'.repeat(40)}b`, 'a'.repeat(2_000))).toBe(false);
  });
});

describe('a line rule of many stars', () => {
  it.each([
    ['the number', `number: "${'*a'.repeat(12)}*b"`],
    ['the owner', `owner: "${'*a'.repeat(12)}*b"`],
  ])('decides on a long text of %s as on any other (I13)', (_which, when) => {
    const { lines } = parseRules(`lineRules: [{ when: { ${when} }, as: refuse }]`);
    const line = makeLine(1);
    const long = 'a'.repeat(100);
    const product = { ...line.product, number: long } as NonNullable<typeof line.product>;
    const deal = makeDeal({ lines: [{ ...line, product }], extra: { owner: { internalemailaddress: long } } });
    expect(decideLine(deal.lines[0] ?? line, lines, deal).kind).toBe('item');
  });
});
