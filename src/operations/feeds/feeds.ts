import { WorkflowNotFoundError } from '@temporalio/client';
import { z } from 'zod';
import type { Actor } from '../../deal/actor.js';
import { RefusedError, UserError } from '../../deal/errors.js';
import { FEED_TABLES, type FeedTable, isFeedTable } from '../../deal/ids.js';
import type { FeedCommands, FeedPosition } from '../../dispatch/feed-commands.js';
import type { Database } from '../../ledger/database.js';
import { createDetections, type GapReport } from '../../ledger/deals/detections.js';
import type { HintSetAside } from '../../ledger/deals/stopped-deals.js';
import type { BusinessCentralFeedLine } from '../../ledger/feeds/business-central-feeds.js';
import { createFeedLedger, type FeedState } from '../../ledger/feeds/sales-feeds.js';
import type { Ledger } from '../../ledger/ledger.js';
import { createBackfill } from '../../ledger/masters/backfill.js';
import { createPausedLaneLedger, type PausedLane } from '../../ledger/settings/paused-lanes.js';
import { createThrottledLaneLedger, type ThrottledLane } from '../../ledger/settings/throttled-lanes.js';
import { defineOperation } from '../operation.js';

const DAY_MS = 86_400_000;
const DEFAULT_DAYS = 7;
/** So many missed records are named for each table and source; the numbers are complete. */
const MAX_NAMED = 1_000;

export interface FeedsDependencies {
  readonly database: Database;
  readonly ledger: Pick<Ledger, 'listBusinessCentralFeeds' | 'listHintsAside'>;
  readonly now: Date;
}

export interface Feeds {
  readonly dataverse: readonly FeedState[];
  /** Rows of a full reading that are still to be brought over, by table. */
  readonly backfill: Readonly<Partial<Record<FeedTable, number>>>;
  readonly businessCentral: readonly BusinessCentralFeedLine[];
  readonly gaps: readonly GapReport[];
  /** Deals whose run took no further hint, so that the feeds went on without them. */
  readonly setAside: readonly HintSetAside[];
  /** While a sign-in is refused, nothing is read from there and deals wait. */
  readonly pausedLanes: readonly PausedLane[];
  /** Until its time is over nothing is asked of such a lane, since its quota is used up. */
  readonly throttledLanes: readonly ThrottledLane[];
}

/** How far the feeds of both sides have read, and how much webhook, feed and reconciliation missed. */
export const listFeeds = defineOperation({
  act: 'list feeds',
  input: z.strictObject({}),
  run: async ({ database, ledger, now }: FeedsDependencies): Promise<Feeds> => ({
    dataverse: await createFeedLedger(database).listFeeds(),
    backfill: await createBackfill(database).count(),
    businessCentral: await ledger.listBusinessCentralFeeds(),
    gaps: await createDetections(database).readGaps(daysBefore(now), 0),
    setAside: await ledger.listHintsAside(MAX_NAMED),
    pausedLanes: await createPausedLaneLedger(database).list(),
    throttledLanes: await createThrottledLaneLedger(database).list(),
  }),
});

/** The records that one of webhook, feed and reconciliation missed, by name. */
export const listGaps = defineOperation({
  act: 'list feeds',
  input: z.strictObject({ since: z.date('a date such as 2026-01-31').optional() }),
  run: ({ database, now }: Pick<FeedsDependencies, 'database' | 'now'>, { since }): Promise<GapReport[]> =>
    createDetections(database).readGaps(since ?? daysBefore(now), MAX_NAMED),
});

function daysBefore(now: Date): Date {
  return new Date(now.getTime() - DEFAULT_DAYS * DAY_MS);
}

export const FEED_SWITCHES = ['pause', 'resume', 'nudge'] as const;

/** Stops a feed, lets it go on, or lets it read now; it answers with its position. */
export const switchFeed = defineOperation({
  act: 'switch a feed',
  input: z.strictObject({ command: z.enum(FEED_SWITCHES), feed: z.string().transform(parseFeed) }),
  run: async ({ feeds }: { readonly feeds: FeedCommands }, { command, feed }, actor: Actor): Promise<FeedPosition> => {
    try {
      return await feeds[command](feed, { by: actor.name });
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
      throw new RefusedError(`the feed of ${feed} does not run: start the starter with FEEDS=on`);
    }
  },
  record: ({ command, feed }) => ({ facts: { feed, command } }),
});

/** `salesorder`, or `sales-feed-salesorder` as Temporal lists it. @throws UserError */
function parseFeed(text: string): FeedTable {
  const table = text.replace(/^sales-feed-/, '');
  if (!isFeedTable(table)) throw new UserError('feed', `one of ${FEED_TABLES.join(', ')}`, text);
  return table;
}
