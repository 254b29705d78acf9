import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { invoiceFeedWorkflowId, invoiceSweepId, subscriptionsWorkflowId } from '../../deal/business-central-feeds.js';
import { TASK_QUEUES } from '../../deal/ids.js';
import { type CompanyInLane, PRIORITIES } from '../../deal/lanes.js';
import { nudgeFeedSignal } from '../../workflows/feeds/messages.js';
import { signalWithStart, toScheduledWorkflow, WORKFLOWS } from '../workflows.js';
import { ensureSchedule } from './schedule.js';

/**
 * Makes sure that the loops run which read changes in Business Central; every process may call it at any time. Those
 * that run look at once, since whoever calls may have come up at another address.
 */
export async function ensureInvoiceFeed(
  temporal: Client,
  {
    companyId,
    lane,
    isSubscribing,
    sweepEveryMinutes,
  }: {
    readonly companyId: string;
    readonly lane?: string | undefined;
    readonly isSubscribing: boolean;
    readonly sweepEveryMinutes: number;
  },
): Promise<void> {
  const input: CompanyInLane = { companyId, ...(lane !== undefined && { lane }) };
  await ensureLoop(temporal, {
    type: WORKFLOWS.invoiceFeed,
    workflowId: invoiceFeedWorkflowId(companyId),
    input,
    staticSummary: 'Read the invoices of Business Central',
  });
  const sweepId = invoiceSweepId(companyId);
  await ensureSchedule(temporal, sweepId, {
    spec: { intervals: [{ every: sweepEveryMinutes * 60_000 }] },
    action: toScheduledWorkflow(WORKFLOWS.sweepInvoices, {
      workflowId: sweepId,
      taskQueue: TASK_QUEUES.deals,
      args: [input],
      workflowRunTimeout: '6h',
    }),
    // What a missed hour would have found the next one finds.
    policies: { overlap: 'SKIP', catchupWindow: '1 minute' },
  });
  if (!isSubscribing) return;
  await ensureLoop(temporal, {
    type: WORKFLOWS.keepSubscriptions,
    workflowId: subscriptionsWorkflowId(companyId),
    input,
    staticSummary: 'Keep the subscriptions of Business Central',
  });
}

/** The next reading happens now; a loop that does not run is no error, it reads when it starts. */
export async function nudgeInvoiceFeed(temporal: Client, companyId: string): Promise<void> {
  try {
    await temporal.workflow.getHandle(invoiceFeedWorkflowId(companyId)).signal(nudgeFeedSignal);
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
  }
}

async function ensureLoop(
  temporal: Client,
  {
    type,
    input,
    ...loop
  }: {
    readonly type: 'invoiceFeed' | 'keepSubscriptions';
    readonly workflowId: string;
    readonly input: CompanyInLane;
    readonly staticSummary: string;
  },
): Promise<void> {
  await signalWithStart(temporal, type, {
    ...loop,
    taskQueue: TASK_QUEUES.deals,
    priority: { priorityKey: PRIORITIES.feed },
    args: [input],
    signal: nudgeFeedSignal,
    signalArgs: [],
  });
}
