import type { Invoice, Order, Quote, SalesDocument } from '../../deal/business-central-document.js';
import type { DocumentKind, RecordRef, WonDeal } from '../../deal/deal.js';
import type { Notice } from '../../deal/notices.js';
import type { DealLabel } from '../../deal/run-summary.js';
import type { AuditEntry } from '../audit/audit.js';
import type { Database } from '../database.js';
import type { ReadableRows } from '../read-rows.js';
import { findCompanyNames } from '../settings/environments.js';
import { type ClaimOutcome, claimDeal, isDrafting, releaseClaims } from './claims.js';
import type { DealFilter } from './deal-filter.js';
import {
  findOwnDocument,
  getInvoice,
  getOrder,
  getQuote,
  listDocuments,
  type StoredDocument,
  saveDocument,
} from './documents.js';
import {
  type Drafting,
  findDraft,
  type KnownDraft,
  mayHaveForgotten,
  type StartedDrafting,
  startDrafting,
} from './intents.js';
import { listNotices, type StoredNotice, saveNotice } from './notices.js';
import { changeWithEntry, type Reading, type RecordChange, recordReading, updateRecordBy } from './record-changes.js';
import {
  type CustomerOfDeal,
  findRecord,
  getRecord,
  isNewCustomer,
  listAlreadyHandedOver,
  listRecords,
  registerRecord,
  type SourceRecord,
} from './records.js';
import { getRevision, saveRevision } from './revisions.js';
import {
  findHintAside,
  forgetHint,
  type HintSetAside,
  listHintsAside,
  listHintsAsideAfter,
  listWithRun,
  setHintAside,
} from './stopped-deals.js';
import { findLabel, saveDealSummary } from './summaries.js';
import { findWriteBack, forgetWriteBack, type StoredWriteBack } from './write-backs.js';

/** The deals: source records with what was read of them, who carries their deal, and its documents. */
export interface DealLedger {
  register(ref: RecordRef): Promise<SourceRecord>;
  findRecord(recordId: string): Promise<SourceRecord | undefined>;
  /** @throws InternalError when it was never registered. */
  getRecord(recordId: string): Promise<SourceRecord>;
  /** Undefined while the record has never been read. */
  findLabel(recordId: string): Promise<DealLabel | undefined>;
  listRecords(filter: DealFilter & { readonly limit: number }): Promise<ReadableRows<SourceRecord>>;
  /** Whether nothing was handed over for the customer before. */
  isNewCustomer(of: CustomerOfDeal): Promise<boolean>;
  /** Of Business Central, as it was registered; its id where it never was. */
  nameCompany(companyId: string): Promise<string>;
  /** Records that ended because this one has the document of their lineage. */
  listAlreadyHandedOver(carrierId: string): Promise<SourceRecord[]>;
  /** All changes and the audit entry, or none of them. */
  change(
    recordId: string,
    changes: RecordChange | readonly RecordChange[],
    audit?: Omit<AuditEntry, 'recordId'>,
  ): Promise<void>;
  /**
   * Saves the revision that the deal is handed over at from now on. The id that it returns is that of the company where the
   * deal is: a draft keeps it there whatever the rules choose by now.
   */
  saveDeal(deal: WonDeal, reading: Reading): Promise<string>;
  /** Saves a revision beside the one that was drafted; the record stays as it is. */
  saveRevision(deal: WonDeal): Promise<void>;
  getDeal(recordId: string, revision: string): Promise<WonDeal>;
  claim(carrierId: string, ancestors: readonly string[]): Promise<ClaimOutcome>;
  /** Opens the intent of the document as well; undefined when a descendant took the deal over before. */
  startDrafting(drafting: Drafting, at: Date): Promise<StartedDrafting | undefined>;
  /** Whether no descendant can take its deal over any more, also where its draft was refused. */
  isDrafting(recordId: string): Promise<boolean>;
  releaseClaims(carrierId: string): Promise<void>;
  findDraft(recordId: string, draftVersion: number): Promise<KnownDraft | undefined>;
  /** Whether the record may have a document that the ledger does not know, since it was restored. */
  mayHaveForgotten(recordId: string): Promise<boolean>;
  /** @param readFrom when its reading began: a later change that was saved since stays */
  saveDocument(recordId: string, kind: DocumentKind, content: SalesDocument, readFrom?: Date): Promise<void>;
  /**
   * All invoices of a deal so far, at least one, as they were just read, and their numbers with the record.
   * @param readFrom when their reading began: a later change that the feed has saved since stays
   */
  saveInvoices(recordId: string, invoices: readonly Invoice[], readFrom: Date): Promise<void>;
  /** @throws InternalError when it was never read. */
  getInvoice(documentId: string): Promise<Invoice>;
  /** @throws InternalError when it was never read. */
  getOrder(documentId: string): Promise<Order>;
  /** @throws InternalError when it was never read. */
  getQuote(documentId: string): Promise<Quote>;
  /** The document as we wrote it last; undefined when it is not one of ours. */
  findOwnDocument(documentId: string): Promise<SalesDocument | undefined>;
  /** Every document of a deal with what was reported to Sales of it. */
  listDocuments(recordId: string): Promise<StoredDocument[]>;
  findWriteBack(invoiceId: string): Promise<StoredWriteBack | undefined>;
  forgetWriteBack(invoiceId: string, writeKey: string): Promise<void>;
  /** The notice and its entry in the trail, or none of them. False when it was saved before. */
  saveNotice(recordId: string, notice: Notice, audit: Omit<AuditEntry, 'recordId'>): Promise<boolean>;
  listNotices(recordId: string): Promise<StoredNotice[]>;
  /** The run of the deal took no hint: it is sent again later, and the others of its page go on. */
  setHintAside(ref: RecordRef, reason: string): Promise<void>;
  forgetHint(hint: Pick<HintSetAside, 'recordId' | 'times'>): Promise<void>;
  findHintAside(recordId: string): Promise<HintSetAside | undefined>;
  listHintsAside(limit: number): Promise<HintSetAside[]>;
  listHintsAsideAfter(page: { readonly after: string | undefined; readonly limit: number }): Promise<HintSetAside[]>;
  /** Deals in a state in which a run is at work or waits. */
  listWithRun(page: {
    readonly minutes: number;
    readonly after: string | undefined;
    readonly limit: number;
  }): Promise<RecordRef[]>;
}

export function createDealLedger(database: Database): DealLedger {
  return {
    register: (ref) => registerRecord(database, ref),
    findRecord: (recordId) => findRecord(database, recordId),
    getRecord: (recordId) => getRecord(database, recordId),
    nameCompany: async (companyId) => (await findCompanyNames(database)).get(companyId) ?? companyId,
    findLabel: (recordId) => findLabel(database, recordId),
    listRecords: (filter) => listRecords(database, filter),
    isNewCustomer: (of) => isNewCustomer(database, of),
    listAlreadyHandedOver: (carrierId) => listAlreadyHandedOver(database, carrierId),
    async change(recordId, changes, audit) {
      const all = [changes].flat();
      if (audit) await database.transaction((tx) => changeWithEntry(tx, recordId, all, audit));
      // One statement needs no transaction.
      else if (all.length === 1) await updateRecordBy(database, recordId, all);
      else await database.transaction((tx) => updateRecordBy(tx, recordId, all));
    },
    async saveDeal(deal, reading) {
      const [companyId] = await database.together((tx) => [
        recordReading(tx, deal, reading),
        saveRevision(tx, deal),
        saveDealSummary(tx, deal),
      ]);
      return companyId;
    },
    saveRevision: (deal) => saveRevision(database, deal),
    getDeal: (recordId, revision) => getRevision(database, recordId, revision),
    claim: (carrierId, ancestors) => claimDeal(database, carrierId, ancestors),
    startDrafting: (drafting, at) => startDrafting(database, drafting, at),
    isDrafting: (recordId) => isDrafting(database, recordId),
    releaseClaims: (carrierId) => releaseClaims(database, carrierId),
    findDraft: (recordId, draftVersion) => findDraft(database, recordId, draftVersion),
    mayHaveForgotten: (recordId) => mayHaveForgotten(database, recordId),
    async saveDocument(recordId, kind, content, readFrom) {
      await saveDocument(database, recordId, kind, content, 'by-anybody', readFrom);
    },
    async saveInvoices(recordId, invoices, readFrom) {
      const invoiceNumber = invoices
        .map(({ number }) => number)
        .sort()
        .join(', ');
      await database.together((tx) => [
        ...invoices.map((invoice) => saveDocument(tx, recordId, 'invoice', invoice, 'by-anybody', readFrom)),
        updateRecordBy(tx, recordId, [{ kind: 'invoiced', invoiceNumber }]),
      ]);
    },
    getInvoice: (documentId) => getInvoice(database, documentId),
    getOrder: (documentId) => getOrder(database, documentId),
    getQuote: (documentId) => getQuote(database, documentId),
    findOwnDocument: (documentId) => findOwnDocument(database, documentId),
    listDocuments: (recordId) => listDocuments(database, recordId),
    findWriteBack: (invoiceId) => findWriteBack(database, invoiceId),
    forgetWriteBack: (invoiceId, writeKey) => database.transaction((tx) => forgetWriteBack(tx, invoiceId, writeKey)),
    saveNotice: (recordId, notice, audit) => saveNotice(database, recordId, notice, audit),
    listNotices: (recordId) => listNotices(database, recordId),
    setHintAside: (ref, reason) => setHintAside(database, ref, reason),
    forgetHint: (hint) => forgetHint(database, hint),
    findHintAside: (recordId) => findHintAside(database, recordId),
    listHintsAside: (limit) => listHintsAside(database, limit),
    listHintsAsideAfter: (page) => listHintsAsideAfter(database, page),
    listWithRun: (page) => listWithRun(database, page),
  };
}
