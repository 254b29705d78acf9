import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { FeedPage } from '../../activities/feeds/sales-feed.js';
import type { FeedTable } from '../../deal/ids.js';

/** What people and webhooks say to a feed, and what it answers. */

export interface OperatorCommand {
  readonly by: string;
}

export interface FeedPosition extends Partial<FeedPage> {
  readonly table: FeedTable;
  readonly isPaused: boolean;
  /** Since this run of the loop began; the ledger knows the numbers of ever. */
  readonly pages: number;
  readonly lastError: string | undefined;
}

export const pauseFeedUpdate = defineUpdate<FeedPosition, [OperatorCommand]>('pause');
export const resumeFeedUpdate = defineUpdate<FeedPosition, [OperatorCommand]>('resume');
/** Read now. It carries nothing, so that a webhook's nudge is a hint and no more. */
export const nudgeFeedSignal = defineSignal('nudge');
export const nudgeFeedUpdate = defineUpdate<FeedPosition, [OperatorCommand]>('nudge');
export const pauseFeedSignal = defineSignal<[OperatorCommand]>('pause');
export const resumeFeedSignal = defineSignal<[OperatorCommand]>('resume');
export const feedPositionQuery = defineQuery<FeedPosition>('position');
