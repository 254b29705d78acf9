import type { RecordRef } from '../../deal/deal.js';
import type { SourceTable } from '../../deal/ids.js';
import type { Database, Queryable } from '../database.js';
import { saveDocument } from '../deals/documents.js';

/** Where the reading of a company's invoices stands, and of which of their changes the deals were notified. */

/** What an invoice must carry so that the ledger can say whether it is news. */
export interface FeedInvoice {
  readonly id: string;
  readonly etag: string;
  readonly number: string;
  readonly externalDocumentNumber: string;
  readonly orderId: string | undefined;
  readonly status: string;
  readonly dueDate: string | undefined;
  readonly includingTax: string;
  readonly remaining: string;
  readonly lastModified: string;
}

/** An invoice as the ledger meets it. */
export interface MatchedInvoice {
  /** The deal that it belongs to; undefined for invoices of others. */
  readonly deal: RecordRef | undefined;
  /** What was read of it before. */
  readonly known: FeedInvoice | undefined;
  readonly seen: { readonly etag: string; readonly isDealNotified: boolean } | undefined;
}

export interface FeedPosition {
  readonly companyId: string;
  readonly watermark: Date;
  /** When a reading last reached the end. */
  readonly readAt: Date | undefined;
  readonly error: string | undefined;
  readonly errorAt: Date | undefined;
}

/** The moment to read on from; the first time it is the one that is given. */
export async function openInvoiceFeed(db: Queryable, companyId: string, from: Date): Promise<Date> {
  await db.query('INSERT INTO invoice_feeds (company_id, watermark) VALUES ($1, $2) ON CONFLICT DO NOTHING', [
    companyId,
    from,
  ]);
  const { rows } = await db.query<{ watermark: Date }>('SELECT watermark FROM invoice_feeds WHERE company_id = $1', [
    companyId,
  ]);
  return rows[0]?.watermark ?? from;
}

/** Moves forwards only; what lies before the moment is forgotten, since no reading goes back that far. */
export async function moveInvoiceFeed(
  db: Queryable,
  companyId: string,
  to: { readonly watermark: Date | undefined; readonly isEnd: boolean; readonly forgetBefore: Date },
): Promise<Date> {
  const { rows } = await db.query<{ watermark: Date }>(
    `UPDATE invoice_feeds SET watermark = greatest(watermark, $2), error = NULL, error_at = NULL,
       read_at = CASE WHEN $3 THEN now() ELSE read_at END
     WHERE company_id = $1 RETURNING watermark`,
    [companyId, to.watermark ?? null, to.isEnd],
  );
  await db.query('DELETE FROM seen_invoices WHERE company_id = $1 AND last_modified < $2 AND notified', [
    companyId,
    to.forgetBefore,
  ]);
  const row = rows[0];
  if (!row) throw new Error(`the feed of company ${companyId} was never opened`);
  return row.watermark;
}

export async function recordInvoiceFeedError(db: Queryable, companyId: string, error: string): Promise<void> {
  await db.query('UPDATE invoice_feeds SET error = $2, error_at = now() WHERE company_id = $1', [companyId, error]);
}

export async function listInvoiceFeeds(db: Queryable): Promise<FeedPosition[]> {
  const { rows } = await db.query<{
    company_id: string;
    watermark: Date;
    read_at: Date | null;
    error: string | null;
    error_at: Date | null;
  }>('SELECT * FROM invoice_feeds ORDER BY company_id');
  return rows.map((row) => ({
    companyId: row.company_id,
    watermark: row.watermark,
    readAt: row.read_at ?? undefined,
    error: row.error ?? undefined,
    errorAt: row.error_at ?? undefined,
  }));
}

/**
 * What the ledger knows of these invoices, in their order. The deal is found by the document itself, by the order that
 * it came from, or by our key, which must be the id of a record that the ledger knows.
 */
export async function matchInvoicesToDeals(db: Queryable, invoices: readonly FeedInvoice[]): Promise<MatchedInvoice[]> {
  const { rows } = await db.query<{
    record_id: string | null;
    source_table: SourceTable | null;
    content: FeedInvoice | null;
    etag: string | null;
    notified: boolean | null;
  }>(
    `SELECT record.record_id, record.source_table, document.content, seen.etag, seen.notified
     FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) WITH ORDINALITY AS met(invoice_id, order_id, key_id, place)
     LEFT JOIN documents document ON document.document_id = met.invoice_id
     LEFT JOIN documents origin ON origin.document_id = met.order_id
     LEFT JOIN source_records record
       ON record.record_id = coalesce(document.record_id, origin.record_id, met.key_id)
     LEFT JOIN seen_invoices seen ON seen.invoice_id = met.invoice_id
     ORDER BY met.place`,
    [
      invoices.map((invoice) => invoice.id),
      invoices.map((invoice) => invoice.orderId ?? null),
      invoices.map((invoice) => toRecordId(invoice.externalDocumentNumber) ?? null),
    ],
  );
  return rows.map((row) => ({
    deal: row.record_id && row.source_table ? { table: row.source_table, recordId: row.record_id } : undefined,
    known: row.content ?? undefined,
    seen: row.etag !== null && row.notified !== null ? { etag: row.etag, isDealNotified: row.notified } : undefined,
  }));
}

/** These changes need no word to anybody. */
export async function markIrrelevant(
  db: Queryable,
  companyId: string,
  invoices: readonly FeedInvoice[],
): Promise<void> {
  await db.query(
    `INSERT INTO seen_invoices (invoice_id, company_id, etag, last_modified, notified)
     SELECT invoice_id, $1, etag, last_modified, true
     FROM unnest($2::uuid[], $3::text[], $4::timestamptz[]) AS met(invoice_id, etag, last_modified)
     ON CONFLICT (invoice_id) DO UPDATE
       SET etag = excluded.etag, last_modified = excluded.last_modified, notified = true`,
    [
      companyId,
      invoices.map((invoice) => invoice.id),
      invoices.map((invoice) => invoice.etag),
      invoices.map((invoice) => invoice.lastModified),
    ],
  );
}

/** Keeps the new status and that the deal is still to be notified of it, in one transaction: neither stands without the other. */
export async function savePaymentStatus(
  database: Database,
  companyId: string,
  recordId: string,
  invoice: FeedInvoice,
): Promise<void> {
  await database.transaction(async (tx) => {
    const { rows } = await tx.query<{ content: FeedInvoice }>(
      'SELECT content FROM documents WHERE document_id = $1 FOR UPDATE',
      [invoice.id],
    );
    // The deal itself may have read the invoice after this page was read.
    const kept = rows[0]?.content.lastModified;
    if (!kept || Date.parse(kept) <= Date.parse(invoice.lastModified)) {
      await saveDocument(tx, recordId, 'invoice', invoice);
    }
    await tx.query(
      `INSERT INTO seen_invoices (invoice_id, company_id, etag, last_modified, notified) VALUES ($1, $2, $3, $4, false)
       ON CONFLICT (invoice_id) DO UPDATE
         SET etag = excluded.etag, last_modified = excluded.last_modified, notified = false`,
      [invoice.id, companyId, invoice.etag, invoice.lastModified],
    );
  });
}

export async function markInvoiceReported(db: Queryable, { id, etag }: FeedInvoice): Promise<void> {
  await db.query('UPDATE seen_invoices SET notified = true WHERE invoice_id = $1 AND etag = $2', [id, etag]);
}

/** The inverse of `documentKey`. */
function toRecordId(key: string): string | undefined {
  const parts = /^([0-9A-F]{8})([0-9A-F]{4})([0-9A-F]{4})([0-9A-F]{4})([0-9A-F]{12})$/.exec(key);
  return parts?.slice(1).join('-').toLowerCase();
}
