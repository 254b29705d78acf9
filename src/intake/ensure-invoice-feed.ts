import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import {
  invoiceFeedWorkflowId,
  invoiceSweepId,
  NUDGE,
  SUBSCRIPTIONS_WORKFLOW_ID,
} from '../deal/business-central-feeds.js';
import { TASK_QUEUES } from '../deal/ids.js';
import { ensureSchedule } from './ensure-schedule.js';

/**
 * Makes sure that the loops run which hear of changes in Business Central; every process may call it at any time. Those
 * that run look at once, since whoever calls may have come up at another address.
 */
export async function ensureInvoiceFeed(
  temporal: Client,
  {
    companyId,
    isSubscribing,
    sweepEveryMinutes,
  }: { readonly companyId: string; readonly isSubscribing: boolean; readonly sweepEveryMinutes: number },
): Promise<void> {
  await ensureLoop(temporal, 'invoiceFeed', invoiceFeedWorkflowId(companyId), 'Read the invoices of Business Central');
  const sweepId = invoiceSweepId(companyId);
  await ensureSchedule(temporal, sweepId, {
    spec: { intervals: [{ every: sweepEveryMinutes * 60_000 }] },
    action: {
      type: 'startWorkflow',
      workflowType: 'sweepInvoices',
      workflowId: sweepId,
      taskQueue: TASK_QUEUES.deals,
      args: [],
      workflowRunTimeout: '6h',
    },
    // What a missed hour would have found the next one finds.
    policies: { overlap: 'SKIP', catchupWindow: '1 minute' },
  });
  if (!isSubscribing) return;
  const summary = 'Keep the subscriptions of Business Central';
  await ensureLoop(temporal, 'keepSubscriptions', SUBSCRIPTIONS_WORKFLOW_ID, summary);
}

/** The next reading happens now; a loop that does not run is no error, it reads when it starts. */
export async function nudgeInvoiceFeed(temporal: Client, companyId: string): Promise<void> {
  try {
    await temporal.workflow.getHandle(invoiceFeedWorkflowId(companyId)).signal(NUDGE);
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
  }
}

async function ensureLoop(temporal: Client, type: string, workflowId: string, staticSummary: string): Promise<void> {
  await temporal.workflow.signalWithStart(type, {
    workflowId,
    taskQueue: TASK_QUEUES.deals,
    args: [{}],
    signal: NUDGE,
    signalArgs: [],
    staticSummary,
  });
}
