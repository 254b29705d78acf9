import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createWriteBackActivities } from '../../src/activities/deals/write-back.js';
import { writeKey } from '../../src/deal/ids.js';
import { STATE_CODES } from '../../src/deal/state-codes.js';
import { makeInvoice } from '../support/documents.js';
import { openSalesCounter, type SalesCounter } from '../support/sales-counter.js';

/** The row of an invoice that was made before, by whoever did not hear of it: it is brought to what the invoice is by now. */

let counter: SalesCounter;
beforeAll(async () => {
  counter = await openSalesCounter();
});
afterEach(() => counter.simulators.dataverse.faults.clear());
afterAll(() => counter?.close());

async function openInvoice() {
  const { deal } = await counter.post();
  const { ledger, simulators } = counter;
  const amounts = { excludingTax: '100.00', tax: '19.00', includingTax: '119.00', remaining: '119.00' };
  const line = { sequence: 10_000, number: 'EQ-1001', description: 'Product 1', quantity: '1', unitPrice: '100.00' };
  const invoice = makeInvoice({
    ...{
      id: randomUUID(),
      number: `INV-${randomUUID().slice(0, 8)}`,
      status: 'Open',
      dueDate: '2026-12-31',
      ...amounts,
    },
    lines: [{ ...line, discount: '0', net: '100.00', tax: '19.00' }],
  });
  const save = (change: Partial<typeof invoice>) =>
    ledger.saveDocument(deal.recordId, 'invoice', { ...invoice, ...change });
  await save({});
  const of = { ref: deal, revision: deal.revision, invoiceId: invoice.id };
  const { reportInvoice } = createWriteBackActivities({ ...counter, ambiguityWindowMs: 60_000 });
  return {
    save,
    create: () => counter.activities().createInvoiceRow(of),
    report: () => reportInvoice(of),
    /** As if the ledger had been restored to before it. */
    forget: async () => {
      const key = writeKey(deal.recordId, `sales-invoice-${invoice.id}`);
      await ledger.forgetWriteBack(invoice.id, key);
    },
    row: () => [...simulators.dataverse.store.all('invoice')].find((row) => row['invoicenumber'] === invoice.number),
    reported: async () => (await ledger.findWriteBack(invoice.id))?.reportedToSales,
  };
}

const loseAnswer = () =>
  counter.simulators.dataverse.faults.add({
    match: { method: 'POST', path: '/invoices' },
    effect: { kind: 'lose-answer', when: 'after' },
  });

describe('the row whose answer was lost', () => {
  it('gets the due date that moved before it was found', async () => {
    const { save, create, report, row, reported } = await openInvoice();
    loseAnswer();
    await expect(create()).rejects.toMatchObject({ type: 'dataverse/unknown-outcome' });
    await save({ dueDate: '2027-01-31' });
    await create();
    await report();
    expect(row()).toMatchObject({ duedate: '2027-01-31' });
    expect(await reported()).toMatchObject({ status: 'open', dueDate: '2027-01-31' });
  });
});

describe('the row that a restored ledger does not know', () => {
  it('is brought to what the invoice is by now, also when it is paid already', async () => {
    const { save, create, report, forget, row, reported } = await openInvoice();
    await create();
    await save({ status: 'Paid', remaining: '0' });
    await report();
    expect(row()).toMatchObject({ statecode: STATE_CODES.invoice.paid });
    await forget();
    await save({ status: 'Paid', remaining: '0', dueDate: '2027-01-31' });
    await create();
    expect(await report()).toBe('paid');
    expect(row()).toMatchObject({ statecode: STATE_CODES.invoice.paid, duedate: '2027-01-31' });
    expect(await reported()).toMatchObject({ status: 'paid', dueDate: '2027-01-31' });
  });
});
