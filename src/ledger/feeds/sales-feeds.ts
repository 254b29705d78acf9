import type { RecordState } from '../../deal/deal.js';
import type { FeedTable } from '../../deal/ids.js';
import type { Settled } from '../../deal/row-changes.js';
import type { Database, Queryable } from '../database.js';

/** How far the feeds have read, and what they know of every row. */

export type FeedPhase = 'initial' | 'changes' | 'comparing' | 'missing';

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
  /** Keeps every row with its version, and tells which version of it was dealt with. */
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
  /** Rows that the comparison did not meet. */
  findMissing(table: FeedTable, sweep: number, limit: number): Promise<string[]>;
  pauseFeed(table: FeedTable, by: string): Promise<void>;
  resumeFeed(table: FeedTable): Promise<void>;
  recordFeedError(table: FeedTable, message: string): Promise<void>;
  recordReconciliation(table: FeedTable, count: { since: Date; rows: number; missed: number }): Promise<void>;
  /** The version of each row that was dealt with. */
  findSettled(table: FeedTable, rowIds: readonly string[]): Promise<Map<string, Settled>>;
}

export function createFeedLedger(database: Database): FeedLedger {
  return {
    openFeed: (table) => openFeed(database, table),
    async listFeeds() {
      const { rows } = await database.query<Row>('SELECT * FROM sales_feeds ORDER BY source_table');
      return rows.map(toFeed);
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
      const { rows } = await database.query<{ row_id: string }>(
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
      const { rows } = await database.query<SettledRow>(
        `SELECT row_id, settled_version, settled_state FROM sales_rows
         WHERE source_table = $1 AND row_id = ANY($2) AND settled_version IS NOT NULL`,
        [table, rowIds],
      );
      return toSettled(rows);
    },
  };
}

async function openFeed(db: Queryable, table: FeedTable): Promise<FeedState> {
  const select = () => db.query<Row>('SELECT * FROM sales_feeds WHERE source_table = $1', [table]);
  let row = (await select()).rows[0];
  if (!row) {
    await db.query('INSERT INTO sales_feeds (source_table) VALUES ($1) ON CONFLICT DO NOTHING', [table]);
    row = (await select()).rows[0];
  }
  if (!row) throw new Error(`the ledger does not keep the feed of ${table}`);
  return toFeed(row);
}

async function rememberRows(
  db: Queryable,
  table: FeedTable,
  sweep: number,
  rows: readonly { readonly rowId: string; readonly version: string }[],
): Promise<Map<string, Settled>> {
  if (rows.length === 0) return new Map();
  const known = await db.query<SettledRow>(
    `INSERT INTO sales_rows AS known (source_table, row_id, version, sweep)
     SELECT $1, given.row_id, given.version, $2 FROM unnest($3::uuid[], $4::bigint[]) AS given (row_id, version)
     ON CONFLICT (source_table, row_id) DO UPDATE
       SET version = greatest(known.version, excluded.version), sweep = greatest(known.sweep, excluded.sweep)
     RETURNING row_id, settled_version, settled_state`,
    [table, sweep, rows.map((row) => row.rowId), rows.map((row) => row.version)],
  );
  return toSettled(known.rows);
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

interface SettledRow {
  row_id: string;
  settled_version: string | null;
  settled_state: RecordState | null;
}

function toSettled(rows: readonly SettledRow[]): Map<string, Settled> {
  const settled = new Map<string, Settled>();
  for (const row of rows) {
    if (row.settled_version === null) continue;
    settled.set(row.row_id, { version: row.settled_version, state: row.settled_state ?? undefined });
  }
  return settled;
}

interface Row {
  source_table: FeedTable;
  phase: FeedPhase;
  position: string | null;
  position_at: Date | null;
  step: string;
  sweep: number;
  taken_from: Date | null;
  reading_since: Date | null;
  caught_up_at: Date | null;
  paused_at: Date | null;
  paused_by: string | null;
  times_paused: number;
  rows_read: string;
  rows_taken: string;
  last_error: string | null;
  last_error_at: Date | null;
  times_expired: number;
  expired_at: Date | null;
  compared_rows: string;
  compared_changed: string;
  compared_missing: string;
  counted_at: Date | null;
  counted_since: Date | null;
  counted_rows: string | null;
  counted_missed: string | null;
}

function toFeed(row: Row): FeedState {
  return {
    table: row.source_table,
    phase: row.phase,
    position: row.position ?? undefined,
    positionAt: row.position_at ?? undefined,
    step: row.step,
    sweep: row.sweep,
    takenFrom: row.taken_from ?? undefined,
    readingSince: row.reading_since ?? undefined,
    caughtUpAt: row.caught_up_at ?? undefined,
    pausedAt: row.paused_at ?? undefined,
    pausedBy: row.paused_by ?? undefined,
    timesPaused: row.times_paused,
    rowsRead: row.rows_read,
    rowsTaken: row.rows_taken,
    lastError: row.last_error ?? undefined,
    lastErrorAt: row.last_error_at ?? undefined,
    timesExpired: row.times_expired,
    expiredAt: row.expired_at ?? undefined,
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
