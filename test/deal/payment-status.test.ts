import { describe, expect, it } from 'vitest';
import { isFinalStatus, isSamePaymentStatus, toPaymentStatus } from '../../src/deal/payment-status.js';

const posted = { number: '103001', status: 'Open', includingTax: '119.00', remaining: '119.00', dueDate: '2026-12-24' };

describe('what becomes of an invoice (reference/business-central 4.5)', () => {
  const cases = [
    ['Open', '119.00', 'open', false],
    ['Open', '19.00', 'part-paid', false],
    ['Open', '0', 'paid', true],
    ['Paid', '0', 'paid', true],
    ['Canceled', '0', 'cancelled', true],
    ['Corrective', '0', 'corrected', true],
  ] as const;
  for (const [status, remaining, expected, isFinal] of cases) {
    it(`${status} with ${remaining} of 119.00 open is ${expected}`, () => {
      const news = toPaymentStatus({ ...posted, status, remaining });
      expect(news).toEqual({ number: '103001', status: expected, total: '119.00', remaining, dueDate: '2026-12-24' });
      expect(isFinalStatus(news.status)).toBe(isFinal);
    });
  }

  it('an invoice over nothing is open until Business Central closes it', () => {
    expect(toPaymentStatus({ ...posted, includingTax: '0', remaining: '0' }).status).toBe('open');
  });

  it('is news only when something differs; 119.00 and 119 do not', () => {
    const told = toPaymentStatus(posted);
    expect(isSamePaymentStatus(told, toPaymentStatus({ ...posted, includingTax: '119', remaining: '119.0' }))).toBe(
      true,
    );
    for (const change of [{ remaining: '1' }, { status: 'Paid' }, { dueDate: '2027-01-01' }, { number: '103002' }])
      expect(isSamePaymentStatus(told, toPaymentStatus({ ...posted, ...change }))).toBe(false);
  });
});
