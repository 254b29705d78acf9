import { z } from 'zod';
import type { DocumentKind, WonDeal } from '../../deal/deal.js';
import { InternalError, OvertakenError } from '../../deal/errors.js';
import type { HoldReason } from '../../deal/holds.js';
import { draftKeys } from '../../deal/ids.js';
import { type DealState, type FINAL_STATES, isHandedOver, STATES_BEFORE_HAND_OVER } from '../../deal/states.js';
import { type AuditEntry, appendAudit } from '../audit/audit.js';
import type { Queryable } from '../database.js';
import { nullable, rowsOf, selectRow, textColumn } from '../read-rows.js';
import { decimalText } from '../stored-content.js';
import { type RecordedFacts, withRecorded } from './recorded-facts.js';

/**
 * What a record can go through, each by a statement of its own. Which state may follow which is decided in
 * deal/states.ts; here a statement only expects what another run may have changed meanwhile.
 */
export type RecordChange =
  | {
      readonly kind: 'state';
      readonly state: DealState;
      readonly isClosed?: boolean;
      readonly invoiceNumber?: string;
      /** At which the deal is handed over, where a later one was read since. */
      readonly revision?: string;
    }
  | {
      readonly kind: 'held';
      readonly reason: HoldReason;
      /** What else is wrong at the same time; none when not given. */
      readonly otherReasons?: readonly HoldReason[];
      readonly text: string;
      /** Its step was repeated and found the same. */
      readonly isRepeated?: boolean;
    }
  /** Another record of the lineage carries the deal. */
  | { readonly kind: 'carried'; readonly state: 'superseded' | 'already-handed-over'; readonly carrierId: string }
  | { readonly kind: 'ended'; readonly state: (typeof FINAL_STATES)[number]; readonly by: string }
  | { readonly kind: 'customer'; readonly customerNumber: string }
  | ({ readonly kind: 'drafted' } & MadeDraft)
  /** A quote became it; whatever state the deal is in stays. */
  | ({ readonly kind: 'converted'; readonly quoteId: string } & MadeDraft)
  /**
   * It is certainly gone; a next one is another write.
   * @param draftVersion of the draft: an attempt that was taken for dead tells it after the next one was made, and changes nothing
   */
  | { readonly kind: 'draft-gone'; readonly draftVersion?: number }
  /** `isClosed`: no further invoice will come. */
  | { readonly kind: 'posted'; readonly isClosed?: boolean }
  /** Several numbers, with commas between them, when an order was invoiced in parts. */
  | { readonly kind: 'invoiced'; readonly invoiceNumber: string }
  /** Undefined: today's, whichever it is. */
  | { readonly kind: 'wanted-mapping'; readonly mapping: string | undefined };

export interface MadeDraft {
  readonly documentId: string;
  readonly documentKind: DocumentKind;
  readonly draftVersion: number;
  readonly draftNumber: string;
  readonly customerNumber: string;
  /** The mapping that it was made by; undefined for one that was adopted and of which nobody knows it. */
  readonly mapping: string | undefined;
}

export interface Reading {
  /** The mapping that the deal was read by; what a document was made by stays. */
  readonly mapping: string;
  /** The company that the rules choose. */
  readonly companyId: string;
  /** An older revision is handed over: number and amount stay those of the record. */
  readonly isRecalled?: true;
  /** When the record had changed last before the reading began: one that has changed since is read again. */
  readonly unchangedSince?: Date | undefined;
}

/** With the entry of the trail that tells of it and of what else was left; both go out together where that is known before. */
export async function changeWithEntry(
  tx: Queryable,
  recordId: string,
  changes: readonly RecordChange[],
  audit: Omit<AuditEntry, 'recordId'>,
  recorded: RecordedFacts = {},
): Promise<void> {
  const append = (changed: RecordedFacts): Promise<void> =>
    appendAudit(tx, { recordId, ...withRecorded(audit, { ...changed, ...recorded }) });
  const known = findFactsOf(changes);
  const updated = updateRecordBy(tx, recordId, changes);
  if (known) await Promise.all([updated, append(known)]);
  else await append(await updated);
}

/** Returns what the trail is to tell of it. */
export async function updateRecordBy(
  db: Queryable,
  recordId: string,
  changes: readonly RecordChange[],
): Promise<RecordedFacts> {
  const recorded = await Promise.all(changes.map((change) => updateRecord(db, recordId, change)));
  return Object.assign({}, ...recorded);
}

/** The same before it is done; undefined where only the row itself can say it. */
function findFactsOf(changes: readonly RecordChange[]): RecordedFacts | undefined {
  const known = changes.map(factsOf);
  return known.every((facts) => facts !== undefined) ? Object.assign({}, ...known) : undefined;
}

function factsOf(change: RecordChange): RecordedFacts | undefined {
  switch (change.kind) {
    case 'drafted':
    case 'converted':
      return undefined;
    case 'customer':
      return { customerNumber: change.customerNumber };
    case 'draft-gone':
      return { isDraftGone: true };
    case 'posted':
      return { isPosted: true };
    default:
      return {};
  }
}

async function updateRecord(db: Queryable, recordId: string, change: RecordChange): Promise<RecordedFacts> {
  switch (change.kind) {
    case 'drafted':
      return recordDraft(db, recordId, change, `state = 'drafted', ${CLEAR_HOLD}`);
    case 'converted':
      return recordDraft(db, recordId, change, 'changed_at = now()', change.quoteId);
    case 'state':
      await recordState(db, recordId, change);
      break;
    case 'held':
      await recordHold(db, recordId, change);
      break;
    case 'carried':
      await recordCarrier(db, recordId, change);
      break;
    case 'ended':
      await recordEnd(db, recordId, change);
      break;
    case 'customer':
      await recordCustomer(db, recordId, change.customerNumber);
      break;
    case 'draft-gone':
      await recordDraftGone(db, recordId, change.draftVersion);
      break;
    case 'posted':
      await recordState(db, recordId, { ...change, state: 'posted' });
      break;
    case 'invoiced':
      await recordInvoices(db, recordId, change.invoiceNumber);
      break;
    case 'wanted-mapping':
      await recordWantedMapping(db, recordId, change.mapping);
      break;
  }
  return factsOf(change) ?? {};
}

/** Whatever the record waited for, it waits no more. */
const CLEAR_HOLD = `hold_reason = NULL, other_hold_reasons = '{}', hold_text = NULL, changed_at = now()`;

const BEFORE_HAND_OVER: ReadonlySet<DealState> = new Set(STATES_BEFORE_HAND_OVER);

async function recordState(
  db: Queryable,
  recordId: string,
  { state, isClosed = false, invoiceNumber, revision }: Omit<Extract<RecordChange, { kind: 'state' }>, 'kind'>,
): Promise<void> {
  // A run that was reset goes through the first states again; what is handed over stays so whatever a run thinks.
  await db.query(
    `UPDATE source_records SET state = $2, is_handed_over = is_handed_over OR $3, is_closed = is_closed OR $4,
       invoice_number = coalesce($5, invoice_number), revision = coalesce($7, revision), ${CLEAR_HOLD}
     WHERE record_id = $1 AND NOT ($6 AND is_handed_over)`,
    [
      ...[recordId, state, isHandedOver(state), isClosed, invoiceNumber ?? null, BEFORE_HAND_OVER.has(state)],
      revision ?? null,
    ],
  );
}

async function recordHold(
  db: Queryable,
  recordId: string,
  { reason, otherReasons = [], text, isRepeated = false }: Omit<Extract<RecordChange, { kind: 'held' }>, 'kind'>,
): Promise<void> {
  await db.query(
    `UPDATE source_records SET state = 'held', hold_reason = $2, hold_text = $3, other_hold_reasons = $5, changed_at = now(),
       held_since = CASE WHEN $4 THEN coalesce(held_since, now()) ELSE now() END
     WHERE record_id = $1`,
    [recordId, reason, text, isRepeated, otherReasons],
  );
}

async function recordCarrier(
  db: Queryable,
  recordId: string,
  { state, carrierId }: { readonly state: DealState; readonly carrierId: string },
): Promise<void> {
  await db.query(`UPDATE source_records SET state = $2, carrier_id = $3, ${CLEAR_HOLD} WHERE record_id = $1`, [
    recordId,
    state,
    carrierId,
  ]);
}

async function recordEnd(
  db: Queryable,
  recordId: string,
  { state, by }: { readonly state: DealState; readonly by: string },
): Promise<void> {
  await db.query(`UPDATE source_records SET state = $2, ended_by = $3, ${CLEAR_HOLD} WHERE record_id = $1`, [
    recordId,
    state,
    by,
  ]);
}

/**
 * The record was read, or an older revision of it recalled. The deal moves to its company at once only while there is no
 * document of it, and none may be on its way (I1). @returns the id of the company where the deal is now
 */
export async function recordReading(
  db: Queryable,
  deal: WonDeal,
  { mapping, companyId, isRecalled, unchangedSince }: Reading,
): Promise<string> {
  const { recordId, revision } = deal;
  const figures = isRecalled ? [] : [deal.number, deal.total, deal.currency];
  const [number, total, currency] = figures;
  const row = await selectRow(
    db,
    companyRow,
    `UPDATE source_records SET revision = $2, record_number = coalesce($3, record_number),
       amount = coalesce($4, amount), currency = coalesce($5, currency),
       mapping_hash = CASE WHEN document_id IS NULL THEN $6 ELSE mapping_hash END,
       state = CASE WHEN is_handed_over THEN state ELSE 'reading' END,
       hold_reason = CASE WHEN is_handed_over THEN hold_reason END,
       other_hold_reasons = CASE WHEN is_handed_over THEN other_hold_reasons ELSE '{}' END,
       hold_text = CASE WHEN is_handed_over THEN hold_text END,
       wanted_company_id = $7, company_id = CASE WHEN company_id IS NOT NULL AND EXISTS (
         SELECT 1 FROM write_intents
         WHERE write_intents.record_id = source_records.record_id AND write_intents.state <> 'not-done'
           AND write_key = ANY(SELECT unnest($8::text[]) || draft_version)
       ) THEN company_id ELSE $7 END,
       changed_at = now()
     WHERE record_id = $1 AND ($9::timestamptz IS NULL OR date_trunc('milliseconds', changed_at) = $9)
     RETURNING record_id, company_id`,
    [
      ...[recordId, revision, number ?? null, total ?? null, currency ?? null],
      ...[mapping, companyId, draftKeys(recordId), unchangedSince ?? null],
    ],
  );
  if (!row && unchangedSince) throw new OvertakenError(`record ${recordId} was changed while it was read`);
  if (!row) throw new InternalError(`the ledger does not hold record ${recordId}`);
  return row.company_id;
}

const companyRow = rowsOf('source_records', ['record_id'], { record_id: textColumn, company_id: textColumn });

async function recordCustomer(db: Queryable, recordId: string, customerNumber: string): Promise<void> {
  await db.query('UPDATE source_records SET customer_number = $2, changed_at = now() WHERE record_id = $1', [
    recordId,
    customerNumber,
  ]);
}

/**
 * Adopted by a run that was reset, the document of a deal that is handed over is no draft any more.
 * @param quoteId that became it: the deal may have another document by now
 */
async function recordDraft(
  db: Queryable,
  recordId: string,
  draft: MadeDraft,
  state: string,
  quoteId?: string,
): Promise<RecordedFacts> {
  const row = await selectRow(
    db,
    draftedRow,
    `UPDATE source_records SET document_id = $2, document_kind = $3, draft_number = $4, customer_number = $5,
       draft_version = greatest(draft_version, $6), mapping_hash = coalesce($7, mapping_hash), ${state}
     WHERE record_id = $1 AND NOT is_handed_over AND ($8::uuid IS NULL OR document_id IS NULL OR document_id IN ($2, $8))
     RETURNING record_id, draft_version, revision, amount, currency`,
    [
      recordId,
      draft.documentId,
      draft.documentKind,
      draft.draftNumber,
      draft.customerNumber,
      draft.draftVersion,
      draft.mapping ?? null,
      quoteId ?? null,
    ],
  );
  if (!row) return {};
  const { documentId, documentKind: kind, draftNumber: number, customerNumber } = draft;
  const { draft_version: version, revision, amount, currency } = row;
  return { draft: { documentId, kind, number, version, revision, amount, currency }, customerNumber };
}

const draftedRow = rowsOf('source_records', ['record_id'], {
  record_id: textColumn,
  draft_version: z.number(),
  revision: nullable(textColumn),
  amount: nullable(decimalText),
  currency: nullable(textColumn),
});

/** Without its draft nothing holds the deal in its company. */
async function recordDraftGone(db: Queryable, recordId: string, draftVersion?: number): Promise<void> {
  await db.query(
    `UPDATE source_records SET draft_version = draft_version + 1, is_handed_over = false, is_closed = false,
       company_id = coalesce(wanted_company_id, company_id), changed_at = now()
     WHERE record_id = $1 AND ($2::integer IS NULL OR draft_version = $2)`,
    [recordId, draftVersion ?? null],
  );
}

/** With those of its order that another attempt has read: one that was taken for dead heard of fewer, and no posted invoice goes. */
async function recordInvoices(db: Queryable, recordId: string, invoiceNumber: string): Promise<void> {
  await db.query(
    `UPDATE source_records SET changed_at = now(), invoice_number = (
       SELECT string_agg(number, ', ' ORDER BY number COLLATE "C") FROM (
         SELECT unnest(string_to_array($2, ', ')) UNION
         SELECT content ->> 'number' FROM documents
         WHERE documents.record_id = $1 AND kind = 'invoice' AND content ->> 'orderId' = source_records.document_id::text
       ) AS named(number))
     WHERE record_id = $1`,
    [recordId, invoiceNumber],
  );
}

async function recordWantedMapping(db: Queryable, recordId: string, mapping: string | undefined): Promise<void> {
  await db.query('UPDATE source_records SET wanted_mapping = $2, changed_at = now() WHERE record_id = $1', [
    recordId,
    mapping ?? null,
  ]);
}
