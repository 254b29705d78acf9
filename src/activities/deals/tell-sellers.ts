import { createHash } from 'node:crypto';
import type { DataverseClient, DataverseNote } from '../../clients/dataverse/client.js';
import { isMissingRow } from '../../clients/dataverse/refusals.js';
import { RemoteApiError } from '../../clients/errors.js';
import { REPEATABLE } from '../../clients/http/write-context.js';
import type { Clock } from '../../deal/clock.js';
import { toPaymentStatus } from '../../deal/payment-status.js';
import { findSellerNews, type SellerNews } from '../../deal/seller-notes.js';
import type { AuditEntry } from '../../ledger/audit/audit.js';
import type { DealLedger } from '../../ledger/deals/deal-ledger.js';
import type { SellerNoteLedger, Untold } from '../../ledger/deals/seller-notes.js';
import type { Rules } from '../../mapping/rules/rules.js';
import { deriveGuid } from '../remote/derive-guid.js';
import { findProblem, toFailure } from '../remote/failures.js';

export interface ToldSellers {
  readonly written: number;
  /** Sales would not take the note: the trail of the deal says why. */
  readonly refused: number;
}

export interface SellerNoteDependencies {
  readonly dataverse: Pick<DataverseClient, 'createNote' | 'updateNote'>;
  readonly ledger: Pick<DealLedger, 'listDocuments'>;
  readonly notes: SellerNoteLedger;
  readonly rules: Pick<Rules, 'sellerNotes'>;
  readonly clock: Clock;
}

const BATCH_SIZE = 200;
const SUBJECT = 'Hand-over to Business Central';

/**
 * Brings the one note of each deal to how the deal stands. It reads what the ledger has, beside the run of the deal: no
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

  async function tell(untold: Untold): Promise<'written' | 'refused' | 'nothing'> {
    const { record, asOf, told } = untold;
    const { recordId } = record;
    const news = await findNews(untold);
    const digest = news && createHash('sha256').update(news.text).digest('hex');
    if (!news || digest === told?.digest) {
      await notes.saveTelling({ recordId, asOf, ...told, ...(news && { kind: news.kind }) });
      return 'nothing';
    }
    const noteId = deriveGuid(`seller-note/${recordId}`);
    try {
      const receipt = await write({ noteId, ref: record, subject: SUBJECT, text: news.text }, told !== undefined);
      const { requestId, correlationId } = receipt;
      const facts = { noteId, news: news.kind, ...(told && { before: told.kind }) };
      const audit = { actor: 'dealbridge', action: 'tell the seller', requestId, correlationId, facts };
      await notes.saveTelling({ recordId, asOf, kind: news.kind, digest, audit });
      return 'written';
    } catch (error) {
      // A deleted record has no timeline, and nobody who reads it.
      if (isMissingRow(error, recordId)) {
        await notes.saveTelling({ recordId, asOf, kind: news.kind });
        return 'nothing';
      }
      const problem = findProblem(error);
      if (!problem || !(error instanceof RemoteApiError)) throw toFailure(error);
      const { requestId, status, remoteCode } = error.facts;
      const facts = { noteId, news: news.kind, reason: problem.reason, status, remoteCode };
      const audit = { actor: 'dealbridge', action: 'the seller cannot be told', requestId, facts };
      await notes.saveTelling({ recordId, asOf, ...told, isRefused: true, audit });
      return 'refused';
    }
  }

  return {
    async tellSellers(): Promise<ToldSellers> {
      const count = { written: 0, refused: 0, nothing: 0 };
      if (!rules.sellerNotes) return { written: 0, refused: 0 };
      for (;;) {
        const page = await notes.listUntold(rules.sellerNotes, { now: clock.now(), limit: BATCH_SIZE });
        for (const untold of page) count[await tell(untold)] += 1;
        if (page.length < BATCH_SIZE) return { written: count.written, refused: count.refused };
      }
    },
  };
}

export type SellerNoteActivities = ReturnType<typeof createSellerNoteActivities>;
