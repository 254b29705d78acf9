import { describe, expect, it } from 'vitest';
import { toTableLines } from '../../src/cli/print.js';
import { cutTo, toOneLine, widthOf } from '../../src/cli/terminal-text.js';

describe('a table', () => {
  it('keeps its columns below each other where a name has characters of two columns, or of none', () => {
    const rows = [
      ['name', 'amount'],
      ['東京精密', '5.00'],
      ['Ame\u0301lie', '1250.00'],
    ];
    expect(toTableLines(rows, [1])).toEqual(['name       amount', '東京精密     5.00', 'Ame\u0301lie    1250.00']);
  });

  it('is not torn by a line break in a name, and obeys no escape of it', () => {
    const rows = [
      ['name', 'state'],
      ['one\ntwo \u001b[31m red\u202e', 'held'],
    ];
    const [, line = ''] = toTableLines(rows);
    expect(line).toBe('one two  [31m red   held');
  });

  const rows = [
    ['number', 'customer', 'amount', 'state', 'next step'],
    ['ORD-1', 'Dorn Foods', '16453.26 EUR', 'awaiting-confirmation', 'Confirm or reject the draft.'],
  ];

  it('goes on below each row on a terminal that is narrower, between two cells', () => {
    expect(toTableLines(rows, [2], 60)).toEqual([
      'number  customer          amount  state',
      '    next step',
      'ORD-1   Dorn Foods  16453.26 EUR  awaiting-confirmation',
      '    Confirm or reject the draft.',
    ]);
  });

  it('is a line for each row where nobody knows how wide it is, as another program wants it', () => {
    for (const width of [undefined, 0, 200]) expect(toTableLines(rows, [2], width)).toHaveLength(2);
  });
});

describe('a text that is cut', () => {
  it('takes no more columns than it may, and no character is cut in two', () => {
    expect(cutTo('東京精密機械', 6)).toBe('東京…');
    expect(cutTo('Falk 👩‍🔧👩‍🔧👩‍🔧', 8)).toBe('Falk 👩‍🔧…');
    expect(cutTo('short', 5)).toBe('short');
    expect([widthOf('東京'), widthOf('Ame\u0301'), widthOf('ß'), widthOf('👩‍🔧')]).toEqual([4, 3, 1, 2]);
  });

  it('is one line', () => {
    expect(toOneLine('a\r\nb\tc')).toBe('a b c');
  });
});
