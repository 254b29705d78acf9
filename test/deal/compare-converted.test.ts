import { describe, expect, it } from 'vitest';
import { isExpired, kindOf } from '../../src/deal/business-central-document.js';
import { compareConverted, toOwnConverted } from '../../src/deal/compare-converted.js';
import { findContentEdits } from '../../src/deal/draft-edits.js';
import { makeInvoice, makeOrder, makeQuote } from '../support/documents.js';

const LINE = makeOrder().lines[0];
if (!LINE) throw new Error('an order without a line');

describe('what a quote became', () => {
  it('is the same when it carries the same figures, whatever its texts are', () => {
    expect(compareConverted(makeQuote(), makeInvoice())).toEqual([]);
    expect(compareConverted(makeQuote(), makeOrder({ lines: [{ ...LINE, description: 'Other words' }] }))).toEqual([]);
  });

  it.each([
    ['another price', { lines: [{ ...LINE, unitPrice: '12' }] }, ['line 1: price 12 instead of 10.00']],
    ['another quantity', { lines: [{ ...LINE, quantity: '3' }] }, ['line 1: quantity 3 instead of 2']],
    ['a line less', { lines: [] }, ['line 1 was removed']],
    ['a line more', { lines: [LINE, { ...LINE, sequence: 20_000 }] }, ['line 2 (EQ-1001) was added']],
    ['another customer', { customerNumber: 'C2' }, ['customer C2 instead of C10001']],
    ['another currency', { currency: 'USD' }, ['currency USD instead of EUR']],
    ['another tax', { includingTax: '24.00' }, ['total 24.00 instead of 23.80']],
    ['a discount of its own', { excludingTax: '19' }, ['net total 19 instead of 20.00']],
  ])('with %s says so', (_what, change, expected) => {
    expect(compareConverted(makeQuote(), makeOrder(change))).toEqual(expected);
  });

  it('keeps beside it what we wrote, so that an edit of the quote or of the document stays one', () => {
    const made = makeOrder({ lines: [{ ...LINE, unitPrice: '12' }] });
    const own = toOwnConverted(makeQuote(), made);
    expect(kindOf(own)).toBe('order');
    expect(findContentEdits(own, made)).toEqual(['line 1: price 12 instead of 10.00']);
    expect(toOwnConverted(makeQuote(), makeInvoice())).toEqual(makeInvoice());
  });
});

describe('a quote', () => {
  it('is out of date on the day after its last one, and never without one', () => {
    const quote = makeQuote({ validUntil: '2026-03-31' });
    expect(isExpired(quote, '2026-03-31')).toBe(false);
    expect(isExpired(quote, '2026-04-01')).toBe(true);
    expect(isExpired(makeQuote(), '2999-01-01')).toBe(false);
  });

  it('is told from the other kinds by what it lacks', () => {
    expect([makeQuote(), makeOrder(), makeInvoice()].map(kindOf)).toEqual(['quote', 'order', 'invoice']);
  });
});
