import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { FeedPage } from '../../activities/feeds/sales-feed.js';
import type { Actor } from '../../deal/actor.js';
import { NUDGE, PAUSE, POSITION, RESUME } from '../../deal/business-central-feeds.js';
import type { FeedTable } from '../../deal/ids.js';

/** What people and webhooks send to a feed, and what it answers. */

/** `by` is what a person types into Temporal's own tools, `actor` what our programs send; see src/deal/decisions.ts. */
export type OperatorCommand = { readonly by: string } | { readonly actor: Actor };

export interface FeedPosition extends Partial<FeedPage> {
  readonly table: FeedTable;
  readonly isPaused: boolean;
  /** Since this run of the loop began; the ledger knows the numbers of ever. */
  readonly pages: number;
  readonly lastError: string | undefined;
  /** The last signal that did not fit, and why: a signal cannot be refused. */
  readonly ignoredSignal?: string;
}

export const pauseFeedUpdate = defineUpdate<FeedPosition, [OperatorCommand]>(PAUSE);
export const resumeFeedUpdate = defineUpdate<FeedPosition, [OperatorCommand]>(RESUME);
/** Read now. It carries nothing, so that a webhook's nudge is a hint and no more. */
export const nudgeFeedSignal = defineSignal(NUDGE);
export const nudgeFeedUpdate = defineUpdate<FeedPosition, [OperatorCommand]>(NUDGE);
export const pauseFeedSignal = defineSignal<[OperatorCommand]>(PAUSE);
export const resumeFeedSignal = defineSignal<[OperatorCommand]>(RESUME);
export const feedPositionQuery = defineQuery<FeedPosition>(POSITION);

/** The loops that read Business Central: each answers with a position of its own. Who sends it may be left out. */
export type FeedAnswer<Position extends object = object> = Position & {
  readonly isPaused: boolean;
  readonly ignoredSignal?: string;
};

export const pauseLoopUpdate = defineUpdate<FeedAnswer, [OperatorCommand]>(PAUSE);
export const resumeLoopUpdate = defineUpdate<FeedAnswer, [OperatorCommand]>(RESUME);
export const nudgeLoopUpdate = defineUpdate<FeedAnswer, [OperatorCommand]>(NUDGE);
export const pauseLoopSignal = defineSignal<[OperatorCommand]>(PAUSE);
export const resumeLoopSignal = defineSignal<[OperatorCommand]>(RESUME);
export const nudgeLoopSignal = defineSignal(NUDGE);
export const loopPositionQuery = defineQuery<FeedAnswer>(POSITION);
