import { FINAL_STATES } from '../../deal/states.js';
import type { Queryable } from '../database.js';
import { rowsOf, selectRows, textColumn } from '../read-rows.js';

/** Of a document in Business Central, what tells whose it is. */
export interface TailedDocument {
  readonly id: string;
  readonly tail: string;
}

const forgottenRow = rowsOf('documents', ['id'], { id: textColumn });

/** Those that the ledger does not have, and that no deal under way will look for. */
export async function findForgotten(db: Queryable, documents: readonly TailedDocument[]): Promise<Set<string>> {
  const rows = await selectRows(
    db,
    forgottenRow,
    `SELECT listed.id::text AS id FROM unnest($1::uuid[], $2::text[]) AS listed(id, tail)
     WHERE NOT EXISTS (SELECT 1 FROM documents d WHERE d.document_id = listed.id)
       AND NOT EXISTS (SELECT 1 FROM source_records r WHERE r.document_tail = listed.tail AND r.state <> ALL($3))`,
    [documents.map(({ id }) => id), documents.map(({ tail }) => tail), FINAL_STATES],
  );
  return new Set(rows.map(({ id }) => id));
}
