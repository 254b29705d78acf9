import { z } from 'zod';
import { DOCUMENT_KINDS, type DocumentKind, type RecordRef } from '../../deal/deal.js';
import { documentTail } from '../../deal/document-number.js';
import { InternalError } from '../../deal/errors.js';
import { HOLDS, type HoldReason } from '../../deal/holds.js';
import { SOURCE_TABLES } from '../../deal/ids.js';
import { CARRIED_ELSEWHERE_STATES, DEAL_STATES, type DealState } from '../../deal/states.js';
import type { Queryable } from '../database.js';
import {
  nullable,
  type ReadableRows,
  type RowOf,
  rowsOf,
  selectReadableRows,
  selectRow,
  selectRows,
  textColumn,
  timeColumn,
} from '../read-rows.js';
import { decimalText, nameOf } from '../stored-content.js';
import { type DealFilter, FILTERED_DEALS, findUnknownStatesFor, toConditions } from './deal-filter.js';

/** One source record as the ledger knows it (I6: every record ever seen can be listed with state, reason and age). */
export interface SourceRecord extends RecordRef {
  readonly state: DealState;
  readonly holdReason: HoldReason | undefined;
  /** What else it waits for at the same time. */
  readonly otherHoldReasons: readonly HoldReason[];
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
  /** 1 for the first draft, one more with each that is certainly gone. */
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

/** Such a deal may be won again; one that a person ended here may not. */
export const ENDED_IN_SALES = 'Sales';

/** Registers a record once. Returns what the ledger knew before or knows now. */
export async function registerRecord(db: Queryable, { table, recordId }: RecordRef): Promise<SourceRecord> {
  const row = await selectRow(
    db,
    recordRow,
    `INSERT INTO source_records (record_id, source_table, document_tail) VALUES ($1, $2, $3)
     ON CONFLICT (record_id) DO NOTHING RETURNING *`,
    [recordId, table, documentTail(recordId)],
  );
  return row ? toRecord(row) : getRecord(db, recordId);
}

export async function findRecord(db: Queryable, recordId: string): Promise<SourceRecord | undefined> {
  const row = await selectRow(db, recordRow, 'SELECT * FROM source_records WHERE record_id = $1', [recordId]);
  return row && toRecord(row);
}

/** @throws InternalError when the record was never registered: asking for it is a bug. */
export async function getRecord(db: Queryable, recordId: string): Promise<SourceRecord> {
  const record = await findRecord(db, recordId);
  if (!record) throw new InternalError(`the ledger does not know record ${recordId}`);
  return record;
}

/** As the lists show deals, the newest first. */
export async function listRecords(
  db: Queryable,
  { limit, ...filter }: DealFilter & { readonly limit: number },
): Promise<ReadableRows<SourceRecord>> {
  const where = toConditions(filter, { unknownStates: await findUnknownStatesFor(db, filter) });
  const most = where.place(limit);
  const { rows, unreadable } = await selectReadableRows(
    db,
    recordRow,
    `SELECT r.* FROM ${FILTERED_DEALS} ${where.text} ORDER BY r.waiting_since DESC, r.record_id DESC LIMIT ${most}`,
    where.values,
  );
  return { rows: rows.map(toRecord), unreadable };
}

/** The records whose deal this one carries, because it had a document already. */
/** With those that an attempt before has set to `seen` and may not have started. */
export async function listAlreadyHandedOver(db: Queryable, carrierId: string): Promise<SourceRecord[]> {
  const rows = await selectRows(
    db,
    recordRow,
    'SELECT * FROM source_records WHERE carrier_id = $1 AND state = ANY($2)',
    [carrierId, CARRIED_ELSEWHERE_STATES],
  );
  return rows.map(toRecord);
}

export interface CustomerOfDeal {
  readonly recordId: string;
  readonly companyId: string;
  readonly customerNumber: string;
  /** As its document shows it; undefined where it shows none. */
  readonly customerId?: string | undefined;
}

/** Whether nothing was handed over for the customer before, by its id where the documents show one, as its number may change. */
export async function isNewCustomer(
  db: Queryable,
  { recordId, companyId, customerNumber, customerId }: CustomerOfDeal,
): Promise<boolean> {
  // Of the other deal no more is read: what it has become must not stop this one (I13).
  const earlier = await selectRow(
    db,
    earlierRow,
    `SELECT record_id FROM source_records r
     WHERE is_handed_over AND customer_number = $1 AND company_id = $2 AND record_id <> $3 AND NOT EXISTS (
       SELECT FROM documents d WHERE d.document_id = r.document_id AND d.customer_id <> $4)
     UNION ALL
     SELECT r.record_id FROM documents d JOIN source_records r ON r.record_id = d.record_id
     WHERE d.customer_id = $4 AND r.is_handed_over AND r.company_id = $2 AND r.record_id <> $3
     LIMIT 1`,
    [customerNumber, companyId, recordId, customerId ?? null],
  );
  return earlier === undefined;
}

const earlierRow = rowsOf('source_records', ['record_id'], { record_id: textColumn });

const optionalText = nullable(textColumn);

export const recordRow = rowsOf('source_records', ['record_id'], {
  record_id: textColumn,
  source_table: z.enum(SOURCE_TABLES),
  state: z.enum(DEAL_STATES),
  hold_reason: nullable(nameOf(HOLDS)),
  other_hold_reasons: z.array(nameOf<HoldReason>(HOLDS)),
  hold_text: optionalText,
  carrier_id: optionalText,
  revision: optionalText,
  record_number: optionalText,
  customer_number: optionalText,
  document_id: optionalText,
  draft_number: optionalText,
  invoice_number: optionalText,
  amount: nullable(decimalText),
  currency: optionalText,
  document_kind: z.enum(DOCUMENT_KINDS),
  draft_version: z.number(),
  is_closed: z.boolean(),
  is_handed_over: z.boolean(),
  ended_by: optionalText,
  company_id: optionalText,
  wanted_company_id: optionalText,
  mapping_hash: optionalText,
  wanted_mapping: optionalText,
  first_seen_at: timeColumn,
  changed_at: timeColumn,
});

export function toRecord(row: RowOf<typeof recordRow>): SourceRecord {
  return {
    recordId: row.record_id,
    table: row.source_table,
    state: row.state,
    holdReason: row.hold_reason,
    otherHoldReasons: row.other_hold_reasons,
    holdText: row.hold_text,
    carrierId: row.carrier_id,
    revision: row.revision,
    recordNumber: row.record_number,
    customerNumber: row.customer_number,
    documentId: row.document_id,
    draftNumber: row.draft_number,
    invoiceNumber: row.invoice_number,
    amount: row.amount,
    currency: row.currency,
    documentKind: row.document_kind,
    draftVersion: row.draft_version,
    isClosed: row.is_closed,
    isHandedOver: row.is_handed_over,
    endedBy: row.ended_by,
    companyId: row.company_id,
    mappingHash: row.mapping_hash,
    wantedMapping: row.wanted_mapping,
    wantedCompanyId: row.wanted_company_id,
    firstSeenAt: row.first_seen_at,
    changedAt: row.changed_at,
  };
}
