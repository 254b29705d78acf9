import { z } from 'zod';
import { HOLDS, type HoldAdvice, type HoldReason } from '../../deal/holds.js';
import { SOURCE_TABLES, type SourceTable } from '../../deal/ids.js';
import { DEAL_STATES, type DealState } from '../../deal/states.js';
import type { Queryable } from '../database.js';
import { nullable, type RowOf, rowsOf, selectRows, textColumn, timeColumn } from '../read-rows.js';
import { decimalText, nameOf } from '../stored-content.js';

/** One line of the list of deals: what people know a deal by, where it stands and why. */
export interface ListedDeal {
  readonly table: SourceTable;
  readonly recordId: string;
  /** Of the record in Sales; undefined until it is read. */
  readonly number: string | undefined;
  readonly name: string | undefined;
  readonly customer: string | undefined;
  /** Gross, of the document once there is one, else of the record in Sales. */
  readonly amount: string | undefined;
  readonly currency: string | undefined;
  readonly state: DealState;
  readonly hold: ({ readonly reason: HoldReason; readonly text: string } & HoldAdvice) | undefined;
  readonly company: string | undefined;
  readonly documentNumber: string | undefined;
  readonly invoiceNumber: string | undefined;
  /** In this state since. */
  readonly since: Date;
}

export const DEAL_ORDERS = {
  age: 'changed_at, record_id',
  newest: 'changed_at DESC, record_id',
  amount: 'amount DESC NULLS LAST, record_id',
  number: 'record_number NULLS LAST, record_id',
  state: 'state, changed_at, record_id',
} as const;
export type DealOrder = keyof typeof DEAL_ORDERS;

export interface DealFilter {
  readonly states?: readonly DealState[] | undefined;
  readonly reasons?: readonly HoldReason[] | undefined;
  /** In this state since before then. */
  readonly before?: Date | undefined;
  readonly above?: string | undefined;
  /** Id or name of the company in Business Central. */
  readonly company?: string | undefined;
  /** Number of the record, of its document or of an invoice, in any case; or the record's GUID. */
  readonly named?: string | undefined;
  readonly order: DealOrder;
  readonly limit: number;
}

const optionalText = nullable(textColumn);

const listedRow = rowsOf('source_records', ['record_id'], {
  record_id: textColumn,
  source_table: z.enum(SOURCE_TABLES),
  state: z.enum(DEAL_STATES),
  hold_reason: nullable(nameOf(HOLDS)),
  hold_text: optionalText,
  record_number: optionalText,
  draft_number: optionalText,
  invoice_number: optionalText,
  company: optionalText,
  name: optionalText,
  customer: optionalText,
  amount: nullable(decimalText),
  currency: optionalText,
  changed_at: timeColumn,
});

/**
 * Names stand in the newest revision, where they can be erased; the document's total is what is confirmed and posted.
 * A content that cannot be read hides no deal (I6): then the figures are those of the record.
 */
export async function listDeals(db: Queryable, filter: DealFilter): Promise<ListedDeal[]> {
  const { states, reasons, before, above, company, named, order, limit } = filter;
  const rows = await selectRows(
    db,
    listedRow,
    `SELECT * FROM (
       SELECT r.record_id, r.source_table, r.state, r.hold_reason, r.hold_text, r.record_number, r.draft_number,
         r.invoice_number, r.changed_at, v.deal ->> 'name' AS name, v.deal -> 'customer' ->> 'name' AS customer,
         coalesce(CASE WHEN d.content ->> 'includingTax' ~ '^-?\\d+(\\.\\d+)?$'
             THEN (d.content ->> 'includingTax')::numeric END, r.amount) AS amount,
         coalesce(d.content ->> 'currency', r.currency) AS currency,
         coalesce((SELECT e.identity -> 'facts' ->> 'companyName' FROM environments e
                   WHERE e.system = 'business-central' AND e.identity -> 'facts' ->> 'companyId' = r.company_id::text LIMIT 1),
                  r.company_id::text) AS company, r.company_id
       FROM source_records r
       LEFT JOIN deal_revisions v ON v.record_id = r.record_id AND v.revision = r.revision
       LEFT JOIN documents d ON d.document_id = r.document_id
     ) AS deal
     WHERE ($1::text[] IS NULL OR state = ANY($1)) AND ($2::text[] IS NULL OR hold_reason = ANY($2))
       AND ($3::timestamptz IS NULL OR changed_at <= $3) AND ($4::numeric IS NULL OR amount > $4)
       AND ($5::text IS NULL OR lower(company) = lower($5) OR company_id::text = lower($5))
       AND ($6::text IS NULL OR lower(record_number) = lower($6) OR lower(draft_number) = lower($6)
         OR lower($6) = ANY(string_to_array(lower(invoice_number), ', ')) OR record_id::text = lower($6))
     ORDER BY ${DEAL_ORDERS[order]} LIMIT $7`,
    [states ?? null, reasons ?? null, before ?? null, above ?? null, company ?? null, named ?? null, limit],
  );
  return rows.map(toListed);
}

function toListed(row: RowOf<typeof listedRow>): ListedDeal {
  return {
    table: row.source_table,
    recordId: row.record_id,
    number: row.record_number,
    name: row.name,
    customer: row.customer,
    amount: row.amount,
    currency: row.currency,
    state: row.state,
    hold: row.hold_reason
      ? { reason: row.hold_reason, text: row.hold_text ?? '', ...HOLDS[row.hold_reason] }
      : undefined,
    company: row.company,
    documentNumber: row.draft_number,
    invoiceNumber: row.invoice_number,
    since: row.changed_at,
  };
}
