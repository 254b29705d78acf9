import { describe, expect, it } from 'vitest';
import type { DealLine, WonDeal } from '../../src/deal/deal.js';
import { findProblems } from '../../src/deal/problems.js';
import { parseRules } from '../../src/process/config.js';
import { makeDeal, makeLine } from '../support/won-deal.js';

describe('told before the draft', () => {
  it('a total below 0, which Business Central does not post', () => {
    const { lines } = parseRules('writeInAccount: "8400"\nfreightAccount: "8410"');
    const back = makeLine(1, { quantity: '-3', unitPrice: '10.00' });
    const found = (change: Partial<WonDeal>) => findProblems(makeDeal({ lines: [back], ...change }), lines);
    const held = (what: string) => [
      { reason: 'total-negative', text: `${what}: Business Central posts no invoice whose total is below 0` },
    ];
    expect(found({})).toEqual(held('the lines come to -30.00 EUR'));
    expect(found({ freight: '30.00' })).toEqual([]);
    expect(found({ lines: [back, makeLine(2, { product: undefined, quantity: '1', unitPrice: '30.00' })] })).toEqual(
      [],
    );
    // Tax as it was typed.
    expect(found({ tax: '30.00' })).toEqual([]);
    expect(found({ tax: '29.99' })).toEqual(held('the lines and the tax come to -0.01 EUR'));
  });

  it('a total that the discount of the whole record takes below 0, although the lines come to more', () => {
    const { lines } = parseRules('writeInAccount: "8400"');
    const sold = makeLine(1, { quantity: '1', unitPrice: '100.00' });
    const back = makeLine(2, { product: undefined, quantity: '-1', unitPrice: '90.00' });
    const of = (headerDiscount: string) => findProblems(makeDeal({ lines: [sold, back], headerDiscount }), lines);
    expect(of('10.00')).toEqual([]);
    expect(of('90.00')).toEqual([
      {
        reason: 'total-negative',
        text: 'the lines less the discount come to -80.00 EUR: Business Central posts no invoice whose total is below 0',
      },
    ]);
  });

  it('no net below 0 that the tax of its dearer lines may lift to a total of 0 and more', () => {
    const { lines } = parseRules('writeInAccount: "8400"');
    const deal = (back: string) =>
      makeDeal({
        lines: [
          makeLine(1, { quantity: '1', unitPrice: '1000.00' }),
          makeLine(2, { product: undefined, quantity: '-1', unitPrice: back }),
        ],
      });
    // 1000.00 with 19 % of tax, less 1100.00 without any: 90.00.
    expect(findProblems(deal('1100.00'), lines)).toEqual([]);
    expect(findProblems(deal('2000.01'), lines).map(({ reason }) => reason)).toEqual(['total-negative']);
  });

  it('a surcharge on the whole record that no line can carry, or one that is more than the lines give back', () => {
    const { lines } = parseRules('writeInAccount: "8400"');
    const writeIn = makeLine(9, { product: undefined, unitPrice: '500.00' });
    const of = (headerDiscount: string, ...items: DealLine[]) =>
      findProblems(makeDeal({ lines: [writeIn, ...items], headerDiscount }), lines).map(({ text }) => text);
    expect(of('-5.00', makeLine(1))).toEqual([]);
    expect(of('-5.00')).toEqual([
      'discount of -5.00 on the whole record, but none of its lines is an item or a resource that costs something: Business Central spreads it over those alone',
    ]);
    const back = makeLine(1, { quantity: '-1', unitPrice: '10.00' });
    expect(of('-10.00', back)).toEqual([]);
    expect(of('-10.01', back)).toEqual([
      'discount of -10.01 on the whole record, but its lines of items and resources come to -10.00 after their own discounts: Business Central spreads it over those alone',
    ]);
  });

  it('no total of 0 and more with prices that include tax, whatever tax was typed', () => {
    const { lines } = parseRules('writeInAccount: "8400"\ngrossPriceLists: [Gross]');
    const of = (price: string) => {
      const back = makeLine(2, { product: undefined, quantity: '-1', unitPrice: price });
      const sold = makeLine(1, { quantity: '1', unitPrice: '100.00' });
      return findProblems(makeDeal({ lines: [sold, back], priceListName: 'Gross', tax: '5.00' }), lines);
    };
    expect(of('100.00')).toEqual([]);
    expect(of('100.01').map(({ reason }) => reason)).toEqual(['total-negative']);
  });
});
