import { describe, expect, it } from 'vitest';
import { findHandOverDifferences } from '../../src/deal/hand-over-differences.js';
import { makeDeal, makeLine } from '../support/won-deal.js';

/** Whether a quote that was handed over is the order that was made of it. */

const quote = makeDeal({ table: 'quote', lines: [makeLine(1), makeLine(2)] });
/** Sales gives every line of the order another id, and the order another revision, name and state. */
const orderLines = quote.lines.map((line) => ({ ...line, lineId: `order-${line.lineId}` }));
const orderOf = (change: Parameters<typeof makeDeal>[0] = {}) =>
  makeDeal({ lines: orderLines, revision: 'W/"9"', name: 'Pumps, ordered', ...change });

describe('an order made from a quote that was handed over', () => {
  it('is the same in another order of its lines, and split into two', () => {
    expect(findHandOverDifferences(quote, orderOf())).toEqual([]);
    expect(findHandOverDifferences(quote, orderOf({ lines: [...orderLines].reverse() }))).toEqual([]);
    const [first = makeLine(1), second = makeLine(2)] = orderLines;
    const split = [{ ...first, quantity: '1.5' }, second, { ...first, lineId: 'more', quantity: '0.50' }];
    expect(findHandOverDifferences(quote, orderOf({ lines: split }))).toEqual([]);
    expect(findHandOverDifferences(quote, orderOf({ freight: '0.00' }))).toEqual([]);
  });

  it('differs by a line more, with the amount that would never be invoiced', () => {
    const order = orderOf({ lines: [...orderLines, makeLine(3, { quantity: '5', unitPrice: '100.00' })] });
    expect(findHandOverDifferences(quote, order)).toEqual(['total 540.00 instead of 40.00', 'EQ-1003: 5 more']);
  });

  it('differs by a line less, a quantity, a price or a discount', () => {
    const [first = makeLine(1), second = makeLine(2)] = orderLines;
    expect(findHandOverDifferences(quote, orderOf({ lines: [first] }))).toEqual([
      'total 20.00 instead of 40.00',
      'EQ-1002: 2 less',
    ]);
    expect(findHandOverDifferences(quote, orderOf({ lines: [first, { ...second, quantity: '3' }] }))).toEqual([
      'total 50.00 instead of 40.00',
      'EQ-1002: 3 instead of 2',
    ]);
    expect(findHandOverDifferences(quote, orderOf({ lines: [first, { ...second, unitPrice: '9' }] }))).toEqual([
      'total 38.00 instead of 40.00',
      'EQ-1002: net amount 18.00 instead of 20.00',
    ]);
    expect(findHandOverDifferences(quote, orderOf({ headerDiscount: '4' }))).toEqual([
      'total 36.00 instead of 40.00',
      'discount 4.00 instead of 0.00',
    ]);
    expect(findHandOverDifferences(quote, orderOf({ freight: '12.5' }))).toEqual([
      'total 52.50 instead of 40.00',
      'freight 12.50 instead of 0.00',
    ]);
  });

  it('differs by a price list whose prices include tax, though every figure is the same', () => {
    const order = orderOf({ priceListName: 'Retail' });
    expect(findHandOverDifferences(quote, order, { grossPriceLists: ['Retail'] })).toEqual([
      'prices with tax instead of without tax',
    ]);
    expect(findHandOverDifferences(quote, order, { grossPriceLists: ['Other'] })).toEqual([]);
  });

  it('differs by the third decimal of a dinar and by a price below a cent, to the last digit', () => {
    const [first = makeLine(1)] = orderLines;
    const dinar = { currency: 'KWD', lines: [{ ...first, quantity: '1', unitPrice: '10.125' }] };
    const other = { currency: 'KWD', lines: [{ ...first, quantity: '1', unitPrice: '10.126' }] };
    expect(findHandOverDifferences(makeDeal({ table: 'quote', ...dinar }), orderOf(other))).toEqual([
      'total 10.126 instead of 10.125',
      'EQ-1001: net amount 10.126 instead of 10.125',
    ]);
  });

  it('differs by customer and currency though every amount is the same', () => {
    const { customer } = quote;
    if (!customer) throw new Error('a customer is needed');
    const other = { ...customer, accountId: 'bbbbbbbb-0000-4000-8000-00000000000b', number: 'C20002' };
    expect(findHandOverDifferences(quote, orderOf({ customer: other, currency: 'USD' }))).toEqual([
      'customer C20002 instead of C10001',
      'currency USD instead of EUR',
    ]);
  });
});
