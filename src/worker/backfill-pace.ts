import type { Logger } from 'pino';
import type { FollowMasters } from '../dispatch/take-master-changes.js';
import type { Backfill, BackfillRow, RowsUnderWay } from '../ledger/masters/backfill.js';

/**
 * Begins the runs of a full reading a few at a time. Hundreds at once would take the processor and the quota of Business
 * Central from the deals, whatever the priority of each task.
 */

export interface BackfillLimits extends RowsUnderWay {
  readonly aloneMs: number;
  /** Also while nothing waits. */
  readonly besideDealsMs: number;
}

/** Four use up a quota of twenty requests a second, and have ended soon after a deal has come. */
const LIMITS: BackfillLimits = { maxAlone: 4, maxBesideDeals: 1, aloneMs: 250, besideDealsMs: 1_000 };

export interface BackfillPace {
  stop(): Promise<void>;
}

export function startBackfillPace(
  dependencies: {
    readonly backfill: Backfill;
    readonly follow: FollowMasters;
    readonly log: Pick<Logger, 'warn'>;
  },
  limits: BackfillLimits = LIMITS,
): BackfillPace {
  const { backfill, follow, log } = dependencies;
  let isStopped = false;
  let timer: NodeJS.Timeout | undefined;
  let looking: Promise<unknown> = Promise.resolve();

  const begin = async ({ table, rowId }: BackfillRow): Promise<void> => {
    try {
      if (table === 'product') await follow.followProduct(rowId, {}, true);
      else await follow.followAccount(table, rowId, {}, true);
    } catch (error) {
      await backfill.giveBack(rowId);
      throw error;
    }
  };
  /** Returns in how many milliseconds to look again. */
  const look = async (): Promise<number> => {
    const { rows, isBesideDeals } = await backfill.take(limits);
    const begun = await Promise.allSettled(rows.map(begin));
    const failed = begun.find(({ status }) => status === 'rejected');
    if (failed?.status === 'rejected') throw failed.reason;
    return rows.length > 0 && !isBesideDeals ? limits.aloneMs : limits.besideDealsMs;
  };
  const lookAndGoOn = async (): Promise<void> => {
    const restMs = await look().catch((error: unknown) => {
      log.warn({ err: error }, 'rows of a full reading were not begun, the next look tries again');
      return limits.besideDealsMs;
    });
    if (isStopped) return;
    timer = setTimeout(goOn, restMs);
    timer.unref();
  };
  const goOn = (): void => {
    looking = lookAndGoOn();
  };
  goOn();
  return {
    async stop() {
      isStopped = true;
      clearTimeout(timer);
      await looking;
    },
  };
}
