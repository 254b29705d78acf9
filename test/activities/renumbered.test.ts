import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { REPEATABLE } from '../../src/clients/http/write-context.js';
import { comparePosted } from '../../src/deal/compare-posted.js';
import { documentKey } from '../../src/deal/document-number.js';
import { findDraftEdits } from '../../src/deal/draft-edits.js';
import { openSalesCounter } from '../support/sales-counter.js';

/** Business Central writes another number of a customer or of an item into the documents that name it. */

let counter: Awaited<ReturnType<typeof openSalesCounter>>;
beforeAll(async () => {
  counter = await openSalesCounter();
});
afterAll(() => counter.close());

async function makeDraft() {
  const recordId = randomUUID();
  await counter.books.copyUnderKey('invoice', documentKey(recordId));
  const [draft] = await counter.client.findInvoices(recordId);
  if (!draft) throw new Error('no draft');
  return draft;
}

describe('a draft', () => {
  it('is unedited when its customer is given another number', async () => {
    const { client, customerId } = counter;
    const draft = await makeDraft();
    const { etag } = await client.getMaster('customers', customerId);
    await client.updateMaster('customers', customerId, etag, { number: 'C-NEW' }, REPEATABLE);
    const now = await client.getInvoice(draft.id);
    expect([draft.customerNumber, now.customerNumber]).toEqual(['C10001', 'C-NEW']);
    expect(findDraftEdits(draft, now)).toEqual([]);
    await client.updateMaster(
      'customers',
      customerId,
      (await client.getMaster('customers', customerId)).etag,
      { number: 'C10001' },
      REPEATABLE,
    );
  });

  it('is unedited, and posted as it was confirmed, when its item is given another number', async () => {
    const { client } = counter;
    const draft = await makeDraft();
    const [item] = await client.findItems(['EQ-1001']);
    if (!item) throw new Error('no item');
    const { etag } = await client.getMaster('items', item.id);
    await client.updateMaster('items', item.id, etag, { number: 'EQ-NEW' }, REPEATABLE);
    const now = await client.getInvoice(draft.id);
    expect([draft, now].map(({ lines }) => lines[0]?.number)).toEqual(['EQ-1001', 'EQ-NEW']);
    expect(findDraftEdits(draft, now)).toEqual([]);
    expect(comparePosted(draft, [now], { currency: { code: 'EUR', decimals: 2 } })).toEqual([]);
  });
});
