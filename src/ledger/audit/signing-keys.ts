import type { Queryable } from '../database.js';
import { rowsOf, selectRows, textColumn } from '../read-rows.js';

const keyRow = rowsOf('audit_signatures', [], { key_id: textColumn });

const KEY = `split_part(signature, ':', 1)`;

/** Every key that ever signed, also one of a single entry among millions: the index is stepped through from key to key. */
export async function listSigningKeys(db: Queryable): Promise<string[]> {
  const rows = await selectRows(
    db,
    keyRow,
    `WITH RECURSIVE keys AS (
       (SELECT ${KEY} AS key_id FROM audit_signatures ORDER BY ${KEY} LIMIT 1)
       UNION ALL
       SELECT (SELECT ${KEY} FROM audit_signatures WHERE ${KEY} > keys.key_id ORDER BY ${KEY} LIMIT 1)
       FROM keys WHERE keys.key_id IS NOT NULL)
     SELECT key_id FROM keys WHERE key_id IS NOT NULL ORDER BY key_id`,
  );
  return rows.map((row) => row.key_id);
}
