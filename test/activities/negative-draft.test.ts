import { describe, expect, it } from 'vitest';
import { createDraftReader } from '../../src/activities/documents/drafts.js';
import { createReferenceSets } from '../../src/clients/business-central/reference-sets.js';
import { parseRules } from '../../src/process/config.js';
import { makeDeal, makeLine } from '../support/won-deal.js';

/** 1000.00 with tax, less what is taken back for 1100.00 without: the draft alone tells whether that is below 0. */
const DEAL = makeDeal({
  lines: [
    makeLine(1, { quantity: '1', unitPrice: '1000.00' }),
    makeLine(2, { product: undefined, quantity: '-1', unitPrice: '1100.00' }),
  ],
});

const reader = createDraftReader({
  rules: parseRules('writeInAccount: "8400"'),
  sets: createReferenceSets({
    readCodes: async (set) => (set === 'ledgerSetup' ? [{ id: 'lcy', code: 'LCY', name: 'EUR' }] : []),
  }),
});

function drafted(tax: string, includingTax: string) {
  return reader.toDraft(DEAL, {
    ...{ id: 'draft', etag: '1', number: 'D-1', customerNumber: 'C10001', currency: 'EUR' },
    ...{ excludingTax: '-100.00', tax, includingTax, pricesIncludeTax: false, discount: '0' },
    lines: [
      { sequence: 10_000, net: '1000.00', number: 'EQ-1001', quantity: '1', unitPrice: '1000.00', discount: '0' },
      { sequence: 20_000, net: '-1100.00', number: '8400', quantity: '-1', unitPrice: '1100.00', discount: '0' },
    ],
  });
}

describe('a draft whose net is below 0', () => {
  it('is one like any other where its tax lifts the total to 0 or more', async () => {
    const draft = await drafted('100.00', '0.00');
    expect(draft.difference).toBeUndefined();
    expect(draft).not.toHaveProperty('negative');
  });

  it('says so where its total stays below 0', async () => {
    expect(await drafted('99.99', '-0.01')).toMatchObject({
      difference: undefined,
      negative: 'D-1 comes to -0.01 EUR with its tax: Business Central posts no invoice whose total is below 0',
    });
  });
});
