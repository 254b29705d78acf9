import { describe, expect, it } from 'vitest';
import { decideMissing } from '../../src/deal/missing-master-data.js';

describe('what Business Central lacks', () => {
  const nothing = { createCustomers: false, createItems: false };
  const tell = (number: string): string[] => {
    const missing = [{ productId: 'product-1', number }];
    const found = { customer: undefined, customerNumber: number, missing, blocked: [] };
    return decideMissing(found, nothing).problems.map(({ text }) => text);
  };

  it('is named, with why nobody can create what has a number that is too long', () => {
    expect(tell('EQ-1')).toEqual(['no customer EQ-1', 'no item EQ-1']);
    const long = 'Ä'.repeat(21);
    const why = 'its number has 21 characters, and 20 fit';
    expect(tell(long)).toEqual([`no customer ${long}: ${why}`, `no item ${long}: ${why}`]);
  });
});
