import type { Queryable } from '../database.js';

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
    JSON.stringify(content),
  ]);
}

export async function findMapping(db: Queryable, hash: string): Promise<StoredMapping | undefined> {
  const { rows } = await db.query<Row>('SELECT * FROM mappings WHERE hash = $1', [hash]);
  return rows[0] && toMapping(rows[0]);
}

/** The newest first, each with the number of records whose document was made by it, or would have been. */
export async function listMappings(db: Queryable): Promise<(StoredMapping & { readonly records: number })[]> {
  const { rows } = await db.query<Row & { records: string }>(
    `SELECT mappings.*, (SELECT count(*) FROM source_records WHERE mapping_hash = hash) AS records
     FROM mappings ORDER BY first_used_at DESC, hash`,
  );
  return rows.map((row) => ({ ...toMapping(row), records: Number(row.records) }));
}

interface Row {
  hash: string;
  content: unknown;
  first_used_at: Date;
}

function toMapping(row: Row): StoredMapping {
  return { hash: row.hash, content: row.content, firstUsedAt: row.first_used_at };
}
