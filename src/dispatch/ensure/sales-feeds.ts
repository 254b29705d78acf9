import type { Client } from '@temporalio/client';
import { FEED_TABLES, RECONCILE_SALES_ID, salesFeedId, TASK_QUEUES } from '../../deal/ids.js';
import { PRIORITIES } from '../../deal/lanes.js';
import { startWorkflow, toScheduledWorkflow, WORKFLOWS } from '../workflows.js';
import { ensureSchedule } from './schedule.js';

/** Makes sure that every feed and the nightly count run; any number of starters may call it, as often as they like. */
export async function ensureFeeds(
  temporal: Client,
  { countAt }: { readonly countAt: { readonly hour: number; readonly minute: number } },
): Promise<void> {
  for (const table of FEED_TABLES) {
    await startWorkflow(temporal, WORKFLOWS.salesFeed, {
      workflowId: salesFeedId(table),
      taskQueue: TASK_QUEUES.deals,
      priority: { priorityKey: PRIORITIES.feed },
      args: [{ table }],
      workflowIdConflictPolicy: 'USE_EXISTING',
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      staticSummary: `Read the changes of ${table}`,
    });
  }
  await ensureSchedule(temporal, RECONCILE_SALES_ID, {
    spec: { calendars: [countAt], timezone: 'UTC' },
    action: toScheduledWorkflow(WORKFLOWS.reconcileSales, {
      workflowId: RECONCILE_SALES_ID,
      taskQueue: TASK_QUEUES.deals,
      args: [],
      // The next night counts again: a count that hangs must not keep it from starting.
      workflowRunTimeout: '20h',
    }),
    policies: { overlap: 'SKIP', catchupWindow: '1 day' },
  });
}
