import type { DocumentKind, RecordRef } from '../../deal/deal.js';
import type { LanesByCompany } from '../../deal/lanes.js';
import { type InvoiceStatus, isSamePaymentStatus, toPaymentStatus } from '../../deal/payment-status.js';
import type { DealState } from '../../deal/states.js';
import type { DealLedger } from '../../ledger/deals/deal-ledger.js';
import { isOther, isPosted, type StoredInvoice } from '../../ledger/deals/document-standing.js';
import type { KnownDraft } from '../../ledger/deals/intents.js';
import type { SourceRecord } from '../../ledger/deals/records.js';
import type { Rules } from '../../mapping/rules/rules.js';

/** Where a deal stands when a run of it begins or wakes. */
export interface DealProgress {
  readonly state: DealState;
  /** Where its document is, or would be. */
  readonly companyId: string;
  readonly isHandedOver: boolean;
  readonly revision: string | undefined;
  readonly documentId: string | undefined;
  readonly documentKind: DocumentKind;
  /** No further invoice will come. */
  readonly isClosed: boolean;
  /** It is posted, and the ledger has it as the draft that it was: nobody has read it since. */
  readonly isUnread: boolean;
  readonly draftVersion: number;
  readonly settleMs: number;
  /** The draft that the next step goes on with; undefined when there is none, or only one that is finished. */
  readonly draft?: KnownDraft;
  /** There is no draft, though one was asked for: the deal is its own all the same, and no descendant's. */
  readonly isDrafting?: true;
  /** Nothing is known of a draft, and a ledger that was restored may have forgotten it. */
  readonly mayHaveDocument?: true;
  /** The posted invoices of the deal, each with what Sales still has to learn. */
  readonly invoices: readonly InvoiceProgress[];
  /** Invoices under the number of the deal that are not its own: corrected ones, copies, prepayments. */
  readonly otherInvoices?: readonly string[];
  readonly writesColumns: boolean;
  readonly closesOrder: boolean;
  /** Whether decisions by signal count that nobody sealed. */
  readonly takesUnsealedDecisions: boolean;
  /** Of the companies with an app registration of their own; absent where there is none. */
  readonly lanes?: LanesByCompany;
}

export interface InvoiceProgress {
  readonly id: string;
  readonly number: string;
  readonly status: InvoiceStatus;
  /** `row`: Sales has no row of it yet; `update`: it has an older one; `nothing`: all is reported. */
  readonly missing: 'row' | 'update' | 'nothing';
  /** It is not in Business Central any more, so that what became of it cannot be read. */
  readonly isGone?: true;
}

export interface ProgressDependencies {
  readonly ledger: Pick<DealLedger, 'getRecord' | 'listDocuments' | 'findDraft' | 'isDrafting' | 'mayHaveForgotten'>;
  /** The company of records that no rule sends elsewhere. */
  readonly companyId: string;
  readonly rules: Pick<Rules, 'settleMs' | 'hasOpportunityColumns' | 'closeOrders'>;
  /** Whether decisions by signal count that nobody sealed. */
  readonly takesUnsealedDecisions: boolean;
  /** Undefined where all companies share one app registration. */
  readonly findLanes: () => Promise<LanesByCompany | undefined>;
}

/** @param reading the record, where whoever asks reads it as well */
export type LoadProgress = (ref: RecordRef, reading?: Promise<SourceRecord>) => Promise<DealProgress>;

export function createLoadProgress(dependencies: ProgressDependencies): LoadProgress {
  const { ledger, companyId: ofTheRest, rules, takesUnsealedDecisions, findLanes } = dependencies;
  return async ({ recordId, table }, reading = ledger.getRecord(recordId)) => {
    const [record, documents, lanes] = await Promise.all([reading, ledger.listDocuments(recordId), findLanes()]);
    const posted = documents.filter((document): document is StoredInvoice => isPosted(record, document));
    const others = record.isHandedOver ? documents.filter((document) => isOther(record, document)) : [];
    const draft = record.isHandedOver ? undefined : await ledger.findDraft(recordId, record.draftVersion);
    // One that was never read has asked for none.
    const mayDraft = !record.isHandedOver && !draft && record.revision !== undefined;
    const isDrafting = mayDraft && (await ledger.isDrafting(recordId));
    // A new one is looked for when its draft is made.
    const isOld = !record.isHandedOver && !draft && record.state !== 'seen';
    const mayHaveDocument = isOld && (await ledger.mayHaveForgotten(recordId));
    return {
      state: record.state,
      companyId: record.companyId ?? ofTheRest,
      isHandedOver: record.isHandedOver,
      revision: record.revision,
      documentId: record.documentId,
      documentKind: record.documentKind,
      isClosed: record.isClosed,
      isUnread: record.isHandedOver && record.documentKind === 'invoice' && record.invoiceNumber === undefined,
      draftVersion: draft?.draftVersion ?? record.draftVersion,
      // An order shows by its state whether it is locked, so it is read first.
      settleMs: table === 'salesorder' ? 0 : rules.settleMs,
      ...(draft && { draft }),
      ...(isDrafting && { isDrafting }),
      ...(mayHaveDocument && { mayHaveDocument }),
      invoices: posted.map(toInvoiceProgress),
      ...(others.length > 0 && { otherInvoices: others.map(({ documentId }) => documentId) }),
      writesColumns: table === 'opportunity' && rules.hasOpportunityColumns,
      closesOrder: table === 'salesorder' && rules.closeOrders,
      takesUnsealedDecisions,
      ...(lanes && { lanes }),
    };
  };
}

function toInvoiceProgress({ documentId, content, isGone, reportedToSales: reported }: StoredInvoice): InvoiceProgress {
  const payment = toPaymentStatus(content);
  const missing = reported === undefined ? 'row' : isSamePaymentStatus(reported, payment) ? 'nothing' : 'update';
  return { id: documentId, number: payment.number, status: payment.status, missing, ...(isGone && { isGone }) };
}
