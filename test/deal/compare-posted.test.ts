import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { comparePosted, type PostedOptions } from '../../src/deal/compare-posted.js';
import { makeInvoice, makeOrder } from '../support/documents.js';

const EUR: PostedOptions = { currency: { code: 'EUR', decimals: 2 } };
const [LINE] = makeInvoice().lines;
if (!LINE) throw new Error('a line is needed');

/** 30.01 net, 35.71 with tax. */
const confirmed = makeInvoice({
  includingTax: '35.71',
  excludingTax: '30.01',
  lines: [
    { ...LINE, quantity: '3', unitPrice: '10.00', net: '30.00', tax: '5.70' },
    { ...LINE, sequence: 20_000, number: '8410', quantity: '1', unitPrice: '0.01', net: '0.01', tax: '0.00' },
  ],
});
const posted = { ...confirmed, number: '103001' };
const rounding = {
  ...LINE,
  sequence: 30_000,
  number: '9140',
  description: 'Invoice rounding',
  quantity: '1',
  unitPrice: '0.05',
  net: '0.05',
  tax: '0.00',
};

describe('an invoice', () => {
  it('that is posted as it was confirmed is nothing to tell', () => {
    expect(comparePosted(confirmed, [posted], EUR)).toEqual([]);
  });

  it('for the customer that was confirmed is no alarm when that was given another number in between', () => {
    const [customerId, otherId] = ['aaaaaaaa-0000-4000-8000-00000000000a', 'bbbbbbbb-0000-4000-8000-00000000000b'];
    const renamed = { ...posted, customerId, customerNumber: 'C-NEW' };
    expect(comparePosted({ ...confirmed, customerId }, [renamed], EUR)).toEqual([]);
    expect(comparePosted({ ...confirmed, customerId: otherId }, [renamed], EUR)).toMatchObject([
      { kind: 'alarm', cause: 'customer' },
    ]);
  });

  it('of an item that was given another number in between is no alarm, and one of another item is', () => {
    const [objectId, otherId] = ['aaaaaaaa-0000-4000-8000-00000000000a', 'bbbbbbbb-0000-4000-8000-00000000000b'];
    const withFirst = (change: object) => confirmed.lines.map((line, at) => (at === 0 ? { ...line, ...change } : line));
    const own = { ...confirmed, lines: withFirst({ objectId }) };
    const renamed = { ...posted, lines: withFirst({ objectId, number: 'EQ-NEW' }) };
    expect(comparePosted(own, [renamed], EUR)).toEqual([]);
    const other = { ...posted, lines: withFirst({ objectId: otherId, number: 'EQ-NEW' }) };
    expect(comparePosted(own, [other], EUR)).toMatchObject([{ kind: 'alarm', cause: 'line-changed' }]);
  });

  it('with an invoice rounding line is a notice that names it', () => {
    const rounded = { ...posted, includingTax: '35.76', lines: [...posted.lines, rounding] };
    expect(comparePosted(confirmed, [rounded], EUR)).toEqual([
      {
        kind: 'notice',
        cause: 'invoice-rounding',
        text: 'invoice rounding: posting added line 3 (9140 Invoice rounding) of 0.05 to invoice 103001',
      },
    ]);
  });

  it('whose total differs by more than its rounding line is an alarm, too', () => {
    const rounded = { ...posted, includingTax: '35.77', lines: [...posted.lines, rounding] };
    expect(comparePosted(confirmed, [rounded], EUR).map(({ kind, cause }) => [kind, cause])).toEqual([
      ['alarm', 'total'],
      ['notice', 'invoice-rounding'],
    ]);
  });

  it.each([
    ['of the precision or more', { net: '0.05' }, '0.05'],
    ['of a whole unit, where the precision is not known', { net: '1.00' }, undefined],
    ['of two pieces', { quantity: '2' }, undefined],
    ['before another one', { sequence: 15_000 }, undefined],
  ])('with a small line %s is an alarm', (_what, change, roundingPrecision) => {
    const line = { ...rounding, ...change };
    const changed = { ...posted, lines: [...posted.lines, line] };
    const found = comparePosted(confirmed, [changed], { ...EUR, roundingPrecision });
    expect(found.map(({ cause }) => cause)).toContain('extra-line');
    expect(found.map(({ cause }) => cause)).not.toContain('invoice-rounding');
  });

  it('says everything that differs at once', () => {
    const [first, ...others] = posted.lines;
    if (!first) throw new Error('a line is needed');
    const changed = {
      ...posted,
      customerNumber: 'C99',
      currency: 'USD',
      includingTax: '47.61',
      lines: [{ ...first, number: 'EQ-1', quantity: '4', unitPrice: '11.00', net: '40.00' }],
    };
    expect(others).toHaveLength(1);
    expect(comparePosted(confirmed, [changed], EUR)).toEqual([
      { kind: 'alarm', cause: 'customer', text: 'customer: C10001 was confirmed, invoice 103001 is for C99' },
      { kind: 'alarm', cause: 'currency', text: 'currency: EUR was confirmed, invoice 103001 is in USD' },
      {
        kind: 'alarm',
        cause: 'line-changed',
        text: 'line 1: EQ-1001 was confirmed, EQ-1 posted, price 10.00 was confirmed, 11.00 posted, quantity 3 was confirmed, 4 posted, amount 30.00 was confirmed, 40 posted',
      },
      { kind: 'alarm', cause: 'line-missing', text: 'line 2 was confirmed and is not posted' },
      { kind: 'alarm', cause: 'total', text: 'total: 35.71 was confirmed, 47.61 posted' },
    ]);
  });

  it('whose total alone differs is an alarm, by however little', () => {
    fc.assert(
      fc.property(fc.integer({ min: -100_000, max: 100_000 }), (cents) => {
        const includingTax = ((3571 + cents) / 100).toFixed(2);
        const found = comparePosted(confirmed, [{ ...posted, includingTax }], EUR);
        expect(found.map(({ kind, cause }) => [kind, cause])).toEqual(cents === 0 ? [] : [['alarm', 'total']]);
      }),
    );
  });

  it('with one more text line is as it was confirmed', () => {
    const note = { ...LINE, sequence: 40_000, number: '', quantity: '0', unitPrice: '0', net: '0', tax: '0' };
    expect(comparePosted(confirmed, [{ ...posted, lines: [...posted.lines, note] }], EUR)).toEqual([]);
  });
});

describe('an order', () => {
  const order = makeOrder({
    includingTax: '11.90',
    lines: [
      {
        ...LINE,
        quantity: '3',
        unitPrice: '3.3333',
        net: '10.00',
        tax: '1.90',
        shippedQuantity: '0',
        invoicedQuantity: '0',
      },
    ],
  });
  const part = (number: string, quantity: string, net: string, tax: string, includingTax: string) => ({
    ...makeInvoice({ number, includingTax }),
    lines: [{ ...LINE, quantity, unitPrice: '3.3333', net, tax }],
  });

  it('is compared by the sum of its invoices', () => {
    const parts = [part('1', '1', '3.33', '0.63', '3.96'), part('2', '2', '6.67', '1.27', '7.94')];
    expect(comparePosted(order, parts, EUR)).toEqual([]);
    expect(comparePosted(order, parts.slice(0, 1), EUR).map(({ cause }) => cause)).toEqual(['line-changed', 'total']);
  });

  it('tells what each part has rounded for itself', () => {
    const parts = [
      part('1', '1', '3.33', '0.63', '3.96'),
      part('2', '1', '3.33', '0.63', '3.96'),
      part('3', '1', '3.33', '0.63', '3.96'),
    ];
    expect(comparePosted(order, parts, EUR)).toEqual([
      {
        kind: 'notice',
        cause: 'rounding-of-parts',
        text: 'total: 11.90 was confirmed, 11.88 posted in 3 invoices; each of them rounds for itself',
      },
    ]);
  });

  it('is no alarm for a line of which nothing was posted, whoever typed it', () => {
    const [first, second] = [part('1', '1', '3.33', '0.63', '3.96'), part('2', '2', '6.67', '1.27', '7.94')];
    const nothing = { ...LINE, sequence: 50_000, number: 'EQ-2', quantity: '0', net: '0', tax: '0' };
    const parts = [{ ...first, lines: [...first.lines, nothing] }, second];
    expect(comparePosted(order, parts, EUR)).toEqual([]);
  });

  it('may differ by the rounding of the parts that were posted alone, not of those that were not', () => {
    const rest = [3, 4, 5].map((number) => part(String(number), '0', '0', '0', '0'));
    const parts = [part('1', '1', '3.33', '0.63', '3.96'), part('2', '2', '6.65', '1.27', '7.92')];
    expect(comparePosted(order, [...parts, ...rest], EUR).map(({ cause }) => cause)).toContain('line-changed');
  });

  it('is not excused by its parts when one of them is cheaper', () => {
    const parts = [part('1', '1', '3.33', '0.63', '3.96'), part('2', '2', '6.00', '1.14', '7.14')];
    expect(comparePosted(order, parts, EUR).map(({ kind, cause }) => [kind, cause])).toEqual([
      ['alarm', 'line-changed'],
      ['alarm', 'total'],
    ]);
  });

  it('of which more is to come is judged by what is there', () => {
    const partial = { ...EUR, isPartial: true };
    expect(comparePosted(order, [part('1', '1', '3.33', '0.63', '3.96')], partial)).toEqual([]);
    expect(comparePosted(order, [], partial)).toEqual([]);
    expect(comparePosted(order, [part('1', '4', '13.33', '2.53', '15.86')], partial).map(({ text }) => text)).toEqual([
      'line 1: quantity 3 was confirmed, 4 posted',
    ]);
  });

  it('may have a rounding line in each of its invoices', () => {
    const withRounding = (invoice: ReturnType<typeof part>, amount: string) => ({
      ...invoice,
      lines: [...invoice.lines, { ...rounding, sequence: 20_000, net: amount }],
    });
    const parts = [
      withRounding(part('1', '1', '3.33', '0.63', '3.95'), '-0.01'),
      withRounding(part('2', '2', '6.67', '1.27', '7.95'), '0.01'),
    ];
    expect(comparePosted(order, parts, EUR).map(({ cause }) => cause)).toEqual([
      'invoice-rounding',
      'invoice-rounding',
    ]);
  });
});
