import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createDataverseActivities } from '../../src/activities/deals/sales.js';
import { createWriteBackActivities } from '../../src/activities/deals/write-back.js';
import { deriveGuid } from '../../src/activities/remote/derive-guid.js';
import { writeOnce } from '../../src/activities/remote/write-once.js';
import { createDataverseClient, type DataverseClient } from '../../src/clients/dataverse/client.js';
import { RemoteApiError } from '../../src/clients/errors.js';
import { REPEATABLE } from '../../src/clients/http/write-context.js';
import type { Invoice } from '../../src/deal/business-central-document.js';
import type { WonDeal } from '../../src/deal/deal.js';
import { parseRules } from '../../src/process/config.js';
import { type Counter, openCounter } from '../support/business-central.js';
import { createSeller } from '../support/sales.js';
import { createSimulatedTokens } from '../support/tokens.js';
import { sellUnknown } from '../support/unknown-deal.js';

/** A row whose key another row has: what is refused for ever is a hold that names the row, never a repetition. */

const clock = { now: () => new Date() };
const rules = parseRules('');

let counter: Counter;
let dataverse: DataverseClient;
beforeAll(async () => {
  counter = await openCounter();
  const { connection } = counter.simulators;
  dataverse = createDataverseClient({
    environmentUrl: connection.dataverse,
    tokens: createSimulatedTokens(connection, connection.dataverseApp),
    timeoutMs: 10_000,
  });
});
afterAll(async () => {
  await dataverse.close();
  await counter.close();
});

describe('a write whose key is taken', () => {
  const attempt = (recordId: string, found: { readonly id: string } | undefined) =>
    writeOnce(
      { ledger: counter.ledger, clock },
      {
        recordId,
        writeKey: `${recordId}/taken`,
        action: 'create something',
        result: z.object({ id: z.string() }),
        ambiguityWindowMs: 60_000,
        find: async () => found,
        write: async () => {
          const remoteMessage =
            "The record in table Customer already exists. Identification fields and values: No.='C-1'";
          throw new RemoteApiError('business-central', 'taken', 'create something', { status: 400, remoteMessage });
        },
        outcome: () => ({ facts: {} }),
      },
    );

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
  async function post(): Promise<{ readonly deal: WonDeal; readonly invoice: Invoice }> {
    const sold = await sellUnknown(counter.simulators, createSeller(counter.simulators));
    const deal = await dataverse.readDeal('salesorder', sold.orderId);
    await counter.ledger.register(deal);
    await counter.ledger.saveDeal(deal, { mapping: 'default', companyId: counter.companyId });
    await counter.ledger.change(deal.recordId, { kind: 'state', state: 'preparing' });
    const invoice = makeInvoice();
    await counter.ledger.saveDocument(deal.recordId, 'invoice', invoice);
    return { deal, invoice };
  }

  const activities = () =>
    createDataverseActivities({
      dataverse,
      ledger: counter.ledger,
      clock,
      rules: { today: rules, ofDocument: async () => rules, toHandOver: async () => rules },
      companies: {
        choose: async () => {
          throw new Error('no company is chosen here');
        },
      },
      ambiguityWindowMs: 60_000,
    });

  const createRow = ({ deal, invoice }: { readonly deal: WonDeal; readonly invoice: Invoice }) =>
    activities().createInvoiceRow({ ref: deal, revision: deal.revision, invoiceId: invoice.id });

  it('whose number another row has is a hold that names that row', async () => {
    const { schema } = counter.simulators.dataverse.store;
    schema.table('invoice').keys.set('number_key', ['invoicenumber']);
    try {
      const first = await post();
      const { invoiceId } = await createRow(first);
      const second = await post();
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
    const { deal, invoice } = await post();
    const row = { source: { table: deal.table, recordId: deal.recordId }, accountId: deal.customer?.accountId ?? '' };
    const invoiceId = deriveGuid(`sales-invoice/${invoice.id}`);
    await dataverse.createInvoice({ ...EMPTY_ROW, ...row, invoiceId, number: invoice.number }, REPEATABLE);
    expect((await createRow({ deal, invoice })).invoiceId).toBe(invoiceId);
  });

  it('that somebody deleted is a hold, and no repetition', async () => {
    const { deal, invoice } = await post();
    const { invoiceId } = await createRow({ deal, invoice });
    await createSeller(counter.simulators).call(`invoices(${invoiceId})`, {}, 'DELETE');
    await counter.ledger.saveDocument(deal.recordId, 'invoice', { ...invoice, status: 'Paid', remaining: '0' });
    const { reportInvoice } = createWriteBackActivities({
      dataverse,
      ledger: counter.ledger,
      clock,
      rules,
      ambiguityWindowMs: 60_000,
    });
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

function makeInvoice(): Invoice {
  const id = randomUUID();
  return {
    id,
    etag: 'W/"1"',
    number: `INV-${id.slice(0, 8)}`,
    externalDocumentNumber: '',
    orderId: undefined,
    orderNumber: undefined,
    status: 'Open',
    customerNumber: 'C10001',
    currency: 'EUR',
    pricesIncludeTax: false,
    dueDate: '2026-12-31',
    discount: '0',
    excludingTax: '0',
    tax: '0',
    includingTax: '0',
    remaining: '0',
    lastModified: '2026-11-01T00:00:00Z',
    lines: [],
  };
}
