import { describe, expect, it } from 'vitest';
import { toFreshnessFinding } from '../../src/doctor/freshness.js';

describe('a loop', () => {
  it.each([
    ['that has not read yet', undefined, undefined, 'warning'],
    ['that has read a moment ago', 20, undefined, 'ok'],
    ['that has read longer ago than many of its turns', 3_601, undefined, 'wrong'],
    ['that is refused', 20, 'forbidden (403)', 'wrong'],
    ['that is refused from its first reading on', undefined, 'forbidden (403)', 'wrong'],
  ])('%s', (_what, age, error, result) => {
    expect(toFreshnessFinding('invoice-feed', age, error, 60).result).toBe(result);
  });
});
