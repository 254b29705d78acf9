import { z } from 'zod';
import type { RecordState } from '../../deal/deal.js';
import { InternalError } from '../../deal/errors.js';
import { FEED_TABLES, type FeedTable, type SourceTable } from '../../deal/ids.js';
import type { Settled } from '../../deal/row-changes.js';
import type { Database, Queryable } from '../database.js';
import { nullable, type RowOf, rowsOf, selectRow, selectRows, textColumn, timeColumn } from '../read-rows.js';

/** How far the feeds have read, and what they know of every row. */

const FEED_PHASES = ['initial', 'changes', 'comparing', 'missing'] as const;
export type FeedPhase = (typeof FEED_PHASES)[number];

export interface FeedState {
  readonly table: FeedTable;
  readonly phase: FeedPhase;
  readonly position: string | undefined;
  readonly positionAt: Date | undefined;
  readonly step: string;
  readonly sweep: number;
  readonly takenFrom: Date | undefined;
  /** Whatever changed in Sales before this moment has been read. */
  readonly caughtUpAt: Date | undefined;
  /** Since when it is to be read. */
  readonly openedAt: Date;
  readonly readingSince: Date | undefined;
  readonly pausedAt: Date | undefined;
  readonly pausedBy: string | undefined;
  readonly timesPaused: number;
  readonly rowsRead: string;
  readonly rowsTaken: string;
  readonly lastError: string | undefined;
  readonly lastErrorAt: Date | undefined;
  readonly timesExpired: number;
  readonly expiredAt: Date | undefined;
  /** What the last comparison found. */
  readonly compared: { readonly rows: string; readonly changed: string; readonly missing: string };
  readonly count:
    | { readonly at: Date; readonly since: Date; readonly rows: string; readonly missed: string }
    | undefined;
}

export interface PageOutcome {
  readonly table: FeedTable;
  /** The step that the page was read from. */
  readonly step: string;
  readonly phase: FeedPhase;
  readonly position: string | undefined;
  readonly takenFrom: Date | undefined;
  readonly isLast: boolean;
  readonly settled: readonly {
    readonly rowId: string;
    readonly version: string;
    readonly state: RecordState | undefined;
  }[];
  readonly deleted: readonly string[];
  readonly read: number;
  readonly taken: number;
  readonly compared: { readonly rows: number; readonly changed: number; readonly missing: number };
}

export interface FeedLedger {
  /** The feed as it stands; a new one at its first call. */
  openFeed(table: FeedTable): Promise<FeedState>;
  listFeeds(): Promise<FeedState[]>;
  /** Saves every row with its version, and returns which version of it was dealt with. */
  rememberRows(
    table: FeedTable,
    sweep: number,
    rows: readonly { readonly rowId: string; readonly version: string }[],
  ): Promise<Map<string, Settled>>;
  /** A moment before the page is asked for: when it is the last one, all that changed before is known. */
  recordReading(table: FeedTable): Promise<void>;
  /** I5: stores the position, in one transaction with what was dealt with. False when another reader was quicker. */
  settlePage(outcome: PageOutcome): Promise<boolean>;
  /** The token is not taken any more: everything is read again and compared. */
  startComparison(table: FeedTable, step: string): Promise<void>;
  /** Rows that the comparison did not find. */
  findMissing(table: FeedTable, sweep: number, limit: number): Promise<string[]>;
  pauseFeed(table: FeedTable, by: string): Promise<void>;
  resumeFeed(table: FeedTable): Promise<void>;
  recordFeedError(table: FeedTable, message: string): Promise<void>;
  recordReconciliation(table: FeedTable, count: { since: Date; rows: number; missed: number }): Promise<void>;
  /** The version of each row that was dealt with. */
  findSettled(table: FeedTable, rowIds: readonly string[]): Promise<Map<string, Settled>>;
  /** The next reading of this row takes it as changed, also when we changed it last ourselves. */
  forgetState(table: SourceTable, rowId: string): Promise<void>;
}

export function createFeedLedger(database: Database): FeedLedger {
  return {
    openFeed: (table) => openFeed(database, table),
    async listFeeds() {
      return (await selectRows(database, feedRow, 'SELECT * FROM sales_feeds ORDER BY source_table')).map(toFeed);
    },
    rememberRows: (table, sweep, rows) => rememberRows(database, table, sweep, rows),
    async recordReading(table) {
      await database.query(
        'UPDATE sales_feeds SET reading_since = coalesce(reading_since, clock_timestamp()) WHERE source_table = $1',
        [table],
      );
    },
    settlePage: (outcome) => database.transaction((tx) => settlePage(tx, outcome)),
    async startComparison(table, step) {
      await database.query(
        `UPDATE sales_feeds SET position = NULL, step = step + 1, sweep = sweep + 1, reading_since = NULL,
           phase = CASE phase WHEN 'initial' THEN 'initial' ELSE 'comparing' END,
           times_expired = times_expired + 1, expired_at = now(),
           compared_rows = 0, compared_changed = 0, compared_missing = 0
         WHERE source_table = $1 AND step = $2`,
        [table, step],
      );
    },
    async findMissing(table, sweep, limit) {
      const rows = await selectRows(
        database,
        idRow,
        'SELECT row_id FROM sales_rows WHERE source_table = $1 AND sweep < $2 ORDER BY row_id LIMIT $3',
        [table, sweep, limit],
      );
      return rows.map((row) => row.row_id);
    },
    async pauseFeed(table, by) {
      await openFeed(database, table);
      await database.query(
        `UPDATE sales_feeds SET paused_at = now(), paused_by = $2, times_paused = times_paused + 1
         WHERE source_table = $1 AND paused_at IS NULL`,
        [table, by],
      );
    },
    async resumeFeed(table) {
      await database.query('UPDATE sales_feeds SET paused_at = NULL, paused_by = NULL WHERE source_table = $1', [
        table,
      ]);
    },
    async recordFeedError(table, message) {
      await database.query('UPDATE sales_feeds SET last_error = $2, last_error_at = now() WHERE source_table = $1', [
        table,
        message,
      ]);
    },
    async recordReconciliation(table, { since, rows, missed }) {
      await database.query(
        `UPDATE sales_feeds SET counted_at = now(), counted_since = $2, counted_rows = $3, counted_missed = $4
         WHERE source_table = $1`,
        [table, since, rows, missed],
      );
    },
    async findSettled(table, rowIds) {
      const rows = await selectRows(
        database,
        settledRow,
        `SELECT row_id, settled_version, settled_state FROM sales_rows
         WHERE source_table = $1 AND row_id = ANY($2) AND settled_version IS NOT NULL`,
        [table, rowIds],
      );
      return toSettled(rows);
    },
    async forgetState(table, rowId) {
      await database.query('UPDATE sales_rows SET settled_state = NULL WHERE source_table = $1 AND row_id = $2', [
        table,
        rowId,
      ]);
    },
  };
}

async function openFeed(db: Queryable, table: FeedTable): Promise<FeedState> {
  const select = () => selectRow(db, feedRow, 'SELECT * FROM sales_feeds WHERE source_table = $1', [table]);
  let row = await select();
  if (!row) {
    await db.query('INSERT INTO sales_feeds (source_table) VALUES ($1) ON CONFLICT DO NOTHING', [table]);
    row = await select();
  }
  if (!row) throw new InternalError(`the feed of ${table} vanished`);
  return toFeed(row);
}

async function rememberRows(
  db: Queryable,
  table: FeedTable,
  sweep: number,
  rows: readonly { readonly rowId: string; readonly version: string }[],
): Promise<Map<string, Settled>> {
  if (rows.length === 0) return new Map();
  const known = await selectRows(
    db,
    settledRow,
    `INSERT INTO sales_rows AS known (source_table, row_id, version, sweep)
     SELECT $1, given.row_id, given.version, $2 FROM unnest($3::uuid[], $4::bigint[]) AS given (row_id, version)
     ON CONFLICT (source_table, row_id) DO UPDATE
       SET version = greatest(known.version, excluded.version), sweep = greatest(known.sweep, excluded.sweep)
     RETURNING row_id, settled_version, settled_state`,
    [table, sweep, rows.map((row) => row.rowId), rows.map((row) => row.version)],
  );
  return toSettled(known);
}

async function settlePage(tx: Queryable, outcome: PageOutcome): Promise<boolean> {
  const { table, settled, compared } = outcome;
  const moved = await tx.query(
    `UPDATE sales_feeds SET phase = $3, position = $4, position_at = now(), step = step + 1,
       taken_from = coalesce(taken_from, $5),
       caught_up_at = CASE WHEN $6 THEN reading_since ELSE caught_up_at END,
       reading_since = CASE WHEN $6 THEN NULL ELSE reading_since END,
       rows_read = rows_read + $7, rows_taken = rows_taken + $8,
       compared_rows = compared_rows + $9, compared_changed = compared_changed + $10,
       compared_missing = compared_missing + $11, last_error = NULL
     WHERE source_table = $1 AND step = $2`,
    [
      table,
      outcome.step,
      outcome.phase,
      outcome.position ?? null,
      outcome.takenFrom ?? null,
      outcome.isLast,
      outcome.read,
      outcome.taken,
      compared.rows,
      compared.changed,
      compared.missing,
    ],
  );
  if (moved.rowCount === 0) return false;
  if (settled.length > 0) {
    await tx.query(
      `UPDATE sales_rows AS known SET settled_version = given.version, settled_state = given.state
       FROM unnest($2::uuid[], $3::bigint[], $4::text[]) AS given (row_id, version, state)
       WHERE known.source_table = $1 AND known.row_id = given.row_id
         AND coalesce(known.settled_version, 0) < given.version`,
      [
        table,
        settled.map((row) => row.rowId),
        settled.map((row) => row.version),
        settled.map((row) => row.state ?? null),
      ],
    );
  }
  if (outcome.deleted.length > 0) {
    await tx.query('DELETE FROM sales_rows WHERE source_table = $1 AND row_id = ANY($2)', [table, outcome.deleted]);
  }
  return true;
}

const idRow = rowsOf('sales_rows', ['row_id'], { row_id: textColumn });

const settledRow = rowsOf('sales_rows', ['row_id'], {
  row_id: textColumn,
  settled_version: nullable(textColumn),
  settled_state: nullable(z.enum(['won', 'open', 'dead'])),
});

function toSettled(rows: readonly RowOf<typeof settledRow>[]): Map<string, Settled> {
  const settled = new Map<string, Settled>();
  for (const row of rows) {
    if (row.settled_version === undefined) continue;
    settled.set(row.row_id, { version: row.settled_version, state: row.settled_state });
  }
  return settled;
}

const time = nullable(timeColumn);
const text = nullable(textColumn);

const feedRow = rowsOf('sales_feeds', ['source_table'], {
  source_table: z.enum(FEED_TABLES),
  phase: z.enum(FEED_PHASES),
  position: text,
  position_at: time,
  step: textColumn,
  sweep: z.number(),
  taken_from: time,
  reading_since: time,
  caught_up_at: time,
  paused_at: time,
  paused_by: text,
  times_paused: z.number(),
  rows_read: textColumn,
  rows_taken: textColumn,
  last_error: text,
  last_error_at: time,
  times_expired: z.number(),
  expired_at: time,
  compared_rows: textColumn,
  compared_changed: textColumn,
  compared_missing: textColumn,
  counted_at: time,
  counted_since: time,
  counted_rows: text,
  counted_missed: text,
  opened_at: timeColumn,
});

function toFeed(row: RowOf<typeof feedRow>): FeedState {
  return {
    table: row.source_table,
    phase: row.phase,
    position: row.position,
    positionAt: row.position_at,
    openedAt: row.opened_at,
    step: row.step,
    sweep: row.sweep,
    takenFrom: row.taken_from,
    readingSince: row.reading_since,
    caughtUpAt: row.caught_up_at,
    pausedAt: row.paused_at,
    pausedBy: row.paused_by,
    timesPaused: row.times_paused,
    rowsRead: row.rows_read,
    rowsTaken: row.rows_taken,
    lastError: row.last_error,
    lastErrorAt: row.last_error_at,
    timesExpired: row.times_expired,
    expiredAt: row.expired_at,
    compared: { rows: row.compared_rows, changed: row.compared_changed, missing: row.compared_missing },
    count:
      row.counted_at && row.counted_since
        ? {
            at: row.counted_at,
            since: row.counted_since,
            rows: row.counted_rows ?? '0',
            missed: row.counted_missed ?? '0',
          }
        : undefined,
  };
}
