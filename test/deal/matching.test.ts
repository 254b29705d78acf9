import { describe, expect, it } from 'vitest';
import { domainOf, type Matchable, STRONG, toMatchKeys, toScore } from '../../src/deal/matching.js';

const row = (change: Partial<Matchable>): Matchable => ({
  number: undefined,
  name: 'x',
  email: undefined,
  taxNumber: undefined,
  street: undefined,
  postalCode: undefined,
  ...change,
});
const score = (left: Partial<Matchable>, right: Partial<Matchable>) =>
  toScore(toMatchKeys(row({ name: 'left', ...left })), toMatchKeys(row({ name: 'right', ...right })));

describe('whether a customer may be an account', () => {
  it('names are the same without legal forms, accents and punctuation', () => {
    for (const [left, right] of [
      ['Müller & Söhne GmbH & Co. KG', 'MUELLER UND SOEHNE'],
      ['Birk Hydraulics Ltd.', 'Birk hydraulics'],
      ['Société Générale d’Outils SA', 'Societe Generale d Outils'],
    ] as const) {
      expect(score({ name: left }, { name: right }).reasons, left).toEqual(['the same name']);
    }
    expect(score({ name: 'Alder Tools' }, { name: 'Alder Pumps' }).score).toBe(0);
  });

  it('a name alone is strong, a domain alone is not, a domain with the address is', () => {
    expect(score({ name: 'Birk AG' }, { name: 'Birk' }).score).toBeGreaterThanOrEqual(STRONG);
    const mail = { email: 'one@birk.example' };
    expect(score(mail, { email: 'two@BIRK.example' }).score).toBeLessThan(STRONG);
    const place = { street: 'Hafenstraße 12', postalCode: '28195' };
    const there = { street: 'Hafenstr. 12', postalCode: '28 195' };
    expect(score({ ...mail, ...place }, { ...mail, ...there }).score).toBeGreaterThanOrEqual(STRONG);
  });

  it('numbers and tax numbers are compared as codes, and the reasons are told the strongest first', () => {
    const found = score({ number: 'c10', taxNumber: 'DE 123.456' }, { number: 'C10', taxNumber: 'de123456' });
    expect(found).toMatchObject({ isByNumber: true, reasons: ['the same number', 'the same tax registration number'] });
  });

  it("everybody's mail domains say nothing", () => {
    expect(domainOf('someone@gmail.com')).toBeUndefined();
    expect(domainOf('office@birk.example')).toBe('birk.example');
    expect(domainOf('no address')).toBeUndefined();
  });

  it('a row without anything has no key of nothing', () => {
    expect(toMatchKeys(row({ name: '' }))).toEqual([]);
  });
});
