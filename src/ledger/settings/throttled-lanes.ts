import { z } from 'zod';
import { InternalError } from '../../deal/errors.js';
import { FIRST_PAUSE_MS, MAX_PAUSE_MS } from '../../deal/time-limits.js';
import type { Database } from '../database.js';
import { rowsOf, selectRow, selectRows, textColumn, timeColumn } from '../read-rows.js';
import { SYSTEM_NAMES, type SystemName } from './environments.js';

/**
 * The lanes that a 429 pauses, so that every worker keeps to what one of them heard. A quota counts one app registration in
 * one environment. All moments are those of the database: the clocks of two workers may differ.
 */

export interface ThrottledLaneRef {
  readonly system: SystemName;
  readonly address: string;
  readonly clientId: string;
}

export interface Throttling {
  /** Undefined: the answer did not say, and the pauses grow (I8). */
  readonly retryAfterMs: number | undefined;
  /** How long ago the refused request left. */
  readonly leftMsAgo: number;
  /** Whether requests were taken since the last pause: then nothing is in a row with it. */
  readonly wasTaking: boolean;
  readonly problem: string;
}

export interface LanePauseState {
  readonly until: Date;
  /** Until the pause is over; negative when it is. */
  readonly restMs: number;
}

export interface ThrottledLane extends ThrottledLaneRef {
  readonly pausedSince: Date;
  readonly pausedUntil: Date;
  readonly problem: string;
}

export interface ThrottledLaneLedger {
  /** Of the last pause; undefined when there was none. */
  find(lane: ThrottledLaneRef): Promise<LanePauseState | undefined>;
  /** True when nobody had recorded a pause that lasts. */
  pause(lane: ThrottledLaneRef, throttling: Throttling): Promise<LanePauseState & { readonly isNew: boolean }>;
  /** Those that are paused now. */
  list(): Promise<ThrottledLane[]>;
}

/** Quiet for so long, the pauses begin anew. */
const FORGOTTEN_AFTER_MS = 60_000;

/** How long to pause without a Retry-After: twice as long as before. */
function toGrowingPauseMs(firstMs: number, pausesInARow: number): number {
  return Math.min(firstMs * 2 ** Math.min(pausesInARow - 1, 10), MAX_PAUSE_MS);
}

const stateRow = rowsOf('throttled_lanes', ['paused_until'], { paused_until: timeColumn, rest_ms: z.number() });
const beforeRow = rowsOf('throttled_lanes', ['pauses_in_a_row'], {
  pauses_in_a_row: z.number(),
  rest_ms: z.number(),
  since_ms: z.number(),
});
const REST = '(extract(epoch FROM paused_until - clock_timestamp()) * 1000)::float8 AS rest_ms';
const SINCE = '(extract(epoch FROM clock_timestamp() - paused_since) * 1000)::float8 AS since_ms';
const OF_LANE = 'FROM throttled_lanes WHERE system = $1 AND address = $2 AND client_id = $3';

const laneRow = rowsOf('throttled_lanes', ['system', 'address', 'client_id'], {
  system: z.enum(SYSTEM_NAMES),
  address: textColumn,
  client_id: textColumn,
  paused_since: timeColumn,
  paused_until: timeColumn,
  problem: textColumn,
});

/** @param firstPauseMs how long a lane pauses at first where the answer says nothing; whoever only looks needs none */
export function createThrottledLaneLedger(
  database: Database,
  firstPauseMs: number = FIRST_PAUSE_MS,
): ThrottledLaneLedger {
  const keyOf = ({ system, address, clientId }: ThrottledLaneRef) => [system, address, clientId];
  return {
    async find(lane) {
      const row = await selectRow(database, stateRow, `SELECT paused_until, ${REST} ${OF_LANE}`, keyOf(lane));
      return row && { until: row.paused_until, restMs: row.rest_ms };
    },
    pause: (lane, { retryAfterMs, leftMsAgo, wasTaking, problem }) =>
      database.transaction(async (tx) => {
        const key = keyOf(lane);
        // Two workers that hear it at once make one pause of it.
        await tx.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`lane ${key.join(' ')}`]);
        const before = await selectRow(tx, beforeRow, `SELECT pauses_in_a_row, ${REST}, ${SINCE} ${OF_LANE}`, key);
        // What was on its way when the pause began is answered alike, and tells nothing new.
        const wasOnItsWay = before !== undefined && leftMsAgo >= before.since_ms;
        const pausesInARow = toPausesInARow(before, { wasOnItsWay, wasTaking });
        const forMs = retryAfterMs ?? (wasOnItsWay ? 0 : toGrowingPauseMs(firstPauseMs, pausesInARow));
        const isNew = (before === undefined || before.rest_ms <= 0) && forMs > 0;
        const row = await selectRow(
          tx,
          stateRow,
          `INSERT INTO throttled_lanes AS lane
             (system, address, client_id, paused_since, paused_until, pauses_in_a_row, problem)
           VALUES ($1, $2, $3, clock_timestamp(), clock_timestamp() + $4::float8 * interval '1 millisecond', $5, $6)
           ON CONFLICT (system, address, client_id) DO UPDATE SET
             paused_since = CASE WHEN $7::boolean THEN excluded.paused_since ELSE lane.paused_since END,
             paused_until = greatest(lane.paused_until, excluded.paused_until),
             pauses_in_a_row = excluded.pauses_in_a_row,
             problem = excluded.problem
           RETURNING paused_until, ${REST}`,
          [...key, forMs, pausesInARow, problem, isNew],
        );
        if (!row) throw new InternalError('a pause was written and does not stand in the ledger');
        return { until: row.paused_until, restMs: row.rest_ms, isNew };
      }),
    async list() {
      const rows = await selectRows(
        database,
        laneRow,
        `SELECT system, address, client_id, paused_since, paused_until, problem FROM throttled_lanes
         WHERE paused_until > clock_timestamp() ORDER BY system, address, client_id`,
      );
      return rows.map((row) => ({
        system: row.system,
        address: row.address,
        clientId: row.client_id,
        pausedSince: row.paused_since,
        pausedUntil: row.paused_until,
        problem: row.problem,
      }));
    },
  };
}

function toPausesInARow(
  before: { readonly pauses_in_a_row: number; readonly rest_ms: number } | undefined,
  { wasOnItsWay, wasTaking }: { readonly wasOnItsWay: boolean; readonly wasTaking: boolean },
): number {
  if (!before || before.rest_ms < -FORGOTTEN_AFTER_MS) return 1;
  if (wasOnItsWay) return before.pauses_in_a_row;
  return wasTaking ? 1 : before.pauses_in_a_row + 1;
}
