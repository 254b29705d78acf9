import { z } from 'zod';
import type { RecordRef } from '../../deal/deal.js';
import { HOLDS_CLEARED_BY } from '../../deal/holds.js';
import { SOURCE_TABLES } from '../../deal/ids.js';
import type { Database, Queryable } from '../database.js';
import { rowsOf, selectRow, selectRows, textColumn } from '../read-rows.js';
import { heldFor } from './held-for.js';

/**
 * Passes over all deals that are held for any customer, or for any item. All starters share one pace, and a pass that one of
 * them began is gone on with by another.
 */
export interface HeldSweeps {
  /** What was passed already is passed once more. */
  ask(kind: 'customer' | 'item'): Promise<void>;
  /** The next deals, those that began to wait last first; none while others are being woken. */
  take(pace: SweepPace): Promise<readonly RecordRef[]>;
}

export interface SweepPace {
  /** From one deal to the next. */
  readonly betweenMs: number;
  /** From the beginning of a pass to that of the next one. */
  readonly restMs: number;
  readonly limit: number;
}

const KINDS = ['customer', 'item'] as const;
const dueRow = rowsOf('held_sweeps', ['kind'], { kind: z.enum(KINDS), is_under_way: z.boolean() });
const heldRow = rowsOf('source_records', ['record_id'], {
  record_id: textColumn,
  source_table: z.enum(SOURCE_TABLES),
  place: textColumn,
});

/** The one under way goes first. */
const DUE = `SELECT kind, passed_at IS NOT NULL AS is_under_way FROM held_sweeps
  WHERE NOT EXISTS (SELECT FROM held_sweeps WHERE busy_until > clock_timestamp())
    AND (passed_at IS NOT NULL OR asked_at IS NOT NULL
      AND (begun_at IS NULL OR begun_at <= clock_timestamp() - $1 * interval '1 millisecond'))
  ORDER BY passed_at IS NULL, asked_at LIMIT 1`;
/** Before the first deal. */
const GREATEST_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

export function createHeldSweeps(database: Database): HeldSweeps {
  return {
    async ask(kind) {
      await database.query(
        `INSERT INTO held_sweeps (kind, asked_at) VALUES ($1, clock_timestamp())
         ON CONFLICT (kind) DO UPDATE SET asked_at = coalesce(held_sweeps.asked_at, excluded.asked_at)`,
        [kind],
      );
    },
    async take(pace) {
      // Mostly nothing is due, and nobody is to be kept waiting for that.
      if (!(await selectRow(database, dueRow, DUE, [pace.restMs]))) return [];
      return database.transaction((tx) => takeNext(tx, pace));
    },
  };
}

async function takeNext(tx: Queryable, { betweenMs, restMs, limit }: SweepPace): Promise<readonly RecordRef[]> {
  // Of two starters that look at the same moment the second sees what the first has taken.
  await tx.query("SELECT pg_advisory_xact_lock(hashtextextended('held_sweeps', 0))");
  const due = await selectRow(tx, dueRow, DUE, [restMs]);
  if (!due) return [];
  if (!due.is_under_way) {
    await tx.query(
      `UPDATE held_sweeps SET asked_at = NULL, begun_at = clock_timestamp(), passed_at = 'infinity', passed_id = $2
       WHERE kind = $1`,
      [due.kind, GREATEST_ID],
    );
  }
  const rows = await selectRows(
    tx,
    heldRow,
    `SELECT r.record_id, r.source_table, r.waiting_since::text AS place FROM source_records r, held_sweeps s
     WHERE s.kind = $1 AND r.state = 'held' AND ${heldFor('r', '$2')}
       AND (r.waiting_since, r.record_id) < (s.passed_at, s.passed_id)
     ORDER BY r.waiting_since DESC, r.record_id DESC LIMIT $3`,
    [due.kind, HOLDS_CLEARED_BY[due.kind], limit],
  );
  const last = rows.length === limit ? rows.at(-1) : undefined;
  await tx.query(
    `UPDATE held_sweeps SET passed_at = $2::timestamptz, passed_id = $3::uuid,
       busy_until = clock_timestamp() + $4::float8 * interval '1 millisecond' WHERE kind = $1`,
    [due.kind, last?.place ?? null, last?.record_id ?? null, rows.length * betweenMs],
  );
  return rows.map((row) => ({ table: row.source_table, recordId: row.record_id }));
}
