import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createWriteBackActivities } from '../../src/activities/deals/write-back.js';
import { openSalesCounter, type SalesCounter } from '../support/sales-counter.js';

/** A record that Sales does not have, any more or at all: the deal ends or goes on, and nothing stays held for ever. */

let counter: SalesCounter;
beforeAll(async () => {
  counter = await openSalesCounter();
});
afterAll(() => counter.close());

const writeBack = () => createWriteBackActivities({ ...counter, ambiguityWindowMs: 60_000 });

describe('a record that never was', () => {
  it('is read as a dead one, and nothing of it is kept', async () => {
    const ref = { table: 'salesorder', recordId: randomUUID() } as const;
    await counter.ledger.register(ref);
    const deal = await counter.activities().readDeal(ref);
    expect(deal).toMatchObject({ ...ref, state: 'dead', ancestors: [], descendants: [] });
    expect((await counter.ledger.getRecord(ref.recordId)).revision).toBeUndefined();
  });
});

describe('a record that was deleted after its invoice was posted', () => {
  it('keeps the invoice from nobody: its row stands under the account', async () => {
    const { deal, invoice } = await counter.post();
    await counter.deleteRow(`salesorders(${deal.recordId})`);
    const row = await counter
      .activities()
      .createInvoiceRow({ ref: deal, revision: deal.revision, invoiceId: invoice.id });
    const { store } = counter.simulators.dataverse;
    const kept = [...store.all('invoice')].find(({ invoiceid }) => invoiceid === row.invoiceId);
    expect(kept).toMatchObject({ invoicenumber: invoice.number, customerid: deal.customer?.accountId });
    expect(kept?.['salesorderid'] ?? null).toBeNull();
  });

  it('is not set to invoiced, and gets no note', async () => {
    const { deal } = await counter.post();
    await counter.deleteRow(`salesorders(${deal.recordId})`);
    await writeBack().setOrderInvoiced(deal);
    const notice = { kind: 'invoice-cancelled', subject: randomUUID() } as const;
    await writeBack().writeNote({ ref: deal, notice });
    const entries = await counter.trail(deal.recordId);
    expect(entries).not.toContain('set the order in Sales to invoiced');
    expect(entries).not.toContain('write a note in Sales');
  });
});
