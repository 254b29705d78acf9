import { expect, it } from 'vitest';
import { listedAtMost, MAX_OF_A_REASON, namedAtMost } from '../../src/deal/many-problems.js';

it('of many problems of one reason the first are named and the others counted', () => {
  const missing = Array.from({ length: 3_000 }, (_none, index) => ({
    reason: 'item-missing' as const,
    text: `no item EQ-${index}`,
  }));
  const other = { reason: 'no-currency', text: 'no currency' } as const;
  expect(namedAtMost([...missing, other])).toEqual([
    ...missing.slice(0, MAX_OF_A_REASON),
    other,
    { reason: 'item-missing', text: 'and 2950 more of the same' },
  ]);
  expect(namedAtMost([missing[0] ?? other, other])).toEqual([missing[0], other]);
});

it('of many differences the first are listed and the others counted', () => {
  const texts = Array.from({ length: 3_000 }, (_none, index) => `line ${index}: price 2 instead of 1`);
  expect(listedAtMost(texts)).toEqual([...texts.slice(0, MAX_OF_A_REASON), 'and 2950 more']);
  expect(listedAtMost(texts.slice(0, MAX_OF_A_REASON))).toEqual(texts.slice(0, MAX_OF_A_REASON));
});
