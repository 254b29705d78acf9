import type { DocumentKind, RecordRef, WonDeal } from '../../deal/deal.js';
import type { HoldReason } from '../../deal/holds.js';
import { draftKeys, type SourceTable } from '../../deal/ids.js';
import { DEAL_STATES, type DealState, isHandedOver, STATES_BEFORE_HAND_OVER } from '../../deal/states.js';
import type { Queryable } from '../database.js';

/** One source record as the ledger knows it (I6: every record ever seen can be listed with state, reason and age). */
export interface SourceRecord extends RecordRef {
  readonly state: DealState;
  readonly holdReason: HoldReason | undefined;
  readonly holdText: string | undefined;
  readonly carrierId: string | undefined;
  readonly revision: string | undefined;
  readonly recordNumber: string | undefined;
  readonly customerNumber: string | undefined;
  readonly documentId: string | undefined;
  readonly draftNumber: string | undefined;
  readonly invoiceNumber: string | undefined;
  readonly amount: string | undefined;
  readonly currency: string | undefined;
  readonly documentKind: DocumentKind;
  /** Counts the drafts: one more with each that is certainly gone. */
  readonly draftVersion: number;
  /** No further invoice will come: the order is gone, or the invoice is posted. */
  readonly isClosed: boolean;
  /** The document is posted, or the warehouse's. */
  readonly isHandedOver: boolean;
  /** Who ended it; {@link ENDED_IN_SALES} when it was cancelled or reopened there. */
  readonly endedBy: string | undefined;
  /** Of Business Central; undefined until the record is read. */
  readonly companyId: string | undefined;
  /** The mapping that the document was made by, or would have been; undefined until the record is read. */
  readonly mappingHash: string | undefined;
  /** The mapping that a person wants for the deal instead of today's. */
  readonly wantedMapping: string | undefined;
  /** Another one than {@link companyId} when the deal changed while it had a document. */
  readonly wantedCompanyId: string | undefined;
  readonly firstSeenAt: Date;
  readonly changedAt: Date;
}

export interface RecordChange {
  readonly state?: DealState;
  readonly hold?: { readonly reason: HoldReason; readonly text: string };
  readonly carrierId?: string;
  readonly revision?: string;
  readonly recordNumber?: string;
  readonly customerNumber?: string;
  readonly documentId?: string;
  readonly draftNumber?: string;
  readonly invoiceNumber?: string;
  readonly amount?: string;
  readonly currency?: string;
  readonly documentKind?: DocumentKind;
  readonly isClosed?: boolean;
  readonly endedBy?: string;
  /** Waits while there is a document of the deal or one may be on its way (I1). */
  readonly companyId?: string;
  /** The mapping that the deal was read by; what a document was made by stays. */
  readonly readBy?: string;
  /** The mapping that the document was made by. */
  readonly madeBy?: string;
  /** Null: today's, whichever it is. */
  readonly wantedMapping?: string | null;
  /** The draft is certainly gone; a next one is another write. */
  readonly isDraftGone?: true;
  /** 1 for the first draft, 2 for its replacement. */
  readonly draftVersion?: number;
}

/** Such a deal may be won again; one that a person ended here may not. */
export const ENDED_IN_SALES = 'Sales';

/** Notes a record at first sight; later sights change nothing. Returns what the ledger knew before or knows now. */
export async function registerRecord(db: Queryable, { table, recordId }: RecordRef): Promise<SourceRecord> {
  const inserted = await db.query<Row>(
    `INSERT INTO source_records (record_id, source_table) VALUES ($1, $2) ON CONFLICT (record_id) DO NOTHING RETURNING *`,
    [recordId, table],
  );
  const row = inserted.rows[0];
  return row ? toRecord(row) : getRecord(db, recordId);
}

export async function findRecord(db: Queryable, recordId: string): Promise<SourceRecord | undefined> {
  const { rows } = await db.query<Row>('SELECT * FROM source_records WHERE record_id = $1', [recordId]);
  return rows[0] && toRecord(rows[0]);
}

export async function getRecord(db: Queryable, recordId: string): Promise<SourceRecord> {
  const record = await findRecord(db, recordId);
  if (!record) throw new Error(`the ledger does not know record ${recordId}`);
  return record;
}

export interface RecordFilter {
  readonly state?: DealState;
  readonly reason?: HoldReason;
  /** Changed then or later. */
  readonly since?: Date;
  readonly limit: number;
}

export async function listRecords(
  db: Queryable,
  { state, reason, since, limit }: RecordFilter,
): Promise<SourceRecord[]> {
  const { rows } = await db.query<Row>(
    `SELECT * FROM source_records
     WHERE ($1::text IS NULL OR state = $1) AND ($2::text IS NULL OR hold_reason = $2)
       AND ($3::timestamptz IS NULL OR changed_at >= $3)
     ORDER BY changed_at DESC LIMIT $4`,
    [state ?? null, reason ?? null, since ?? null, limit],
  );
  return rows.map(toRecord);
}

/** The records whose deal this one carries: another took over, or is covered by it. */
export async function listAlreadyHandedOver(db: Queryable, carrierId: string): Promise<SourceRecord[]> {
  const { rows } = await db.query<Row>(
    `SELECT * FROM source_records WHERE carrier_id = $1 AND state = 'already-handed-over'`,
    [carrierId],
  );
  return rows.map(toRecord);
}

/** A state without a hold clears the reason; other columns stay as they are when they are not given. */
export async function updateRecord(db: Queryable, recordId: string, change: RecordChange): Promise<void> {
  await db.query(
    `UPDATE source_records SET
       state = CASE WHEN is_handed_over AND NOT $17::boolean AND $2 = ANY($20) THEN state ELSE coalesce($2, state) END,
       is_handed_over = NOT $17::boolean AND (is_handed_over OR coalesce($2 = ANY($19), false)),
       hold_reason = CASE WHEN $2::text IS NULL THEN hold_reason ELSE $3 END,
       hold_text = CASE WHEN $2::text IS NULL THEN hold_text ELSE $4 END,
       carrier_id = coalesce($5, carrier_id), revision = coalesce($6, revision),
       record_number = coalesce($7, record_number), customer_number = coalesce($8, customer_number),
       document_id = coalesce($9, document_id), draft_number = coalesce($10, draft_number),
       invoice_number = coalesce($11, invoice_number), amount = coalesce($12, amount),
       currency = coalesce($13, currency), document_kind = coalesce($14, document_kind),
       is_closed = coalesce($15, is_closed), ended_by = coalesce($16, ended_by),
       draft_version = greatest(draft_version, coalesce($18, 1)) + CASE WHEN $17::boolean THEN 1 ELSE 0 END,
       mapping_hash = coalesce($23, CASE WHEN document_id IS NULL THEN $24::text END, mapping_hash),
       wanted_mapping = CASE WHEN $25::boolean THEN $26 ELSE wanted_mapping END,
       wanted_company_id = coalesce($21::uuid, wanted_company_id),
       company_id = CASE
         WHEN $17::boolean THEN coalesce(wanted_company_id, company_id)
         WHEN $21::uuid IS NULL OR EXISTS (
           SELECT 1 FROM write_intents
           WHERE write_intents.record_id = source_records.record_id AND write_intents.state <> 'not-done'
             AND write_key = ANY(SELECT unnest($22::text[]) || draft_version)
         ) THEN company_id ELSE $21 END,
       changed_at = now()
     WHERE record_id = $1`,
    [
      recordId,
      change.state ?? null,
      change.hold?.reason ?? null,
      change.hold?.text ?? null,
      change.carrierId ?? null,
      change.revision ?? null,
      change.recordNumber ?? null,
      change.customerNumber ?? null,
      change.documentId ?? null,
      change.draftNumber ?? null,
      change.invoiceNumber ?? null,
      change.amount ?? null,
      change.currency ?? null,
      change.documentKind ?? null,
      change.isClosed ?? null,
      change.endedBy ?? null,
      change.isDraftGone ?? false,
      change.draftVersion ?? null,
      DEAL_STATES.filter(isHandedOver),
      STATES_BEFORE_HAND_OVER,
      change.companyId ?? null,
      draftKeys(recordId),
      change.madeBy ?? null,
      change.readBy ?? null,
      change.wantedMapping !== undefined,
      change.wantedMapping ?? null,
    ],
  );
}

export async function saveRevision(db: Queryable, deal: WonDeal): Promise<void> {
  await db.query(
    `INSERT INTO deal_revisions (record_id, revision, deal) VALUES ($1, $2, $3)
     ON CONFLICT (record_id, revision) DO UPDATE SET deal = excluded.deal, read_at = now()`,
    [deal.recordId, deal.revision, JSON.stringify(deal)],
  );
}

export async function getRevision(db: Queryable, recordId: string, revision: string): Promise<WonDeal> {
  const { rows } = await db.query<{ deal: WonDeal }>(
    'SELECT deal FROM deal_revisions WHERE record_id = $1 AND revision = $2',
    [recordId, revision],
  );
  const deal = rows[0]?.deal;
  if (!deal) throw new Error(`the ledger does not hold revision ${revision} of ${recordId}`);
  return deal;
}

interface Row {
  record_id: string;
  source_table: SourceTable;
  state: DealState;
  hold_reason: HoldReason | null;
  hold_text: string | null;
  carrier_id: string | null;
  revision: string | null;
  record_number: string | null;
  customer_number: string | null;
  document_id: string | null;
  draft_number: string | null;
  invoice_number: string | null;
  amount: string | null;
  currency: string | null;
  document_kind: DocumentKind;
  draft_version: number;
  is_closed: boolean;
  is_handed_over: boolean;
  ended_by: string | null;
  company_id: string | null;
  wanted_company_id: string | null;
  mapping_hash: string | null;
  wanted_mapping: string | null;
  first_seen_at: Date;
  changed_at: Date;
}

function toRecord(row: Row): SourceRecord {
  return {
    recordId: row.record_id,
    table: row.source_table,
    state: row.state,
    holdReason: row.hold_reason ?? undefined,
    holdText: row.hold_text ?? undefined,
    carrierId: row.carrier_id ?? undefined,
    revision: row.revision ?? undefined,
    recordNumber: row.record_number ?? undefined,
    customerNumber: row.customer_number ?? undefined,
    documentId: row.document_id ?? undefined,
    draftNumber: row.draft_number ?? undefined,
    invoiceNumber: row.invoice_number ?? undefined,
    amount: row.amount ?? undefined,
    currency: row.currency ?? undefined,
    documentKind: row.document_kind,
    draftVersion: row.draft_version,
    isClosed: row.is_closed,
    isHandedOver: row.is_handed_over,
    endedBy: row.ended_by ?? undefined,
    companyId: row.company_id ?? undefined,
    mappingHash: row.mapping_hash ?? undefined,
    wantedMapping: row.wanted_mapping ?? undefined,
    wantedCompanyId: row.wanted_company_id ?? undefined,
    firstSeenAt: row.first_seen_at,
    changedAt: row.changed_at,
  };
}
