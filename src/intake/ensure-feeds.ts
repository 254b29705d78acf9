import { type Client, ScheduleAlreadyRunning, type ScheduleOptions } from '@temporalio/client';
import type { FeedRules } from '../activities/rules.js';
import { COUNT_SALES_ID, FEED_TABLES, salesFeedId, TASK_QUEUES } from '../deal/ids.js';

/** Makes sure that every feed and the nightly count run; any number of starters may call it, as often as they like. */
export async function ensureFeeds(temporal: Client, { countAt }: Pick<FeedRules, 'countAt'>): Promise<void> {
  for (const table of FEED_TABLES) {
    await temporal.workflow.start('salesFeed', {
      workflowId: salesFeedId(table),
      taskQueue: TASK_QUEUES.deals,
      args: [{ table }],
      workflowIdConflictPolicy: 'USE_EXISTING',
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      staticSummary: `Hear of changes of ${table}`,
    });
  }
  await ensureSchedule(temporal, countAt);
}

async function ensureSchedule(temporal: Client, { hour, minute }: FeedRules['countAt']): Promise<void> {
  const common = {
    spec: { calendars: [{ hour, minute }], timezone: 'UTC' },
    action: {
      type: 'startWorkflow',
      workflowType: 'countSales',
      workflowId: COUNT_SALES_ID,
      taskQueue: TASK_QUEUES.deals,
      args: [],
      // The next night counts again: a count that hangs must not keep it from starting.
      workflowRunTimeout: '20h',
    },
    policies: { overlap: 'SKIP', catchupWindow: '1 day' },
  } satisfies Partial<ScheduleOptions>;
  try {
    await temporal.schedule.create({ scheduleId: COUNT_SALES_ID, ...common });
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    // Another hour in the configuration takes effect, and a pause stays.
    await temporal.schedule.getHandle(COUNT_SALES_ID).update((before) => ({ ...before, ...common }));
  }
}
