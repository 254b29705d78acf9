import { z } from 'zod';
import { MOVING_STATES } from '../../deal/states.js';
import type { Queryable } from '../database.js';
import { countColumn, type RowOf, rowsOf, selectRow, selectRows, textColumn, timeColumn } from '../read-rows.js';
import { stored, toStored } from '../stored-content.js';

/** The mappings that deals were read by, each under its hash; none is ever changed or removed. */

export interface StoredMapping {
  readonly hash: string;
  readonly content: unknown;
  readonly firstUsedAt: Date;
}

export async function saveMapping(
  db: Queryable,
  { hash, content }: Pick<StoredMapping, 'hash' | 'content'>,
): Promise<void> {
  await db.query('INSERT INTO mappings (hash, content) VALUES ($1, $2) ON CONFLICT DO NOTHING', [
    hash,
    toStored({ mapping: content }),
  ]);
}

export async function findMapping(db: Queryable, hash: string): Promise<StoredMapping | undefined> {
  const row = await selectRow(db, mappingRow, 'SELECT * FROM mappings WHERE hash = $1', [hash]);
  return row && toMapping(row);
}

/** The newest first, each with the number of records whose document was made by it, or would have been. */
export async function listMappings(db: Queryable): Promise<(StoredMapping & { readonly records: number })[]> {
  const rows = await selectRows(
    db,
    listedRow,
    `SELECT mappings.*, coalesce(counted.records, 0) AS records FROM mappings LEFT JOIN (
       SELECT mapping_hash, sum(records) AS records FROM (
         SELECT mapping_hash, count(*) AS records FROM source_records WHERE state = ANY($1) GROUP BY 1
         UNION ALL SELECT mapping_hash, sum(deals) FROM deal_totals GROUP BY 1
       ) AS each GROUP BY 1
     ) AS counted ON mapping_hash = hash ORDER BY first_used_at DESC, hash`,
    [MOVING_STATES],
  );
  return rows.map((row) => ({ ...toMapping(row), records: row.records }));
}

/** What a mapping looks like is known to `mapping/rules`, which parses it as strictly as the rules file. */
const mapping = {
  hash: textColumn,
  content: stored(z.object({ mapping: z.unknown() })),
  first_used_at: timeColumn,
};
const mappingRow = rowsOf('mappings', ['hash'], mapping);
const listedRow = rowsOf('mappings', ['hash'], { ...mapping, records: countColumn });

function toMapping(row: RowOf<typeof mappingRow>): StoredMapping {
  return { hash: row.hash, content: row.content.mapping, firstUsedAt: row.first_used_at };
}
