import { describe, expect, it } from 'vitest';
import { findFlowFaults } from '../../src/mapping/preview/preview-flows.js';
import { flowColumns } from '../../src/mapping/rules/flow-columns.js';
import { parseRules } from '../../src/process/config.js';

describe('the rules of what flows back', () => {
  it('name nothing by default: every flow is off', () => {
    expect(Object.values(parseRules('').flows).filter((flow) => flow !== undefined)).toEqual([]);
  });

  it('switch a flow on, with defaults', () => {
    const { flows } = parseRules('flows: { invoicePdf: {}, attachments: {}, shipments: {} }');
    expect(flows.invoicePdf).toEqual({ maxMegabytes: 10, everyMinutes: 1 });
    expect(flows.attachments).toEqual({ names: ['*.pdf'], maxMegabytes: 10, everyMinutes: 5 });
    expect(flows.shipments).toEqual({ notes: true, everyMinutes: 1 });
    expect([flows.creditMemos, flows.stock, flows.customerFinances]).toEqual([undefined, undefined, undefined]);
  });

  it('leave the version of the mapping as it is: no document is made by them', () => {
    expect(parseRules('flows: { invoicePdf: {} }').mappingHash).toBe(parseRules('').mappingHash);
  });

  it('tell which columns are written, and what comes into them', () => {
    const { flows } = parseRules(`
flows:
  shipments: { columns: { number: new_shipment }, lineColumn: quantityshipped }
  customerFinances: { columns: { balance: new_balance, blocked: creditonhold } }`);
    expect(flowColumns(flows)).toEqual([
      { table: 'salesorder', column: 'new_shipment', kind: 'text', length: 100 },
      { table: 'salesorderdetail', column: 'quantityshipped', kind: 'number' },
      { table: 'account', column: 'new_balance', kind: 'amount' },
      { table: 'account', column: 'creditonhold', kind: 'state' },
    ]);
  });

  it('are held against the columns that Sales has', async () => {
    const { flows } = parseRules('flows: { stock: { columns: { inventory: new_stock, unitPrice: price } } }');
    const types: Readonly<Record<string, string>> = { price: 'Boolean' };
    const faults = await findFlowFaults(flows, async (_table, column) => {
      const type = types[column];
      return type === undefined ? undefined : { type };
    });
    expect(faults).toEqual([
      'product.new_stock: there is no such column',
      'product.price: expected String or Memo or Decimal or Double or Money, got Boolean',
    ]);
  });

  const bad: readonly (readonly [string, string, RegExp])[] = [
    ['a flow that is none', 'flows: { invoicePdfs: {} }', /rule flows\.invoicePdfs: .*right: invoicePdf/],
    [
      'no column at all',
      'flows: { creditMemos: { columns: {} } }',
      /rule flows\.creditMemos\.columns: found \{\}; right: at least one of number, amount, date/,
    ],
    [
      'one column for two figures',
      'flows: { customerFinances: { columns: { balance: new_a, overdue: new_a } } }',
      /rule flows\.customerFinances\.columns: .*right: another column for each of them/,
    ],
    [
      'a column with its table',
      'flows: { customerFinances: { columns: { balance: account.new_balance } } }',
      /rule flows\.customerFinances\.columns\.balance: found "account\.new_balance"; right: a column such as new_balance/,
    ],
    ['nothing for the stock', 'flows: { stock: {} }', /rule flows\.stock: found \{\}; right: columns or priceList/],
    [
      'files too large to be held',
      'flows: { invoicePdf: { maxMegabytes: 200 } }',
      /rule flows\.invoicePdf\.maxMegabytes/,
    ],
    [
      'a column that the mapping reads',
      'mapping: { customer: { creditLimit: { column: account.creditlimit } } }\nflows: { customerFinances: { columns: { creditLimit: creditlimit } } }',
      /rule flows\.customerFinances\.columns\.creditLimit: found "creditlimit"; right: a column that mapping\.customer does not read/,
    ],
    [
      'prices that go both ways',
      'masters: { pushPrices: true }\nflows: { stock: { columns: { unitPrice: price } } }',
      /rule flows\.stock: .*right: no unitPrice and no priceList while masters\.pushPrices/,
    ],
  ];
  it.each(bad)('refuse %s', (_what, yaml, message) => {
    expect(() => parseRules(yaml)).toThrow(message);
  });
});
