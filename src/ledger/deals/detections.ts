import { z } from 'zod';
import type { RecordRef } from '../../deal/deal.js';
import { InternalError } from '../../deal/errors.js';
import { SOURCE_TABLES, type SourceTable } from '../../deal/ids.js';
import { NOT_WON_STATES } from '../../deal/states.js';
import type { Database } from '../database.js';
import { countColumn, nullable, rowsOf, selectRow, selectRows, textColumn, timeColumn } from '../read-rows.js';

/** How a record that may be handed over was detected: what one of the three sources missed is a gap. */

export const DETECTION_SOURCES = ['webhook', 'feed', 'count'] as const;
export type DetectionSource = (typeof DETECTION_SOURCES)[number];

export interface Detection {
  readonly lastAt: Date;
  readonly times: number;
}

export interface Gap {
  readonly recordId: string;
  /** In Sales; undefined while the record was not read. */
  readonly number: string | undefined;
  /** When another source detected it first. */
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
  /** Records each detection; returns the records that this source had not detected before. */
  recordDetections(source: DetectionSource, refs: readonly RecordRef[]): Promise<Set<string>>;
  findDetections(source: DetectionSource, recordIds: readonly string[]): Promise<Map<string, Detection>>;
  readGaps(since: Date, limit: number): Promise<GapReport[]>;
}

export function createDetections(database: Database): Detections {
  return {
    async recordDetections(source, refs) {
      if (refs.length === 0) return new Set();
      const rows = await selectRows(
        database,
        timesRow,
        `INSERT INTO detections AS known (source_table, record_id, source)
         SELECT DISTINCT ON (given.record_id) given.source_table, given.record_id, $1
         FROM unnest($2::text[], $3::uuid[]) AS given (source_table, record_id)
         ON CONFLICT (record_id, source) DO UPDATE SET last_at = now(), times = known.times + 1
         RETURNING record_id, source, times`,
        [source, refs.map((ref) => ref.table), refs.map((ref) => ref.recordId)],
      );
      return new Set(rows.filter((row) => row.times === 1).map((row) => row.record_id));
    },
    async findDetections(source, recordIds) {
      const rows = await selectRows(
        database,
        detectionRow,
        'SELECT record_id, source, last_at, times FROM detections WHERE source = $1 AND record_id = ANY($2)',
        [source, recordIds],
      );
      return new Map(rows.map((row) => [row.record_id, { lastAt: row.last_at, times: row.times }]));
    },
    async readGaps(since, limit) {
      const reports: GapReport[] = [];
      for (const table of SOURCE_TABLES) reports.push(await readTable(database, table, since, limit));
      return reports;
    },
  };
}

const KEY = { record_id: textColumn, source: z.enum(DETECTION_SOURCES) };
const timesRow = rowsOf('detections', ['record_id', 'source'], { ...KEY, times: z.number() });
const detectionRow = rowsOf('detections', ['record_id', 'source'], {
  ...KEY,
  last_at: timeColumn,
  times: z.number(),
});
const gapRow = rowsOf('detections', ['record_id'], {
  record_id: textColumn,
  record_number: nullable(textColumn),
  since: timeColumn,
});

/**
 * A record counts when feed or count detected it as won, or when a webhook led to a deal that was read. Feed and count
 * have missed only what was there when they last read Sales. Record by record: joined as whole tables they would be read as such,
 * for the few records of a day.
 */
const RECORDS = `
  SELECT recent.record_id, record.record_number, seen.since, seen.by_webhook, seen.by_feed, seen.by_count,
    seen.since < (SELECT caught_up_at FROM sales_feeds WHERE source_table = $1) AS feed_was_there,
    coalesce(record.state, '') <> 'cancelled' AND
      seen.since < (SELECT counted_at FROM sales_feeds WHERE source_table = $1) AS count_was_there
  FROM (SELECT DISTINCT record_id FROM detections WHERE source_table = $1 AND last_at >= $2) AS recent
  CROSS JOIN LATERAL (
    SELECT min(first_at) AS since, ${DETECTION_SOURCES.map((one) => `coalesce(bool_or(source = '${one}'), false) AS by_${one}`).join(', ')}
    FROM detections WHERE detections.record_id = recent.record_id AND source_table = $1) AS seen
  LEFT JOIN LATERAL (
    SELECT state, revision, record_number FROM source_records WHERE source_records.record_id = recent.record_id OFFSET 0) AS record ON true
  WHERE seen.by_feed OR seen.by_count
    OR (record.revision IS NOT NULL AND record.state NOT IN (${NOT_WON_STATES.map((state) => `'${state}'`).join(', ')}))`;

const MISSED: Readonly<Record<DetectionSource, string>> = {
  webhook: 'NOT by_webhook',
  feed: 'NOT by_feed AND feed_was_there',
  count: 'NOT by_count AND count_was_there',
};

/** `<source>_saw` and `<source>_missed` of each source, by the name of the source table. */
const numbersRow = rowsOf('detections', ['source_table'], {
  source_table: textColumn,
  records: countColumn,
  webhook_saw: countColumn,
  webhook_missed: countColumn,
  feed_saw: countColumn,
  feed_missed: countColumn,
  count_saw: countColumn,
  count_missed: countColumn,
});

async function readTable(database: Database, table: SourceTable, since: Date, limit: number): Promise<GapReport> {
  const numbers = await selectRow(
    database,
    numbersRow,
    `SELECT $1::text AS source_table, count(*) AS records,
       ${DETECTION_SOURCES.map((one) => `count(*) FILTER (WHERE by_${one}) AS ${one}_saw, count(*) FILTER (WHERE ${MISSED[one]}) AS ${one}_missed`).join(', ')}
     FROM (${RECORDS}) AS records`,
    [table, since],
  );
  if (!numbers) throw new InternalError(`counting the detections of ${table} gave no row`);
  const report = async (source: DetectionSource): Promise<SourceReport> => {
    const missed = numbers[`${source}_missed`];
    const found =
      missed === 0
        ? []
        : await selectRows(
            database,
            gapRow,
            `SELECT record_id, record_number, since FROM (${RECORDS}) AS records WHERE ${MISSED[source]} ORDER BY since, record_id LIMIT $3`,
            [table, since, limit],
          );
    return {
      saw: numbers[`${source}_saw`],
      missed,
      gaps: found.map((row) => ({ recordId: row.record_id, number: row.record_number, since: row.since })),
    };
  };
  return {
    table,
    since,
    records: numbers.records,
    sources: { webhook: await report('webhook'), feed: await report('feed'), count: await report('count') },
  };
}
