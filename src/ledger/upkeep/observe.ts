import { z } from 'zod';
import { FINAL_STATES } from '../../deal/states.js';
import type { Queryable } from '../database.js';
import { eachReasonOf } from '../deals/held-for.js';
import { isNamed } from '../feeds/left-companies.js';
import { countColumn, nullable, rowsOf, selectRow, selectRows, textColumn } from '../read-rows.js';
import { IS_PAUSED } from '../settings/paused-lanes.js';

/** What an operator watches, by queries whose cost is that of the deals under way and not of all that ever were. */

export interface Backlog {
  readonly key: string;
  readonly count: number;
  /** Of the one that stands there longest, by the clock of the database. */
  readonly oldestSeconds: number;
}

export interface FeedLag {
  readonly feed: string;
  /** Since the feed began, before the first reading has reached the end. */
  readonly lagSeconds: number;
  readonly isPaused: boolean;
  /** Rows of a full reading that are still to be brought over. */
  readonly backfillRows: number;
}

/** A flow that nobody has paused, of the company in which its last pass is oldest. */
export interface FlowLag {
  readonly flow: string;
  readonly lagSeconds: number;
}

/** Of the first of a resource that ends; negative when it has ended, zero when it was never made. */
export interface SubscriptionRest {
  readonly resource: string;
  readonly restSeconds: number;
}

/** Those of one system that a 429 pauses now. */
export interface ThrottledLanes {
  readonly count: number;
  /** Of the one that waits longest, by the clock of the database. */
  readonly restSeconds: number;
}

export interface WatchedLedger {
  readonly openStates: readonly Backlog[];
  readonly holds: readonly Backlog[];
  readonly feeds: readonly FeedLag[];
  readonly flows: readonly FlowLag[];
  readonly subscriptions: readonly SubscriptionRest[];
  readonly pausedLanes: ReadonlyMap<string, number>;
  readonly throttledLanes: ReadonlyMap<string, ThrottledLanes>;
  readonly trailFindings: number;
  /** Since its last proof, or, when there was none, since its first entry; undefined while it is empty. */
  readonly trailProofAgeSeconds: number | undefined;
  readonly oldestUnsealedSeconds: number;
  readonly waitingAlerts: number;
}

const backlogRow = rowsOf('source_records', ['key'], { key: textColumn, count: countColumn, oldest: z.number() });
const countedRow = rowsOf('source_records', ['key'], { key: textColumn, count: countColumn });
const feedRow = rowsOf('sales_feeds', ['feed'], {
  feed: textColumn,
  lag: z.number(),
  paused: z.boolean(),
  backfill: countColumn,
});
const secondsByKeyRow = rowsOf('flows', ['key'], { key: textColumn, seconds: z.number() });
const throttledRow = rowsOf('throttled_lanes', ['key'], { key: textColumn, count: countColumn, rest: z.number() });
const trailRow = rowsOf('audit_seals', [], {
  findings: countColumn,
  proof_age: nullable(z.number()),
  unsealed: nullable(z.number()),
  alerts: countColumn,
});

/** `WHERE state <> ALL (…)` would read all deals; the open states are named, and an index has them. */
export async function readWatchedLedger(db: Queryable, openStates: readonly string[]): Promise<WatchedLedger> {
  const toBacklog = (row: { key: string; count: number; oldest: number }): Backlog => ({
    key: row.key,
    count: row.count,
    oldestSeconds: row.oldest,
  });
  const open = await selectRows(
    db,
    backlogRow,
    `SELECT state AS key, count(*)::text AS count, extract(epoch FROM now() - min(waiting_since))::float8 AS oldest
     FROM source_records WHERE state = ANY($1) GROUP BY state`,
    [openStates],
  );
  const holds = await selectRows(
    db,
    backlogRow,
    `SELECT held.reason AS key, count(*)::text AS count, extract(epoch FROM now() - min(waiting_since))::float8 AS oldest
     FROM source_records r ${eachReasonOf('r')}
     WHERE state = 'held' AND hold_reason IS NOT NULL GROUP BY held.reason`,
  );
  const feeds = await selectRows(
    db,
    feedRow,
    `SELECT source_table AS feed, extract(epoch FROM now() - coalesce(caught_up_at, opened_at))::float8 AS lag,
       paused_at IS NOT NULL AS paused,
       (SELECT count(*) FROM backfill_rows b WHERE b.source_table = feed.source_table)::text AS backfill
     FROM sales_feeds feed
     UNION ALL
     SELECT 'invoices', max(extract(epoch FROM now() - coalesce(read_at, opened_at)))::float8, false, '0'
     FROM invoice_feeds WHERE ${isNamed('invoice_feeds')} HAVING count(*) > 0`,
  );
  const flows = await selectRows(
    db,
    secondsByKeyRow,
    `SELECT flow AS key, max(extract(epoch FROM now() - coalesce(read_at, opened_at)))::float8 AS seconds
     FROM flows WHERE paused_at IS NULL AND ${isNamed('flows')} GROUP BY flow`,
  );
  const subscriptions = await selectRows(
    db,
    secondsByKeyRow,
    `SELECT resource AS key, min(extract(epoch FROM coalesce(expires_at, now()) - now()))::float8 AS seconds
     FROM webhook_subscriptions WHERE ${isNamed('webhook_subscriptions')} GROUP BY resource`,
  );
  const lanes = await selectRows(
    db,
    countedRow,
    `SELECT system AS key, count(*)::text AS count FROM paused_lanes WHERE ${IS_PAUSED} GROUP BY system`,
  );
  const throttled = await selectRows(
    db,
    throttledRow,
    `SELECT system AS key, count(*)::text AS count, extract(epoch FROM max(paused_until) - clock_timestamp())::float8 AS rest
     FROM throttled_lanes WHERE paused_until > clock_timestamp() GROUP BY system`,
  );
  const trail = await selectRow(
    db,
    trailRow,
    `SELECT (SELECT count(*) FROM trail_findings)::text AS findings,
       extract(epoch FROM now() - coalesce(
         (SELECT proved_at FROM trail_proofs), (SELECT at FROM audit_entries ORDER BY entry_id LIMIT 1)))::float8 AS proof_age,
       (SELECT count(*) FROM alert_messages WHERE sent_at IS NULL)::text AS alerts,
       (SELECT extract(epoch FROM now() - at) FROM audit_entries WHERE entry_id > coalesce(
          (SELECT last_entry_id FROM audit_seals ORDER BY seal_number DESC LIMIT 1), 0)
        ORDER BY entry_id LIMIT 1)::float8 AS unsealed`,
  );
  return {
    openStates: open.map(toBacklog),
    holds: holds.map(toBacklog),
    feeds: feeds.map(({ feed, lag, paused, backfill }) => ({
      ...{ feed, lagSeconds: lag, isPaused: paused, backfillRows: backfill },
    })),
    flows: flows.map(({ key, seconds }) => ({ flow: key, lagSeconds: seconds })),
    subscriptions: subscriptions.map(({ key, seconds }) => ({ resource: key, restSeconds: seconds })),
    pausedLanes: new Map(lanes.map((row) => [row.key, row.count])),
    throttledLanes: new Map(throttled.map(({ key, count, rest }) => [key, { count, restSeconds: Math.max(0, rest) }])),
    trailFindings: trail?.findings ?? 0,
    trailProofAgeSeconds: trail?.proof_age,
    oldestUnsealedSeconds: trail?.unsealed ?? 0,
    waitingAlerts: trail?.alerts ?? 0,
  };
}

export async function countFinalDeals(db: Queryable): Promise<ReadonlyMap<string, number>> {
  const rows = await selectRows(
    db,
    countedRow,
    'SELECT state AS key, sum(deals)::text AS count FROM deal_totals WHERE state = ANY($1) GROUP BY state HAVING sum(deals) > 0',
    [FINAL_STATES],
  );
  return new Map(rows.map((row) => [row.key, row.count]));
}

const secondsRow = rowsOf('source_records', [], { seconds: nullable(z.number()) });

/**
 * From the moment at which anybody heard of the record as won until now, once its first invoice is reported; undefined for a
 * later one, which tells nothing of how long the win took.
 */
export async function findSecondsSinceWon(db: Queryable, recordId: string): Promise<number | undefined> {
  const row = await selectRow(
    db,
    secondsRow,
    `SELECT extract(epoch FROM now() - coalesce(
         (SELECT min(first_at) FROM detections WHERE record_id = $1), first_seen_at))::float8 AS seconds
     FROM source_records WHERE record_id = $1 AND (SELECT count(*) FROM write_backs WHERE record_id = $1) = 1`,
    [recordId],
  );
  return row?.seconds;
}

/** Answers as long as the ledger does. */
export async function pingLedger(db: Queryable): Promise<void> {
  await db.query('SELECT 1');
}
