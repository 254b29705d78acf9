import { describe, expect, it } from 'vitest';
import { parseRetryAfter } from '../../src/clients/http/retry-after.js';

const NOW = Date.parse('2031-03-01T12:00:00Z');

describe('Retry-After (I8)', () => {
  const cases: readonly (readonly [string | undefined, number | undefined])[] = [
    ['2', 2_000],
    [' 30 ', 30_000],
    ['Sat, 01 Mar 2031 12:00:45 GMT', 45_000],
    ['Saturday, 01-Mar-31 12:00:10 GMT', 10_000],
    // Temporal reads a zero delay as "do not retry".
    ['0', 1_000],
    ['Sat, 01 Mar 2031 11:00:00 GMT', 1_000],
    ['999999', 3_600_000],
    [undefined, undefined],
    ['', undefined],
    ['soon', undefined],
    ['-5', undefined],
    ['1.5', undefined],
    ['2031-03-01', undefined],
  ];
  for (const [header, wanted] of cases) {
    it(`${JSON.stringify(header)} means ${wanted} ms`, () => {
      expect(parseRetryAfter(header, NOW)).toBe(wanted);
    });
  }
});
