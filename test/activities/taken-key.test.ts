import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createWriteBackActivities } from '../../src/activities/deals/write-back.js';
import { deriveGuid } from '../../src/activities/remote/derive-guid.js';
import { writeOnce } from '../../src/activities/remote/write-once.js';
import { RemoteApiError } from '../../src/clients/errors.js';
import { REPEATABLE } from '../../src/clients/http/write-context.js';
import type { Invoice } from '../../src/deal/business-central-document.js';
import type { WonDeal } from '../../src/deal/deal.js';
import { openSalesCounter, type SalesCounter } from '../support/sales-counter.js';

/** A row whose key another row has: what is refused for ever is a hold that names the row, never a repetition. */

let counter: SalesCounter;
beforeAll(async () => {
  counter = await openSalesCounter();
});
afterAll(() => counter.close());

describe('a write whose key is taken', () => {
  const attempt = (recordId: string, found: { readonly id: string } | undefined) =>
    writeOnce(counter, {
      recordId,
      writeKey: `${recordId}/taken`,
      action: 'write a note in Sales',
      result: z.object({ id: z.string() }),
      ambiguityWindowMs: 60_000,
      find: async () => found,
      write: async () => {
        const remoteMessage =
          "The record in table Customer already exists. Identification fields and values: No.='C-1'";
        throw new RemoteApiError('business-central', 'taken', 'create something', { status: 400, remoteMessage });
      },
      outcome: () => ({ facts: {} }),
    });

  it('is what was to be written, when the row that has the key is found', async () => {
    const { recordId } = await counter.win();
    expect(await attempt(recordId, { id: 'row-1' })).toEqual({ id: 'row-1' });
  });

  it('is for a person at once, in the words of the other side, when it is not found', async () => {
    const { recordId } = await counter.win();
    await expect(attempt(recordId, undefined)).rejects.toMatchObject({
      type: 'Refused',
      nonRetryable: true,
      details: [{ reason: 'number-taken', text: expect.stringContaining("No.='C-1'") }],
    });
  });
});

describe('the invoice row in Sales', () => {
  const createRow = ({ deal, invoice }: { readonly deal: WonDeal; readonly invoice: Invoice }) =>
    counter.activities().createInvoiceRow({ ref: deal, revision: deal.revision, invoiceId: invoice.id });

  it('whose number another row has is a hold that names that row', async () => {
    const { schema } = counter.simulators.dataverse.store;
    schema.table('invoice').keys.set('number_key', ['invoicenumber']);
    try {
      const first = await counter.post();
      const { invoiceId } = await createRow(first);
      const second = await counter.post();
      const again = { ...second.invoice, number: first.invoice.number };
      await counter.ledger.saveDocument(second.deal.recordId, 'invoice', again);
      const text = `invoice ${again.number} in Sales: row ${invoiceId} has the number already; Entity Key number_key violated`;
      await expect(createRow({ ...second, invoice: again })).rejects.toMatchObject({
        type: 'Refused',
        nonRetryable: true,
        details: [{ reason: 'number-taken', text: expect.stringContaining(text) }],
      });
    } finally {
      schema.table('invoice').keys.delete('number_key');
    }
  });

  it('that stands already under our own id is taken over', async () => {
    const { deal, invoice } = await counter.post();
    const row = { source: { table: deal.table, recordId: deal.recordId }, accountId: deal.customer?.accountId ?? '' };
    const invoiceId = deriveGuid(`sales-invoice/${invoice.id}`);
    await counter.dataverse.createInvoice({ ...EMPTY_ROW, ...row, invoiceId, number: invoice.number }, REPEATABLE);
    expect((await createRow({ deal, invoice })).invoiceId).toBe(invoiceId);
  });

  it('that somebody deleted is a hold, and no repetition', async () => {
    const { deal, invoice } = await counter.post();
    const { invoiceId } = await createRow({ deal, invoice });
    await counter.deleteRow(`invoices(${invoiceId})`);
    await counter.ledger.saveDocument(deal.recordId, 'invoice', { ...invoice, status: 'Paid', remaining: '0' });
    const { reportInvoice } = createWriteBackActivities({ ...counter, ambiguityWindowMs: 60_000 });
    await expect(reportInvoice({ ref: deal, invoiceId: invoice.id })).rejects.toMatchObject({
      type: 'Refused',
      details: [{ reason: 'invoice-row-gone' }],
    });
  });
});

const EMPTY_ROW = {
  name: 'ours',
  customerKind: 'account',
  currencyId: undefined,
  priceListId: undefined,
  dueDate: undefined,
  discount: '0',
  columns: {},
  lines: [],
} as const;
