import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isSameCode, toCode } from '../../src/deal/codes.js';
import { isSameValue, toItemNumber } from '../../src/deal/masters.js';
import { toMatchKeys, toScore } from '../../src/deal/matching.js';

/** Numbers as people type them into Sales. */
const number = fc
  .stringMatching(/^[A-Za-z0-9ÄÉéß._/-]{1,20}$/)
  .filter((text) => text.trim() !== '' && text !== '__proto__');
const blanks = fc.stringMatching(/^ {0,3}$/);

/** The same number otherwise: blanks around it, other letters large or small. */
const variant = fc
  .tuple(number, blanks, blanks, fc.array(fc.boolean(), { minLength: 20, maxLength: 20 }))
  .map(([text, before, after, isLarge]) => {
    const letters = [...text].map((letter, index) => {
      const other = isLarge[index] ? letter.toUpperCase() : letter.toLowerCase();
      return other.length === letter.length ? other : letter;
    });
    return { text, other: `${before}${letters.join('')}${after}` };
  });

describe('numbers as Business Central compares them', () => {
  it('are the same with blanks around them and in other letters, everywhere', () => {
    fc.assert(
      fc.property(variant, ({ text, other }) => {
        expect(isSameCode(text, other)).toBe(true);
        expect(toCode(other)).toBe(toCode(text));
        expect(isSameValue('code', text, other)).toBe(true);
        const rest = { name: '', email: undefined, taxNumber: undefined, street: undefined, postalCode: undefined };
        expect(toScore(toMatchKeys({ number: text, ...rest }), toMatchKeys({ number: other, ...rest }))).toMatchObject({
          isByNumber: true,
        });
        const table = { [toCode(text)]: 'ITEM' };
        expect(toItemNumber(other, { table, pattern: undefined })).toBe('ITEM');
      }),
    );
  });

  it('are stored once: what was brought into that form stays as it is', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(toCode(toCode(text))).toBe(toCode(text));
        expect(toCode(text).trim()).toBe(toCode(text));
      }),
    );
  });

  it('are different when another character stands anywhere', () => {
    fc.assert(
      fc.property(number, number, (left, right) => {
        expect(isSameCode(left, right)).toBe(toCode(left) === toCode(right));
        expect(isSameCode(`${left}0`, left)).toBe(false);
      }),
    );
    expect(isSameCode('MASS', 'MAß')).toBe(false);
    expect(isSameCode('A 1', 'A1')).toBe(false);
  });
});
