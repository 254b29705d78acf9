import type { SalesDocument } from '../../deal/business-central-document.js';
import type { DocumentKind } from '../../deal/deal.js';
import { InternalError } from '../../deal/errors.js';
import type { LinkKind } from '../../deal/masters.js';
import { type AuditEntry, appendAudit } from '../audit/audit.js';
import type { Database, Queryable } from '../database.js';
import { type Link, requireLink } from '../masters/links.js';
import { saveDocument } from './documents.js';
import {
  completeIntent,
  findOpenIntent,
  type InsertIntent,
  type Intent,
  isWritten,
  markNotDone,
  openIntent,
  reopenIntent,
  restartAmbiguityWindow,
  wasAsked,
} from './intents.js';
import { changeWithEntry, type RecordChange } from './record-changes.js';
import { hashDocument, toReport } from './recorded-facts.js';
import { type NewWriteBack, saveWriteBack } from './write-backs.js';

/** What one finished remote write leaves behind, all in one transaction. */
export interface Outcome {
  readonly recordId: string;
  readonly writeKey?: string;
  readonly result?: object;
  readonly adopted?: boolean;
  /**
   * Another attempt may have recorded the same: one that is taken for dead goes on, and hears its answer late. The ledger has gone on
   * from there, and only the trail tells of this one.
   */
  readonly unlessDone?: true;
  readonly change?: RecordChange | readonly RecordChange[];
  /** As it stands after the write: what differs from it later is a person's doing. */
  readonly document?: {
    readonly kind: DocumentKind;
    readonly content: SalesDocument;
    /** When the write began, where no intent says that it is the first to be recorded: what was read since stays. */
    readonly readFrom?: Date;
  };
  readonly writeBack?: NewWriteBack;
  readonly link?: {
    readonly kind: LinkKind;
    readonly companyId: string;
    readonly link: Link;
    readonly sharedBy?: string;
  };
  readonly audit: Omit<AuditEntry, 'recordId'>;
}

/** A decision that is carried out at once: it is in the trail with the first intent, before anything leaves (I10). */
export interface Decided {
  readonly change: RecordChange;
  readonly audit: Omit<AuditEntry, 'recordId'>;
}

/** The remote writes: what was asked of the other side, and what came of it (I3). */
export interface WriteLedger {
  openIntent(writeKey: string, recordId: string, at: Date, startedFrom?: object, decided?: Decided): Promise<Intent>;
  /** Undefined when nothing was asked, or its end is known. */
  findOpenIntent(
    writeKey: string,
    at: Date,
  ): Promise<{ readonly attempt: number; readonly askedMsAgo: number } | undefined>;
  /** Whether it was sent, or may have been: what stands there now may be ours. */
  wasAsked(writeKey: string): Promise<boolean>;
  /** Whether it was done, as far as the ledger has heard. */
  isWritten(writeKey: string): Promise<boolean>;
  /** False when the look-up before it may have come too early. */
  reopenIntent(
    writeKey: string,
    lastAttempt: number,
    ambiguityWindowMs: number,
    at: Date,
    startedFrom?: object,
  ): Promise<boolean>;
  markNotDone(writeKey: string, attempt: number): Promise<void>;
  /** False when somebody else has asked since. */
  restartAmbiguityWindow(writeKey: string, attempt: number, at: Date): Promise<boolean>;
  /** False when another attempt had recorded it before, see {@link Outcome}. */
  recordOutcome(outcome: Outcome): Promise<boolean>;
}

export function createWriteLedger(database: Database): WriteLedger {
  return {
    openIntent: (writeKey, recordId, at, startedFrom, decided) =>
      openIntent(database, writeKey, recordId, at, startedFrom, decided && withDecision(database, recordId, decided)),
    findOpenIntent: (writeKey, at) => findOpenIntent(database, writeKey, at),
    wasAsked: (writeKey) => wasAsked(database, writeKey),
    isWritten: (writeKey) => isWritten(database, writeKey),
    reopenIntent: (writeKey, lastAttempt, ambiguityWindowMs, at, startedFrom) =>
      reopenIntent(database, writeKey, lastAttempt, ambiguityWindowMs, at, startedFrom),
    markNotDone: (writeKey, attempt) => markNotDone(database, writeKey, attempt),
    restartAmbiguityWindow: (writeKey, attempt, at) => restartAmbiguityWindow(database, writeKey, attempt, at),
    async recordOutcome(outcome) {
      try {
        await database.transaction((tx) => recordOutcome(tx, outcome));
        return true;
      } catch (error) {
        if (!(error instanceof DoneBefore)) throw error;
        await appendAudit(database, { recordId: outcome.recordId, ...outcome.audit });
        return false;
      }
    },
  };
}

/** The intent, with a decision that is in the ledger only with a first one. */
function withDecision(database: Database, recordId: string, { change, audit }: Decided): InsertIntent {
  return async (insert) => {
    try {
      return await database.transaction(async (tx) => {
        const [opened] = await Promise.all([insert(tx), changeWithEntry(tx, recordId, [change], audit)]);
        if (!opened) throw new OpenedBefore('the intent was opened before');
        return opened;
      });
    } catch (error) {
      if (error instanceof OpenedBefore) return undefined;
      throw error;
    }
  };
}

/** Undoes a decision that was sent together with an intent, which turned out not to be the first. */
class OpenedBefore extends InternalError {}

async function recordOutcome(tx: Queryable, outcome: Outcome): Promise<void> {
  const { recordId, writeKey, change, link, document, writeBack, unlessDone = false } = outcome;
  // It waits for others who link the same row; the lock of the trail, which a seal waits for, is taken after that.
  if (link) await requireLink(tx, link.kind, link.companyId, link.link, link.sharedBy);
  const { result = {}, adopted = false } = outcome;
  // Sent together and done in this order.
  const [isCompleted, isSaved, isReported] = await Promise.all([
    writeKey === undefined || completeIntent(tx, writeKey, { result, adopted, unlessDone }),
    document && saveDocument(tx, recordId, document.kind, document.content, 'by-us', document.readFrom),
    writeBack && saveWriteBack(tx, recordId, writeBack),
    changeWithEntry(tx, recordId, change === undefined ? [] : [change].flat(), outcome.audit, {
      ...(document && { own: { documentId: document.content.id, hash: hashDocument(document.content) } }),
      ...(writeBack && { reported: toReport(writeBack) }),
    }),
  ]);
  if ((unlessDone && !isCompleted) || isSaved === false || isReported === false)
    throw new DoneBefore('the outcome was recorded before');
}

/** Undoes an outcome of which another attempt was quicker. */
class DoneBefore extends InternalError {}
