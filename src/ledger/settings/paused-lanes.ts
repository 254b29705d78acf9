import { z } from 'zod';
import type { Queryable } from '../database.js';
import { rowsOf, selectRows, textColumn, timeColumn } from '../read-rows.js';
import { SYSTEM_NAMES, type SystemName } from './environments.js';

/** The environments whose sign-in is refused, so that every process can say why deals wait. */

export interface LaneRef {
  readonly system: SystemName;
  readonly address: string;
}

export interface PausedLane extends LaneRef {
  readonly pausedSince: Date;
  readonly problem: string;
}

/**
 * A lane that has deals or feeds is asked now and then, and each refusal recorded: where none was for so long, its app
 * registration or address was replaced, or nobody waits for it.
 */
export const IS_PAUSED = "refused_at > now() - interval '1 hour'";

export interface PausedLaneLedger {
  /** Told with every refusal. True when nobody had recorded the pause yet. */
  pause(lane: PausedLane): Promise<boolean>;
  /** True when it was paused. */
  resume(lane: LaneRef): Promise<boolean>;
  list(): Promise<PausedLane[]>;
}

const laneRow = rowsOf('paused_lanes', ['system', 'address'], {
  system: z.enum(SYSTEM_NAMES),
  address: textColumn,
  paused_since: timeColumn,
  problem: textColumn,
});

export function createPausedLaneLedger(database: Queryable): PausedLaneLedger {
  return {
    async pause({ system, address, pausedSince, problem }) {
      const known = await database.query(
        `UPDATE paused_lanes SET refused_at = now() WHERE system = $1 AND address = $2 AND ${IS_PAUSED}`,
        [system, address],
      );
      if (known.rowCount === 1) return false;
      const { rowCount } = await database.query(
        `INSERT INTO paused_lanes AS lane (system, address, paused_since, problem) VALUES ($1, $2, $3, $4)
         ON CONFLICT (system, address) DO UPDATE SET paused_since = excluded.paused_since, problem = excluded.problem,
           refused_at = excluded.refused_at WHERE NOT (lane.${IS_PAUSED})`,
        [system, address, pausedSince, problem],
      );
      return rowCount === 1;
    },
    async resume({ system, address }) {
      const { rowCount } = await database.query('DELETE FROM paused_lanes WHERE system = $1 AND address = $2', [
        system,
        address,
      ]);
      return rowCount === 1;
    },
    async list() {
      const rows = await selectRows(
        database,
        laneRow,
        `SELECT * FROM paused_lanes WHERE ${IS_PAUSED} ORDER BY system, address`,
      );
      return rows.map(({ system, address, paused_since, problem }) => ({
        system,
        address,
        pausedSince: paused_since,
        problem,
      }));
    },
  };
}
