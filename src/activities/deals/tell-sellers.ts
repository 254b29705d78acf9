import { createHash } from 'node:crypto';
import type { DataverseClient, DataverseNote } from '../../clients/dataverse/client.js';
import { isMissingRow } from '../../clients/dataverse/refusals.js';
import { RemoteApiError } from '../../clients/errors.js';
import { REPEATABLE } from '../../clients/http/write-context.js';
import type { Clock } from '../../deal/clock.js';
import { toPaymentStatus } from '../../deal/payment-status.js';
import { findSellerNews, type SellerNews, toSellerColumn } from '../../deal/seller-notes.js';
import type { AuditEntry } from '../../ledger/audit/audit.js';
import type { AuditLedger } from '../../ledger/audit/audit-ledger.js';
import type { DealLedger } from '../../ledger/deals/deal-ledger.js';
import type { SourceRecord } from '../../ledger/deals/records.js';
import type { SellerNoteLedger, Told, Untold } from '../../ledger/deals/seller-notes.js';
import type { Rules } from '../../mapping/rules/rules.js';
import { deriveGuid } from '../remote/derive-guid.js';
import { findProblem, toFailure } from '../remote/failures.js';

export interface ToldSellers {
  readonly written: number;
  /** Sales would not take the note: the trail of the deal says why. */
  readonly refused: number;
}

export interface SellerNoteDependencies {
  readonly dataverse: Pick<DataverseClient, 'createNote' | 'updateNote' | 'updateRecord'>;
  readonly ledger: Pick<DealLedger, 'listDocuments'> & Pick<AuditLedger, 'audit'>;
  readonly notes: SellerNoteLedger;
  readonly rules: Pick<Rules, 'sellerNotes'>;
  readonly clock: Clock;
}

type ColumnOutcome = 'none' | 'refused' | 'gone' | { readonly columnDigest: string; readonly isWritten: boolean };

const BATCH_SIZE = 200;
const TOLD = 'tell the seller';
const SUBJECT = 'Hand-over to Business Central';

/**
 * Brings the one note of each deal, or its column, to how the deal stands. It reads what the ledger has, beside the run of the deal: no
 * deal waits because a note cannot be written, and what came and went meanwhile costs no request.
 */
export function createSellerNoteActivities({ dataverse, ledger, notes, rules, clock }: SellerNoteDependencies) {
  async function findNews({ record, told }: Untold): Promise<SellerNews | undefined> {
    const { sellerNotes } = rules;
    if (!sellerNotes) return undefined;
    const documents = await ledger.listDocuments(record.recordId);
    const invoices = documents.flatMap((document) =>
      document.kind === 'invoice' && record.isHandedOver ? [toPaymentStatus(document.content)] : [],
    );
    return findSellerNews(
      { ...record, invoices },
      { isTold: told !== undefined, now: clock.now(), rules: sellerNotes },
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
  async function writeColumn(record: SourceRecord, news: SellerNews, told: Told | undefined): Promise<ColumnOutcome> {
    const { recordId, table } = record;
    const column = rules.sellerNotes?.as === 'note' ? undefined : rules.sellerNotes?.columns[table];
    if (column === undefined) return 'none';
    const value = toSellerColumn(news);
    const columnDigest = toDigest(value ?? '');
    if (columnDigest === told?.columnDigest) return { columnDigest, isWritten: false };
    try {
      const receipt = await dataverse.updateRecord(record, { [column]: value }, REPEATABLE);
      const { requestId, correlationId } = receipt;
      const facts = { column, news: news.kind, ...(told && { before: told.kind }) };
      await ledger.audit({ recordId, actor: 'dealbridge', action: TOLD, requestId, correlationId, facts });
      return { columnDigest, isWritten: true };
    } catch (error) {
      if (error instanceof RemoteApiError && error.code === 'not-found') return 'gone';
      const problem = findProblem(error);
      if (!problem || !(error instanceof RemoteApiError)) throw toFailure(error);
      const { requestId, status, remoteCode } = error.facts;
      const facts = { column, news: news.kind, reason: problem.reason, status, remoteCode };
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
  function needsNote(column: ColumnOutcome, told: Told | undefined): boolean {
    return rules.sellerNotes?.as !== 'column' || typeof column === 'string' || told?.digest !== undefined;
  }

  async function tell(untold: Untold): Promise<'written' | 'refused' | 'nothing'> {
    const { record, asOf, told } = untold;
    const { recordId } = record;
    const news = await findNews(untold);
    if (!news) {
      await notes.saveTelling({ recordId, asOf, ...told });
      return 'nothing';
    }
    const { kind } = news;
    const column = await writeColumn(record, news, told);
    if (column === 'gone') {
      await notes.saveTelling({ recordId, asOf, kind });
      return 'nothing';
    }
    const inColumn = typeof column === 'string' ? {} : { kind, columnDigest: column.columnDigest };
    const digest = toDigest(news.text);
    if (!needsNote(column, told) || digest === told?.digest) {
      await notes.saveTelling({ recordId, asOf, kind, digest: told?.digest, ...inColumn });
      return typeof column !== 'string' && column.isWritten ? 'written' : 'nothing';
    }
    const noteId = deriveGuid(`seller-note/${recordId}`);
    try {
      const receipt = await write(
        { noteId, ref: record, subject: SUBJECT, text: news.text },
        told?.digest !== undefined,
      );
      const { requestId, correlationId } = receipt;
      const facts = { noteId, news: kind, ...(told && { before: told.kind }) };
      const audit = { actor: 'dealbridge', action: TOLD, requestId, correlationId, facts };
      await notes.saveTelling({ recordId, asOf, kind, digest, ...inColumn, audit });
      return 'written';
    } catch (error) {
      // A deleted record has no timeline, and nobody who reads it.
      if (isMissingRow(error, recordId)) {
        await notes.saveTelling({ recordId, asOf, kind });
        return 'nothing';
      }
      const problem = findProblem(error);
      if (!problem || !(error instanceof RemoteApiError)) throw toFailure(error);
      const { requestId, status, remoteCode } = error.facts;
      const facts = { noteId, news: kind, reason: problem.reason, status, remoteCode };
      const audit = { actor: 'dealbridge', action: 'the seller cannot be told', requestId, facts };
      await notes.saveTelling({ recordId, asOf, ...told, ...inColumn, isRefused: true, audit });
      return 'refused';
    }
  }

  return {
    async tellSellers(): Promise<ToldSellers> {
      const count = { written: 0, refused: 0, nothing: 0 };
      if (!rules.sellerNotes) return { written: 0, refused: 0 };
      const startedAt = clock.now();
      for (;;) {
        const page = await notes.listUntold(rules.sellerNotes, { now: clock.now(), limit: BATCH_SIZE });
        for (const untold of page) count[await tell(untold)] += 1;
        if (page.length < BATCH_SIZE) break;
      }
      await notes.recordPass(rules.sellerNotes, startedAt);
      return { written: count.written, refused: count.refused };
    },
  };
}

function toDigest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

export type SellerNoteActivities = ReturnType<typeof createSellerNoteActivities>;
