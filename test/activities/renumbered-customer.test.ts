import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { REPEATABLE } from '../../src/clients/http/write-context.js';
import { documentKey } from '../../src/deal/document-number.js';
import { findDraftEdits } from '../../src/deal/draft-edits.js';
import { openSalesCounter } from '../support/sales-counter.js';

it('a draft is unedited when its customer is given another number, which Business Central writes into it', async () => {
  const counter = await openSalesCounter();
  try {
    const { books, client, customerId } = counter;
    const recordId = randomUUID();
    await books.copyUnderKey('invoice', documentKey(recordId));
    const [draft] = await client.findInvoices(recordId);
    if (!draft) throw new Error('no draft');
    const { etag } = await client.getMaster('customers', customerId);
    await client.updateMaster('customers', customerId, etag, { number: 'C-NEW' }, REPEATABLE);
    const now = await client.getInvoice(draft.id);
    expect([draft.customerNumber, now.customerNumber]).toEqual(['C10001', 'C-NEW']);
    expect(findDraftEdits(draft, now)).toEqual([]);
  } finally {
    await counter.close();
  }
});
