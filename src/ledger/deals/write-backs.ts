import { z } from 'zod';
import type { PaymentStatus } from '../../deal/payment-status.js';
import type { Queryable } from '../database.js';
import { rowsOf, selectRow, textColumn } from '../read-rows.js';
import { contentOf, decimalText, stored, toStored } from '../stored-content.js';

/** What was reported to Sales of each posted invoice. */

export interface StoredWriteBack {
  readonly invoiceId: string;
  readonly salesInvoiceId: string;
  /** Of the row in Sales, as it was left. */
  readonly etag: string;
  readonly reportedToSales: PaymentStatus;
}

export const paymentStatusContent = contentOf<PaymentStatus>({
  number: z.string(),
  status: z.enum(['open', 'part-paid', 'paid', 'cancelled', 'corrected']),
  total: decimalText,
  remaining: decimalText,
  dueDate: z.string().optional(),
});

/** As it is known after a write. */
export interface NewWriteBack extends StoredWriteBack {
  /** What the write began with: what another attempt has reported since stays. */
  readonly replaces?: Pick<StoredWriteBack, 'etag' | 'reportedToSales'>;
}

/** False when another attempt has reported since. */
export async function saveWriteBack(db: Queryable, recordId: string, writeBack: NewWriteBack): Promise<boolean> {
  const { replaces } = writeBack;
  const { rowCount } = await db.query(
    `INSERT INTO write_backs (invoice_id, record_id, sales_invoice_id, etag, reported_to_sales)
     VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (invoice_id) DO UPDATE
       SET etag = excluded.etag, reported_to_sales = excluded.reported_to_sales, reported_at = now()
       WHERE $6::text IS NULL OR (write_backs.etag = $6 AND write_backs.reported_to_sales = $7::jsonb)`,
    [
      ...[writeBack.invoiceId, recordId, writeBack.salesInvoiceId, writeBack.etag],
      ...[toStored(writeBack.reportedToSales), replaces?.etag ?? null],
      replaces ? toStored(replaces.reportedToSales) : null,
    ],
  );
  return rowCount === 1;
}

const writeBackRow = rowsOf('write_backs', ['invoice_id'], {
  invoice_id: textColumn,
  sales_invoice_id: textColumn,
  etag: textColumn,
  reported_to_sales: stored(paymentStatusContent),
});

export async function findWriteBack(db: Queryable, invoiceId: string): Promise<StoredWriteBack | undefined> {
  const row = await selectRow(
    db,
    writeBackRow,
    'SELECT invoice_id, sales_invoice_id, etag, reported_to_sales FROM write_backs WHERE invoice_id = $1',
    [invoiceId],
  );
  return (
    row && { invoiceId, salesInvoiceId: row.sales_invoice_id, etag: row.etag, reportedToSales: row.reported_to_sales }
  );
}

/** The row in Sales is gone: a next write looks for it, and makes it anew. */
export async function forgetWriteBack(tx: Queryable, invoiceId: string, writeKey: string): Promise<void> {
  await tx.query('DELETE FROM write_backs WHERE invoice_id = $1', [invoiceId]);
  await tx.query(`UPDATE write_intents SET state = 'not-done', result = NULL WHERE write_key = $1`, [writeKey]);
}
