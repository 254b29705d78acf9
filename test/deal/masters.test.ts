import { describe, expect, it } from 'vitest';
import {
  type Agreed,
  decideBlock,
  decideField,
  type FieldDecision,
  isSameValue,
  toItemNumber,
  type Wins,
} from '../../src/deal/masters.js';

const AGREED: Agreed = { dataverse: 'old', businessCentral: 'old' };

/** Who changed what since both sides agreed, and what becomes of it under each rule. */
const TABLE: readonly [
  what: string,
  sales: string,
  central: string,
  agreed: Agreed | undefined,
  bySales: FieldDecision,
  byCentral: FieldDecision,
  newestInSales: FieldDecision,
  newestInCentral: FieldDecision,
][] = [
  ['nobody', 'old', 'old', AGREED, 'same', 'same', 'same', 'same'],
  ['both, to the same', 'new', 'new', AGREED, 'same', 'same', 'same', 'same'],
  ['Sales alone', 'new', 'old', AGREED, 'to-central', 'to-sales', 'to-central', 'to-central'],
  ['Business Central alone', 'old', 'new', AGREED, 'to-central', 'to-sales', 'to-sales', 'to-sales'],
  ['both, differently', 'one', 'two', AGREED, 'person', 'person', 'to-central', 'to-sales'],
  ['Sales emptied it', '', 'old', AGREED, 'to-central', 'to-sales', 'to-central', 'to-central'],
  ['Business Central emptied it', 'old', '', AGREED, 'to-central', 'to-sales', 'to-sales', 'to-sales'],
  [
    'nobody, but spelled otherwise',
    'old',
    'OLD!',
    { dataverse: 'old', businessCentral: 'OLD!' },
    'leave',
    'leave',
    'leave',
    'leave',
  ],
  ['never agreed', 'one', 'two', undefined, 'to-central', 'to-sales', 'to-central', 'to-sales'],
  ['never agreed, empty in Sales', '', 'two', undefined, 'leave', 'to-sales', 'leave', 'to-sales'],
  ['never agreed, empty there', 'one', '', undefined, 'to-central', 'leave', 'to-central', 'leave'],
  [
    'filled there, empty here',
    '',
    'two',
    { dataverse: '', businessCentral: '' },
    'leave',
    'to-sales',
    'to-sales',
    'to-sales',
  ],
];

describe('whose value of a field stands', () => {
  for (const [what, sales, central, agreed, bySales, byCentral, newestInSales, newestInCentral] of TABLE) {
    it(`changed: ${what}`, () => {
      const decide = (wins: Wins, newer: 'sales' | 'business-central' = 'sales'): FieldDecision =>
        decideField({ kind: 'text', dataverse: sales, businessCentral: central, agreed }, wins, newer);
      expect({
        bySales: decide('sales'),
        byCentral: decide('businessCentral'),
        newestInSales: decide('newest', 'sales'),
        newestInCentral: decide('newest', 'business-central'),
      }).toEqual({ bySales, byCentral, newestInSales, newestInCentral });
    });
  }

  it('codes and options are the same in small letters, decimals with other zeros, texts only as they are', () => {
    expect(isSameValue('code', 'de', 'DE')).toBe(true);
    expect(isSameValue('decimal', '12.5', '12.500')).toBe(true);
    expect(isSameValue('decimal', '', '0')).toBe(true);
    expect(isSameValue('boolean', '', 'false')).toBe(true);
    expect(isSameValue('text', 'Bremen', 'BREMEN')).toBe(false);
  });
});

describe('the block of a customer or an item', () => {
  it('is set when Sales has the row no more, by rule, and taken back only when it was ours', () => {
    expect(decideBlock('customer', false, 'block', '_x0020_', undefined)).toBe('All');
    expect(decideBlock('customer', false, 'ignore', '_x0020_', undefined)).toBeUndefined();
    expect(decideBlock('customer', false, 'block', 'All', undefined)).toBeUndefined();
    expect(decideBlock('customer', true, 'block', 'All', 'Ship')).toBe('Ship');
    expect(decideBlock('customer', true, 'block', 'All', undefined)).toBeUndefined();
    // Finance changed our block to another one: that is theirs by now.
    expect(decideBlock('customer', true, 'block', 'Invoice', '_x0020_')).toBeUndefined();
    expect(decideBlock('item', true, 'block', 'true', 'false')).toBe('false');
  });
});

describe('the item of a product', () => {
  it('is named by the table, else by the pattern, else by the same number', () => {
    const rules = { table: { 'EQ-1': 'X-9' }, pattern: { match: 'EQ-(\\d+)', item: '1$1' } };
    expect(toItemNumber('eq-1', rules)).toBe('X-9');
    expect(toItemNumber('EQ-22', rules)).toBe('122');
    expect(toItemNumber('AB-22', rules)).toBe('AB-22');
  });
});
