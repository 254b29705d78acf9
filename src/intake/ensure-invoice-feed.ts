import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { invoiceFeedWorkflowId, NUDGE, SUBSCRIPTIONS_WORKFLOW_ID } from '../deal/business-central-feeds.js';
import { TASK_QUEUES } from '../deal/ids.js';

/**
 * Makes sure that the loops run which hear of changes in Business Central; every process may call it at any time. Those
 * that run look at once, since whoever calls may have come up at another address.
 */
export async function ensureInvoiceFeed(
  temporal: Client,
  { companyId, isSubscribing }: { readonly companyId: string; readonly isSubscribing: boolean },
): Promise<void> {
  await ensureLoop(temporal, 'invoiceFeed', invoiceFeedWorkflowId(companyId), 'Read the invoices of Business Central');
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
