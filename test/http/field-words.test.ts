import { describe, expect, it } from 'vitest';
import { isForPeople, toFieldWords } from '../../src/http/desk/field-words.js';

describe('fields of a plan', () => {
  it.each([
    ['document.shipToCity', 'Ship to city'],
    ['document.paymentTermsId', 'Payment terms'],
    ['line 2.unitPrice', 'Line 2: unit price'],
    ['lines[3].unitPrice', 'Line 3: unit price'],
    ['line 1.lineObjectNumber', 'Line 1: number'],
    ['create-customer C10001.displayName', 'New customer C10001: display name'],
    ['extra.record.description', 'Description'],
    ['problem 1', 'Hold 1'],
  ])('%s is read as «%s»', (field, words) => {
    expect(toFieldWords(field)).toBe(words);
  });

  it('hold nothing that is an id, with or without hyphens, and nothing that is empty', () => {
    const id = '0a1b2c3d-0000-4000-8000-00000000000a';
    for (const value of [id, id.replaceAll('-', '').toUpperCase(), '']) expect(isForPeople(['x', value])).toBe(false);
    for (const value of ['C10001', false, '0']) expect(isForPeople(['x', value])).toBe(true);
  });
});
