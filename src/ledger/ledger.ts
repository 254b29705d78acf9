import type { DocumentKind, RecordRef, WonDeal } from '../deal/deal.js';
import type { Notice } from '../deal/notices.js';
import { type AuditEntry, appendAudit, readAudit, type StoredAuditEntry } from './audit/audit.js';
import { type Erased, type Erasure, erasePersonal } from './audit/erase.js';
import { type Seal, sealAudit } from './audit/seals.js';
import type { Database, Queryable } from './database.js';
import { type ClaimOutcome, claimDeal, releaseClaims, startDrafting } from './deals/claims.js';
import { getDocument, saveDocument } from './deals/documents.js';
import {
  completeIntent,
  findDraft,
  type Intent,
  type KnownDraft,
  markNotDone,
  openIntent,
  reopenIntent,
  restartAmbiguityWindow,
} from './deals/intents.js';
import {
  findRecord,
  getRecord,
  getRevision,
  listAlreadyHandedOver,
  listRecords,
  type RecordChange,
  type RecordFilter,
  registerRecord,
  type SourceRecord,
  saveRevision,
  updateRecord,
} from './deals/records.js';
import {
  findWriteBack,
  forgetWriteBack,
  listDocuments,
  listNotices,
  type StoredDocument,
  type StoredWriteBack,
  saveNotice,
  saveWriteBack,
} from './deals/write-backs.js';
import {
  type BusinessCentralFeedLedger,
  type BusinessCentralFeedLine,
  createBusinessCentralFeedLedger,
  listBusinessCentralFeeds,
} from './feeds/business-central-feeds.js';
import { findLinks, forgetLink, type Link, type LinkKind, saveLink } from './masters/links.js';

/** What one finished remote write leaves behind, all in one transaction. */
export interface Outcome {
  readonly recordId: string;
  readonly writeKey?: string;
  readonly result?: unknown;
  readonly adopted?: boolean;
  readonly change?: RecordChange;
  readonly document?: { readonly kind: DocumentKind; readonly content: { readonly id: string } };
  readonly writeBack?: StoredWriteBack;
  readonly link?: { readonly kind: LinkKind; readonly companyId: string; readonly link: Link };
  readonly audit: Omit<AuditEntry, 'recordId'>;
}

/** The ledger as the rest of the program asks it; each part keeps its SQL beside its function. */
export interface Ledger {
  register(ref: RecordRef): Promise<SourceRecord>;
  findRecord(recordId: string): Promise<SourceRecord | undefined>;
  getRecord(recordId: string): Promise<SourceRecord>;
  listRecords(filter: RecordFilter): Promise<SourceRecord[]>;
  /** Records that ended because this one has the document of their lineage. */
  listAlreadyHandedOver(carrierId: string): Promise<SourceRecord[]>;
  change(recordId: string, change: RecordChange, audit?: Omit<AuditEntry, 'recordId'>): Promise<void>;
  saveDeal(deal: WonDeal, change: RecordChange): Promise<void>;
  /** Keeps a revision beside the one that was drafted; the record stays as it stands. */
  saveRevision(deal: WonDeal): Promise<void>;
  getDeal(recordId: string, revision: string): Promise<WonDeal>;
  /** @throws Error when the document was never read. */
  getDocument<T>(documentId: string): Promise<T>;
  saveDocument(recordId: string, kind: DocumentKind, content: { readonly id: string }): Promise<void>;
  /** Every document of a deal with what Sales was told of it. */
  listDocuments<T>(recordId: string): Promise<StoredDocument<T>[]>;
  findWriteBack(invoiceId: string): Promise<StoredWriteBack | undefined>;
  forgetWriteBack(invoiceId: string, writeKey: string): Promise<void>;
  /** False when it was kept before. */
  saveNotice(recordId: string, notice: Notice): Promise<boolean>;
  listNotices(recordId: string): Promise<(Notice & { readonly at: Date })[]>;
  claim(carrierId: string, ancestors: readonly string[]): Promise<ClaimOutcome>;
  startDrafting(carrierId: string): Promise<boolean>;
  releaseClaims(carrierId: string): Promise<void>;
  findLinks(kind: LinkKind, companyId: string, salesIds: readonly string[]): Promise<Map<string, Link>>;
  saveLink(kind: LinkKind, companyId: string, link: Link): Promise<void>;
  forgetLink(kind: LinkKind, companyId: string, salesId: string): Promise<void>;
  openIntent(writeKey: string, recordId: string, startedFrom?: unknown): Promise<Intent>;
  /** False when the look-up before it may have come too early. */
  reopenIntent(
    writeKey: string,
    lastAttempt: number,
    ambiguityWindowMs: number,
    startedFrom?: unknown,
  ): Promise<boolean>;
  findDraft(recordId: string, draftVersion: number): Promise<KnownDraft | undefined>;
  markNotDone(writeKey: string, attempt: number): Promise<void>;
  /** False when somebody else has asked since. */
  restartAmbiguityWindow(writeKey: string, attempt: number): Promise<boolean>;
  recordOutcome(outcome: Outcome): Promise<void>;
  readAudit(recordId: string): Promise<StoredAuditEntry[]>;
  audit(entry: AuditEntry): Promise<void>;
  listBusinessCentralFeeds(): Promise<BusinessCentralFeedLine[]>;
  readonly businessCentralFeeds: BusinessCentralFeedLedger;
  /** Undefined when nothing came since the last seal. */
  sealAudit(): Promise<Seal | undefined>;
  /** @throws RefusedError while the deal is under way. */
  erasePersonal(erasure: Erasure): Promise<Erased>;
}

export function createLedger(database: Database): Ledger {
  return {
    register: (ref) => registerRecord(database, ref),
    findRecord: (recordId) => findRecord(database, recordId),
    getRecord: (recordId) => getRecord(database, recordId),
    listRecords: (filter) => listRecords(database, filter),
    listAlreadyHandedOver: (carrierId) => listAlreadyHandedOver(database, carrierId),
    change: (recordId, change, audit) => {
      if (!audit) return updateRecord(database, recordId, change);
      return database.transaction(async (tx) => {
        await updateRecord(tx, recordId, change);
        await appendAudit(tx, { recordId, ...audit });
      });
    },
    saveDeal: (deal, change) =>
      database.transaction(async (tx) => {
        await saveRevision(tx, deal);
        await updateRecord(tx, deal.recordId, change);
      }),
    saveRevision: (deal) => saveRevision(database, deal),
    getDeal: (recordId, revision) => getRevision(database, recordId, revision),
    getDocument: (documentId) => getDocument(database, documentId),
    saveDocument: (recordId, kind, content) => saveDocument(database, recordId, kind, content),
    listDocuments: (recordId) => listDocuments(database, recordId),
    findWriteBack: (invoiceId) => findWriteBack(database, invoiceId),
    forgetWriteBack: (invoiceId, writeKey) => database.transaction((tx) => forgetWriteBack(tx, invoiceId, writeKey)),
    saveNotice: (recordId, notice) => saveNotice(database, recordId, notice),
    listNotices: (recordId) => listNotices(database, recordId),
    claim: (carrierId, ancestors) => claimDeal(database, carrierId, ancestors),
    startDrafting: (carrierId) => startDrafting(database, carrierId),
    releaseClaims: (carrierId) => releaseClaims(database, carrierId),
    findLinks: (kind, companyId, salesIds) => findLinks(database, kind, companyId, salesIds),
    saveLink: (kind, companyId, link) => saveLink(database, kind, companyId, link),
    forgetLink: (kind, companyId, salesId) => forgetLink(database, kind, companyId, salesId),
    openIntent: (writeKey, recordId, startedFrom) => openIntent(database, writeKey, recordId, startedFrom),
    findDraft: (recordId, draftVersion) => findDraft(database, recordId, draftVersion),
    reopenIntent: (writeKey, lastAttempt, ambiguityWindowMs, startedFrom) =>
      reopenIntent(database, writeKey, lastAttempt, ambiguityWindowMs, startedFrom),
    markNotDone: (writeKey, attempt) => markNotDone(database, writeKey, attempt),
    restartAmbiguityWindow: (writeKey, attempt) => restartAmbiguityWindow(database, writeKey, attempt),
    recordOutcome: (outcome) => database.transaction((tx) => recordOutcome(tx, outcome)),
    readAudit: (recordId) => readAudit(database, recordId),
    audit: (entry) => appendAudit(database, entry),
    listBusinessCentralFeeds: () => listBusinessCentralFeeds(database),
    businessCentralFeeds: createBusinessCentralFeedLedger(database),
    sealAudit: () => sealAudit(database),
    erasePersonal: (erasure) => erasePersonal(database, erasure),
  };
}

async function recordOutcome(tx: Queryable, outcome: Outcome): Promise<void> {
  const { recordId, writeKey, change, link, document, writeBack } = outcome;
  if (writeKey) await completeIntent(tx, writeKey, outcome.result, outcome.adopted ?? false);
  if (link) await saveLink(tx, link.kind, link.companyId, link.link);
  if (document) await saveDocument(tx, recordId, document.kind, document.content);
  if (writeBack) await saveWriteBack(tx, recordId, writeBack);
  if (change) await updateRecord(tx, recordId, change);
  await appendAudit(tx, { recordId, ...outcome.audit });
}
