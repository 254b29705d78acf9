import type { Client } from '@temporalio/client';
import { type FeedTable, salesFeedId } from '../deal/ids.js';
import {
  type FeedPosition,
  nudgeFeedUpdate,
  type OperatorCommand,
  pauseFeedUpdate,
  resumeFeedUpdate,
} from '../workflows/feeds/messages.js';
import { sendUpdate } from './send-update.js';

export type { FeedPosition };

/** What a person says to the feed of one table. @throws WorkflowNotFoundError when it does not run. */
export interface FeedCommands {
  pause(table: FeedTable, command: OperatorCommand): Promise<FeedPosition>;
  resume(table: FeedTable, command: OperatorCommand): Promise<FeedPosition>;
  nudge(table: FeedTable, command: OperatorCommand): Promise<FeedPosition>;
}

export function createFeedCommands(temporal: Client): FeedCommands {
  const feed = (table: FeedTable) => temporal.workflow.getHandle(salesFeedId(table));
  return {
    pause: (table, command) => sendUpdate(feed(table), pauseFeedUpdate, command),
    resume: (table, command) => sendUpdate(feed(table), resumeFeedUpdate, command),
    nudge: (table, command) => sendUpdate(feed(table), nudgeFeedUpdate, command),
  };
}
