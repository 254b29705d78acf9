import type { DocumentKind } from '../../deal/deal.js';
import type { Notice } from '../../deal/notices.js';
import type { PaymentStatus } from '../../deal/payment-status.js';
import type { Queryable } from '../database.js';

/** What Sales was told: of each posted invoice, and as notices. */

export interface StoredWriteBack {
  readonly invoiceId: string;
  readonly salesInvoiceId: string;
  /** Of the row in Sales, as it was left. */
  readonly etag: string;
  readonly reportedToSales: PaymentStatus;
}

export async function saveWriteBack(db: Queryable, recordId: string, note: StoredWriteBack): Promise<void> {
  await db.query(
    `INSERT INTO write_backs (invoice_id, record_id, sales_invoice_id, etag, reported_to_sales) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (invoice_id) DO UPDATE SET etag = excluded.etag, reported_to_sales = excluded.reported_to_sales, reported_at = now()`,
    [note.invoiceId, recordId, note.salesInvoiceId, note.etag, JSON.stringify(note.reportedToSales)],
  );
}

export async function findWriteBack(db: Queryable, invoiceId: string): Promise<StoredWriteBack | undefined> {
  const { rows } = await db.query<{ sales_invoice_id: string; etag: string; reported_to_sales: PaymentStatus }>(
    'SELECT sales_invoice_id, etag, reported_to_sales FROM write_backs WHERE invoice_id = $1',
    [invoiceId],
  );
  const row = rows[0];
  return (
    row && { invoiceId, salesInvoiceId: row.sales_invoice_id, etag: row.etag, reportedToSales: row.reported_to_sales }
  );
}

export interface StoredDocument<T> {
  readonly documentId: string;
  readonly kind: DocumentKind;
  readonly content: T;
  readonly reportedToSales?: PaymentStatus;
}

export async function listDocuments<T>(db: Queryable, recordId: string): Promise<StoredDocument<T>[]> {
  const { rows } = await db.query<{
    document_id: string;
    kind: DocumentKind;
    content: T;
    reported_to_sales: PaymentStatus | null;
  }>(
    `SELECT d.document_id, d.kind, d.content, w.reported_to_sales FROM documents d
     LEFT JOIN write_backs w ON w.invoice_id = d.document_id WHERE d.record_id = $1 ORDER BY d.content->>'number'`,
    [recordId],
  );
  return rows.map((row) => ({
    documentId: row.document_id,
    kind: row.kind,
    content: row.content,
    ...(row.reported_to_sales && { reportedToSales: row.reported_to_sales }),
  }));
}

/** False when the notice was kept before. */
export async function saveNotice(db: Queryable, recordId: string, notice: Notice): Promise<boolean> {
  const { rowCount } = await db.query(
    'INSERT INTO notices (record_id, kind, subject) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING',
    [recordId, notice.kind, notice.subject],
  );
  return rowCount === 1;
}

export async function listNotices(db: Queryable, recordId: string): Promise<(Notice & { readonly at: Date })[]> {
  const { rows } = await db.query<{ kind: Notice['kind']; subject: string; noticed_at: Date }>(
    'SELECT kind, subject, noticed_at FROM notices WHERE record_id = $1 ORDER BY noticed_at',
    [recordId],
  );
  return rows.map((row) => ({ kind: row.kind, subject: row.subject, at: row.noticed_at }));
}

/** The row in Sales is gone: a next write looks for it, and makes it anew. */
export async function forgetWriteBack(tx: Queryable, invoiceId: string, writeKey: string): Promise<void> {
  await tx.query('DELETE FROM write_backs WHERE invoice_id = $1', [invoiceId]);
  await tx.query(`UPDATE write_intents SET state = 'not-done', result = NULL WHERE write_key = $1`, [writeKey]);
}
