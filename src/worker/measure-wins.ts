import { activityInfo } from '@temporalio/activity';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import type { Logger } from 'pino';
import type { Database } from '../ledger/database.js';
import { findSecondsSinceWon } from '../ledger/upkeep/observe.js';
import { isCounting, recordDuration } from '../telemetry/instruments.js';

/** The step after which Sales has the invoice. */
const WRITTEN_BACK_BY = 'createInvoiceRow';

/** How long a win took to be written back; asked of the ledger only where somebody reads the numbers. */
export function createWinMeasure(database: Database, log: Pick<Logger, 'warn'>): ActivityInterceptorsFactory {
  return () => ({
    inbound: {
      async execute(input, next) {
        const result = await next(input);
        const { activityType, workflowExecution } = activityInfo();
        if (activityType !== WRITTEN_BACK_BY || !workflowExecution || !isCounting()) return result;
        try {
          const seconds = await findSecondsSinceWon(database, workflowExecution.workflowId);
          if (seconds !== undefined) recordDuration('dealbridge_won_to_written_back_seconds', seconds, {});
        } catch (error) {
          // The deal itself is well.
          log.warn({ err: error }, 'how long the deal took could not be looked up');
        }
        return result;
      },
    },
  });
}
