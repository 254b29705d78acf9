import { describe, expect, it } from 'vitest';
import { cutsOf } from '../../src/activities/masters/create/creation.js';
import { planDeal } from '../../src/mapping/plan/plan-deal.js';
import { toSentNotes } from '../../src/mapping/plan/plan-document.js';

import { ConfigError, parseRules } from '../../src/process/config.js';
import { knowAll } from '../support/lookups.js';
import { makeDeal, makeLine } from '../support/won-deal.js';

/** What Business Central would refuse is found before the first row is written, with the column that it comes from. */

async function plan(deal: Parameters<typeof makeDeal>[0], yaml = '', unknown: readonly string[] = []) {
  const made = makeDeal(deal);
  const items = made.lines.flatMap(({ product }) => (product ? [product] : []));
  return planDeal(
    made,
    parseRules(yaml),
    { customer: true, items: /createItems: true/.test(yaml) ? items : [] },
    { ...knowAll(unknown), knownUnits: async () => new Set(['PCS']), findCustomerNumber: async () => undefined },
  );
}

const told = async (...args: Parameters<typeof plan>) => {
  const { problems, unitProblems } = await plan(...args);
  return [...problems, ...unitProblems].map(({ reason, text }) => `${reason}: ${text}`);
};

describe('a unit', () => {
  it.each([
    ['Primary Unit', "line 1: unit 'Primary Unit' as PRIMARY UNIT (column uomid) is 12 characters where 10 fit"],
    ['Box', "line 1: unit 'Box' as BOX (column uomid) is no unit of Business Central"],
  ])('%s of a line is found to be missing before the customer is made', async (unit, text) => {
    const lines = [makeLine(1, { unit }), makeLine(2, { unit })];
    expect(await told({ lines }, '', ['PRIMARY UNIT', 'BOX'])).toEqual([`unit-unknown: ${text}`]);
  });

  it('of a new item is told once, with the column of the product', async () => {
    const deal = {
      lines: [makeLine(1, { unit: 'Primary Unit' })],
      extra: { products: { [String(makeLine(1).product?.productId)]: { defaultuomid: 'Primary Unit' } } },
    };
    const yaml = 'createItems: true\ncreateUnits: true';
    expect(await told(deal, yaml, ['PRIMARY UNIT'])).toEqual([
      'unit-unknown: item EQ-1001.baseUnitOfMeasureCode: 12 characters where 10 fit (column product.defaultuomid by the table units)',
    ]);
  });

  it('that is created with its item, named by the table or converted is no problem', async () => {
    const box = [makeLine(1, { unit: 'Box', baseUnit: 'PCS', unitFactor: '12' })];
    expect(await told({ lines: box }, 'createItems: true\ncreateUnits: true', ['BOX'])).toEqual([]);
    expect(await told({ lines: box }, 'tables: { units: { Box: PCS } }', ['BOX'])).toEqual([]);
    expect(await told({ lines: box }, 'convertUnits: true', ['BOX'])).toEqual([]);
  });
});

describe('an address or a number that Business Central does not take', () => {
  it.each([
    [
      'emailaddress1',
      'office',
      "value-refused: customer.email: 'office' is no e-mail address such as name@example.com",
    ],
    [
      'emailaddress1',
      'a@example.com; b',
      "value-refused: customer.email: 'b' is no e-mail address such as name@example.com",
    ],
    [
      'telephone1',
      '030 12 ext. 5',
      "value-refused: customer.phoneNumber: '030 12 ext. 5' has letters, which no phone number may have",
    ],
    [
      'telephone1',
      '030 12 доб 5',
      "value-refused: customer.phoneNumber: '030 12 доб 5' has letters, which no phone number may have",
    ],
  ])('in %s: %s', async (column, value, text) => {
    expect(await told({ extra: { account: { [column]: value } } })).toEqual([`${text} (column account.${column})`]);
  });

  it('a tax number that is longer than the field behind the page', async () => {
    const yaml = 'mapping: { customer: { taxRegistrationNumber: { column: account.new_vatid } } }';
    const account = { new_vatid: 'DE 123 456 789 / Berlin' };
    expect(await told({ extra: { account } }, yaml)).toEqual([
      'value-too-long: customer.taxRegistrationNumber: 23 characters where 20 fit (column account.new_vatid)',
    ]);
    const { customer } = await plan({ extra: { account: { new_vatid: 'de123456789' } } }, yaml);
    expect(customer?.values['taxRegistrationNumber']).toBe('DE123456789');
  });

  it('goes through as Business Central would take it', async () => {
    const account = { emailaddress1: 'a@example.com; b@example.com;', telephone1: '+49 (30) 12-5 / 7' };
    expect(await told({ extra: { account } })).toEqual([]);
  });
});

describe('the number of a customer, contact or item', () => {
  it.each(['customer', 'contact', 'item'])('of a %s cannot be left to Business Central', (section) => {
    const parse = () => parseRules(`mapping:\n  ${section}:\n    number: false\n`);
    expect(parse).toThrow(ConfigError);
    expect(parse).toThrow(/number: found false; .*rows are found again by their number/);
  });
});

describe('the trail names what was left out', () => {
  it('a field that the kind of document lacks, and nothing of it as sent', async () => {
    const record = { requestdeliveryby: '2026-12-24', ordernumber: 'x'.repeat(40) };
    const { document } = await plan({ table: 'salesorder', extra: { record } });
    expect(cutsOf(toSentNotes(document.notes, 'invoice'))).toEqual({
      cuts: ['document.customerPurchaseOrderReference: 40 → 35 characters'],
      leftOut: ['document.requestedDeliveryDate is left out: an invoice has no such field'],
    });
    expect(cutsOf(toSentNotes(document.notes, 'order'))).toEqual({
      leftOut: ['document.customerPurchaseOrderReference is left out: an order has no such field'],
    });
  });

  it('fields of a line that becomes a comment', async () => {
    const yaml = `
lineRules: [{ when: { number: "*" }, as: comment }]
mapping: { line: { description: { value: Sold as seen }, description2: { value: more } }, lineDimensions: { PROJECT: { value: P-1 } } }
`;
    const { document } = await plan({ lines: [makeLine(1, { unitPrice: '0', discount: '0', tax: '0' })] }, yaml);
    expect(cutsOf(document.notes)).toEqual({
      leftOut: ['line 1.description2 is left out: the line is a comment'],
    });
    expect(document.notes.filter(({ field }) => field.includes('dimensions'))).toEqual([]);
  });
});
