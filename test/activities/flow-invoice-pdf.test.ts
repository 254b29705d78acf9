import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type FlowCounter, type Invoiced, openFlowCounter } from '../support/flow-counter.js';

const RULES = 'flows: { invoicePdf: {} }';
const MEGABYTE = 1_000_000;

let counter: FlowCounter;
beforeAll(async () => {
  counter = await openFlowCounter();
  // From now on: what was written before is not carried.
  await counter.run('invoicePdf', RULES);
});
afterEach(() => {
  counter.simulators.dataverse.faults.clear();
  counter.simulators.businessCentral.faults.clear();
});
afterAll(() => counter?.close());

const notesOf = (salesInvoiceId: string) =>
  [...counter.simulators.dataverse.store.all('annotation')].filter((row) => row['objectid'] === salesInvoiceId);
const leavePdf = ({ invoice }: Invoiced, bytes: number) =>
  counter.simulators.businessCentral.company.streams.set(
    `${invoice.id}/pdfDocumentContent`,
    Buffer.alloc(bytes, '%PDF-1.4 '),
  );
const thingOf = async ({ invoice }: Invoiced) =>
  (await counter.things('invoicePdf')).find(({ source_id }) => source_id === invoice.id);

describe('the posted invoice as PDF', () => {
  it('becomes a file on the invoice row, once, however often the flow runs', async () => {
    const sold = await counter.invoiced();
    expect(await counter.run('invoicePdf', RULES)).toMatchObject({ carried: 1, noted: 0 });
    expect(await counter.run('invoicePdf', RULES)).toMatchObject({ carried: 0, noted: 0 });
    const [note, ...others] = notesOf(sold.salesInvoiceId);
    expect(others).toEqual([]);
    expect(note).toMatchObject({
      filename: `${sold.invoice.number}.pdf`,
      mimetype: 'application/pdf',
      isdocument: true,
    });
    expect(Buffer.from(String(note?.['documentbody']), 'base64').toString()).toContain(sold.invoice.number);
    expect(await counter.trail(sold.deal.recordId)).toContain('write the invoice as PDF in Sales');
  });

  it('whose answer was lost is found, not written again', async () => {
    const sold = await counter.invoiced();
    counter.simulators.dataverse.faults.add({
      match: { method: 'POST', path: 'annotations' },
      effect: { kind: 'lose-answer', when: 'after' },
    });
    expect(await counter.run('invoicePdf', RULES)).toMatchObject({ carried: 0, deferred: 1 });
    expect(await counter.run('invoicePdf', RULES)).toMatchObject({ carried: 1, deferred: 0 });
    expect(notesOf(sold.salesInvoiceId)).toHaveLength(1);
  });

  it('of 30 MB is noted and not written, and memory stays as it was', async () => {
    const sold = await counter.invoiced();
    leavePdf(sold, 30 * MEGABYTE);
    const before = process.memoryUsage().arrayBuffers;
    expect(await counter.run('invoicePdf', RULES)).toMatchObject({ carried: 0, noted: 1 });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(10 * MEGABYTE);
    expect(notesOf(sold.salesInvoiceId)).toEqual([]);
    expect(await thingOf(sold)).toMatchObject({ state: 'noted', reason: 'file-too-large' });
  });

  it('is measured by its base64, as Sales does', async () => {
    const [largest, tooLarge] = [await counter.invoiced(), await counter.invoiced()];
    leavePdf(largest, 3_932_160);
    leavePdf(tooLarge, 3_932_161);
    expect(await counter.run('invoicePdf', RULES)).toMatchObject({ carried: 1, noted: 1 });
    expect(await thingOf(tooLarge)).toMatchObject({ reason: 'file-too-large' });
  });

  it('of a row that was deleted in Sales is noted, and the next one goes on', async () => {
    const [gone, next] = [await counter.invoiced(), await counter.invoiced()];
    const { store } = counter.simulators.dataverse;
    store.remove(store.schema.table('invoice'), store.get(store.schema.table('invoice'), gone.salesInvoiceId));
    expect(await counter.run('invoicePdf', RULES)).toMatchObject({ carried: 1, noted: 1 });
    expect(await thingOf(gone)).toMatchObject({ reason: 'row-gone' });
    expect(await thingOf(next)).toMatchObject({ state: 'carried' });
  });

  it('is not written where Sales blocks the type', async () => {
    const sold = await counter.invoiced();
    const { store } = counter.simulators.dataverse;
    const [organization] = [...store.all('organization')];
    if (!organization) throw new Error('no organization');
    const before = organization['blockedattachments'] ?? null;
    organization['blockedattachments'] = 'exe;pdf';
    expect(await counter.run('invoicePdf', RULES)).toMatchObject({ noted: 1 });
    organization['blockedattachments'] = before;
    expect(await thingOf(sold)).toMatchObject({ reason: 'file-type-blocked' });
  });

  it('that we may not write stops the flow with an error, and nothing is lost', async () => {
    const sold = await counter.invoiced();
    counter.simulators.dataverse.faults.add({
      match: { method: 'POST', path: 'annotations' },
      effect: { kind: 'status', status: 403, body: { error: { code: '0x80040220', message: 'missing privilege' } } },
    });
    await expect(counter.run('invoicePdf', RULES)).rejects.toThrow('write the file: forbidden (403 0x80040220)');
    counter.simulators.dataverse.faults.clear();
    expect(await counter.run('invoicePdf', RULES)).toMatchObject({ carried: 1 });
    expect(notesOf(sold.salesInvoiceId)).toHaveLength(1);
  });
});
