import type { DocumentKind } from '../../deal/deal.js';
import type { Notice } from '../../deal/notices.js';
import type { InvoiceNews } from '../../deal/payment-status.js';
import type { Queryable } from '../database.js';

/** What Sales was told: of each posted invoice, and as notices. */

export interface WriteBackNote {
  readonly invoiceId: string;
  readonly salesInvoiceId: string;
  /** Of the row in Sales, as it was left. */
  readonly etag: string;
  readonly told: InvoiceNews;
}

export async function keepWriteBack(db: Queryable, recordId: string, note: WriteBackNote): Promise<void> {
  await db.query(
    `INSERT INTO write_backs (invoice_id, record_id, sales_invoice_id, etag, told) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (invoice_id) DO UPDATE SET etag = excluded.etag, told = excluded.told, told_at = now()`,
    [note.invoiceId, recordId, note.salesInvoiceId, note.etag, JSON.stringify(note.told)],
  );
}

export async function findWriteBack(db: Queryable, invoiceId: string): Promise<WriteBackNote | undefined> {
  const { rows } = await db.query<{ sales_invoice_id: string; etag: string; told: InvoiceNews }>(
    'SELECT sales_invoice_id, etag, told FROM write_backs WHERE invoice_id = $1',
    [invoiceId],
  );
  const row = rows[0];
  return row && { invoiceId, salesInvoiceId: row.sales_invoice_id, etag: row.etag, told: row.told };
}

export interface DocumentNote<T> {
  readonly documentId: string;
  readonly kind: DocumentKind;
  readonly content: T;
  readonly told?: InvoiceNews;
}

export async function listDocuments<T>(db: Queryable, recordId: string): Promise<DocumentNote<T>[]> {
  const { rows } = await db.query<{
    document_id: string;
    kind: DocumentKind;
    content: T;
    told: InvoiceNews | null;
  }>(
    `SELECT d.document_id, d.kind, d.content, w.told FROM documents d
     LEFT JOIN write_backs w ON w.invoice_id = d.document_id WHERE d.record_id = $1 ORDER BY d.content->>'number'`,
    [recordId],
  );
  return rows.map((row) => ({
    documentId: row.document_id,
    kind: row.kind,
    content: row.content,
    ...(row.told && { told: row.told }),
  }));
}

/** False when the notice was kept before. */
export async function keepNotice(db: Queryable, recordId: string, notice: Notice): Promise<boolean> {
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
