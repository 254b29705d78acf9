import type { Database, Queryable } from '../database.js';
import { rowsOf, selectRows, textColumn } from '../read-rows.js';

/** Companies that settings and rules name no more keep their places in the ledger: nothing of them is late, whoever looks. */

/** Of a row with a `company_id`. */
export const isNamed = (alias: string): string =>
  `NOT EXISTS (SELECT FROM left_companies gone WHERE gone.company_id = ${alias}.company_id)`;

const leftRow = rowsOf('left_companies', ['company_id'], { company_id: textColumn });

export async function listLeftCompanies(db: Queryable): Promise<ReadonlySet<string>> {
  const rows = await selectRows(db, leftRow, 'SELECT company_id FROM left_companies');
  return new Set(rows.map((row) => row.company_id));
}

/** @param companyIds all that are named now */
export function recordNamedCompanies(database: Database, companyIds: readonly string[]): Promise<void> {
  return database.transaction(async (tx) => {
    await tx.query('DELETE FROM left_companies WHERE company_id = ANY($1)', [companyIds]);
    await tx.query(
      `INSERT INTO left_companies (company_id) SELECT company_id FROM (
         SELECT company_id FROM invoice_feeds UNION SELECT company_id FROM flows UNION SELECT company_id FROM webhook_subscriptions
       ) AS known WHERE company_id <> ALL($1) ON CONFLICT DO NOTHING`,
      [companyIds],
    );
  });
}
