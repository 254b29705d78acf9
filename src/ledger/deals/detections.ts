import type { RecordRef } from '../../deal/deal.js';
import { SOURCE_TABLES, type SourceTable } from '../../deal/ids.js';
import { NOT_WON_STATES } from '../../deal/states.js';
import type { Database } from '../database.js';

/** Who saw a record that may be handed over: what one of the three did not see is a gap, and gaps are named. */

export const DETECTION_SOURCES = ['webhook', 'feed', 'count'] as const;
export type DetectionSource = (typeof DETECTION_SOURCES)[number];

export interface Detection {
  readonly firstAt: Date;
  readonly lastAt: Date;
  readonly times: number;
}

export interface Gap {
  readonly recordId: string;
  /** When another one saw it first. */
  readonly since: Date;
}

export interface SourceReport {
  readonly saw: number;
  readonly missed: number;
  /** The missed records, the oldest first; at most as many as were asked for. */
  readonly gaps: readonly Gap[];
}

export interface GapReport {
  readonly table: SourceTable;
  readonly since: Date;
  readonly records: number;
  readonly sources: Readonly<Record<DetectionSource, SourceReport>>;
}

export interface Detections {
  /** Notes each record once more; returns those that this watcher had not seen before. */
  recordDetections(source: DetectionSource, refs: readonly RecordRef[]): Promise<Set<string>>;
  findDetections(source: DetectionSource, recordIds: readonly string[]): Promise<Map<string, Detection>>;
  readGaps(since: Date, limit: number): Promise<GapReport[]>;
}

export function createDetections(database: Database): Detections {
  return {
    async recordDetections(source, refs) {
      if (refs.length === 0) return new Set();
      const { rows } = await database.query<{ record_id: string; times: number }>(
        `INSERT INTO detections AS known (source_table, record_id, seen_by)
         SELECT DISTINCT ON (given.record_id) given.source_table, given.record_id, $1
         FROM unnest($2::text[], $3::uuid[]) AS given (source_table, record_id)
         ON CONFLICT (record_id, seen_by) DO UPDATE SET last_at = now(), times = known.times + 1
         RETURNING record_id, times`,
        [source, refs.map((ref) => ref.table), refs.map((ref) => ref.recordId)],
      );
      return new Set(rows.filter((row) => row.times === 1).map((row) => row.record_id));
    },
    async findDetections(source, recordIds) {
      const { rows } = await database.query<{ record_id: string; first_at: Date; last_at: Date; times: number }>(
        'SELECT record_id, first_at, last_at, times FROM detections WHERE seen_by = $1 AND record_id = ANY($2)',
        [source, recordIds],
      );
      return new Map(
        rows.map((row) => [row.record_id, { firstAt: row.first_at, lastAt: row.last_at, times: row.times }]),
      );
    },
    async readGaps(since, limit) {
      const reports: GapReport[] = [];
      for (const table of SOURCE_TABLES) reports.push(await readTable(database, table, since, limit));
      return reports;
    },
  };
}

/**
 * A record counts when feed or count saw it won, or when a webhook led to a deal that was read. Feed and count are only
 * blamed for what was there when they last looked.
 */
const RECORDS = `
  SELECT seen.record_id, min(seen.first_at) AS since,
    bool_or(seen.seen_by = 'webhook') AS by_webhook,
    bool_or(seen.seen_by = 'feed') AS by_feed,
    bool_or(seen.seen_by = 'count') AS by_count,
    min(seen.first_at) < (SELECT caught_up_at FROM sales_feeds WHERE source_table = $1) AS feed_was_there,
    coalesce(max(record.state), '') <> 'cancelled' AND
      min(seen.first_at) < (SELECT counted_at FROM sales_feeds WHERE source_table = $1) AS count_was_there
  FROM detections seen LEFT JOIN source_records record ON record.record_id = seen.record_id
  WHERE seen.source_table = $1
  GROUP BY seen.record_id
  HAVING max(seen.last_at) >= $2 AND (bool_or(seen.seen_by <> 'webhook')
    OR bool_or(record.revision IS NOT NULL AND record.state NOT IN (${NOT_WON_STATES.map((state) => `'${state}'`).join(', ')})))`;

const MISSED: Readonly<Record<DetectionSource, string>> = {
  webhook: 'NOT by_webhook',
  feed: 'NOT by_feed AND feed_was_there',
  count: 'NOT by_count AND count_was_there',
};

async function readTable(database: Database, table: SourceTable, since: Date, limit: number): Promise<GapReport> {
  const { rows } = await database.query<Record<string, string>>(
    `SELECT count(*) AS records,
       ${DETECTION_SOURCES.map((one) => `count(*) FILTER (WHERE by_${one}) AS ${one}_saw, count(*) FILTER (WHERE ${MISSED[one]}) AS ${one}_missed`).join(', ')}
     FROM (${RECORDS}) AS records`,
    [table, since],
  );
  const numbers = rows[0] ?? {};
  const report = async (source: DetectionSource): Promise<SourceReport> => {
    const missed = Number(numbers[`${source}_missed`]);
    const found =
      missed === 0
        ? []
        : (
            await database.query<{ record_id: string; since: Date }>(
              `SELECT record_id, since FROM (${RECORDS}) AS records WHERE ${MISSED[source]} ORDER BY since, record_id LIMIT $3`,
              [table, since, limit],
            )
          ).rows;
    return {
      saw: Number(numbers[`${source}_saw`]),
      missed,
      gaps: found.map((row) => ({ recordId: row.record_id, since: row.since })),
    };
  };
  return {
    table,
    since,
    records: Number(numbers['records']),
    sources: { webhook: await report('webhook'), feed: await report('feed'), count: await report('count') },
  };
}
