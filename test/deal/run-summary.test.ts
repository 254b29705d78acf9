import fc from 'fast-check';
import { expect, it } from 'vitest';
import { toLabelText, toRunSummary } from '../../src/deal/run-summary.js';

it('a run is named by table, number and customer, as far as they are known', () => {
  const [number, customer] = ['ORD-01', 'Alder Maschinenbau'];
  expect(toRunSummary('salesorder', { number, customer })).toBe('Hand over salesorder ORD-01 for Alder Maschinenbau');
  expect(toRunSummary('quote', { number, customer: undefined })).toBe('Hand over quote ORD-01');
  expect(toRunSummary('opportunity', undefined)).toBe('Hand over opportunity');
});

it('a name is no link, no code and no second line', () => {
  expect(toLabelText({ number: 'A`1`', customer: '[Pay](https://x.example)\n<b>now</b>' })).toBe(
    'A 1 for Pay (https://x.example) b now /b',
  );
});

it('however long names are, the label keeps to what the server takes', () => {
  const text = fc.option(fc.string({ unit: 'grapheme', maxLength: 300 }), { nil: undefined });
  fc.assert(
    fc.property(text, text, (number, customer) => {
      expect(Buffer.byteLength(toLabelText({ number, customer }))).toBeLessThanOrEqual(100 + Buffer.byteLength('…'));
    }),
  );
});
