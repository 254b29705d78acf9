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
