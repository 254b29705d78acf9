import type { Invoice } from '../../deal/business-central-document.js';
import { InternalError } from '../../deal/errors.js';
import type { Database, Queryable } from '../database.js';
import { rowsOf, selectRow, selectRows, textColumn, timeColumn } from '../read-rows.js';
import { markUnreported } from './invoice-feed.js';

/**
 * What a sweep of the open invoices leaves over: an invoice that the ledger holds as open and Business Central does not list
 * any more was paid, cancelled or corrected, and the feed missed it.
 */

const clockRow = rowsOf('documents', [], { now: timeColumn });

/** By the clock that all of these moments are of. */
export async function readLedgerClock(db: Queryable): Promise<Date> {
  const row = await selectRow(db, clockRow, 'SELECT clock_timestamp() AS now');
  if (!row) throw new InternalError('the database tells no time');
  return row.now;
}

/** One statement for a page of the sweep; what it does not know belongs to no deal. */
export async function markInvoicesMet(db: Queryable, invoiceIds: readonly string[]): Promise<void> {
  await db.query(
    'UPDATE documents SET met_at = clock_timestamp(), gone_at = NULL WHERE document_id = ANY($1::uuid[])',
    [invoiceIds],
  );
}

export interface UnmetPlace {
  /** When the sweep began: what was saved or met since then is left alone. */
  readonly beganAt: Date;
  /** The last id of the page before. */
  readonly after: string | undefined;
  readonly limit: number;
}

const unmetRow = rowsOf('documents', ['document_id'], { document_id: textColumn });

/**
 * Ids of the invoices of a company's deals that are open here and that no sweep has met since this one began. With them come
 * those of which an attempt saved the news and did not come to notify the deal (I5): they may be paid by then.
 */
export async function listUnmetInvoices(
  db: Queryable,
  companyId: string,
  { beganAt, after, limit }: UnmetPlace,
): Promise<string[]> {
  const rows = await selectRows(
    db,
    unmetRow,
    `SELECT d.document_id FROM documents d JOIN source_records r ON r.record_id = d.record_id
     WHERE d.is_open AND d.gone_at IS NULL AND r.company_id = $1 AND ${UNMET}
     UNION
     SELECT d.document_id FROM observed_invoices o JOIN documents d ON d.document_id = o.invoice_id
     WHERE o.company_id = $1 AND NOT o.is_deal_notified AND ${UNMET}
     ORDER BY document_id LIMIT $4`,
    [companyId, beganAt, after ?? NO_ID, limit],
  );
  return rows.map((row) => row.document_id);
}

/** Before all others. */
const NO_ID = '00000000-0000-0000-0000-000000000000';
const UNMET = 'd.document_id > $3 AND d.read_at < $2 AND (d.met_at IS NULL OR d.met_at < $2)';

/** Saves that the invoice is not in Business Central, and that the deal is still to be notified of it: both, or neither. */
export async function recordInvoiceGone(database: Database, companyId: string, invoice: Invoice): Promise<void> {
  await database.transaction(async (tx) => {
    await tx.query('UPDATE documents SET gone_at = coalesce(gone_at, now()) WHERE document_id = $1', [invoice.id]);
    await markUnreported(tx, companyId, invoice);
  });
}
