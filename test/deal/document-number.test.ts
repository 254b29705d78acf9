import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  documentKey,
  documentTail,
  EXTERNAL_NUMBER_FORMS,
  findTail,
  isNumberOf,
  toExternalNumber,
} from '../../src/deal/document-number.js';
import { SOURCE_TABLES } from '../../src/deal/ids.js';
import { makeDeal } from '../support/won-deal.js';

const ID = '0a1b2c3d-0000-4000-8000-00000000000a';
const readable = (number: string, table: (typeof SOURCE_TABLES)[number] = 'salesorder') =>
  toExternalNumber(makeDeal({ number, table }), 'readable');

describe('the External Document No.', () => {
  it('is the number of the record in Sales with a tail that is the same for ever', () => {
    expect(documentTail(ID)).toBe('5SAJS237G0DB');
    expect(readable('ORD-01000-X4K2P9')).toBe('ORD-01000-X4K2P9-5SAJS237G0DB');
  });

  it('is the id of the record where the rules want the bare key', () => {
    expect(toExternalNumber(makeDeal(), 'key')).toBe('0A1B2C3D00004000800000000000000A');
  });

  it('has nothing in it that a filter reads as more than a letter, and is never too long', () => {
    expect(readable('order 4711/b*')).toBe(`ORDER-4711-B-${documentTail(ID)}`);
    expect(readable('Ä|&..')).toBe(`ORD-${documentTail(ID)}`);
    expect(readable('A-NUMBER-OF-SOME-CUSTOMER-THAT-NEVER-ENDS')).toBe(`A-NUMBER-OF-SOME-CUSTO-${documentTail(ID)}`);
  });

  it('does not tell the topic of an opportunity, which has no number', () => {
    expect(readable('Kitchen for Mrs Alder', 'opportunity')).toBe(`OPP-${documentTail(ID)}`);
  });

  it('fits for any record and is known as its own in both forms, also after a new number', () => {
    const record = fc.record({
      table: fc.constantFrom(...SOURCE_TABLES),
      recordId: fc.uuid(),
      number: fc.string({ unit: 'grapheme', maxLength: 100 }),
    });
    fc.assert(
      fc.property(record, fc.constantFrom(...EXTERNAL_NUMBER_FORMS), fc.uuid(), (deal, form, otherId) => {
        const number = toExternalNumber(deal, form);
        expect(number).toMatch(/^[0-9A-Z-]{1,35}$/);
        expect(isNumberOf(number, deal.recordId)).toBe(true);
        expect(isNumberOf(number, deal.recordId.toUpperCase())).toBe(true);
        if (otherId !== deal.recordId) expect(isNumberOf(number, otherId)).toBe(false);
      }),
    );
  });

  it('is no other record of ours when somebody typed it', () => {
    for (const number of ['', 'PO 4711', 'ORD-1', `D-${documentKey(ID)}`, documentTail(ID), `X${documentTail(ID)}`])
      expect(findTail(number)).toBeUndefined();
  });

  it('differs for ids that were made one after the other', () => {
    const ids = Array.from(
      { length: 2_000 },
      (_, n) => `${n.toString(16).padStart(8, '0')}-7a3e-ee11-be6d-6045bd8d1234`,
    );
    expect(new Set([...ids, randomUUID()].map(documentTail)).size).toBe(ids.length + 1);
  });
});
