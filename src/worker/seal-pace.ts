import type { Logger } from 'pino';
import { countUnsealed } from '../ledger/audit/seals.js';
import type { Database } from '../ledger/database.js';

/** A schedule seals every minute; under load so much may happen in one that it is sealed before. */

const MAX_UNSEALED = 100;
const LOOK_MS = 2_000;

export interface SealPace {
  /** One look; seals when enough has come. Looks at once are one look. */
  look(): Promise<void>;
  /** Resolves when no look is under way any more. */
  stop(): Promise<void>;
}

export function startSealPace(database: Database, seal: () => Promise<unknown>, log: Pick<Logger, 'warn'>): SealPace {
  let looking: Promise<void> | undefined;
  const lookOnce = async (): Promise<void> => {
    try {
      if ((await countUnsealed(database)) >= MAX_UNSEALED) await seal();
    } catch (error) {
      log.warn({ err: error }, 'the audit trail was not sealed, the next look tries again');
    }
  };
  const look = (): Promise<void> => {
    looking ??= lookOnce().finally(() => {
      looking = undefined;
    });
    return looking;
  };
  const timer = setInterval(() => void look(), LOOK_MS);
  timer.unref();
  return {
    look,
    async stop() {
      clearInterval(timer);
      await looking;
    },
  };
}
