import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createWriteBackActivities } from '../../src/activities/deals/write-back.js';
import { type FlowCounter, openFlowCounter } from '../support/flow-counter.js';

const COLUMNS = 'number: new_creditmemos, amount: new_credited, date: new_creditedon';
const RULES = `flows: { creditMemos: { columns: { ${COLUMNS} } } }`;

let counter: FlowCounter;
beforeAll(async () => {
  counter = await openFlowCounter();
  await counter.addColumn('invoice', 'String', 'new_creditmemos');
  await counter.addColumn('invoice', 'Money', 'new_credited');
  await counter.addColumn('invoice', 'DateTime', 'new_creditedon');
  await counter.run('creditMemos', RULES);
});
afterEach(() => counter.simulators.dataverse.faults.clear());
afterAll(() => counter?.close());

const rowOf = (salesInvoiceId: string) => {
  const row = counter.simulators.dataverse.store.find('invoice', salesInvoiceId);
  if (!row) throw new Error('no invoice row');
  return row;
};
const credit = (invoiceNumber: string | undefined, amount = 10) =>
  counter.books.postCreditMemo({ customerId: counter.customerId, amount, ...(invoiceNumber && { invoiceNumber }) });
const thingOf = async (id: string) => (await counter.things('creditMemos')).find(({ source_id }) => source_id === id);
const pay = async (deal: { recordId: string }, invoiceId: string) => {
  await counter.books.payInvoice(invoiceId);
  await counter.ledger.saveDocument(deal.recordId, 'invoice', await counter.client.getInvoice(invoiceId));
  const ref = { table: 'salesorder', recordId: deal.recordId } as const;
  await createWriteBackActivities({ ...counter, ambiguityWindowMs: 0 }).reportInvoice({ ref, invoiceId });
};

describe('a credit memo', () => {
  it('fills the columns of the row of the invoice that it corrects; two of them add up', async () => {
    const { deal, invoice, salesInvoiceId } = await counter.invoiced();
    const first = await credit(invoice.number, 10);
    expect(await counter.run('creditMemos', RULES)).toMatchObject({ carried: 1, noted: 0 });
    expect(rowOf(salesInvoiceId)).toMatchObject({ new_creditmemos: first.number, new_creditedon: expect.anything() });
    const second = await credit(invoice.number, 5);
    expect(await counter.run('creditMemos', RULES)).toMatchObject({ carried: 1 });
    const row = rowOf(salesInvoiceId);
    expect(row['new_creditmemos']).toBe(`${first.number}, ${second.number}`);
    expect(Number(row['new_credited'])).toBeCloseTo(first.totalAmountIncludingTax + second.totalAmountIncludingTax, 2);
    expect(await counter.trail(deal.recordId)).toContain('write the credit memo on the invoice row in Sales');
  });

  it('that is cancelled counts no more, and the last one leaves nothing behind', async () => {
    const { invoice, salesInvoiceId } = await counter.invoiced();
    const first = await credit(invoice.number, 10);
    const second = await credit(invoice.number, 5);
    expect(await counter.run('creditMemos', RULES)).toMatchObject({ carried: 2 });
    await counter.books.cancelCreditMemo(first.id);
    expect(await counter.run('creditMemos', RULES)).toMatchObject({ carried: 1, noted: 0 });
    expect(rowOf(salesInvoiceId)['new_creditmemos']).toBe(second.number);
    expect(Number(rowOf(salesInvoiceId)['new_credited'])).toBeCloseTo(second.totalAmountIncludingTax, 2);
    await counter.books.cancelCreditMemo(second.id);
    expect(await counter.run('creditMemos', RULES)).toMatchObject({ carried: 1, noted: 0 });
    expect(rowOf(salesInvoiceId)).toMatchObject({ new_creditmemos: null, new_credited: null, new_creditedon: null });
  });

  // reference/business-central 4.5: a released draft is as open as a posted one
  it('that is released and not posted is none yet, and is one once it is posted', async () => {
    const { invoice, salesInvoiceId } = await counter.invoiced();
    const { customerId } = counter;
    const { id, number } = await counter.books.releaseCreditMemo({
      ...{ customerId, invoiceNumber: invoice.number, amount: 10 },
    });
    expect(await counter.run('creditMemos', RULES)).toMatchObject({ carried: 0, noted: 0 });
    expect(await thingOf(id)).toMatchObject({ state: 'skipped', reason: 'draft' });
    expect(rowOf(salesInvoiceId)['new_creditmemos'] ?? null).toBeNull();
    await counter.books.postReleasedCreditMemo(id);
    expect(await counter.run('creditMemos', RULES)).toMatchObject({ carried: 1, noted: 0 });
    expect(rowOf(salesInvoiceId)['new_creditmemos']).toEqual(expect.any(String));
    expect(rowOf(salesInvoiceId)['new_creditmemos']).not.toBe(number);
  });

  it('that is open is taken for posted where the general ledger cannot be read', async () => {
    const { invoice, salesInvoiceId } = await counter.invoiced();
    const { denied } = counter.simulators.businessCentral.switches;
    denied.push('generalLedgerEntries:GET');
    const memo = await credit(invoice.number);
    expect(await counter.run('creditMemos', RULES)).toMatchObject({ carried: 1 });
    denied.pop();
    expect(rowOf(salesInvoiceId)['new_creditmemos']).toBe(memo.number);
  });

  it('of nothing is none: it may stand for a draft that was deleted', async () => {
    const { invoice, salesInvoiceId } = await counter.invoiced();
    await credit(invoice.number, 0);
    expect(await counter.run('creditMemos', RULES)).toMatchObject({ carried: 0, noted: 0 });
    expect(rowOf(salesInvoiceId)['new_creditmemos'] ?? null).toBeNull();
  });

  it('that is read again is not written again', async () => {
    const { invoice, salesInvoiceId } = await counter.invoiced();
    await credit(invoice.number);
    await counter.run('creditMemos', RULES);
    const before = rowOf(salesInvoiceId)['versionnumber'];
    expect(await counter.run('creditMemos', RULES)).toMatchObject({ carried: 0, noted: 0 });
    expect(rowOf(salesInvoiceId)['versionnumber']).toBe(before);
  });

  it('reaches a paid row, which is paid again afterwards, also when the answer in between is lost', async () => {
    const { deal, invoice, salesInvoiceId } = await counter.invoiced();
    await pay(deal, invoice.id);
    const paid = { statecode: 2, statuscode: 100_001 };
    expect(rowOf(salesInvoiceId)).toMatchObject(paid);
    const memo = await credit(invoice.number);
    counter.simulators.dataverse.faults.add({
      match: { method: 'PATCH', path: `invoices.${salesInvoiceId}` },
      effect: { kind: 'lose-answer', when: 'after' },
    });
    expect(await counter.run('creditMemos', RULES)).toMatchObject({ carried: 0, deferred: 1 });
    expect(rowOf(salesInvoiceId)).toMatchObject({ statecode: 0 });
    expect(await counter.run('creditMemos', RULES)).toMatchObject({ carried: 1 });
    expect(rowOf(salesInvoiceId)).toMatchObject({ ...paid, new_creditmemos: memo.number });
  });

  it('for two invoices is noted and not guessed', async () => {
    const { salesInvoiceId } = await counter.invoiced();
    await counter.ledger.saveLink('customer', counter.companyId, {
      ...{ salesId: 'a0000000-0000-4000-8000-000000000001', bcId: counter.customerId, bcNumber: 'C10001' },
    });
    // Business Central applies it to several and names none of them.
    const memo = await credit(undefined);
    expect(await counter.run('creditMemos', RULES)).toMatchObject({ carried: 0 });
    expect(await thingOf(memo.id)).toMatchObject({
      state: 'noted',
      reason: 'several-invoices',
      remark: `credit memo ${memo.number} of customer C10001 names no single invoice`,
    });
    expect(rowOf(salesInvoiceId)['new_creditmemos'] ?? null).toBeNull();
  });

  it('that is read before its invoice has a row in Sales reaches the row once there is one', async () => {
    const { writeRow, invoice } = await counter.posted();
    const memo = await credit(invoice.number);
    expect(await counter.run('creditMemos', RULES)).toMatchObject({ carried: 0, noted: 0 });
    expect(await thingOf(memo.id)).toMatchObject({ state: 'skipped', reason: 'no-deal' });
    // Later readings go back no further than some minutes.
    counter.simulators.clock.advance(600_000);
    await counter.run('creditMemos', RULES);
    const salesInvoiceId = await writeRow();
    expect(await counter.run('creditMemos', RULES)).toMatchObject({ carried: 1, noted: 0 });
    expect(rowOf(salesInvoiceId)).toMatchObject({ new_creditmemos: memo.number });
    expect(await counter.run('creditMemos', RULES)).toMatchObject({ carried: 0, noted: 0 });
  });

  it('is read by a ledger that was restored from before a reading that goes on', async () => {
    const { invoice } = await counter.invoiced();
    await counter.run('creditMemos', RULES);
    await credit(invoice.number);
    counter.simulators.clock.advance(600_000);
    // The loop knows from where it goes on, and the ledger nothing of what was read before.
    await counter.collect('creditMemos', RULES, { next: new Date(counter.simulators.clock.now()).toISOString() });
    expect(await counter.run('creditMemos', RULES)).toMatchObject({ carried: 1, noted: 0 });
  });

  it('of an invoice that is none of ours is left alone', async () => {
    const memo = await credit('INVOICE-OF-OTHERS');
    await counter.run('creditMemos', RULES);
    expect(await thingOf(memo.id)).toMatchObject({ state: 'skipped', reason: 'no-deal' });
  });

  it('whose column cannot hold what comes is noted with the column', async () => {
    const { invoice } = await counter.invoiced();
    const memo = await credit(invoice.number);
    const rules = 'flows: { creditMemos: { columns: { number: new_credited } } }';
    expect(await counter.run('creditMemos', rules)).toMatchObject({ noted: 1 });
    expect(await thingOf(memo.id)).toMatchObject({
      reason: 'column-unfit',
      remark: 'invoice.new_credited: Money cannot hold a text',
    });
  });
});
