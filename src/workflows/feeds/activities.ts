import { ActivityCancellationType, proxyLocalActivities } from '@temporalio/workflow';
import type { InvoiceFeedActivities } from '../../activities/feeds/invoice-feed.js';
import type { InvoiceSweepActivities, InvoiceSweepLedgerSteps } from '../../activities/feeds/invoice-sweep.js';
import type { SubscriptionActivities } from '../../activities/feeds/subscriptions.js';
import type { FlowSteps } from '../../activities/flows/flow-steps.js';
import { TASK_QUEUES } from '../../deal/ids.js';
import { PRIORITIES } from '../../deal/lanes.js';
import { ACTIVITY_LIMIT_MS, HEARTBEAT_LIMIT_MS } from '../../deal/time-limits.js';
import { proxyLaneActivities } from '../lane-activities.js';

/** The steps of the loops that read Business Central; as requests they share its queue and its rate. */

export const invoices = proxyLaneActivities<InvoiceFeedActivities & InvoiceSweepActivities>({
  taskQueue: TASK_QUEUES.businessCentral,
  priority: { priorityKey: PRIORITIES.feed },
  // A page is one request; telling the deals of a full page takes some ten seconds more.
  startToCloseTimeout: '5 minutes',
  heartbeatTimeout: HEARTBEAT_LIMIT_MS,
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '1m' },
  cancellationType: ActivityCancellationType.TRY_CANCEL,
});

export const sweepLedger = proxyLocalActivities<InvoiceSweepLedgerSteps>({
  startToCloseTimeout: '10s',
  retry: { initialInterval: '200ms', backoffCoefficient: 2, maximumInterval: '10s' },
});

export const subscriptions = proxyLaneActivities<SubscriptionActivities>({
  taskQueue: TASK_QUEUES.businessCentral,
  priority: { priorityKey: PRIORITIES.feed },
  startToCloseTimeout: ACTIVITY_LIMIT_MS,
  heartbeatTimeout: HEARTBEAT_LIMIT_MS,
  // The loop itself comes again: what fails for long must not keep the other subscriptions waiting.
  retry: { initialInterval: '2s', backoffCoefficient: 2, maximumInterval: '30s', maximumAttempts: 5 },
  cancellationType: ActivityCancellationType.TRY_CANCEL,
});

/** A page is one request; a full one is some hundred rows of the ledger. */
export const flowReading = proxyLaneActivities<Pick<FlowSteps, 'collectFlow'>>({
  taskQueue: TASK_QUEUES.businessCentral,
  priority: { priorityKey: PRIORITIES.feed },
  startToCloseTimeout: '5 minutes',
  heartbeatTimeout: HEARTBEAT_LIMIT_MS,
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '1m' },
  cancellationType: ActivityCancellationType.TRY_CANCEL,
});

/** What is carried is written to Sales, but for files; a batch is a few dozen requests. */
export const flowCarrying = proxyLaneActivities<Pick<FlowSteps, 'carryFlow'>>({
  taskQueue: TASK_QUEUES.dataverse,
  priority: { priorityKey: PRIORITIES.writeBack },
  startToCloseTimeout: '10 minutes',
  heartbeatTimeout: HEARTBEAT_LIMIT_MS,
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '1m' },
  cancellationType: ActivityCancellationType.TRY_CANCEL,
});
