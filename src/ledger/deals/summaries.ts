import type { WonDeal } from '../../deal/deal.js';
import { subtract } from '../../deal/money.js';
import type { DealLabel } from '../../deal/run-summary.js';
import type { Queryable } from '../database.js';
import { nullable, rowsOf, selectRow, textColumn } from '../read-rows.js';

/** What people know a deal by and search it for, beside the contents that the work list has no time to open. */

/** As it was just read; the figures of a document stay. */
export async function saveDealSummary(db: Queryable, deal: WonDeal): Promise<void> {
  await db.query(
    `INSERT INTO deal_summaries AS known (record_id, name, customer, seller, net, gross, currency)
     VALUES ($1, $2, $3, $4, $5::numeric, $6::numeric, $7)
     ON CONFLICT (record_id) DO UPDATE SET name = excluded.name, customer = excluded.customer, seller = excluded.seller,
       net = CASE WHEN ${HAS_DOCUMENT} THEN known.net ELSE excluded.net END,
       gross = CASE WHEN ${HAS_DOCUMENT} THEN known.gross ELSE excluded.gross END,
       currency = CASE WHEN ${HAS_DOCUMENT} THEN known.currency ELSE excluded.currency END`,
    [
      deal.recordId,
      deal.name,
      deal.customer?.name ?? null,
      deal.seller ?? null,
      subtract(deal.total, deal.tax),
      deal.total,
      deal.currency ?? null,
    ],
  );
}

const HAS_DOCUMENT = 'EXISTS (SELECT FROM documents WHERE documents.record_id = known.record_id)';

/**
 * The figures of a document that was saved ($6 net, $7 gross, $8 currency) of the record ($2) and its kind ($3). Of an order that is invoiced
 * in parts the order's own stay: its invoices are parts of them.
 */
export const SAVE_DOCUMENT_SUMMARY = `INSERT INTO deal_summaries (record_id, net, gross, currency)
     SELECT record_id, $6::numeric, $7::numeric, $8
     FROM (SELECT record_id FROM source_records WHERE record_id = $2 FOR NO KEY UPDATE) AS locked
     WHERE EXISTS (SELECT FROM saved) AND ($3 = 'order' OR NOT EXISTS (SELECT FROM documents WHERE record_id = $2 AND kind = 'order'))
     ON CONFLICT (record_id) DO UPDATE SET net = excluded.net, gross = excluded.gross, currency = excluded.currency`;

const labelRow = rowsOf('deal_summaries', ['record_id'], {
  record_id: textColumn,
  record_number: nullable(textColumn),
  customer: nullable(textColumn),
});

/** Undefined while the record has never been read. */
export async function findLabel(db: Queryable, recordId: string): Promise<DealLabel | undefined> {
  const row = await selectRow(
    db,
    labelRow,
    `SELECT s.record_id, r.record_number, s.customer
     FROM deal_summaries s JOIN source_records r ON r.record_id = s.record_id WHERE s.record_id = $1`,
    [recordId],
  );
  return row && { number: row.record_number, customer: row.customer };
}

/** Figures stay, as everywhere else; names go. */
export async function eraseSummary(db: Queryable, recordId: string, erased: string): Promise<void> {
  await db.query('UPDATE deal_summaries SET name = $2, customer = $2, seller = $2 WHERE record_id = $1', [
    recordId,
    erased,
  ]);
}
