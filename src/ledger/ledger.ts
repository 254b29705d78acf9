import type { DocumentKind, RecordRef, WonDeal } from '../deal/deal.js';
import type { Notice } from '../deal/notices.js';
import { type AuditEntry, appendAudit, type KeptAuditEntry, readAudit } from './audit/audit.js';
import { type Erased, type Erasure, erasePersonal } from './audit/erase.js';
import { type Seal, sealAudit } from './audit/seals.js';
import type { Database, Queryable } from './database.js';
import { type ClaimOutcome, claimDeal, releaseClaims, startDrafting } from './deals/claims.js';
import { getDocument, keepDocument } from './deals/documents.js';
import {
  askAgain,
  completeIntent,
  countFromNow,
  findDraft,
  type Intent,
  type KnownDraft,
  markNotDone,
  openIntent,
} from './deals/intents.js';
import {
  changeRecord,
  findRecord,
  getRecord,
  getRevision,
  keepRevision,
  listCovered,
  listRecords,
  type RecordChange,
  type RecordFilter,
  type SourceRecord,
  seeRecord,
} from './deals/records.js';
import {
  type DocumentNote,
  findWriteBack,
  forgetWriteBack,
  keepNotice,
  keepWriteBack,
  listDocuments,
  listNotices,
  type WriteBackNote,
} from './deals/write-backs.js';
import {
  type BusinessCentralFeedLedger,
  type BusinessCentralFeedLine,
  createBusinessCentralFeedLedger,
  listBusinessCentralFeeds,
} from './feeds/business-central-feeds.js';
import { findLinks, forgetLink, keepLink, type Link, type LinkKind } from './masters/links.js';

/** What one finished remote write leaves behind, all in one transaction. */
export interface Outcome {
  readonly recordId: string;
  readonly writeKey?: string;
  readonly result?: unknown;
  readonly adopted?: boolean;
  readonly change?: RecordChange;
  readonly document?: { readonly kind: DocumentKind; readonly content: { readonly id: string } };
  readonly writeBack?: WriteBackNote;
  readonly link?: { readonly kind: LinkKind; readonly companyId: string; readonly link: Link };
  readonly audit: Omit<AuditEntry, 'recordId'>;
}

/** The ledger as the rest of the program asks it; each part keeps its SQL beside its function. */
export interface Ledger {
  see(ref: RecordRef): Promise<SourceRecord>;
  findRecord(recordId: string): Promise<SourceRecord | undefined>;
  getRecord(recordId: string): Promise<SourceRecord>;
  listRecords(filter: RecordFilter): Promise<SourceRecord[]>;
  /** Records that ended because this one has the document of their lineage. */
  listCovered(bearerId: string): Promise<SourceRecord[]>;
  change(recordId: string, change: RecordChange, audit?: Omit<AuditEntry, 'recordId'>): Promise<void>;
  keepDeal(deal: WonDeal, change: RecordChange): Promise<void>;
  /** Keeps a revision beside the one that was drafted; the record stays as it stands. */
  keepRevision(deal: WonDeal): Promise<void>;
  getDeal(recordId: string, revision: string): Promise<WonDeal>;
  /** @throws Error when the document was never read. */
  getDocument<T>(documentId: string): Promise<T>;
  keepDocument(recordId: string, kind: DocumentKind, content: { readonly id: string }): Promise<void>;
  /** Every document of a deal with what Sales was told of it. */
  listDocuments<T>(recordId: string): Promise<DocumentNote<T>[]>;
  findWriteBack(invoiceId: string): Promise<WriteBackNote | undefined>;
  forgetWriteBack(invoiceId: string, writeKey: string): Promise<void>;
  /** False when it was kept before. */
  keepNotice(recordId: string, notice: Notice): Promise<boolean>;
  listNotices(recordId: string): Promise<(Notice & { readonly at: Date })[]>;
  claim(bearerId: string, ancestors: readonly string[]): Promise<ClaimOutcome>;
  startDrafting(bearerId: string): Promise<boolean>;
  releaseClaims(bearerId: string): Promise<void>;
  findLinks(kind: LinkKind, companyId: string, salesIds: readonly string[]): Promise<Map<string, Link>>;
  keepLink(kind: LinkKind, companyId: string, link: Link): Promise<void>;
  forgetLink(kind: LinkKind, companyId: string, salesId: string): Promise<void>;
  openIntent(writeKey: string, recordId: string, startedFrom?: unknown): Promise<Intent>;
  /** False when the look-up before it may have come too early. */
  askAgain(writeKey: string, lastAttempt: number, outcomeMs: number, startedFrom?: unknown): Promise<boolean>;
  findDraft(recordId: string, generation: number): Promise<KnownDraft | undefined>;
  markNotDone(writeKey: string, attempt: number): Promise<void>;
  /** False when somebody else has asked since. */
  countFromNow(writeKey: string, attempt: number): Promise<boolean>;
  recordOutcome(outcome: Outcome): Promise<void>;
  readAudit(recordId: string): Promise<KeptAuditEntry[]>;
  audit(entry: AuditEntry): Promise<void>;
  listBusinessCentralFeeds(): Promise<BusinessCentralFeedLine[]>;
  readonly businessCentralFeeds: BusinessCentralFeedLedger;
  /** Undefined when nothing came since the last seal. */
  sealAudit(): Promise<Seal | undefined>;
  /** @throws RangeError while the deal is under way. */
  erasePersonal(erasure: Erasure): Promise<Erased>;
}

export function createLedger(database: Database): Ledger {
  return {
    see: (ref) => seeRecord(database, ref),
    findRecord: (recordId) => findRecord(database, recordId),
    getRecord: (recordId) => getRecord(database, recordId),
    listRecords: (filter) => listRecords(database, filter),
    listCovered: (bearerId) => listCovered(database, bearerId),
    change: (recordId, change, audit) => {
      if (!audit) return changeRecord(database, recordId, change);
      return database.transaction(async (tx) => {
        await changeRecord(tx, recordId, change);
        await appendAudit(tx, { recordId, ...audit });
      });
    },
    keepDeal: (deal, change) =>
      database.transaction(async (tx) => {
        await keepRevision(tx, deal);
        await changeRecord(tx, deal.recordId, change);
      }),
    keepRevision: (deal) => keepRevision(database, deal),
    getDeal: (recordId, revision) => getRevision(database, recordId, revision),
    getDocument: (documentId) => getDocument(database, documentId),
    keepDocument: (recordId, kind, content) => keepDocument(database, recordId, kind, content),
    listDocuments: (recordId) => listDocuments(database, recordId),
    findWriteBack: (invoiceId) => findWriteBack(database, invoiceId),
    forgetWriteBack: (invoiceId, writeKey) => database.transaction((tx) => forgetWriteBack(tx, invoiceId, writeKey)),
    keepNotice: (recordId, notice) => keepNotice(database, recordId, notice),
    listNotices: (recordId) => listNotices(database, recordId),
    claim: (bearerId, ancestors) => claimDeal(database, bearerId, ancestors),
    startDrafting: (bearerId) => startDrafting(database, bearerId),
    releaseClaims: (bearerId) => releaseClaims(database, bearerId),
    findLinks: (kind, companyId, salesIds) => findLinks(database, kind, companyId, salesIds),
    keepLink: (kind, companyId, link) => keepLink(database, kind, companyId, link),
    forgetLink: (kind, companyId, salesId) => forgetLink(database, kind, companyId, salesId),
    openIntent: (writeKey, recordId, startedFrom) => openIntent(database, writeKey, recordId, startedFrom),
    findDraft: (recordId, generation) => findDraft(database, recordId, generation),
    askAgain: (writeKey, lastAttempt, outcomeMs, startedFrom) =>
      askAgain(database, writeKey, lastAttempt, outcomeMs, startedFrom),
    markNotDone: (writeKey, attempt) => markNotDone(database, writeKey, attempt),
    countFromNow: (writeKey, attempt) => countFromNow(database, writeKey, attempt),
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
  if (link) await keepLink(tx, link.kind, link.companyId, link.link);
  if (document) await keepDocument(tx, recordId, document.kind, document.content);
  if (writeBack) await keepWriteBack(tx, recordId, writeBack);
  if (change) await changeRecord(tx, recordId, change);
  await appendAudit(tx, { recordId, ...outcome.audit });
}
