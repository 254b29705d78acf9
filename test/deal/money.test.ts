import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { add, display, isWithin, round, subtract } from '../../src/deal/money.js';

const cents = fc.integer({ min: -1_000_000_000, max: 1_000_000_000 }).map((n) => (n / 100).toFixed(2));

describe('money', () => {
  it('adds what floats cannot', () => {
    expect(add('0.1', '0.2')).toBe('0.3');
  });

  it('rounds half away from zero', () => {
    expect([round('1.005'), round('-1.005'), round('2.344')]).toEqual(['1.01', '-1.01', '2.34']);
  });

  it('gives back by subtraction what addition took', () => {
    fc.assert(fc.property(cents, cents, (a, b) => isWithin(subtract(add(a, b), b), a, '0')));
  });

  it('shows two decimals at least, and never less than the amount has', () => {
    expect(['1250', '1250.5', '0.1250', '-7.001', '0.00125'].map(display)).toEqual([
      ...['1250.00', '1250.50', '0.125', '-7.001', '0.00125'],
    ]);
  });
});
