import type { Queryable } from '../database.js';
import { rowsOf, selectRows, textColumn } from '../read-rows.js';

export type LinkKind = 'customer' | 'item' | 'contact';

/** A row of Sales and the row of one Business Central company that stands for it. */
export interface Link {
  readonly salesId: string;
  readonly bcId: string;
  readonly bcNumber: string;
}

export const linkRow = rowsOf('links', ['sales_id'], {
  sales_id: textColumn,
  bc_id: textColumn,
  bc_number: textColumn,
});

export async function findLinks(
  db: Queryable,
  kind: LinkKind,
  companyId: string,
  salesIds: readonly string[],
): Promise<Map<string, Link>> {
  const rows = await selectRows(
    db,
    linkRow,
    'SELECT sales_id, bc_id, bc_number FROM links WHERE kind = $1 AND company_id = $2 AND sales_id = ANY($3)',
    [kind, companyId, salesIds],
  );
  return new Map(
    rows.map((row) => [row.sales_id, { salesId: row.sales_id, bcId: row.bc_id, bcNumber: row.bc_number }]),
  );
}

export async function saveLink(db: Queryable, kind: LinkKind, companyId: string, link: Link): Promise<void> {
  await db.query(
    `INSERT INTO links (kind, sales_id, company_id, bc_id, bc_number) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (kind, sales_id, company_id) DO UPDATE SET bc_id = excluded.bc_id, bc_number = excluded.bc_number, linked_at = now()`,
    [kind, link.salesId, companyId, link.bcId, link.bcNumber],
  );
}

export async function forgetLink(db: Queryable, kind: LinkKind, companyId: string, salesId: string): Promise<void> {
  await db.query('DELETE FROM links WHERE kind = $1 AND company_id = $2 AND sales_id = $3', [kind, companyId, salesId]);
}
