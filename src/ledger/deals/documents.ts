import { z } from 'zod';
import type { Invoice, Order, Quote, SalesDocument } from '../../deal/business-central-document.js';
import type { DocumentKind } from '../../deal/deal.js';
import { InternalError } from '../../deal/errors.js';
import type { PaymentStatus } from '../../deal/payment-status.js';
import type { Queryable } from '../database.js';
import { nullable, rowsOf, selectRow, selectRows, textColumn } from '../read-rows.js';
import { stored, toStored } from '../stored-content.js';
import { invoiceContent, orderContent, quoteContent } from './document-schema.js';
import { SAVE_DOCUMENT_SUMMARY } from './summaries.js';
import { paymentStatusContent } from './write-backs.js';

/** What Business Central holds for a deal, as it was last read; write-backs take it from here. */

/** Clocks may be apart by as much; a company that was restored is older by more. */
const CLOCK_TOLERANCE = '5 minutes';

/**
 * A payment in part moves no stamp (reference/business-central 6.3): of two readings of the same stamp the one that was saved after the
 * other began stays. What we wrote is no reading.
 * @param readFrom when its reading began: what somebody else has read since, at a later change, stays
 * @returns false when it stayed
 */
export async function saveDocument(
  db: Queryable,
  recordId: string,
  kind: DocumentKind,
  content: SalesDocument,
  written: 'by-us' | 'by-anybody' = 'by-anybody',
  readFrom?: Date,
): Promise<boolean> {
  const { excludingTax, includingTax, currency } = content;
  const row = await selectRow(
    db,
    savedRow,
    `WITH saved AS (
       INSERT INTO documents (document_id, record_id, kind, content, own_content)
       VALUES ($1, $2, $3, $4::jsonb, CASE WHEN $5 THEN $4::jsonb END)
       ON CONFLICT (document_id) DO UPDATE SET content = excluded.content,
         own_content = coalesce(excluded.own_content, documents.own_content), read_at = now(), gone_at = NULL
       WHERE $9::timestamptz IS NULL OR documents.read_at < $9::timestamptz - interval '${CLOCK_TOLERANCE}'
         OR (documents.content ->> 'lastModified')::timestamptz < (excluded.content ->> 'lastModified')::timestamptz
         OR ((documents.content ->> 'lastModified')::timestamptz = (excluded.content ->> 'lastModified')::timestamptz
           AND ($5 OR date_trunc('milliseconds', documents.read_at) <= $9::timestamptz))
       RETURNING document_id
     ), summed AS (${SAVE_DOCUMENT_SUMMARY}) SELECT document_id FROM saved`,
    [
      ...[content.id, recordId, kind, toStored(content), written === 'by-us', excludingTax, includingTax, currency],
      readFrom ?? null,
    ],
  );
  return row !== undefined;
}

const KEY = { document_id: textColumn };
const savedRow = rowsOf('documents', ['document_id'], KEY);
const invoiceRow = rowsOf('documents', ['document_id'], { ...KEY, content: stored(invoiceContent) });
const orderRow = rowsOf('documents', ['document_id'], { ...KEY, content: stored(orderContent) });
const quoteRow = rowsOf('documents', ['document_id'], { ...KEY, content: stored(quoteContent) });

const SELECT_ONE = 'SELECT document_id, content FROM documents WHERE document_id = $1 AND kind = $2';

/** @throws InternalError when the invoice was never read: asking for it is a bug. */
export async function getInvoice(db: Queryable, documentId: string): Promise<Invoice> {
  const row = await selectRow(db, invoiceRow, SELECT_ONE, [documentId, 'invoice']);
  if (!row) throw new InternalError(`the ledger does not hold invoice ${documentId}`);
  return row.content;
}

/** @throws InternalError when the order was never read: asking for it is a bug. */
export async function getOrder(db: Queryable, documentId: string): Promise<Order> {
  const row = await selectRow(db, orderRow, SELECT_ONE, [documentId, 'order']);
  if (!row) throw new InternalError(`the ledger does not hold order ${documentId}`);
  return row.content;
}

/** @throws InternalError when the quote was never read: asking for it is a bug. */
export async function getQuote(db: Queryable, documentId: string): Promise<Quote> {
  const row = await selectRow(db, quoteRow, SELECT_ONE, [documentId, 'quote']);
  if (!row) throw new InternalError(`the ledger does not hold quote ${documentId}`);
  return row.content;
}

const ownRow = {
  table: 'documents',
  key: ['document_id'],
  schema: z.discriminatedUnion('kind', [
    z.object({ ...KEY, kind: z.literal('invoice'), own_content: nullable(stored(invoiceContent)) }),
    z.object({ ...KEY, kind: z.literal('order'), own_content: nullable(stored(orderContent)) }),
    z.object({ ...KEY, kind: z.literal('quote'), own_content: nullable(stored(quoteContent)) }),
  ]),
};

/** The document as we wrote it last; undefined when it is not one of ours. */
export async function findOwnDocument(db: Queryable, documentId: string): Promise<SalesDocument | undefined> {
  const select = 'SELECT document_id, kind, own_content FROM documents WHERE document_id = $1';
  return (await selectRow(db, ownRow, select, [documentId]))?.own_content;
}

interface DocumentFacts {
  readonly documentId: string;
  /** A sweep did not find it in Business Central any more. */
  readonly isGone: boolean;
  /** It was made or adopted here. */
  readonly isOwn: boolean;
  /** Undefined until an invoice has a row in Sales. */
  readonly reportedToSales: PaymentStatus | undefined;
}

export type StoredDocument =
  | (DocumentFacts & { readonly kind: 'invoice'; readonly content: Invoice })
  | (DocumentFacts & { readonly kind: 'order'; readonly content: Order })
  | (DocumentFacts & { readonly kind: 'quote'; readonly content: Quote });

const listed = {
  ...KEY,
  is_gone: z.boolean(),
  is_own: z.boolean(),
  reported_to_sales: nullable(stored(paymentStatusContent)),
};
const listedRow = {
  table: 'documents',
  key: ['document_id'],
  schema: z.discriminatedUnion('kind', [
    z.object({ ...listed, kind: z.literal('invoice'), content: stored(invoiceContent) }),
    z.object({ ...listed, kind: z.literal('order'), content: stored(orderContent) }),
    z.object({ ...listed, kind: z.literal('quote'), content: stored(quoteContent) }),
  ]),
};

/** Every document of a deal, by its number. */
export async function listDocuments(db: Queryable, recordId: string): Promise<StoredDocument[]> {
  const rows = await selectRows(
    db,
    listedRow,
    `SELECT d.document_id, d.kind, d.content, d.gone_at IS NOT NULL AS is_gone,
       d.own_content IS NOT NULL AS is_own, w.reported_to_sales FROM documents d
     LEFT JOIN write_backs w ON w.invoice_id = d.document_id WHERE d.record_id = $1 ORDER BY d.content ->> 'number'`,
    [recordId],
  );
  return rows.map(({ document_id, is_gone, is_own, reported_to_sales, ...document }) => ({
    documentId: document_id,
    isGone: is_gone,
    isOwn: is_own,
    reportedToSales: reported_to_sales,
    ...document,
  }));
}
