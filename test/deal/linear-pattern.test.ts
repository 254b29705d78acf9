import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toLinearPattern } from '../../src/deal/linear-pattern.js';

/** Regular expressions of the rules: what JavaScript finds, in a time that no text can stretch. */

/** As JavaScript finds it. */
function findNatively(source: string, flags: string, text: string, from: number) {
  const pattern = new RegExp(source, `${flags}g`);
  pattern.lastIndex = from;
  const found = pattern.exec(text);
  return found ? { start: found.index, end: found.index + found[0].length, groups: [...found] } : undefined;
}

describe('a pattern of the rules', () => {
  it.each([
    ['^(\\d+)-(x)?', ''],
    ['^a|b$', 'm'],
    ['(a)|(b)', 'i'],
    ['(?<year>\\d{4})', ''],
    ['[\\s\\S](-)', ''],
    ['[^\\s-]+', ''],
    ['\\s+\\S', ''],
    ['[a\\s]+?(b|$)', ''],
    ['(?:ab|a)*\\.?', ''],
    ['\\u00e4\\/', ''],
    ['[\\]x]+', ''],
    ['', ''],
  ])('finds what JavaScript finds: /%s/%s', (source, flags) => {
    const characters = ['a', 'b', 'A', '1', '2026', '-', ' ', '\u00a0', '\n', '\t', 'ä/', ']', 'x', '.'];
    const texts = fc.array(fc.constantFrom(...characters), { maxLength: 12 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(texts, fc.nat(13), (text, from) => {
        const found = toLinearPattern(source, flags).find(text, from);
        expect(found).toEqual(findNatively(source, flags, text, from));
      }),
    );
  });

  it('ends on a text that would take JavaScript longer than the world exists', () => {
    expect(toLinearPattern('(a+)+$').find(`${'a'.repeat(10_000)}!`)).toBeUndefined();
  });

  it.each(['(?=a)b', '(?<!a)b', '(a)\\1'])('is refused with what is not known: %s', (source) => {
    expect(() => toLinearPattern(source)).toThrow(/^pattern: expected a regular expression without look-ahead/);
  });

  it('puts groups in the place of a text that fits as a whole, and leaves any other', () => {
    const pattern = toLinearPattern('P-(.*)');
    expect([pattern.replaceWhole('P-12', 'I-$1'), pattern.replaceWhole('XP-12', 'I-$1')]).toEqual(['I-12', 'XP-12']);
  });
});
