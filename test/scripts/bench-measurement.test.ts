import { describe, expect, it } from 'vitest';
import { at } from '../../tools/bench/measurement.js';

describe('of what was measured', () => {
  it('the median is the middle, also of an even number of rounds', () => {
    expect(at([30, 10, 20], 0.5)).toBe(20);
    expect(at([20, 10], 0.5)).toBe(15);
    expect(at([40, 10, 20, 30], 0.5)).toBe(25);
    expect(at([7], 0.5)).toBe(7);
  });

  it('the slowest hundredth lies between the slowest two, and is there for one alone', () => {
    expect(at([100, 0], 0.99)).toBe(99);
    expect(at([7], 0.99)).toBe(7);
  });
});
