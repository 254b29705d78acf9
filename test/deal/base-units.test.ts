import { describe, expect, it } from 'vitest';
import { toLines } from '../../src/deal/document.js';
import { multiply, round, subtract } from '../../src/deal/money.js';
import { parseRules } from '../../src/process/config.js';
import { makeDeal, makeLine } from '../support/won-deal.js';

const { lines: rules } = parseRules('convertUnits: true');
const knownUnits = new Set(['PIECE']);

describe('a line whose unit Business Central lacks', () => {
  it.each([
    // A price that its base unit has no five decimals for.
    ['100000', '10.00', '3', '0', '300000 × 3.33334 − 2 = 1000000'],
    ['1', '10.00', '3', '0', '3 × 3.33333 − 0 = 10'],
    ['-100000', '10.00', '3', '0', '-300000 × 3.33334 − -2 = -1000000'],
    ['100000', '10.00', '3', '1.005', '300000 × 3.33334 − 3 = 999999'],
    // Business Central takes five decimals of a quantity.
    ['50', '2.00', '0.0166666667', '0', '0.83333 × 120.00048 − 0 = 100'],
    ['0', '2.00', '12', '0', '0 × 0.16667 − 0 = 0'],
  ])(
    'comes to the same in the base unit: %s at %s, each of %s, less %s',
    (quantity, unitPrice, unitFactor, discount, sum) => {
      const dozen = { unit: 'Dozen', baseUnit: 'Piece', quantity, unitPrice, unitFactor, discount };
      const [line] = toLines(makeDeal({ lines: [makeLine(1, dozen)] }), rules, { knownUnits });
      if (!line) throw new Error('a line is needed');
      const net = subtract(round(multiply(line.quantity, line.unitPrice)), line.discount);
      expect(`${line.quantity} × ${line.unitPrice} − ${line.discount} = ${net}`).toBe(sum);
    },
  );
});
