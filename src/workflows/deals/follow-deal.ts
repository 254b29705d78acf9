import type { InvoiceStanding, Standing } from '../../activities/deals/ledger.js';
import type { RecordRef } from '../../deal/deal.js';
import { isZero } from '../../deal/money.js';
import type { Notice } from '../../deal/notices.js';
import { isFinalStatus } from '../../deal/payment-status.js';
import type { DealState } from '../../deal/states.js';
import { businessCentral, ledger, sales } from '../activity-options.js';
import type { Desk, Held } from './deal-handlers.js';
import type { HandOverResult } from './messages.js';

/**
 * After the hand-over: every invoice is told to Sales as it appears, is paid or is cancelled; a record that changes in
 * Sales is noticed. The run ends when all is told, and news begin another.
 */
export async function followDeal(
  desk: Desk,
  ref: RecordRef,
  /** Which sides may hold what nobody has looked at yet. */
  unseen: { readonly record: boolean; readonly invoices: boolean },
): Promise<HandOverResult> {
  let { record: lookAtRecord, invoices: lookForInvoices } = unseen;
  for (;;) {
    const standing = await ledger.findStanding(ref);
    if (lookAtRecord && (await checkRecord(desk, ref, standing)) === 'withdrawn') return { outcome: 'cancelled' };
    const isClosed = await checkOrder(desk, ref, standing, lookForInvoices);
    const { invoices } = lookForInvoices ? await ledger.findStanding(ref) : standing;
    for (const invoice of invoices) await tellInvoice(desk, ref, standing, invoice);
    const told = await rest(desk, ref, standing, invoices, isClosed);
    if (!desk.hasNews()) return told;
    const news = desk.takeNews();
    lookAtRecord = news.ofRecord;
    lookForInvoices = news.ofInvoices;
  }
}

/** What a replay looks at first: whether the document and its rows in Sales are still there; a missing row is made anew. */
export async function checkResults(desk: Desk, ref: RecordRef, standing: Standing): Promise<void> {
  const { recordId } = ref;
  const { documentId } = standing;
  if (standing.documentKind === 'invoice' && documentId !== undefined) {
    await desk.untilClear('reading the posted invoice', () =>
      businessCentral.readPosted({ recordId, invoiceId: documentId }),
    );
  } else if (documentId !== undefined) {
    await desk.untilClear('reading the invoices of the order', () =>
      businessCentral.readOrderInvoices({ recordId, orderId: documentId }),
    );
  }
  for (const { id: invoiceId, missing } of standing.invoices) {
    if (missing === 'row') continue;
    const isThere = await desk.untilClear('looking for the invoice row', () => sales.hasInvoiceRow({ invoiceId }));
    if (!isThere) await ledger.forgetWriteBack({ recordId, invoiceId });
  }
}

/** The document stays as it was confirmed: whoever changes the record now is told so, in the deal and in Sales. */
async function checkRecord(desk: Desk, ref: RecordRef, standing: Standing): Promise<'stays' | 'withdrawn'> {
  const { revision } = standing;
  if (revision === undefined) return 'stays';
  const check = await desk.untilClear('reading the record again', () => sales.checkRecord({ ref, revision }));
  if (check.found === 'same') return 'stays';
  if (check.found === 'ended' && (await withdraw(desk, ref, standing))) return 'withdrawn';
  const kinds = {
    changed: 'changed-after-confirmation',
    ended: 'ended-after-confirmation',
    deleted: 'deleted-after-confirmation',
  } as const;
  await notice(desk, ref, { kind: kinds[check.found], subject: check.revision }, check.found !== 'deleted');
  return 'stays';
}

async function notice(desk: Desk, ref: RecordRef, told: Notice, inSales = true): Promise<void> {
  const isNew = await ledger.keepNotice({ recordId: ref.recordId, notice: told });
  if (isNew && inSales) await desk.untilClear('writing a note in Sales', () => sales.writeNote({ ref, notice: told }));
}

/** An order that the warehouse has not touched is deleted when the record is cancelled or reopened in Sales. */
async function withdraw(desk: Desk, ref: RecordRef, standing: Standing): Promise<boolean> {
  const { recordId } = ref;
  const { documentId } = standing;
  if (standing.state !== 'awaiting-shipment' || documentId === undefined) return false;
  const order = await desk.untilClear('reading the order', () =>
    businessCentral.readOrderStanding({ recordId, orderId: documentId }),
  );
  if (order === 'gone' || !isZero(order.shippedQuantity) || !isZero(order.invoicedQuantity)) return false;
  await desk.untilClear('deleting the order', () =>
    businessCentral.deleteOrderDraft({ recordId, draftId: documentId }),
  );
  await ledger.releaseClaims({ recordId });
  const decision = { actor: 'Sales', action: 'cancelled', facts: { reason: 'cancelled or reopened in Sales' } };
  await ledger.noteState({ recordId, state: 'cancelled', decision });
  await ledger.wakeCovered({ recordId });
  await desk.enter('cancelled', 'cancelled in Sales', { told: true });
  return true;
}

/** An order vanishes when it is fully posted; until then more invoices may come. */
async function checkOrder(desk: Desk, ref: RecordRef, standing: Standing, hasNews: boolean): Promise<boolean> {
  const { recordId } = ref;
  const { documentId } = standing;
  if (standing.isClosed || documentId === undefined || !hasNews) return standing.isClosed;
  return desk.untilClear('reading the order', async (): Promise<boolean | Held> => {
    const order = await businessCentral.readOrderStanding({ recordId, orderId: documentId });
    if (order !== 'gone') return false;
    const invoices = await businessCentral.readOrderInvoices({ recordId, orderId: documentId });
    if (invoices.length > 0) return true;
    return {
      held: [{ reason: 'draft-gone', text: 'the order was deleted in Business Central before it was invoiced' }],
    };
  });
}

async function tellInvoice(desk: Desk, ref: RecordRef, standing: Standing, invoice: InvoiceStanding): Promise<void> {
  const { revision } = standing;
  if (invoice.missing === 'nothing' || revision === undefined) return;
  const back = { ref, revision, invoiceId: invoice.id };
  if (invoice.missing === 'row') await desk.untilClear('writing back to Sales', () => sales.createInvoiceRow(back));
  if (invoice.missing === 'news' || invoice.status !== 'open')
    await desk.untilClear('telling Sales what became of the invoice', () => sales.tellInvoice(back));
  if (standing.writesColumns)
    await desk.untilClear('writing the columns of the opportunity', () => sales.writeOpportunityColumns(back));
  if (invoice.status === 'cancelled') await notice(desk, ref, { kind: 'invoice-cancelled', subject: invoice.id });
  if (invoice.status === 'corrected') await notice(desk, ref, { kind: 'invoice-corrected', subject: invoice.id });
}

/** All is told: the deal rests until its next news, or is settled for good. */
async function rest(
  desk: Desk,
  ref: RecordRef,
  standing: Standing,
  invoices: readonly InvoiceStanding[],
  isClosed: boolean,
): Promise<HandOverResult> {
  const isSettled = isClosed && invoices.length > 0 && invoices.every((invoice) => isFinalStatus(invoice.status));
  const state: DealState = isSettled ? 'settled' : invoices.length > 0 ? 'written-back' : 'awaiting-shipment';
  const numbers = invoices.map((invoice) => invoice.number).join(', ');
  if (numbers) desk.show({ invoiceNumber: numbers });
  if (isClosed && !standing.isClosed && standing.closesOrder) {
    await desk.untilClear('setting the order to invoiced', () => sales.setOrderInvoiced({ recordId: ref.recordId }));
  }
  await desk.enter(state, DOING[state] ?? '', {
    ...(isClosed && { isClosed }),
    ...(numbers && { invoiceNumber: numbers }),
  });
  return numbers ? { outcome: state, invoiceNumber: numbers } : { outcome: state };
}

const DOING: Partial<Record<DealState, string>> = {
  settled: 'done',
  'written-back': 'waiting for payment',
  'awaiting-shipment': 'the warehouse ships and invoices',
};
