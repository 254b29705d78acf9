import { describe, expect, it } from 'vitest';
import { ALWAYS_READ } from '../../src/mapping/fields/sources.js';
import { toFormulaInput } from '../../src/mapping/fields/view.js';
import { RulesError, readRules } from '../../src/mapping/rules/read-rules.js';
import { makeDeal, makeLine } from '../support/won-deal.js';

/** A formula reads no column by itself: one that nothing else reads would be empty in every deal. */

const ORDER = (expression: string) =>
  `  document: { customerPurchaseOrderReference: { expression: ${JSON.stringify(expression)} } }\n`;
const LINE = (expression: string) => `  line: { description2: { expression: ${JSON.stringify(expression)} } }\n`;

function faultsOf(yaml: string): readonly string[] {
  try {
    readRules(yaml);
    return [];
  } catch (error) {
    if (!(error instanceof RulesError)) throw error;
    return error.faults.map(
      ({ line, column, field, found, right }) => `${line}:${column} ${field}: ${found} | ${right}`,
    );
  }
}

describe('a column in a formula', () => {
  it('that nothing reads is a fault, with its place', () => {
    const yaml = `mapping:\n${ORDER("'PO ' & new_po")}${LINE("line.new_weight & ' kg'")}`;
    expect(faultsOf(yaml)).toEqual([
      '2:70 mapping.document.customerPurchaseOrderReference.expression: the column new_po, which nothing reads | new_po in mapping.read as well, since a formula alone reads no column',
      '3:45 mapping.line.description2.expression: the column line.new_weight, which nothing reads | line.new_weight in mapping.read as well, since a formula alone reads no column',
    ]);
  });

  it.each([
    'product.stockweight',
    'lines[0].product.stockweight',
    '$$.account.sic',
    "lines[new_kind = 'x'].quantity",
    '_new_project_value',
    'owner.title',
    // Only with createContacts are contacts read.
    'contact.fullname',
  ])('is one wherever it stands: %s', (expression) => {
    expect(faultsOf(`mapping:\n${LINE(expression)}`)).toHaveLength(1);
  });

  it.each([
    ['mapping.read', `mapping:\n  read: [new_po]\n${ORDER('new_po')}`],
    ['mapping.read for one table', `mapping:\n  read: [salesorder.new_po]\n${ORDER('new_po')}`],
    ['another field', `mapping:\n  dimensions: { PROJECT: { column: new_po } }\n${ORDER('new_po')}`],
    ['a default field', `mapping:\n${ORDER('shipto_city')}`],
    [
      'a field of its own section',
      `createCustomers: false\nmapping:\n  customer: { state: { column: account.new_state }, website: { expression: "account.new_state" } }\n`,
    ],
    [
      'a rule for companies',
      `companies: [{ company: Inc, when: { column: { name: new_po, value: x } } }]\nmapping:\n${ORDER('new_po')}`,
    ],
    ['the switch that reads contacts', `createContacts: true\nmapping:\n${ORDER('contact.fullname')}`],
  ])('is none where %s brings it', (_what, yaml) => {
    expect(faultsOf(yaml)).toEqual([]);
  });

  it.each([
    'table & number & currency & priceList & freight & headerDiscount & total',
    'account.accountnumber & account.address1_city & line.position & line.unitPrice & lines.product.name',
    '$match(number, /(A)-(B)/).groups[0]',
    "{ 'a_b': number }.a_b",
    '$map(lines, function($one) { $one.quantity })[0]',
    '$count(lines[product])',
  ])('is none where it is there always, or is no column: %s', (expression) => {
    expect(faultsOf(`mapping:\n${LINE(expression)}`)).toEqual([]);
  });

  it('that is there always stands in every deal, and all of those are known', () => {
    const address = { line1: 'a', line2: 'b', line3: 'c', city: 'd', state: 'e', postalCode: 'f', country: 'g' };
    const deal = makeDeal({ lines: [makeLine(1, { memo: 'x' })] });
    const customer = deal.customer && { ...deal.customer, email: 'a@b', phone: '1', website: 'w', address };
    const input = toFormulaInput({ deal: { ...deal, customer }, timeZone: 'UTC', line: deal.lines[0] }) as Record<
      'account' | 'line' | 'product',
      Record<string, unknown>
    >;
    const keysOf = (row: object) => Object.keys(row).filter((name) => name !== 'product');
    expect(keysOf(input.line).sort()).toEqual([...ALWAYS_READ.line].sort());
    expect(keysOf(input.product).sort()).toEqual([...ALWAYS_READ.product].sort());
    expect(
      keysOf(input.account)
        .filter((name) => name !== 'transactioncurrencyid')
        .sort(),
    ).toEqual([...ALWAYS_READ.account].sort());
  });
});
