import { z } from 'zod';
import type { Invoice } from '../../deal/business-central-document.js';
import type { RecordRef } from '../../deal/deal.js';
import { findTail } from '../../deal/document-number.js';
import { InternalError } from '../../deal/errors.js';
import { SOURCE_TABLES } from '../../deal/ids.js';
import type { Database, Queryable } from '../database.js';
import { invoiceContent } from '../deals/document-schema.js';
import { saveDocument } from '../deals/documents.js';
import { nullable, rowsOf, selectRow, selectRows, textColumn, timeColumn } from '../read-rows.js';
import { stored } from '../stored-content.js';

/** Where the reading of a company's invoices stands, and of which of their changes the deals were notified. */

/** What the ledger knows of an invoice that was read. */
export interface MatchedInvoice {
  /** The deal that it belongs to; undefined for invoices of others. */
  readonly deal: RecordRef | undefined;
  /** What was read of it before. */
  readonly known: Invoice | undefined;
  readonly observed: { readonly etag: string; readonly isDealNotified: boolean } | undefined;
}

export interface FeedPosition {
  readonly companyId: string;
  readonly watermark: Date;
  /** When a reading last reached the end. */
  readonly readAt: Date | undefined;
  readonly ageSeconds: number | undefined;
  /** Since then, or before the first since it is to be read. */
  readonly lagSeconds: number;
  readonly error: string | undefined;
  readonly errorAt: Date | undefined;
}

/**
 * The moment to read on from. The first time it is the one that is given, or that of the company's first deal where that is
 * earlier: a feed that could not be started for a while may find invoices that are paid by then.
 */
export async function openInvoiceFeed(db: Queryable, companyId: string, from: Date): Promise<Date> {
  const known = await findWatermark(db, companyId);
  if (known) return known;
  await db.query(
    `INSERT INTO invoice_feeds (company_id, watermark)
     SELECT $1::uuid, least($2, (SELECT min(first_seen_at) FROM source_records WHERE company_id = $1::uuid))
     ON CONFLICT DO NOTHING`,
    [companyId, from],
  );
  return (await findWatermark(db, companyId)) ?? from;
}

async function findWatermark(db: Queryable, companyId: string): Promise<Date | undefined> {
  const select = 'SELECT company_id, watermark FROM invoice_feeds WHERE company_id = $1';
  return (await selectRow(db, watermarkRow, select, [companyId]))?.watermark;
}

/** Moves forwards only; what lies before the moment is forgotten, since no reading goes back that far. */
export async function moveInvoiceFeed(
  db: Queryable,
  companyId: string,
  to: { readonly watermark: Date | undefined; readonly isEnd: boolean; readonly forgetBefore: Date },
): Promise<Date> {
  const row = await selectRow(
    db,
    watermarkRow,
    `UPDATE invoice_feeds SET watermark = greatest(watermark, $2), error = NULL, error_at = NULL,
       read_at = CASE WHEN $3 THEN now() ELSE read_at END
     WHERE company_id = $1 RETURNING company_id, watermark`,
    [companyId, to.watermark ?? null, to.isEnd],
  );
  await db.query('DELETE FROM observed_invoices WHERE company_id = $1 AND last_modified < $2 AND is_deal_notified', [
    companyId,
    to.forgetBefore,
  ]);
  if (!row) throw new InternalError(`the feed of company ${companyId} was never opened`);
  return row.watermark;
}

export async function recordInvoiceFeedError(db: Queryable, companyId: string, error: string): Promise<void> {
  await db.query('UPDATE invoice_feeds SET error = $2, error_at = now() WHERE company_id = $1', [companyId, error]);
}

const watermarkRow = rowsOf('invoice_feeds', ['company_id'], { company_id: textColumn, watermark: timeColumn });

const feedRow = rowsOf('invoice_feeds', ['company_id'], {
  company_id: textColumn,
  watermark: timeColumn,
  read_at: nullable(timeColumn),
  age_seconds: nullable(z.number()),
  lag_seconds: z.number(),
  error: nullable(textColumn),
  error_at: nullable(timeColumn),
});

export async function listInvoiceFeeds(db: Queryable): Promise<FeedPosition[]> {
  // The age is counted by the clock that wrote `read_at`: the database's.
  const rows = await selectRows(
    db,
    feedRow,
    `SELECT *, extract(epoch FROM now() - read_at)::float8 AS age_seconds,
       extract(epoch FROM now() - coalesce(read_at, opened_at))::float8 AS lag_seconds
     FROM invoice_feeds ORDER BY company_id`,
  );
  return rows.map((row) => ({
    companyId: row.company_id,
    watermark: row.watermark,
    readAt: row.read_at,
    ageSeconds: row.age_seconds,
    lagSeconds: row.lag_seconds,
    error: row.error,
    errorAt: row.error_at,
  }));
}

/** One that cannot be read counts as never read: what was just read takes its place, and no other deal waits (I13). */
const knownInvoice = stored(invoiceContent).optional().catch(undefined);

/** The columns of several tables side by side; an invoice of others has none of them. */
const matchedRow = rowsOf('documents', ['invoice_id'], {
  invoice_id: textColumn,
  record_id: nullable(textColumn),
  source_table: nullable(z.enum(SOURCE_TABLES)),
  content: knownInvoice,
  etag: nullable(textColumn),
  is_deal_notified: nullable(z.boolean()),
});

/**
 * What the ledger knows of these invoices, in their order. The deal is found by the document itself, by the order that
 * it came from, or by the tail of our number, which must be that of a record that the ledger knows.
 */
export async function matchInvoicesToDeals(db: Queryable, invoices: readonly Invoice[]): Promise<MatchedInvoice[]> {
  const rows = await selectRows(
    db,
    matchedRow,
    `SELECT read.invoice_id, record.record_id, record.source_table, document.content, observed.etag,
       observed.is_deal_notified
     FROM unnest($1::uuid[], $2::uuid[], $3::text[]) WITH ORDINALITY AS read(invoice_id, order_id, tail, place)
     LEFT JOIN documents document ON document.document_id = read.invoice_id
     LEFT JOIN documents origin ON origin.document_id = read.order_id
     LEFT JOIN source_records named ON named.document_tail = read.tail
     LEFT JOIN source_records record
       ON record.record_id = coalesce(document.record_id, origin.record_id, named.record_id)
     LEFT JOIN observed_invoices observed ON observed.invoice_id = read.invoice_id
     ORDER BY read.place`,
    [
      invoices.map((invoice) => invoice.id),
      invoices.map((invoice) => invoice.orderId ?? null),
      invoices.map((invoice) => findTail(invoice.externalDocumentNumber) ?? null),
    ],
  );
  return rows.map((row) => ({
    deal: row.record_id && row.source_table ? { table: row.source_table, recordId: row.record_id } : undefined,
    known: row.content,
    observed:
      row.etag !== undefined && row.is_deal_notified !== undefined
        ? { etag: row.etag, isDealNotified: row.is_deal_notified }
        : undefined,
  }));
}

/** Of these changes nobody has to be notified. The mark of a later one, which a deal is still to be notified of, stays. */
export async function markIrrelevant(db: Queryable, companyId: string, invoices: readonly Invoice[]): Promise<void> {
  await db.query(
    `INSERT INTO observed_invoices (invoice_id, company_id, etag, last_modified, is_deal_notified)
     SELECT invoice_id, $1, etag, last_modified, true
     FROM unnest($2::uuid[], $3::text[], $4::timestamptz[]) AS read(invoice_id, etag, last_modified)
     ON CONFLICT (invoice_id) DO UPDATE
       SET etag = excluded.etag, last_modified = excluded.last_modified, is_deal_notified = true
       WHERE observed_invoices.is_deal_notified OR observed_invoices.last_modified <= excluded.last_modified`,
    [
      companyId,
      invoices.map((invoice) => invoice.id),
      invoices.map((invoice) => invoice.etag),
      invoices.map((invoice) => invoice.lastModified),
    ],
  );
}

const documentRow = rowsOf('documents', ['document_id'], {
  document_id: textColumn,
  content: knownInvoice,
  read_at: timeColumn,
});

/**
 * Saves the new status and that the deal is still to be notified of it: both, or neither.
 * @param readFrom when its reading began, by the clock of the ledger: what was saved before is older than the invoice, whatever
 *   their stamps say, as a company that was restored has older ones; what was saved since is newer where the stamps are the
 *   same, as a payment in part moves none
 */
export async function savePaymentStatus(
  database: Database,
  companyId: string,
  recordId: string,
  invoice: Invoice,
  readFrom?: Date,
): Promise<void> {
  await database.transaction(async (tx) => {
    const known = await selectRow(
      tx,
      documentRow,
      'SELECT document_id, content, read_at FROM documents WHERE document_id = $1 FOR UPDATE',
      [invoice.id],
    );
    // The deal itself may have read the invoice after this page was read.
    const aheadMs = known?.content ? Date.parse(known.content.lastModified) - Date.parse(invoice.lastModified) : -1;
    const isSavedSince = known && readFrom && known.read_at > readFrom;
    const isSavedBefore = known && readFrom && known.read_at < readFrom;
    const isOlder = aheadMs > 0 ? !isSavedBefore : aheadMs === 0 && isSavedSince;
    if (!isOlder) await saveDocument(tx, recordId, 'invoice', invoice);
    await markUnreported(tx, companyId, invoice);
  });
}

/** In the transaction that saves what the deal is to be notified of. */
export async function markUnreported(tx: Queryable, companyId: string, invoice: Invoice): Promise<void> {
  await tx.query(
    `INSERT INTO observed_invoices (invoice_id, company_id, etag, last_modified, is_deal_notified) VALUES ($1, $2, $3, $4, false)
     ON CONFLICT (invoice_id) DO UPDATE
       SET etag = excluded.etag, last_modified = excluded.last_modified, is_deal_notified = false`,
    [invoice.id, companyId, invoice.etag, invoice.lastModified],
  );
}

export async function markInvoiceReported(db: Queryable, { id, etag }: Invoice): Promise<void> {
  await db.query('UPDATE observed_invoices SET is_deal_notified = true WHERE invoice_id = $1 AND etag = $2', [
    id,
    etag,
  ]);
}
