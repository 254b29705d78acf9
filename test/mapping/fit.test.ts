import { describe, expect, it } from 'vitest';
import type { HoldReason } from '../../src/deal/holds.js';
import { createFitCount } from '../../src/mapping/preview/fit.js';
import type { Preview, PreviewMaster } from '../../src/mapping/preview/preview.js';

let made = 0;

function toPreview(
  problems: readonly (readonly [HoldReason, string])[],
  items: readonly PreviewMaster[] = [],
): Preview {
  made += 1;
  const deal = { table: 'quote', recordId: String(made), number: `QUO-${made}`, carrier: undefined } as const;
  return {
    deal: { ...deal, customer: 'Kranich Hydraulik GmbH', total: '10', currency: 'EUR', lines: 2 },
    masters: { companyId: 'home', customer: undefined, items },
    plan: [],
    document: undefined,
    notes: [],
    problems: problems.map(([reason, text]) => ({ reason, text })),
  };
}

function summarize(previews: readonly Preview[]) {
  const count = createFitCount();
  for (const preview of previews) count.add(preview);
  return count.summarize();
}

describe('a count of previews', () => {
  it('lets a deal go through only when all of its reasons are cleared', () => {
    const { untouched, reasons } = summarize([
      toPreview([]),
      toPreview([['item-missing', 'no item A']]),
      toPreview([
        ['item-missing', 'no item A'],
        ['customer-missing', 'no customer C1'],
      ]),
      toPreview([
        ['item-missing', 'no item B'],
        ['no-currency', 'no currency'],
      ]),
    ]);
    expect(untouched).toBe(1);
    expect(reasons.map(({ reason, deals, alone, throughAfter }) => [reason, deals, alone, throughAfter])).toEqual([
      ['item-missing', 3, 1, 2],
      ['customer-missing', 1, 0, 3],
      ['no-currency', 1, 0, 4],
    ]);
  });

  it('takes the same cause on another line, or of another deal, for one, and counts a deal once', () => {
    const unit = "unit 'Pack' is no unit of Business Central";
    const { reasons } = summarize([
      toPreview([
        ['unit-unknown', `line 1: ${unit}`],
        ['unit-unknown', `line 3: ${unit}`],
      ]),
      toPreview([['unit-unknown', `line 2: ${unit}`]]),
      toPreview([['no-lines', `quote QUO-${made + 1} has no lines`]]),
    ]);
    expect(reasons.map(({ causes }) => causes)).toEqual([
      [{ text: unit, deals: 2 }],
      [{ text: 'the quote has no lines', deals: 1 }],
    ]);
    expect(reasons[0]).toMatchObject({ deals: 2, alone: 2, owner: 'master data' });
  });

  it.each([
    ['line-refused', 'line 1 is a write-in', 'line 12 is a write-in', 'a line is a write-in'],
    [
      'value-too-long',
      'line 1.description2: 60 where 50 fit',
      'line 2.description2: 60 where 50 fit',
      'line.description2: 60 where 50 fit',
    ],
    [
      'code-unknown',
      'line 3.dimensions: there is no dimension X',
      'line 4.dimensions: there is no dimension X',
      'line.dimensions: there is no dimension X',
    ],
  ] as const)('takes it for one however the sentence names the line: %s, %s', (reason, first, second, cause) => {
    const { reasons } = summarize([
      toPreview([
        [reason, first],
        [reason, second],
      ]),
      toPreview([[reason, second]]),
    ]);
    expect(reasons.map(({ causes }) => causes)).toEqual([[{ text: cause, deals: 2 }]]);
  });

  it('counts an item once, whatever the case of its number, and says of how many deals it is', () => {
    const item = (number: string, isFound: boolean) => ({ number, name: 'Pump', isFound });
    const { items } = summarize([
      toPreview([], [item('eq-1', false), item('EQ-2', true)]),
      toPreview([], [item('EQ-1', false)]),
    ]);
    expect(items).toMatchObject({ matched: 1, missing: [{ deals: 2 }] });
    expect(items.missing).toHaveLength(1);
  });
});
