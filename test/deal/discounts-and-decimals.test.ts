import { describe, expect, it } from 'vitest';
import type { CompanyCurrency } from '../../src/deal/currency.js';
import type { WonDeal } from '../../src/deal/deal.js';
import { toDocument } from '../../src/deal/document.js';
import { add, multiply, round, subtract } from '../../src/deal/money.js';
import { findProblems } from '../../src/deal/problems.js';
import { type DocumentTotals, findDifference, findMissingDiscount } from '../../src/deal/totals.js';
import { parseRules } from '../../src/process/config.js';
import { expectedOf, RULES } from '../support/expected-document.js';
import { makeDeal, makeLine } from '../support/won-deal.js';

/** Discounts are compared by themselves, and amounts by the decimals that their currency has. */

/** A draft with the lines of the deal as they are, and what a test says instead. */
function agreeing(deal: WonDeal, change: Partial<DocumentTotals> = {}, currency?: CompanyCurrency): DocumentTotals {
  const { lines, currency: known } = expectedOf(deal, currency);
  const nets = lines.map((line) =>
    subtract(round(multiply(line.quantity, line.unitPrice), known.decimals), line.discount),
  );
  const discount = change.discount ?? deal.headerDiscount;
  const excludingTax = change.excludingTax ?? subtract(add('0', ...nets), discount);
  return {
    currency: known.code,
    tax: '0',
    includingTax: excludingTax,
    pricesIncludeTax: false,
    lines: lines.map((line, index) => ({ ...line, net: nets[index] ?? '0' })),
    ...change,
    discount,
    excludingTax,
  };
}

describe('a tolerance hides no discount', () => {
  const many = makeDeal({
    lines: Array.from({ length: 300 }, (_none, index) => makeLine(index + 1, { quantity: '1', unitPrice: '1.00' })),
  });

  it("300 lines of 1.00 and a customer with 1 % of automatic discount: 297.00 is named as the customer's discount", () => {
    const found = findDifference(many, agreeing(many, { discount: '3.00' }), expectedOf(many), RULES.totals);
    expect(found).toEqual({
      cause: 'header-discount',
      text: "header discount: 0 in Sales, 3.00 in the draft, most likely the customer's own invoice discount; net total: 300 in Sales, 297 in the draft",
    });
  });

  it('nor does a tolerance of the rules: lines that need no rounding have none', () => {
    const { totals } = parseRules('totals: { tolerance: { EUR: "0.50" } }');
    const differs = (change: Partial<DocumentTotals>) =>
      findDifference(many, agreeing(many, change), expectedOf(many), totals)?.cause;
    expect(differs({ discount: '3.00' })).toBe('header-discount');
    expect(differs({ excludingTax: '297.00' })).toBe('rounding');
    expect(differs({ excludingTax: '300.01' })).toBe('rounding');
    expect(differs({})).toBeUndefined();
  });

  it('half a cent for each line that is rounded, and not for the others', () => {
    const prices = ['3.3333', '3.3333', '3.3333', '10.00', '10.00'];
    const deal = makeDeal({
      lines: prices.map((unitPrice, index) => makeLine(index + 1, { quantity: '1', unitPrice })),
      totalLessFreight: '30.00',
    });
    const causeOf = (excludingTax: string) =>
      findDifference(deal, agreeing(deal, { excludingTax }), expectedOf(deal), RULES.totals)?.cause;
    expect([causeOf('29.985'), causeOf('29.99'), causeOf('30.01'), causeOf('29.98'), causeOf('30.02')]).toEqual([
      undefined,
      undefined,
      undefined,
      'rounding',
      'rounding',
    ]);
  });

  it('a price or a line discount is compared to the unit', () => {
    const [first] = many.lines;
    if (!first) throw new Error('no line');
    const causeOf = (of: 'unitPrice' | 'discount', value: string) => {
      const draft = agreeing(many);
      const lines = draft.lines.map((line, index) => (index === 0 ? { ...line, [of]: value } : line));
      return findDifference(many, { ...draft, lines }, expectedOf(many), RULES.totals)?.cause;
    };
    expect(causeOf('unitPrice', '1.01')).toBe('price');
    expect(causeOf('discount', '0.01')).toBe('line-discount');
  });
});

describe('the decimals are those of the currency in Business Central', () => {
  const causeOf = (iso: string, currency: CompanyCurrency, unitPrice: string, excludingTax: string) => {
    const deal = makeDeal({ currency: iso, lines: [makeLine(1, { quantity: '1', unitPrice })] });
    return findDifference(
      deal,
      agreeing(deal, { excludingTax }, currency),
      expectedOf(deal, currency),
      parseRules('').totals,
    )?.cause;
  };

  it.each([
    ['JPY', 0, '1000', '1000', undefined],
    ['JPY', 0, '1000', '1001', 'rounding'],
    ['JPY', 0, '1000.40', '1000', undefined],
    ['JPY', 0, '1000.40', '1001', 'rounding'],
    // A company that keeps its yen with two decimals.
    ['JPY', 2, '1000.40', '1000.40', undefined],
    ['JPY', 2, '1000.40', '1000', 'rounding'],
    ['KWD', 3, '12.345', '12.345', undefined],
    ['KWD', 3, '12.345', '12.346', 'rounding'],
    ['KWD', 3, '12.345', '12.35', 'rounding'],
  ] as const)('%s with %i decimals: %s in Sales, %s in the draft', (iso, decimals, price, found, cause) => {
    expect(causeOf(iso, { code: iso, decimals }, price, found)).toBe(cause);
  });

  it('a line discount is what both systems need to come to the same yen', () => {
    const deal = makeDeal({
      currency: 'JPY',
      lines: [makeLine(1, { quantity: '3', unitPrice: '333.50', discount: '33.35' })],
      headerDiscount: '10.40',
    });
    const draft = toDocument(deal, 'customer', RULES.lines, { currency: { code: 'JPY', decimals: 0 } });
    expect(draft.lines[0]).toMatchObject({ discount: '34' });
    expect(draft.headerDiscount).toBe('10');
  });

  it('another currency than the one that was asked for is named first', () => {
    const deal = makeDeal({ currency: 'CHF' });
    const asked = { code: 'SFR', decimals: 2 };
    const found = findDifference(deal, { ...agreeing(deal, {}, asked), currency: 'EUR' }, expectedOf(deal, asked));
    expect(found).toEqual({ cause: 'currency', text: 'currency: SFR (CHF in Sales) by the deal, EUR in the draft' });
  });
});

describe('the discount of the deal', () => {
  const EUR = { code: 'EUR', decimals: 2 };
  const deal = makeDeal({ headerDiscount: '5.00' });

  it("is set on a draft that has none, and on one that has the customer's", () => {
    expect(findMissingDiscount(deal, '0', EUR)).toBe('5.00');
    expect(findMissingDiscount(deal, '3.00', EUR)).toBe('5.00');
    expect(findMissingDiscount(deal, '5', EUR)).toBeUndefined();
    expect(findMissingDiscount(makeDeal(), '3.00', EUR)).toBeUndefined();
    expect(findMissingDiscount(deal, '3', { code: 'JPY', decimals: 0 })).toBe('5.00');
  });

  it('is set later while nobody has touched the draft, and not over what a person has typed', () => {
    expect(findMissingDiscount(deal, '3', EUR, { missing: '5.00', found: '3.00' })).toBe('5.00');
    expect(findMissingDiscount(deal, '0', EUR, { missing: '5.00', found: '3.00' })).toBe('5.00');
    expect(findMissingDiscount(deal, '7.00', EUR, { missing: '5.00', found: '3.00' })).toBeUndefined();
    expect(findMissingDiscount(deal, '0', EUR, { missing: undefined, found: '5.00' })).toBeUndefined();
  });
});

describe('a discount of a line that Business Central takes from no line', () => {
  const held = (quantity: string, unitPrice: string, discount: string, more: Partial<WonDeal> = {}) =>
    findProblems(
      makeDeal({
        lines: [makeLine(1, { unitPrice: '500.00' }), makeLine(2, { quantity, unitPrice, discount })],
        ...more,
      }),
      RULES.lines,
    )
      .map(({ reason, text }) => `${reason}: ${text}`)
      .join();

  it.each([
    ['1', '100', '100.01', 'discount of 100.01 on an amount of 100'],
    ['-1', '100', '10', 'discount of 10 on an amount of -100'],
    ['2', '-50', '0.5', 'discount of 0.5 on an amount of -100'],
    ['0', '100', '5', 'discount of 5 on a quantity of 0'],
  ])('holds the deal before anything is asked, with the line: %s × %s less %s', (quantity, price, discount, what) => {
    const text = `line-refused: line 2: ${what}: Business Central takes 0 to 100 % of an amount alone`;
    expect(held(quantity, price, discount)).toBe(text);
  });

  it.each([
    ['1', '100', '100'],
    ['-1', '100', '-10'],
    ['1', '0', '5'],
    ['0', '0', '0'],
    // What rounds to nothing is nothing.
    ['1', '0.001', '0.002'],
    ['0', '100', '0.001'],
  ])('holds nothing else: %s × %s less %s', (quantity, price, discount) => {
    expect(held(quantity, price, discount)).toBe('');
  });

  it('holds no line that costs nothing there, and rounds as the currency does', () => {
    const bundle = makeLine(2, { role: 'member', quantity: '0', unitPrice: '0' });
    expect(findProblems(makeDeal({ lines: [makeLine(1), bundle] }), { ...RULES.lines, bundles: 'bundle' })).toEqual([]);
    expect(held('1', '100', '100.4', { currency: 'JPY' })).toBe('');
    expect(held('1', '100', '101', { currency: 'JPY' })).not.toBe('');
  });
});

describe('a currency with fewer decimals in Sales than in the company', () => {
  it('differs by rounding, since the lines in Sales give its total', () => {
    const lines = [
      makeLine(1, { quantity: '3', unitPrice: '1.2345' }),
      makeLine(2, { quantity: '1', unitPrice: '0.323' }),
    ];
    // 3.7035 and 0.323, to the two decimals of Sales.
    const deal = makeDeal({ lines, currency: 'TND', currencyDecimals: 2, totalLessFreight: '4.02' });
    expect(findDifference(deal, agreeing(deal), expectedOf(deal), RULES.totals)).toEqual({
      cause: 'rounding',
      text: 'net total: 4.02 in Sales, 4.027 in the draft; lines and discounts agree, so it is rounding',
    });
    const wrong = { ...deal, totalLessFreight: '4.12' };
    expect(findDifference(wrong, agreeing(wrong), expectedOf(wrong), RULES.totals)).toEqual({
      cause: 'sales-total',
      text: 'net total: 4.12 in Sales, 4.027 in the draft; the lines in Sales give 4.02, 0.1 apart from its total',
    });
  });
});
