import { z } from 'zod';
import type {
  DataverseClient,
  DataverseInvoiceChange,
  DataverseInvoiceStage,
  WriteReceipt,
} from '../../clients/dataverse/client.js';
import { isMissingRow } from '../../clients/dataverse/refusals.js';
import { RemoteApiError } from '../../clients/errors.js';
import { REPEATABLE, type WriteContext } from '../../clients/http/write-context.js';
import type { Clock } from '../../deal/clock.js';
import type { RecordRef } from '../../deal/deal.js';
import { InternalError } from '../../deal/errors.js';
import { writeKey } from '../../deal/ids.js';
import { isZero } from '../../deal/money.js';
import { NOTICES, type Notice } from '../../deal/notices.js';
import {
  type InvoiceStatus,
  isSamePaymentStatus,
  type PaymentStatus,
  toPaymentStatus,
} from '../../deal/payment-status.js';
import { STATE_CODES } from '../../deal/state-codes.js';
import type { AuditLedger } from '../../ledger/audit/audit-ledger.js';
import type { DealLedger } from '../../ledger/deals/deal-ledger.js';
import type { StoredWriteBack } from '../../ledger/deals/write-backs.js';
import type { WriteLedger } from '../../ledger/deals/write-ledger.js';
import type { FeedLedger } from '../../ledger/feeds/sales-feeds.js';
import type { Rules } from '../../mapping/rules/rules.js';
import { done } from '../remote/results.js';
import { toTemporalFailures, writeOnce } from '../remote/write-once.js';
import { toSellerNote } from './seller-note.js';
import { isConflict } from './write-record.js';

/** What Sales learns after the hand-over: payments, cancellations, notices. */

export interface WriteBackDependencies {
  readonly dataverse: DataverseClient;
  readonly ledger: DealLedger & WriteLedger & AuditLedger;
  readonly feeds: Pick<FeedLedger, 'forgetState'>;
  readonly clock: Clock;
  readonly rules: Pick<Rules, 'invoiceColumns'>;
  readonly ambiguityWindowMs: number;
}

export function createWriteBackActivities(dependencies: WriteBackDependencies) {
  const { dataverse, ledger, feeds, rules, ambiguityWindowMs } = dependencies;

  /** Over the version that the deal has read; over a later one only when that still waits for its invoice. */
  async function setInvoiced(
    recordId: string,
    revision: string | undefined,
    context: WriteContext,
  ): Promise<WriteReceipt | undefined> {
    try {
      if (revision !== undefined) return await dataverse.setOrderInvoiced(recordId, revision, context);
    } catch (error) {
      if (!isConflict(error)) throw error;
    }
    const { etag, stateCode } = await dataverse.getOrderState(recordId);
    if (stateCode === STATE_CODES.salesorder.canceled || stateCode === STATE_CODES.salesorder.invoiced)
      return undefined;
    // Our change must not hide theirs from the feed.
    await feeds.forgetState('salesorder', recordId);
    return dataverse.setOrderInvoiced(recordId, etag, context);
  }

  async function isInvoiced(recordId: string): Promise<boolean> {
    const order = await unlessGone(() => dataverse.getOrderState(recordId));
    return order?.stateCode === STATE_CODES.salesorder.invoiced;
  }

  return {
    /**
     * Brings the invoice row to what the ledger holds of the invoice. A paid row takes no columns, so it is set back to
     * Billed, written and set on again (reference/dataverse-sales 3.9); each write is the same when it is made twice.
     */
    async reportInvoice({
      ref,
      invoiceId,
    }: {
      readonly ref: RecordRef;
      readonly invoiceId: string;
    }): Promise<InvoiceStatus> {
      const payment = toPaymentStatus(await ledger.getInvoice(invoiceId));
      const before = await ledger.findWriteBack(invoiceId);
      if (!before) throw new InternalError(`invoice ${invoiceId} has no row in Sales yet`);
      if (isSamePaymentStatus(before.reportedToSales, payment)) return payment.status;
      /** An attempt that was taken for dead must not write over what a later one has reported. */
      const isNewest = async (): Promise<boolean> =>
        (await ledger.findWriteBack(invoiceId))?.etag === before.etag &&
        isSamePaymentStatus(toPaymentStatus(await ledger.getInvoice(invoiceId)), payment);
      let note: ReportedNote = before;
      for (const change of toChanges(before.reportedToSales, payment, rules.invoiceColumns)) {
        note = await toTemporalFailures(() => updateRow(dataverse, note, change, isNewest));
      }
      await ledger.recordOutcome({
        recordId: ref.recordId,
        writeBack: { ...note, reportedToSales: payment, replaces: before },
        audit: {
          actor: 'dealbridge',
          action: 'report the invoice to Sales',
          requestId: note.requestId,
          correlationId: note.correlationId,
          facts: { invoiceId: note.salesInvoiceId, before: before.reportedToSales, after: payment },
        },
      });
      return payment.status;
    },

    /** A note on the timeline of the record, which locked records take too; its GUID is ours, so a repeat finds it. */
    async writeNote({ ref, notice }: { readonly ref: RecordRef; readonly notice: Notice }): Promise<void> {
      const { noteId, writeKey } = toSellerNote(ref, notice);
      let isRecordGone = false;
      const noting = writeOnce(dependencies, {
        recordId: ref.recordId,
        writeKey,
        action: 'write a note in Sales',
        result: z.object({ noteId: z.string() }),
        ambiguityWindowMs,
        find: () => dataverse.findNote(noteId),
        write: (context) =>
          dataverse
            .createNote({ noteId, ref, subject: 'Business Central', text: NOTICES[notice.kind] }, context)
            .catch((error: unknown) => {
              isRecordGone = isMissingRow(error, ref.recordId);
              throw error;
            }),
        outcome: () => ({ facts: { notice } }),
      });
      await noting.catch((error: unknown) => {
        // A deleted record has no timeline, and nobody who reads it.
        if (!isRecordGone) throw error;
      });
    },

    /**
     * An order that somebody has cancelled stays cancelled (I14). Without the intent nobody would know that it was us, where the answer
     * is lost (I4); the same state twice is the same, so there is no outcome to wait for.
     */
    async setOrderInvoiced({ recordId }: { readonly recordId: string }): Promise<void> {
      const { revision } = await ledger.getRecord(recordId);
      let hasNothingToSet = false as boolean;
      const setting = writeOnce(dependencies, {
        recordId,
        writeKey: writeKey(recordId, 'order-invoiced'),
        action: 'set the order in Sales to invoiced',
        result: done,
        ambiguityWindowMs: 0,
        // What somebody else has set is found by the request itself, which is then refused.
        find: async ({ mayHaveLanded }) =>
          mayHaveLanded && (await isInvoiced(recordId)) ? { done: true as const } : undefined,
        write: async (context) => {
          const receipt = await unlessGone(() => setInvoiced(recordId, revision, context));
          hasNothingToSet = receipt === undefined;
          if (!receipt) throw new RemoteApiError('dataverse', 'conflict', 'set the order to invoiced', {});
          return { done: true as const, ...receipt };
        },
        outcome: () => ({ facts: {} }),
      });
      await setting.catch((error: unknown) => {
        if (!hasNothingToSet) throw error;
      });
    },
  };
}

export type WriteBackActivities = ReturnType<typeof createWriteBackActivities>;

/** Values of the columns that the configuration names; columns without a name are not written. */
export function toInvoiceColumns(columns: Rules['invoiceColumns'], payment: PaymentStatus): Record<string, string> {
  return {
    ...(columns.status && { [columns.status]: payment.status }),
    ...(columns.remaining && { [columns.remaining]: payment.remaining }),
  };
}

/** A record that was deleted in Sales has nobody who could be told; the deal has a notice of it already. */
export async function unlessGone<T>(write: () => Promise<T>): Promise<T | undefined> {
  try {
    return await write();
  } catch (error) {
    if (error instanceof RemoteApiError && error.code === 'not-found') return undefined;
    throw error;
  }
}

export function toStage(payment: PaymentStatus): DataverseInvoiceStage {
  switch (payment.status) {
    case 'open':
      return 'billed';
    case 'corrected':
      return isZero(payment.remaining) ? 'paid' : 'billed';
    case 'part-paid':
    case 'paid':
    case 'cancelled':
      return payment.status;
  }
}

function toChanges(
  before: PaymentStatus,
  payment: PaymentStatus,
  columns: Rules['invoiceColumns'],
): DataverseInvoiceChange[] {
  const [stage, next] = [toStage(before), toStage(payment)];
  const isMoved = payment.dueDate !== undefined && payment.dueDate !== before.dueDate;
  const values = toInvoiceColumns(columns, payment);
  const hasValues = isMoved || Object.keys(values).length > 0;
  const changes: DataverseInvoiceChange[] = [];
  if (stage !== 'billed' && (stage !== next || hasValues)) changes.push({ stage: 'billed' });
  if (hasValues) changes.push({ ...(isMoved && { dueDate: payment.dueDate }), columns: values });
  if (next !== 'billed' && (stage !== next || hasValues)) changes.push({ stage: next });
  return changes;
}

type ReportedNote = StoredWriteBack & { readonly requestId?: string; readonly correlationId?: string };

async function updateRow(
  dataverse: DataverseClient,
  note: ReportedNote,
  change: DataverseInvoiceChange,
  isNewest: () => Promise<boolean>,
): Promise<ReportedNote> {
  const write = async (etag: string) => {
    const row = await dataverse.updateInvoice(note.salesInvoiceId, etag, change, REPEATABLE);
    return { ...note, etag: row.etag, requestId: row.requestId, correlationId: row.correlationId };
  };
  try {
    return await write(note.etag);
  } catch (error) {
    if (!(error instanceof RemoteApiError) || error.code !== 'conflict') throw error;
    // Somebody touched the row, or an answer of ours was lost: what BC says counts either way, if it still says so.
    if (!(await isNewest())) throw error;
    const row = await dataverse.findInvoice(note.salesInvoiceId);
    if (!row) throw new RemoteApiError('dataverse', 'not-found', 'write the invoice row', { rowOf: 'invoices' });
    return write(row.etag);
  }
}
