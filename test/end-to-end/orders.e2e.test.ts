import type { SeedDocument } from '@dealbridge/simulators/seed/distributor.js';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { invoiceSweepId } from '../../src/deal/business-central-feeds.js';
import { documentTail, isNumberOf } from '../../src/deal/document-number.js';
import { STATE_CODES } from '../../src/deal/state-codes.js';
import { createBookkeeper } from '../support/bookkeeper.js';
import { createCommand } from '../support/command.js';
import { createDealer, until } from '../support/deals.js';
import { keepHistory } from '../support/histories.js';
import { openStage, type Stage } from '../support/processes.js';
import { createSeller } from '../support/sales.js';

/** Orders that the warehouse ships in its own time, and what becomes of their invoices, with the feeds of both sides. */

let stage: Stage;
let dealer: ReturnType<typeof createDealer>;
let seller: ReturnType<typeof createSeller>;
let bookkeeper: ReturnType<typeof createBookkeeper>;

beforeAll(async () => {
  stage = await openStage({
    temporalAddress: inject('temporalAddress'),
    rules: 'test/rules/orders.yaml',
    feeds: true,
  });
  dealer = createDealer(stage);
  seller = createSeller(stage.simulators);
  bookkeeper = createBookkeeper(stage.simulators);
});
afterAll(() => stage?.close());

type Row = Readonly<Record<string, unknown>>;

const orderOf = (deal: SeedDocument) => {
  const { company } = stage.simulators.businessCentral;
  return [...company.documents.order.values()].find(({ row }) =>
    isNumberOf(String(row['externalDocumentNumber']), deal.id),
  );
};

const rowsOf = (deal: SeedDocument): Row[] => [...dealer.salesInvoicesOf(deal)];
const stages = (deal: SeedDocument) =>
  rowsOf(deal)
    .map((row) => `${String(row['statecode'])}/${String(row['statuscode'])}`)
    .sort();

/** A submitted order that waits for its warehouse in Business Central. */
async function ship(fits: (deal: SeedDocument) => boolean = () => true): Promise<{ deal: SeedDocument; id: string }> {
  const deal = dealer.takeKnown((other) => other.freight === '0' && fits(other));
  await seller.submitOrder(deal.id);
  await dealer.untilState(deal, 'awaiting-shipment');
  return { deal, id: String(orderOf(deal)?.row['id']) };
}

const invoiceIds = (deal: SeedDocument) => dealer.invoicesOf(deal).map((invoice) => String(invoice.row['id']));

const sweeps = () => stage.temporal.schedule.getHandle(invoiceSweepId(stage.simulators.businessCentral.company.id));

describe('an order that is shipped in three parts', () => {
  it('gives three invoice rows in Sales, and is settled after the last is paid', async () => {
    const { deal, id } = await ship((other) => other.lines.length === 1 && Number(other.lines[0]?.quantity) >= 3);
    for (const part of [1, 2, 3]) {
      const whole = Number(deal.lines[0]?.quantity);
      const quantity = part === 3 ? String(whole - 2) : '1';
      await bookkeeper.postOrder(id, [{ sequence: 10_000, ship: quantity, invoice: quantity }]);
      await until(() => rowsOf(deal).length === part);
      expect(dealer.invoicesOf(deal)).toHaveLength(part);
    }
    expect(orderOf(deal)).toBeUndefined();
    const numbers = dealer.invoicesOf(deal).map((invoice) => invoice.row['number']);
    expect(rowsOf(deal).map((row) => row['invoicenumber'])).toEqual(numbers);
    await dealer.untilState(deal, 'written-back');
    const [first, second, third] = invoiceIds(deal) as [string, string, string];

    await bookkeeper.payInvoice(first);
    await bookkeeper.payInvoice(second);
    await until(() => stages(deal).filter((one) => one === '2/100001').length === 2);
    expect((await stage.ledger.getRecord(deal.id)).state).toBe('written-back');
    // A payment in part moves no stamp: only the sweep finds it.
    await bookkeeper.payInvoice(third, '0.01');
    await sweeps().trigger();
    await until(() => stages(deal).includes('2/100002'));
    expect((await stage.ledger.getRecord(deal.id)).state).toBe('written-back');
    await bookkeeper.payInvoice(third);
    await dealer.untilState(deal, 'settled');
    expect(stages(deal)).toEqual(['2/100001', '2/100001', '2/100001']);
    expect((await stage.ledger.getRecord(deal.id)).invoiceNumber).toBe(numbers.join(', '));
    await dealer.result(deal);
    await keepHistory(stage, deal.id, 'order-settled');
  });

  it('the order in Sales is set to Invoiced when all of it is', async () => {
    const { deal, id } = await ship();
    await bookkeeper.postOrder(id);
    await until(() => stage.simulators.dataverse.store.find('salesorder', deal.id)?.['statecode'] === 4);
    await dealer.untilState(deal, 'written-back');
    expect(await stage.ledger.listNotices(deal.id)).toEqual([]);
  });
});

describe('a quote that is won in Sales', () => {
  it('is a quote in Business Central first, then the order of the warehouse, and its invoice comes back', async () => {
    const deal = stage.simulators.data.documents.find(
      (other) => other.kind === 'quote' && other.state === STATE_CODES.quote.active && other.freight === '0',
    );
    if (!deal) throw new Error('an open quote is needed');
    await seller.winQuote(deal.id);
    await dealer.untilState(deal, 'awaiting-shipment');
    const { company } = stage.simulators.businessCentral;
    const ofDeal = ({ row }: { readonly row: Row }) => isNumberOf(String(row['externalDocumentNumber']), deal.id);
    expect([...company.documents.quote.values()].filter(ofDeal)).toEqual([]);
    const id = String(orderOf(deal)?.row['id']);
    expect(await stage.ledger.getRecord(deal.id)).toMatchObject({ documentKind: 'order', documentId: id });
    const actions = (await stage.ledger.readAudit(deal.id)).map(({ action }) => action);
    expect(actions.filter((action) => action.includes('quote'))).toEqual([
      'create quote in Business Central',
      'make order of quote in Business Central',
      'quote became order in Business Central',
    ]);
    await bookkeeper.postOrder(id);
    await dealer.untilState(deal, 'written-back');
    const [invoice, ...others] = dealer.invoicesOf(deal);
    expect(others).toEqual([]);
    const numbers = [...stage.simulators.dataverse.store.all('invoice')].map((row) => row['invoicenumber']);
    expect(numbers.filter((number) => number === invoice?.row['number'])).toHaveLength(1);
  });
});

describe('dealbridge feeds', () => {
  it('shows how far the invoices of Business Central are read', async () => {
    const { id } = stage.simulators.businessCentral.company;
    const said = await createCommand(() => stage)('feeds');
    expect(said).toMatch(new RegExp(`^invoice-feed-${id} +\\d{4}-\\d\\d-\\d\\dT\\S+ +\\d+ s ago$`, 'm'));
  });
});

describe('dealbridge preview', () => {
  it('shows the order that a record would become, and writes nothing', async () => {
    const deal = dealer.takeKnown();
    const writes = () => stage.simulators.businessCentral.requests.filter(({ method }) => method !== 'GET').length;
    const before = writes();
    const said = await createCommand(() => stage)('preview', 'salesorder', deal.id);
    expect(said).toContain(`create order ${deal.number}-${documentTail(deal.id)}`);
    expect(said).not.toContain('create invoice');
    expect(writes()).toBe(before);
  });
});

describe('an invoice that is cancelled in Business Central', () => {
  it('is cancelled in Sales, with a note, and settles the deal', async () => {
    const { deal, id } = await ship();
    await bookkeeper.postOrder(id);
    await until(() => rowsOf(deal).length === 1);
    await bookkeeper.cancelInvoice(String(invoiceIds(deal)[0]));
    await dealer.untilState(deal, 'settled');
    expect(stages(deal)).toEqual(['3/100003']);
    expect((await stage.ledger.listNotices(deal.id)).map(({ kind }) => kind)).toEqual(['invoice-cancelled']);
    const notes = [...stage.simulators.dataverse.store.all('annotation')].filter((row) => row['objectid'] === deal.id);
    expect(notes).toHaveLength(1);
  });
});

describe('what the feed of the invoices misses', () => {
  it('comes with the next sweep: a payment that moved no stamp, and an invoice that was deleted', async () => {
    const [paid, deleted] = [await ship(), await ship()];
    const { invoices } = stage.simulators.businessCentral.company;
    const invoiceOf = async ({ deal, id }: typeof paid) => {
      await bookkeeper.postOrder(id);
      await until(() => rowsOf(deal).length === 1);
      await dealer.untilState(deal, 'written-back');
      return String(invoiceIds(deal)[0]);
    };
    const [paidId, deletedId] = [await invoiceOf(paid), await invoiceOf(deleted)];
    Object.assign(invoices.get(paidId)?.row ?? {}, { status: 'Paid', remainingAmount: '0' });
    invoices.delete(deletedId);
    await sweeps().trigger();
    await dealer.untilState(paid.deal, 'settled');
    expect(stages(paid.deal)).toEqual(['2/100001']);
    const noticesOf = async () => (await stage.ledger.listNotices(deleted.deal.id)).map(({ kind }) => kind);
    await expect.poll(noticesOf, { timeout: 30_000 }).toEqual(['invoice-gone']);
    expect((await stage.ledger.getRecord(deleted.deal.id)).state).toBe('written-back');
    const sweep = (await sweeps().describe()).info.recentActions.at(-1)?.action.workflow;
    const handle = stage.temporal.workflow.getHandle(sweep?.workflowId ?? '');
    expect(await handle.result()).toMatchObject({ unmet: 2, gone: 1, notified: 1 });
    await keepHistory(stage, handle.workflowId, 'invoices-swept');
  });
});

describe('the record in Sales that its document follows', () => {
  it('a won opportunity is invoiced at once, and a due date that changes in Business Central comes back', async () => {
    const deal = stage.simulators.data.documents.find((other) => other.kind === 'opportunity' && other.state === 0);
    if (!deal) throw new Error('an open opportunity is needed');
    await seller.winOpportunity(deal.id);
    await dealer.untilState(deal, 'written-back');
    const rows = () => stage.simulators.dataverse.store.children('invoice', 'opportunityid', deal.id);
    await bookkeeper.setDueDate(String(invoiceIds(deal)[0]), '2031-01-31');
    await until(() => [...rows()].some((row) => row['duedate'] === '2031-01-31'));
    await bookkeeper.payInvoice(String(invoiceIds(deal)[0]));
    await dealer.untilState(deal, 'settled');
  });
});
