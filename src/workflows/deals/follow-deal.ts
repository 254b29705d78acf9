import type { DealProgress, InvoiceProgress } from '../../activities/deals/progress.js';
import type { RecordRef } from '../../deal/deal.js';
import { isZero } from '../../deal/money.js';
import type { Notice } from '../../deal/notices.js';
import { isFinalStatus } from '../../deal/payment-status.js';
import type { StateEvent } from '../../deal/states.js';
import { businessCentral, dataverse, ledger } from '../activity-options.js';
import type { DealHandlers } from './deal-handlers.js';
import { readPosted } from './document-steps.js';
import type { Held } from './held.js';
import type { HandOverResult } from './messages.js';

/**
 * After the hand-over: every invoice is reported to Sales when it appears, is paid or is cancelled; a record that changes in
 * Sales is noticed. The run ends when all is reported, and the next change begins another.
 */
export async function followDeal(
  handlers: DealHandlers,
  ref: RecordRef,
  /** Which sides may hold changes that nobody has read yet; `report`: a report to Sales may have been left half-way. */
  missed: { readonly record: boolean; readonly invoices: boolean; readonly report?: boolean },
  /** Read a moment ago; what has come since is among `missed`. */
  known?: DealProgress,
): Promise<HandOverResult> {
  let { record: mustReadRecord, invoices: mustReadInvoices, report: mustReportAll = false } = missed;
  let last = known;
  for (;;) {
    const progress = last ?? (await loadProgress(handlers, ref));
    last = undefined;
    if (mustReadRecord && (await checkRecord(handlers, ref, progress)) === 'withdrawn') return { outcome: 'cancelled' };
    const isClosed = await checkOrder(handlers, ref, progress, mustReadInvoices);
    const { invoices, otherInvoices = [] } = mustReadInvoices ? await loadProgress(handlers, ref) : progress;
    let isRecorded = false;
    for (const invoice of invoices) isRecorded = await reportInvoice(handlers, ref, progress, invoice, mustReportAll);
    for (const subject of otherInvoices) await notice(handlers, ref, { kind: 'other-invoice', subject });
    // The number is in the ledger where its reading is what the deal is known by.
    isRecorded &&= progress === known && invoices.length === 1;
    const result = await rest(handlers, ref, progress, { invoices, isClosed, isRecorded, mustReportAll });
    mustReportAll = false;
    if (!handlers.hasPendingChanges()) return result;
    const { ofRecord, ofInvoices } = handlers.takePendingChanges();
    mustReadRecord = ofRecord;
    mustReadInvoices = ofInvoices;
  }
}

function loadProgress(handlers: DealHandlers, ref: RecordRef): Promise<DealProgress> {
  return handlers.runUnlessHeld('reading the ledger', () => ledger.loadDealProgress(ref));
}

/** What a replay looks at first: whether the document and its rows in Sales are still there; a missing row is made anew. */
export async function checkResults(handlers: DealHandlers, ref: RecordRef, progress: DealProgress): Promise<void> {
  const { recordId } = ref;
  const { companyId, documentId, isUnread } = progress;
  if (progress.documentKind === 'invoice' && documentId !== undefined) {
    await readPosted(handlers, { ...ref, companyId, invoiceId: documentId, isConfirmed: isUnread });
  } else if (documentId !== undefined) {
    await handlers.runUnlessHeld('reading the invoices of the order', () =>
      businessCentral.readOrderInvoices({ companyId, recordId, orderId: documentId, isComplete: false }),
    );
  }
  for (const { id: invoiceId, missing } of progress.invoices) {
    if (missing === 'row') continue;
    const isThere = await handlers.runUnlessHeld('looking for the invoice row', () =>
      dataverse.hasInvoiceRow({ invoiceId }),
    );
    if (!isThere)
      await handlers.runUnlessHeld('forgetting the invoice row', () => ledger.forgetWriteBack({ recordId, invoiceId }));
  }
}

/** The document stays as it was confirmed: whoever changes the record now finds a notice, on the deal and in Sales. */
async function checkRecord(
  handlers: DealHandlers,
  ref: RecordRef,
  progress: DealProgress,
): Promise<'stays' | 'withdrawn'> {
  const { revision } = progress;
  if (revision === undefined) return 'stays';
  const check = await handlers.runUnlessHeld('reading the record again', () =>
    dataverse.checkRecord({ ref, revision }),
  );
  if (check.found === 'same') return 'stays';
  if (check.found === 'ended') {
    const outcome = await withdraw(handlers, ref, progress);
    if (outcome === 'withdrawn') return 'withdrawn';
    if (outcome === 'not-ended') return checkRecord(handlers, ref, progress);
  }
  const kinds = {
    changed: 'changed-after-confirmation',
    ended: 'ended-after-confirmation',
    deleted: 'deleted-after-confirmation',
  } as const;
  await notice(handlers, ref, { kind: kinds[check.found], subject: check.revision }, check.found !== 'deleted');
  return 'stays';
}

async function notice(handlers: DealHandlers, ref: RecordRef, found: Notice, inSales = true): Promise<void> {
  const isNew = await handlers.runUnlessHeld('recording a notice', () =>
    ledger.saveNotice({ recordId: ref.recordId, notice: found }),
  );
  if (isNew && inSales)
    await handlers.runUnlessHeld('writing a note in Sales', () => dataverse.writeNote({ ref, notice: found }));
}

/** `kept`: the order is the warehouse's. `not-ended`: while it was held, somebody won the record again. */
type Withdrawal = 'withdrawn' | 'kept' | 'not-ended';

/** An order that the warehouse has not touched is deleted when the record is cancelled or reopened in Sales. */
async function withdraw(handlers: DealHandlers, ref: RecordRef, progress: DealProgress): Promise<Withdrawal> {
  const { recordId } = ref;
  const { companyId, documentId, revision } = progress;
  if (!mayAwaitShipment(progress) || documentId === undefined || revision === undefined) return 'kept';
  const isUntouched = async (): Promise<boolean> => {
    const order = await businessCentral.readOrderProgress({ companyId, recordId, orderId: documentId });
    return typeof order !== 'string' && isZero(order.shippedQuantity) && isZero(order.invoicedQuantity);
  };
  if (!(await handlers.runUnlessHeld('reading the order', isUntouched))) return 'kept';
  // The decision is in the trail before anything is deleted.
  const facts = { reason: 'cancelled or reopened in Sales' };
  await handlers.recordDecision({ actor: 'Sales', action: 'cancelled', facts });
  const deleted = await handlers.runUnlessHeld('deleting the order', async (isRepeat) => {
    // While it was held, the warehouse may have begun with the order, or somebody won the record again.
    if (isRepeat && (await dataverse.checkRecord({ ref, revision })).found !== 'ended') return 'not-ended';
    if (isRepeat && !(await isUntouched())) return 'posted';
    return businessCentral.deleteDraft({
      companyId,
      kind: 'order',
      recordId,
      draftId: documentId,
      evenIfEdited: false,
    });
  });
  // The warehouse was quicker: its invoices are read next.
  if (deleted === 'posted') return 'kept';
  if (deleted === 'not-ended') return 'not-ended';
  await handlers.runUnlessHeld('ending the deal', async () => {
    await ledger.releaseClaims({ recordId });
    await ledger.recordState({ recordId, state: 'cancelled', endedBy: 'Sales' });
    await ledger.wakeSuperseded({ recordId });
  });
  await handlers.move('cancelled', 'cancelled in Sales', { alreadyRecorded: true });
  return 'withdrawn';
}

/** A run that begins with a held deal is not told from where it was held: the order itself says whether it is touched. */
function mayAwaitShipment({ state, documentKind, invoices }: DealProgress): boolean {
  return state === 'awaiting-shipment' || (state === 'held' && documentKind === 'order' && invoices.length === 0);
}

/** An order vanishes when it is fully posted; until then more invoices may come. */
async function checkOrder(
  handlers: DealHandlers,
  ref: RecordRef,
  progress: DealProgress,
  hasPendingChanges: boolean,
): Promise<boolean> {
  const { recordId } = ref;
  const { companyId, documentId } = progress;
  if (progress.isClosed || documentId === undefined || !hasPendingChanges) return progress.isClosed;
  return handlers.runUnlessHeld('reading the order', async (): Promise<boolean | Held> => {
    handlers.setDocumentGone(false);
    const order = await businessCentral.readOrderProgress({ companyId, recordId, orderId: documentId });
    if (typeof order !== 'string') return false;
    const invoices = await businessCentral.readOrderInvoices({
      companyId,
      recordId,
      orderId: documentId,
      isComplete: true,
    });
    if (invoices.length > 0) return true;
    handlers.setDocumentGone(true);
    return { held: [{ reason: 'draft-gone', text: GONE[order] }] };
  });
}

/** Nobody makes another by itself what somebody deleted on purpose. */
const GONE = {
  gone: 'the order was deleted in Business Central before it was invoiced; a retry only looks for it, a replay of the cancelled deal makes another',
  'gone-after-shipping':
    'the order was shipped and is gone in Business Central, without an invoice of its own: most likely it was invoiced together with other orders, by Combine Shipments or Get Shipment Lines; look for its shipment there, a replay of the cancelled deal would invoice it again',
} as const;

/**
 * @param mustReportAll also what follows the row, although the ledger knows that Sales has it
 * @returns whether the step itself has recorded that Sales knows the invoice, and nothing has come between
 */
async function reportInvoice(
  handlers: DealHandlers,
  ref: RecordRef,
  progress: DealProgress,
  invoice: InvoiceProgress,
  mustReportAll: boolean,
): Promise<boolean> {
  const { revision } = progress;
  if (invoice.isGone) await notice(handlers, ref, { kind: 'invoice-gone', subject: invoice.id });
  if ((invoice.missing === 'nothing' && !mustReportAll) || revision === undefined) return false;
  const hasMore = progress.writesColumns || progress.closesOrder || invoice.status !== 'open';
  const back = { ref, revision, invoiceId: invoice.id, hasMore };
  let isRecorded = false;
  let isOutdated = invoice.missing === 'update' || invoice.status !== 'open';
  if (invoice.missing === 'row')
    await handlers.runUnlessHeld('writing back to Sales', async (isRepeat) => {
      const { stage } = await dataverse.createInvoiceRow(back);
      // It was found, as an attempt before has made it of what the invoice was then.
      if (stage !== undefined) isOutdated = true;
      isRecorded = !isRepeat && !isOutdated && !hasMore;
    });
  if (isOutdated) await handlers.runUnlessHeld('reporting the invoice to Sales', () => dataverse.reportInvoice(back));
  if (progress.writesColumns)
    await handlers.runUnlessHeld('writing the columns of the opportunity', () =>
      dataverse.writeOpportunityColumns(back),
    );
  if (invoice.status === 'cancelled') await notice(handlers, ref, { kind: 'invoice-cancelled', subject: invoice.id });
  if (invoice.status === 'corrected') await notice(handlers, ref, { kind: 'invoice-corrected', subject: invoice.id });
  return isRecorded;
}

/** All is reported: the deal rests until its next change, or is settled for good. */
async function rest(
  handlers: DealHandlers,
  ref: RecordRef,
  progress: DealProgress,
  {
    invoices,
    isClosed,
    isRecorded,
    mustReportAll,
  }: {
    readonly invoices: readonly InvoiceProgress[];
    readonly isClosed: boolean;
    readonly isRecorded: boolean;
    readonly mustReportAll: boolean;
  },
): Promise<HandOverResult> {
  const isSettled = isClosed && invoices.length > 0 && invoices.every((invoice) => isFinalStatus(invoice.status));
  const event = isSettled ? 'settled' : invoices.length > 0 ? 'reported' : 'left-to-warehouse';
  const numbers = invoices.map((invoice) => invoice.number).join(', ');
  if (numbers) handlers.show({ invoiceNumber: numbers });
  let isStillRecorded = isRecorded;
  if (isClosed && progress.closesOrder && (mustReportAll || !wasReported(progress))) {
    await handlers.runUnlessHeld('setting the order to invoiced', async (isRepeat) => {
      // The hold has left the deal in the ledger where it stood before the report.
      if (isRepeat) isStillRecorded = false;
      await dataverse.setOrderInvoiced({ recordId: ref.recordId });
    });
  }
  const outcome = await handlers.move(event, DOING[event], {
    alreadyRecorded: isStillRecorded && event === 'reported' && isClosed === progress.isClosed,
    ...(isClosed && { isClosed }),
    ...(numbers && { invoiceNumber: numbers }),
  });
  return numbers ? { outcome, invoiceNumber: numbers } : { outcome };
}

/** An invoice is closed from its posting on, and its order in Sales only with the first report. */
function wasReported({ isClosed, state }: DealProgress): boolean {
  return isClosed && (state === 'written-back' || state === 'settled');
}

const DOING = {
  settled: 'done',
  reported: 'waiting for payment',
  'left-to-warehouse': 'the warehouse ships and invoices',
} as const satisfies Partial<Record<StateEvent, string>>;
