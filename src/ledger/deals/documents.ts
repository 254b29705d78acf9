import type { DocumentKind } from '../../deal/deal.js';
import type { Queryable } from '../database.js';

export async function saveDocument(
  db: Queryable,
  recordId: string,
  kind: DocumentKind,
  content: { readonly id: string },
): Promise<void> {
  await db.query(
    `INSERT INTO documents (document_id, record_id, kind, content) VALUES ($1, $2, $3, $4)
     ON CONFLICT (document_id) DO UPDATE SET content = excluded.content, read_at = now()`,
    [content.id, recordId, kind, JSON.stringify(content)],
  );
}

/** @throws Error when the document was never read: asking for it is a bug. */
export async function getDocument<T>(db: Queryable, documentId: string): Promise<T> {
  const { rows } = await db.query<{ content: T }>('SELECT content FROM documents WHERE document_id = $1', [documentId]);
  const row = rows[0];
  if (!row) throw new Error(`the ledger does not hold document ${documentId}`);
  return row.content;
}
