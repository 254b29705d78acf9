import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { REPEATABLE } from '../../src/clients/http/write-context.js';
import { documentKey } from '../../src/deal/document-number.js';
import { type Counter, openCounter } from '../support/business-central.js';

describe('the changes of invoices, page by page', () => {
  let counter: Counter;
  const ids: string[] = [];

  beforeAll(async () => {
    counter = await openCounter();
    for (let index = 0; index < 5; index += 1) {
      const made = await counter.client.createInvoice(
        {
          externalDocumentNumber: documentKey(randomUUID()),
          customerId: counter.customerId,
          currency: { code: 'EUR', decimals: 2 },
          lines: [
            {
              sequence: 10_000,
              kind: 'item',
              number: 'EQ-1001',
              unitCode: undefined,
              quantity: '1',
              unitPrice: '5',
              discount: '0',
              description: undefined,
            },
          ],
          headerDiscount: undefined,
        },
        REPEATABLE,
      );
      ids.push(made.id);
      // Each a second later than the one before, whatever the machine's speed.
      counter.simulators.clock.advance(1_000);
    }
  });
  afterAll(() => counter?.close());

  it('come with their posting date, which the open period of the company may leave out', async () => {
    const { company } = counter.simulators.businessCentral;
    const [setup] = [...company.all('generalLedgerSetup')];
    if (!setup) throw new Error('the company has no general ledger setup');
    expect(await counter.client.readPostingPeriod()).toEqual({ from: undefined, to: undefined });
    company.change('generalLedgerSetup', setup, { allowPostingFrom: '2031-01-01', allowPostingTo: '2031-01-31' });
    expect(await counter.client.readPostingPeriod()).toEqual({ from: '2031-01-01', to: '2031-01-31' });
    const invoice = await counter.client.getInvoice(ids[0] ?? '');
    expect(invoice.postingDate).toMatch(/^\d{4}-\d{2}-\d{2}$/);
  });

  const stampOf = async (index: number) => (await counter.client.getInvoice(ids[index] ?? '')).lastModified;

  it('come in the order of their stamps, with their lines', async () => {
    const page = await counter.client.readChangedInvoices({ since: new Date(0) }, 2);
    expect(page).toMatchObject({ invoices: [{ id: ids[0] }, { id: ids[1] }], hasMore: true });
    expect(page.invoices[0]?.lines).toHaveLength(1);
  });

  it('begin after the moment that is given', async () => {
    const page = await counter.client.readChangedInvoices({ since: new Date(await stampOf(2)) }, 500);
    expect(page).toMatchObject({ invoices: [{ id: ids[3] }, { id: ids[4] }], hasMore: false });
  });

  it('of the open ones alone, when that is asked', async () => {
    await counter.books.postInvoice(ids[1] ?? '');
    const page = await counter.client.readChangedInvoices({ since: new Date(0), open: true }, 500);
    expect(page.invoices.map(({ id }) => id)).toEqual([ids[1]]);
  });

  it('are read by their ids in one request, whatever their status; what is not there is left out', async () => {
    const found = await counter.client.readInvoices([String(ids[1]), randomUUID(), String(ids[4])]);
    expect(found.map(({ id, lines }) => [id, lines.length]).sort()).toEqual(
      [ids[1], ids[4]].map((id) => [id, 1]).sort(),
    );
  });

  it('show a posted invoice once one is paid: an open one may be a draft that was released', async () => {
    const { invoices } = counter.simulators.businessCentral.company;
    const before = [...invoices];
    for (const [id] of before) if (!ids.includes(id)) invoices.delete(id);
    expect(await counter.client.showsPostedInvoices()).toBe(false);
    await counter.books.payInvoice(String(ids[1]));
    expect(await counter.client.showsPostedInvoices()).toBe(true);
    for (const [id, invoice] of before) invoices.set(id, invoice);
  });
});
