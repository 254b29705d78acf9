import { describe, expect, it } from 'vitest';
import type { WonDeal } from '../../src/deal/deal.js';
import { findNumberProblems } from '../../src/mapping/fields/masters.js';
import { findLocalProblems } from '../../src/mapping/fields/resolve.js';
import { planDocument } from '../../src/mapping/plan/plan-document.js';
import { documentRuleOf } from '../../src/mapping/rules/document-rule.js';
import { parseRules } from '../../src/process/config.js';
import { knowAll } from '../support/lookups.js';
import { makeDeal, makeLine } from '../support/won-deal.js';

/** A deal waits for nothing that its document would not have. */

/** What holds it when it is read, and when it is planned. */
async function hold(deal: WonDeal, yaml: string): Promise<string[][]> {
  const rules = parseRules(yaml);
  const { kind } = documentRuleOf(deal, rules);
  const read = [
    ...(await findNumberProblems(deal, rules.mapping, rules.lines)),
    ...(await findLocalProblems(deal, rules.mapping, rules.lines, kind)),
  ];
  const lookups = {
    ...knowAll(['WEST']),
    knownUnits: async () => new Set<string>(),
    findCustomerNumber: async () => undefined,
  };
  const planned = (await planDocument(deal, rules, lookups)).problems;
  return [read, planned].map((problems) => problems.map(({ text }) => text));
}

const AS = (kind: string) => `documents: { orderSubmitted: ${kind} }\n`;
const NOTES = 'lineRules: [{ when: { number: "NOTE-*" }, as: comment }]\n';
const text = (number: string) => {
  const line = makeLine(2, { quantity: '0', unitPrice: '0' });
  return { ...line, product: line.product && { ...line.product, number } };
};

describe('a field that the kind of document lacks', () => {
  const reference = 'mapping: { document: { customerPurchaseOrderReference: { column: new_ponumber } } }';
  const tooLong = 'document.customerPurchaseOrderReference: 36 characters where 35 fit (column new_ponumber)';
  const deal = makeDeal({ extra: { record: { new_ponumber: 'x'.repeat(36) } } });

  it('holds nothing where it is too long', async () => {
    expect(await hold(deal, `${AS('invoice')}${reference}`)).toEqual([[tooLong], [tooLong]]);
    expect(await hold(deal, `${AS('order')}${reference}`)).toEqual([[], []]);
    expect(await hold(deal, `${AS('quote')}${reference}`)).toEqual([[], []]);
  });

  it('holds nothing where it is required and empty', async () => {
    const yaml = 'mapping: { document: { requestedDeliveryDate: { column: new_day, required: true } } }';
    const missing = 'document.requestedDeliveryDate: column new_day holds nothing';
    expect(await hold(makeDeal(), `${AS('order')}${yaml}`)).toEqual([[missing], [missing]]);
    expect(await hold(makeDeal(), `${AS('invoice')}${yaml}`)).toEqual([[], []]);
  });

  it('holds nothing on a line', async () => {
    const yaml = 'mapping: { line: { shipmentDate: { column: line.new_day } } }';
    const line = makeDeal({ extra: { lines: { 'line-1': { new_day: 'soon' } } } });
    const wrong = "line 1.shipmentDate: 'soon' (column line.new_day) is no date such as 2026-03-31";
    expect(await hold(line, `${AS('order')}${yaml}`)).toEqual([[wrong], [wrong]]);
    expect(await hold(line, `${AS('quote')}${yaml}`)).toEqual([[], []]);
  });
});

describe('a line that is nothing but text', () => {
  const deal = makeDeal({
    lines: [makeLine(1), text('NOTE-1')],
    extra: {
      lines: { 'line-1': { new_warehouse: 'EAST', new_region: 'NORTH' }, 'line-2': { new_text: 'y'.repeat(51) } },
    },
  });

  it.each([
    'line: { locationId: { column: line.new_warehouse, required: true } }',
    'line: { description2: { column: line.new_text } }',
    'line: { locationId: { expression: "line.position = 2 ? \'WEST\'" } }',
    'lineDimensions: { REGION: { column: line.new_region, required: true } }',
  ])('waits for no other field, and for no dimension: %s', async (mapping) => {
    expect(await hold(deal, `${NOTES}mapping: { ${mapping} }`)).toEqual([[], []]);
    const [read = [], planned = []] = await hold(deal, `mapping: { ${mapping} }`);
    expect([...read, ...planned].length).toBeGreaterThan(0);
  });

  it('still waits for its text', async () => {
    const [read, planned] = await hold(
      deal,
      `${NOTES}mapping: { line: { description: { column: line.new_words, required: true } } }`,
    );
    const missing = (line: number) => `line ${line}.description: column line.new_words holds nothing`;
    expect([read, planned]).toEqual([
      [missing(1), missing(2)],
      [missing(1), missing(2)],
    ]);
  });
});

describe('the number of an item that no line is sold as', () => {
  const mapping = 'mapping: { item: { number: { column: product.new_item, required: true } } }';
  const deal = makeDeal({
    lines: [makeLine(1), text('NOTE-1')],
    extra: { products: { 'product-1': { new_item: 'I-1' } } },
  });

  it('holds nothing', async () => {
    const missing = 'item NOTE-1.number: column product.new_item holds nothing';
    expect((await hold(deal, mapping))[0]).toEqual([missing]);
    expect(await hold(deal, `${NOTES}${mapping}`)).toEqual([[], []]);
    const account = 'lineRules: [{ when: { number: "NOTE-*" }, as: account, number: "8499" }]\n';
    expect(await hold(deal, `${account}${mapping}`)).toEqual([[], []]);
    // Its number is that of the resource.
    const resource = 'lineRules: [{ when: { number: "NOTE-*" }, as: resource }]\n';
    expect((await hold(deal, `${resource}${mapping}`))[0]).toEqual([missing]);
  });
});
