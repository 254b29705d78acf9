import { z } from 'zod';
import type { RecordRef } from '../../deal/deal.js';
import { SOURCE_TABLES } from '../../deal/ids.js';
import { STATES_WITH_RUN } from '../../deal/states.js';
import type { Queryable } from '../database.js';
import { rowsOf, selectRow, selectRows, textColumn, timeColumn } from '../read-rows.js';

/** Deals that stand still although nobody is asked for anything: their run took no hint, or ended without the ledger. */

export interface HintSetAside extends RecordRef {
  readonly reason: string;
  readonly times: number;
  readonly since: Date;
}

const asideRow = rowsOf('hints_set_aside', ['record_id'], {
  record_id: textColumn,
  source_table: z.enum(SOURCE_TABLES),
  reason: textColumn,
  times: z.number(),
  since: timeColumn,
});

/** One deal never stops a feed: what its run did not take is sent again later. */
export async function setHintAside(db: Queryable, { table, recordId }: RecordRef, reason: string): Promise<void> {
  await db.query(
    `INSERT INTO hints_set_aside AS known (record_id, source_table, reason) VALUES ($1, $2, $3)
     ON CONFLICT (record_id) DO UPDATE SET reason = $3, times = known.times + 1`,
    [recordId, table, reason],
  );
}

/** It was delivered; one that was set aside meanwhile is another hint, and stays. */
export async function forgetHint(
  db: Queryable,
  { recordId, times }: Pick<HintSetAside, 'recordId' | 'times'>,
): Promise<void> {
  await db.query('DELETE FROM hints_set_aside WHERE record_id = $1 AND times = $2', [recordId, times]);
}

/** The oldest first. */
export async function listHintsAside(db: Queryable, limit: number): Promise<HintSetAside[]> {
  const rows = await selectRows(db, asideRow, 'SELECT * FROM hints_set_aside ORDER BY since LIMIT $1', [limit]);
  return rows.map(toHint);
}

/** All of them, page by page: by id, after the one that is given. */
export async function listHintsAsideAfter(
  db: Queryable,
  { after, limit }: { readonly after: string | undefined; readonly limit: number },
): Promise<HintSetAside[]> {
  const rows = await selectRows(
    db,
    asideRow,
    'SELECT * FROM hints_set_aside WHERE $1::uuid IS NULL OR record_id > $1 ORDER BY record_id LIMIT $2',
    [after ?? null, limit],
  );
  return rows.map(toHint);
}

export async function findHintAside(db: Queryable, recordId: string): Promise<HintSetAside | undefined> {
  const row = await selectRow(db, asideRow, 'SELECT * FROM hints_set_aside WHERE record_id = $1', [recordId]);
  return row && toHint(row);
}

function toHint({ record_id, source_table, reason, times, since }: z.infer<typeof asideRow.schema>): HintSetAside {
  return { recordId: record_id, table: source_table, reason, times, since };
}

const refRow = rowsOf('source_records', ['record_id'], { record_id: textColumn, source_table: z.enum(SOURCE_TABLES) });

/** Deals in a state in which a run is at work or waits, for some time already; by id, after the one that is given. */
export async function listWithRun(
  db: Queryable,
  { minutes, after, limit }: { readonly minutes: number; readonly after: string | undefined; readonly limit: number },
): Promise<RecordRef[]> {
  const rows = await selectRows(
    db,
    refRow,
    `SELECT record_id, source_table FROM source_records
     WHERE state = ANY($1) AND changed_at < now() - $2 * interval '1 minute' AND ($3::uuid IS NULL OR record_id > $3)
     ORDER BY record_id LIMIT $4`,
    [STATES_WITH_RUN, minutes, after ?? null, limit],
  );
  return rows.map((row) => ({ table: row.source_table, recordId: row.record_id }));
}
