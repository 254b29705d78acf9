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
  dataverse: string,
  businessCentral: string,
  agreed: Agreed | undefined,
  bySales: FieldDecision,
  byBusinessCentral: FieldDecision,
  newestInSales: FieldDecision,
  newestInBusinessCentral: FieldDecision,
][] = [
  ['nobody', 'old', 'old', AGREED, 'same', 'same', 'same', 'same'],
  ['both, to the same', 'new', 'new', AGREED, 'same', 'same', 'same', 'same'],
  ['Sales alone', 'new', 'old', AGREED, 'to-bc', 'to-dataverse', 'to-bc', 'to-bc'],
  ['Business Central alone', 'old', 'new', AGREED, 'to-bc', 'to-dataverse', 'to-dataverse', 'to-dataverse'],
  ['both, differently', 'one', 'two', AGREED, 'person', 'person', 'to-bc', 'to-dataverse'],
  ['Sales emptied it', '', 'old', AGREED, 'to-bc', 'to-dataverse', 'to-bc', 'to-bc'],
  ['Business Central emptied it', 'old', '', AGREED, 'to-bc', 'to-dataverse', 'to-dataverse', 'to-dataverse'],
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
  ['never agreed', 'one', 'two', undefined, 'to-bc', 'to-dataverse', 'to-bc', 'to-dataverse'],
  ['never agreed, empty in Sales', '', 'two', undefined, 'leave', 'to-dataverse', 'leave', 'to-dataverse'],
  ['never agreed, empty there', 'one', '', undefined, 'to-bc', 'leave', 'to-bc', 'leave'],
  [
    'filled there, empty here',
    '',
    'two',
    { dataverse: '', businessCentral: '' },
    'leave',
    'to-dataverse',
    'to-dataverse',
    'to-dataverse',
  ],
];

describe('whose value of a field stands', () => {
  for (const [
    what,
    dataverse,
    businessCentral,
    agreed,
    bySales,
    byBusinessCentral,
    newestInSales,
    newestInBusinessCentral,
  ] of TABLE) {
    it(`changed: ${what}`, () => {
      const decide = (wins: Wins, newer: 'sales' | 'business-central' = 'sales'): FieldDecision =>
        decideField({ kind: 'text', dataverse, businessCentral, agreed }, wins, newer);
      expect({
        bySales: decide('sales'),
        byBusinessCentral: decide('businessCentral'),
        newestInSales: decide('newest', 'sales'),
        newestInBusinessCentral: decide('newest', 'business-central'),
      }).toEqual({ bySales, byBusinessCentral, newestInSales, newestInBusinessCentral });
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
