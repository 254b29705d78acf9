import { z } from 'zod';
import { MASTER_KINDS, type MasterKind } from '../../deal/masters.js';
import type { Database, Queryable } from '../database.js';
import { countColumn, rowsOf, selectRow, selectRows, textColumn } from '../read-rows.js';

/** Rows of a full reading that are still to be brought over, and which of them are under way. */

export interface BackfillRow {
  readonly table: MasterKind;
  readonly rowId: string;
}

export interface Backfill {
  /** They go behind those that wait already; one that waits keeps its place. */
  add(table: MasterKind, rowIds: readonly string[]): Promise<void>;
  /**
   * Takes the next rows, as many as leave no more under way than allowed, and none of a table whose feed is paused. A row that
   * was taken and has not ended within ten minutes is given once more; then its run alone goes on with it.
   */
  take(allowed: RowsUnderWay): Promise<TakenRows>;
  /** Of a row that was taken and whose run could not be begun. */
  giveBack(rowId: string): Promise<void>;
  /** A pass over the row has ended, or it needs none. */
  end(rowId: string): Promise<void>;
  /** Those that wait and those under way, by table. */
  count(): Promise<Readonly<Partial<Record<MasterKind, number>>>>;
}

export interface TakenRows {
  readonly rows: readonly BackfillRow[];
  readonly isBesideDeals: boolean;
}

/** How many rows may be under way at once, over all workers. */
export interface RowsUnderWay {
  readonly maxAlone: number;
  /** While a deal moves, and some seconds longer. */
  readonly maxBesideDeals: number;
}

/** Longer than a pass takes that waits for nothing. */
const PASS_LIMIT = '10 minutes';
const MAX_TIMES_BEGUN = 2;
/** A deal that is under way moves several times a second; one that came first waits at most for what is under way. */
const DEAL_REST = '5 seconds';

const takenRow = rowsOf('backfill_rows', ['row_id'], {
  row_id: textColumn,
  source_table: z.enum(MASTER_KINDS),
});
const movedRow = rowsOf('source_records', [], { has_moved: z.boolean() });
const countedRow = rowsOf('backfill_rows', ['source_table'], {
  source_table: z.enum(MASTER_KINDS),
  count: countColumn,
});

/** Not of one that was read again meanwhile and waits to begin: the pass may not have seen what changed. */
export const endBackfillRow = (rowId: '$1' | '$2'): string =>
  `DELETE FROM backfill_rows WHERE row_id = ${rowId} AND begun_at IS NOT NULL`;

export function createBackfill(database: Database): Backfill {
  return {
    async add(table, rowIds) {
      if (rowIds.length === 0) return;
      await database.query(
        `INSERT INTO backfill_rows (row_id, source_table)
         SELECT row_id, $1 FROM unnest($2::uuid[]) WITH ORDINALITY AS given (row_id, place) ORDER BY place
         ON CONFLICT (row_id) DO UPDATE SET begun_at = NULL, times_begun = 0 WHERE backfill_rows.begun_at IS NOT NULL`,
        [table, rowIds],
      );
    },
    take: (allowed) => takeRows(database, allowed),
    async giveBack(rowId) {
      await database.query(
        'UPDATE backfill_rows SET begun_at = NULL, times_begun = times_begun - 1 WHERE row_id = $1 AND begun_at IS NOT NULL',
        [rowId],
      );
    },
    async end(rowId) {
      await database.query(endBackfillRow('$1'), [rowId]);
    },
    async count() {
      const rows = await selectRows(
        database,
        countedRow,
        'SELECT source_table, count(*)::text AS count FROM backfill_rows GROUP BY source_table',
      );
      return Object.fromEntries(rows.map((row) => [row.source_table, row.count]));
    },
  };
}

async function takeRows(db: Queryable, { maxAlone, maxBesideDeals }: RowsUnderWay): Promise<TakenRows> {
  const moved = await selectRow(
    db,
    movedRow,
    `SELECT EXISTS (SELECT FROM source_records WHERE changed_at > now() - interval '${DEAL_REST}') AS has_moved`,
  );
  const isBesideDeals = moved?.has_moved ?? false;
  const rows = await selectRows(
    db,
    takenRow,
    `WITH forgotten AS (
       DELETE FROM backfill_rows WHERE begun_at < now() - interval '${PASS_LIMIT}' AND times_begun >= ${MAX_TIMES_BEGUN}
     ), next AS (
       SELECT row_id FROM backfill_rows waiting
       WHERE (begun_at IS NULL OR begun_at < now() - interval '${PASS_LIMIT}' AND times_begun < ${MAX_TIMES_BEGUN})
         AND NOT EXISTS (
           SELECT FROM sales_feeds feed WHERE feed.source_table = waiting.source_table AND feed.paused_at IS NOT NULL)
       ORDER BY position
       -- Of two workers that look at the same moment one takes.
       LIMIT CASE WHEN pg_try_advisory_xact_lock(hashtextextended('backfill_rows', 0)) THEN greatest(0, $1 - (
         SELECT count(*) FROM backfill_rows WHERE begun_at >= now() - interval '${PASS_LIMIT}')) ELSE 0 END
       FOR UPDATE SKIP LOCKED
     )
     UPDATE backfill_rows taken SET begun_at = now(), times_begun = times_begun + 1
     FROM next WHERE taken.row_id = next.row_id RETURNING taken.row_id, taken.source_table`,
    [isBesideDeals ? maxBesideDeals : maxAlone],
  );
  return { rows: rows.map((row) => ({ table: row.source_table, rowId: row.row_id })), isBesideDeals };
}
