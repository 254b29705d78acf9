import { describe, expect, it } from 'vitest';
import { findContentEdits, findDraftEdits } from '../../src/deal/draft-edits.js';
import { ERASED_TEXT } from '../../src/deal/erasure.js';
import { makeInvoice } from '../support/documents.js';

/** What a person changed in a draft, and what Business Central changes by itself. */

const line = {
  sequence: 10_000,
  number: 'EQ-1001',
  description: 'Hoist',
  quantity: '4',
  unitPrice: '10.00',
  discount: '0',
  net: '40.00',
  tax: '7.60',
};
const own = makeInvoice({ lines: [line], discount: '5.00' });

describe('a draft in Business Central', () => {
  it('is unedited when only stamps, states, sums and decimals are others', () => {
    const now = {
      ...own,
      etag: 'other',
      status: 'Open',
      lastModified: '2031-01-01T00:00:00Z',
      tax: '1',
      includingTax: '2',
      discount: '5',
      lines: [{ ...line, quantity: '4.0', unitPrice: '10', net: '1', tax: '1' }],
    };
    expect(findDraftEdits(own, now)).toEqual([]);
    expect(findDraftEdits({ ...own, discount: '0' }, { ...own, discount: '0.40' })).toEqual([]);
    expect(findDraftEdits({ ...own, lines: [{ ...line, description: ERASED_TEXT }] }, own)).toEqual([]);
  });

  it('is unedited when its customer was given another number, and edited for another customer of that number', () => {
    const [customerId, otherId] = ['aaaaaaaa-0000-4000-8000-00000000000a', 'bbbbbbbb-0000-4000-8000-00000000000b'];
    expect(findDraftEdits({ ...own, customerId }, { ...own, customerId, customerNumber: 'C-NEW' })).toEqual([]);
    expect(findDraftEdits({ ...own, customerId }, { ...own, customerId: otherId, customerNumber: 'C-NEW' })).toEqual([
      `customer C-NEW instead of ${own.customerNumber}`,
    ]);
  });

  it('is unedited when an item was given another number, and edited for another item, even one of the number before', () => {
    const [objectId, otherId] = ['aaaaaaaa-0000-4000-8000-00000000000a', 'bbbbbbbb-0000-4000-8000-00000000000b'];
    const was = { ...own, lines: [{ ...line, objectId }] };
    const edits = (change: object) => findDraftEdits(was, { ...own, lines: [{ ...line, ...change }] });
    expect(edits({ objectId, number: 'EQ-NEW' })).toEqual([]);
    expect(edits({ objectId: otherId, number: 'EQ-NEW' })).toEqual(['line 1: number EQ-NEW instead of EQ-1001']);
    expect(edits({ objectId: otherId })).toEqual(['line 1: EQ-1001 is another item or account']);
    // An item that was deleted has no id any more.
    expect(edits({ number: 'EQ-1001' })).toEqual([]);
  });

  it('is edited by another posting date, which a new draft would lose', () => {
    expect(findDraftEdits(own, { ...own, postingDate: '2031-06-01' })).toEqual([
      'posting date 2031-06-01 instead of 2031-05-04',
    ]);
    expect(findDraftEdits({ ...own, postingDate: undefined }, own)).toEqual([
      'posting date 2031-05-04 instead of (none)',
    ]);
  });

  it('is edited by another customer, discount, quantity, price, text, and by lines more or less', () => {
    const more = { ...line, sequence: 20_000, number: '' };
    const changed = { ...line, quantity: '5', unitPrice: '9.50', description: 'Hoist, red' };
    expect(findDraftEdits(own, { ...own, customerNumber: 'C9', discount: '0', lines: [changed, more] })).toEqual([
      `customer C9 instead of ${own.customerNumber}`,
      'discount 0 instead of 5.00',
      'line 1: text Hoist, red instead of Hoist',
      'line 1: quantity 5 instead of 4',
      'line 1: price 9.50 instead of 10.00',
      'line 2 (text) was added',
    ]);
    expect(findDraftEdits(own, { ...own, lines: [] })).toEqual(['line 1 was removed']);
  });

  it('is edited by another unit, but not by another code of its unit, nor by one that was not read before', () => {
    const set = { ...line, unitId: 'u1', unit: 'SET' };
    const edits = (was: object, is: object) =>
      findDraftEdits({ ...own, lines: [{ ...line, ...was }] }, { ...own, lines: [{ ...line, ...is }] });
    expect(edits(set, { ...set, unitId: 'u2', unit: 'PCS' })).toEqual(['line 1: unit PCS instead of SET']);
    expect(edits(set, { ...set, unit: 'SETS' })).toEqual([]);
    expect(edits({}, set)).toEqual([]);
  });

  it('is edited by other terms of header and lines, of those that were read before too', () => {
    const was = { ...own, terms: { paymentTerms: 'p1', salesperson: 'JR', dueDate: '2031-06-03' } };
    const now = { ...own, terms: { paymentTerms: 'p2', salesperson: '', dueDate: '2031-07-03', dimension1: 'SALES' } };
    expect(findDraftEdits(was, now)).toEqual([
      'due date 2031-07-03 instead of 2031-06-03',
      'other payment terms',
      'salesperson (none) instead of JR',
    ]);
    const lines = (terms: object) => ({ ...own, lines: [{ ...line, terms: { ...terms } }] });
    expect(
      findDraftEdits(lines({ variant: 'v1', taxGroup: 'VAT19', shipmentDate: '2031-05-04' }), {
        ...lines({ variant: 'v2', taxGroup: 'VAT7', shipmentDate: '2031-05-05', location: 'l1' }),
      }),
    ).toEqual([
      'line 1: another variant',
      'line 1: tax group VAT7 instead of VAT19',
      'line 1: shipment date 2031-05-05 instead of 2031-05-04',
    ]);
    // What a quote becomes has other days.
    expect(findContentEdits(was, { ...was, terms: { ...was.terms, dueDate: '2031-07-03' } })).toEqual([]);
  });
});
