import { createHash } from 'node:crypto';
import type { DataverseClient, DataverseNote } from '../../clients/dataverse/client.js';
import { isMissingRow } from '../../clients/dataverse/refusals.js';
import { RemoteApiError, type RemoteErrorCode } from '../../clients/errors.js';
import { REPEATABLE } from '../../clients/http/write-context.js';
import type { Clock } from '../../deal/clock.js';
import { toPaymentStatus } from '../../deal/payment-status.js';
import { findSellerNote, type SellerNote, toSellerColumn } from '../../deal/seller-notes.js';
import type { AuditEntry } from '../../ledger/audit/audit.js';
import type { AuditLedger } from '../../ledger/audit/audit-ledger.js';
import type { DealLedger } from '../../ledger/deals/deal-ledger.js';
import type { SourceRecord } from '../../ledger/deals/records.js';
import type { OutdatedNote, SellerNoteLedger, WrittenNote } from '../../ledger/deals/seller-notes.js';
import { UnreadableContentError } from '../../ledger/read-rows.js';
import type { Rules } from '../../mapping/rules/rules.js';
import { deriveGuid } from '../remote/derive-guid.js';
import { findProblem, toFailure } from '../remote/failures.js';
import { type RecordWriteDependencies, writeRecordColumns } from './write-record.js';

export interface SellerNoteCounts {
  readonly written: number;
  /** Sales would not take the note, or the ledger cannot be read: the trail of the deal says why. */
  readonly refused: number;
}

export interface SellerNoteDependencies extends RecordWriteDependencies {
  readonly dataverse: Pick<DataverseClient, 'createNote' | 'updateNote' | 'updateRecord'>;
  readonly ledger: Pick<DealLedger, 'listDocuments'> & Pick<AuditLedger, 'audit'>;
  readonly notes: SellerNoteLedger;
  readonly rules: Pick<Rules, 'sellerNotes'>;
  readonly clock: Clock;
}

type ColumnOutcome = 'none' | 'refused' | 'gone' | { readonly columnDigest: string; readonly isWritten: boolean };

const BATCH_SIZE = 200;
const WRITE_NOTE = 'tell the seller';
const NOT_TOLD = 'the seller cannot be told';
const SUBJECT = 'Hand-over to Business Central';

/**
 * Brings the one note of each deal, or its column, to how the deal stands. It reads what the ledger has, beside the run of the deal: no
 * deal waits because a note cannot be written, and what came and went meanwhile costs no request.
 */
export function createSellerNoteActivities(dependencies: SellerNoteDependencies) {
  const { dataverse, ledger, notes, rules, clock } = dependencies;

  async function findNote({ record, written }: OutdatedNote): Promise<SellerNote | undefined> {
    const { sellerNotes } = rules;
    if (!sellerNotes) return undefined;
    const documents = await ledger.listDocuments(record.recordId);
    const invoices = documents.flatMap((document) =>
      document.kind === 'invoice' && record.isHandedOver ? [toPaymentStatus(document.content)] : [],
    );
    return findSellerNote(
      { ...record, invoices },
      { hasNote: written !== undefined, now: clock.now(), rules: sellerNotes },
    );
  }

  /** The same note twice is the same, so no intent is needed: its GUID follows from the record. */
  async function write(
    note: DataverseNote,
    isThere: boolean,
  ): Promise<Pick<AuditEntry, 'requestId' | 'correlationId'>> {
    try {
      return await (isThere ? dataverse.updateNote(note, REPEATABLE) : dataverse.createNote(note, REPEATABLE));
    } catch (error) {
      const isOther = error instanceof RemoteApiError && error.code === (isThere ? 'not-found' : 'taken');
      if (!isOther) throw error;
      // Somebody deleted it, or it landed although its answer was lost.
      return isThere ? dataverse.createNote(note, REPEATABLE) : dataverse.updateNote(note, REPEATABLE);
    }
  }

  /** @returns what the column says now; `refused` when it takes nothing: the record is locked, or has no such column */
  async function writeColumn(
    record: SourceRecord,
    note: SellerNote,
    written: WrittenNote | undefined,
  ): Promise<ColumnOutcome> {
    const { recordId, table } = record;
    const column = rules.sellerNotes?.as === 'note' ? undefined : rules.sellerNotes?.columns[table];
    if (column === undefined) return 'none';
    const value = toSellerColumn(note);
    const columnDigest = toDigest(value ?? '');
    if (columnDigest === written?.columnDigest) return { columnDigest, isWritten: false };
    try {
      const receipt = await writeRecordColumns(dependencies, record, { [column]: value });
      const { requestId, correlationId } = receipt;
      const facts = { column, news: note.kind, ...(written && { before: written.kind }) };
      await ledger.audit({ recordId, actor: 'dealbridge', action: WRITE_NOTE, requestId, correlationId, facts });
      return { columnDigest, isWritten: true };
    } catch (error) {
      if (error instanceof RemoteApiError && error.code === 'not-found') return 'gone';
      const problem = findProblem(error);
      if (!problem || !(error instanceof RemoteApiError)) throw error;
      const { requestId, status, remoteCode } = error.facts;
      const facts = { column, news: note.kind, reason: problem.reason, status, remoteCode };
      await ledger.audit({
        recordId,
        actor: 'dealbridge',
        action: 'the column for the seller takes nothing',
        requestId,
        facts,
      });
      return 'refused';
    }
  }

  /** The note stands where the rule wants one, where no column says it, and where there is one already: none becomes wrong. */
  function needsNote(column: ColumnOutcome, written: WrittenNote | undefined): boolean {
    return rules.sellerNotes?.as !== 'column' || typeof column === 'string' || written?.digest !== undefined;
  }

  /** What fails for one deal alone keeps no other seller waiting (I13): it is tried again as one that Sales refuses. */
  async function tellOrPutOff(outdated: OutdatedNote): ReturnType<typeof tell> {
    try {
      return await tellTwice(outdated);
    } catch (error) {
      const facts = toOwnFault(error);
      if (!facts) throw toFailure(error);
      const { asOf, written } = outdated;
      const { recordId } = outdated.record;
      const audit = { actor: 'dealbridge', action: NOT_TOLD, facts } as const;
      await notes.saveNote({ recordId, asOf, ...written, isRefused: true, audit });
      return 'refused';
    }
  }

  /** The second time finds what landed although its answer was lost, and the row as somebody has just changed it. */
  async function tellTwice(outdated: OutdatedNote): ReturnType<typeof tell> {
    try {
      return await tell(outdated);
    } catch (error) {
      if (!isPassingOfRow(error)) throw error;
      return tell(outdated);
    }
  }

  async function tell(outdated: OutdatedNote): Promise<'written' | 'refused' | 'nothing'> {
    const { record, asOf, written } = outdated;
    const { recordId } = record;
    const note = await findNote(outdated);
    if (!note) {
      await notes.saveNote({ recordId, asOf, ...written });
      return 'nothing';
    }
    const { kind } = note;
    const column = await writeColumn(record, note, written);
    if (column === 'gone') {
      await notes.saveNote({ recordId, asOf, kind });
      return 'nothing';
    }
    const inColumn = typeof column === 'string' ? {} : { kind, columnDigest: column.columnDigest };
    const digest = toDigest(note.text);
    if (!needsNote(column, written) || digest === written?.digest) {
      await notes.saveNote({ recordId, asOf, kind, digest: written?.digest, ...inColumn });
      return typeof column !== 'string' && column.isWritten ? 'written' : 'nothing';
    }
    const noteId = deriveGuid(`seller-note/${recordId}`);
    try {
      const receipt = await write(
        { noteId, ref: record, subject: SUBJECT, text: note.text },
        written?.digest !== undefined,
      );
      const { requestId, correlationId } = receipt;
      const facts = { noteId, news: kind, ...(written && { before: written.kind }) };
      const audit = { actor: 'dealbridge', action: WRITE_NOTE, requestId, correlationId, facts } as const;
      await notes.saveNote({ recordId, asOf, kind, digest, ...inColumn, audit });
      return 'written';
    } catch (error) {
      // A deleted record has no timeline, and nobody who reads it.
      if (isMissingRow(error, recordId)) {
        await notes.saveNote({ recordId, asOf, kind });
        return 'nothing';
      }
      const problem = findProblem(error);
      if (!problem || !(error instanceof RemoteApiError)) throw error;
      const { requestId, status, remoteCode } = error.facts;
      const facts = { noteId, news: kind, reason: problem.reason, status, remoteCode };
      const audit = { actor: 'dealbridge', action: NOT_TOLD, requestId, facts } as const;
      await notes.saveNote({ recordId, asOf, ...written, ...inColumn, isRefused: true, audit });
      return 'refused';
    }
  }

  return {
    async tellSellers(): Promise<SellerNoteCounts> {
      const count = { written: 0, refused: 0, nothing: 0 };
      if (!rules.sellerNotes) return { written: 0, refused: 0 };
      const startedAt = clock.now();
      for (;;) {
        const page = await notes.listOutdated(rules.sellerNotes, { now: clock.now(), limit: BATCH_SIZE });
        for (const outdated of page) count[await tellOrPutOff(outdated)] += 1;
        if (page.length < BATCH_SIZE) break;
      }
      await notes.recordPass(rules.sellerNotes, startedAt);
      return { written: count.written, refused: count.refused };
    },
  };
}

/** An answer about the row that was written; of those that concern everything, as a throttle, nobody else could be told either. */
const PASSING_OF_ROW: ReadonlySet<RemoteErrorCode> = new Set(['unknown-outcome', 'unreadable', 'conflict', 'locked']);

function isPassingOfRow(error: unknown): error is RemoteApiError {
  return error instanceof RemoteApiError && PASSING_OF_ROW.has(error.code);
}

function toOwnFault(error: unknown): AuditEntry['facts'] | undefined {
  if (error instanceof UnreadableContentError) return { reason: 'internal-error', text: error.message };
  if (!isPassingOfRow(error)) return undefined;
  const { status, remoteCode, requestId } = error.facts;
  return { reason: error.code, status, remoteCode, requestId };
}

function toDigest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

export type SellerNoteActivities = ReturnType<typeof createSellerNoteActivities>;
