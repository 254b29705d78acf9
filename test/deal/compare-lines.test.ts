import { describe, expect, it } from 'vitest';
import type { Invoice } from '../../src/deal/business-central-document.js';
import { compareLines } from '../../src/deal/compare-lines.js';
import { makeDeal, makeLine } from '../support/won-deal.js';

/** Deal and document side by side, as the page of a deal shows them. */

function invoiceOf(currency: string, line: { unitPrice: string; quantity: string; net: string }): Invoice {
  return {
    ...{ id: 'aaaaaaaa-0000-4000-8000-00000000000a', etag: 'W/"1"', number: 'S-1', externalDocumentNumber: 'SO-1' },
    ...{ orderId: undefined, orderNumber: undefined, status: 'Draft', customerNumber: 'C10001', currency },
    ...{ pricesIncludeTax: false, postingDate: undefined, dueDate: undefined, discount: '0', tax: '0' },
    ...{ excludingTax: line.net, includingTax: line.net, remaining: line.net, lastModified: '2026-03-01T10:00:00Z' },
    lines: [{ sequence: 10_000, number: 'EQ-1001', description: 'Pump', discount: '0', tax: '0', ...line }],
  };
}

function netOf(currency: string, quantity: string, unitPrice: string, net: string) {
  const line = { quantity, unitPrice };
  const { lines } = compareLines(
    makeDeal({ currency, lines: [makeLine(1, { ...line, discount: '0' })] }),
    invoiceOf(currency, { ...line, net }),
  );
  return { sold: lines[0]?.sold?.net, differences: lines[0]?.differences };
}

describe('a line of the deal beside that of its document', () => {
  it('comes to as many decimals as its currency has', () => {
    expect(netOf('EUR', '3', '10.005', '30.02')).toEqual({ sold: '30.02', differences: [] });
    expect(netOf('KWD', '3', '1.2345', '3.704')).toEqual({ sold: '3.704', differences: [] });
    expect(netOf('JPY', '3', '100.5', '302')).toEqual({ sold: '302', differences: [] });
  });

  it('is not the same where the amount is another one', () => {
    expect(netOf('KWD', '3', '1.2345', '3.703').differences).toEqual(['net']);
  });
});

describe('the unit of a line', () => {
  it('stands on both sides, and is not there for a line that has none', () => {
    const deal = makeDeal({ lines: [makeLine(1, { quantity: '7', unitPrice: '1', unit: 'Set' })] });
    const drafted = invoiceOf('EUR', { quantity: '7', unitPrice: '1', net: '7' });
    const unitsOf = (unit: string | undefined) => {
      const lines = drafted.lines.map((line) => ({ ...line, unit }));
      const [line] = compareLines(deal, { ...drafted, lines }).lines;
      return [line?.sold?.unit, line?.drafted?.unit];
    };
    expect(unitsOf('PCS')).toEqual(['Set', 'PCS']);
    expect(unitsOf(undefined)).toEqual(['Set', undefined]);
  });
});

describe('prices that include tax', () => {
  const gross = { pricesIncludeTax: true, excludingTax: '100.00', tax: '19.00', includingTax: '119.00' };
  const line = { sequence: 10_000, number: 'EQ-1001', description: 'Pump', quantity: '1', discount: '0' };
  const freight = { ...line, sequence: 20_000, number: '8410', description: 'Freight' };
  const lines = [
    { ...line, unitPrice: '107.10', net: '90.00', tax: '17.10' },
    { ...freight, unitPrice: '11.90', net: '10.00', tax: '1.90' },
  ];
  const document = { ...invoiceOf('EUR', { quantity: '1', unitPrice: '1', net: '1' }), ...gross, lines };
  const sold = makeLine(1, { quantity: '1', unitPrice: '107.10' });
  const deal = makeDeal({ lines: [sold], freight: '11.90', priceListName: 'Retail' });
  const differencesOf = (grossPriceLists: readonly string[], found = document) => {
    const { lines: compared, totals } = compareLines(deal, found, { grossPriceLists });
    return [
      ...compared.flatMap(({ differences }) => differences),
      ...totals.filter(({ isDifferent }) => isDifferent).map(({ name }) => name),
    ];
  };

  it('are compared with the amounts that include it', () => {
    expect(differencesOf(['Retail'])).toEqual([]);
    const dearer = {
      ...document,
      includingTax: '120.00',
      lines: [{ ...lines[0], tax: '18.10' }, lines[1]] as typeof lines,
    };
    expect(differencesOf(['Retail'], dearer)).toEqual(['net', 'gross']);
  });

  it('are a difference where only one side has them', () => {
    expect(differencesOf([])).toEqual(['net', 'line', 'net']);
    const net = { pricesIncludeTax: false, excludingTax: '119.00', tax: '22.61', includingTax: '141.61' };
    const taxed = [
      { ...lines[0], net: '107.10', tax: '20.35' },
      { ...lines[1], net: '11.90', tax: '2.26' },
    ] as typeof lines;
    expect(differencesOf(['Retail'], { ...document, ...net, lines: taxed })).toEqual(['net', 'line', 'gross']);
  });
});

it('a line that costs nothing and became a text is no difference', () => {
  const text = { sequence: 10_000, number: '', description: 'Please call', quantity: '0', discount: '0', tax: '0' };
  const document = {
    ...invoiceOf('EUR', { quantity: '0', unitPrice: '0', net: '0' }),
    lines: [{ ...text, unitPrice: '0', net: '0' }],
  };
  const free = makeDeal({ lines: [makeLine(1, { quantity: '1', unitPrice: '0' })] });
  expect(compareLines(free, document).lines[0]?.differences).toEqual([]);
});
