import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import type { Logger } from 'pino';
import { type FeedTable, salesFeedId } from '../deal/ids.js';
import { nudgeFeedSignal } from '../workflows/feeds/messages.js';

/** Many webhooks of one moment are one nudge: the feed reads all that changed anyway. */
const GATHER_MS = 200;

/** Asks feeds to read now. Whoever asks does not wait for it, and a nudge that is lost costs the feed's interval and no more. */
export function createNudger(
  temporal: Client,
  log: Logger,
  track: (work: Promise<void>) => unknown,
): (table: FeedTable) => void {
  const gathering = new Set<FeedTable>();
  return (table) => {
    if (gathering.has(table)) return;
    gathering.add(table);
    const timer = setTimeout(() => {
      gathering.delete(table);
      const nudged = temporal.workflow
        .getHandle(salesFeedId(table))
        .signal(nudgeFeedSignal)
        .catch((error: unknown) => {
          if (!(error instanceof WorkflowNotFoundError)) log.warn({ err: error, table }, 'nudging a feed failed');
        });
      track(nudged);
    }, GATHER_MS);
    timer.unref();
  };
}
