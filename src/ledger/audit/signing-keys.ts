import type { Queryable } from '../database.js';
import { rowsOf, selectRows, textColumn } from '../read-rows.js';

const keyRow = rowsOf('audit_signatures', [], { key_id: textColumn });

/**
 * The keys of signatures evenly spread over the trail, since a trail has millions of them: a key signs for as long as it is the
 * newest one. Of a trail that is shorter than `most` all are found. Each look-up is one of the primary key.
 */
export async function sampleSigningKeys(db: Queryable, most = 1_000): Promise<string[]> {
  const end = (direction: 'ASC' | 'DESC'): string =>
    `(SELECT number FROM audit_signatures WHERE subject = kind.subject ORDER BY subject ${direction}, number ${direction} LIMIT 1)`;
  const rows = await selectRows(
    db,
    keyRow,
    `SELECT DISTINCT split_part(found.signature, ':', 1) AS key_id
     FROM (VALUES ('entry'), ('seal')) AS kind(subject)
     CROSS JOIN LATERAL (SELECT ${end('ASC')} AS first, ${end('DESC')} AS last OFFSET 0) AS trail
     CROSS JOIN generate_series(0, $1::int) AS step
     CROSS JOIN LATERAL (
       SELECT signature FROM audit_signatures
       WHERE subject = kind.subject AND number >= trail.first + (trail.last - trail.first) * step / $1::int
       ORDER BY subject, number LIMIT 1) AS found
     ORDER BY 1`,
    [most],
  );
  return rows.map((row) => row.key_id);
}
