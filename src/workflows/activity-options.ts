import { ActivityCancellationType, proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { AlertActivities } from '../activities/alerts/alerts.js';
import type { TrailActivities } from '../activities/alerts/check-trail.js';
import type { AuditActivities } from '../activities/audit/seal-audit.js';
import type { LedgerActivities } from '../activities/deals/ledger.js';
import type { ResumeActivities } from '../activities/deals/resume-deals.js';
import type { DataverseActivities } from '../activities/deals/sales.js';
import type { SellerNoteActivities } from '../activities/deals/tell-sellers.js';
import type { HoldWatch } from '../activities/deals/watch-hold.js';
import type { WriteBackActivities } from '../activities/deals/write-back.js';
import type { ConversionSteps } from '../activities/documents/conversion.js';
import type { DeletionSteps } from '../activities/documents/deletion.js';
import type { DraftSteps } from '../activities/documents/draft-steps.js';
import type { PostingSteps } from '../activities/documents/posting.js';
import type { ReconcileSalesActivities } from '../activities/feeds/reconcile-sales.js';
import type { FeedSwitches, SalesFeedActivities } from '../activities/feeds/sales-feed.js';
import type { MasterDataCreation, MasterDataLookups } from '../activities/masters/deal-master-data.js';
import type { DriftBusinessCentral, DriftDataverse, DriftLedgerSteps } from '../activities/masters/drift.js';
import type { MasterLedgerActivities } from '../activities/masters/master-ledger.js';
import type { MatchBusinessCentral, MatchDataverse, MatchLedgerSteps } from '../activities/masters/match-accounts.js';
import type { AccountReaders, CustomerSteps } from '../activities/masters/sync-accounts.js';
import type { ItemSteps, ProductReaders } from '../activities/masters/sync-products.js';
import { TASK_QUEUES } from '../deal/ids.js';
import { PRIORITIES } from '../deal/lanes.js';
import { ACTIVITY_LIMIT_MS, HEARTBEAT_LIMIT_MS } from '../deal/time-limits.js';
import { proxyLaneActivities } from './lane-activities.js';

/** Throttles and outages pass: Temporal repeats for as long as it takes, and the ledger makes repeating safe. */
const PATIENT = { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '1m' } as const;

const dataverseOptions = {
  taskQueue: TASK_QUEUES.dataverse,
  // The HTTP client gives up before, so that no attempt outlives its activity.
  startToCloseTimeout: ACTIVITY_LIMIT_MS,
  // Steps beat every two seconds: a worker that died is noticed after this.
  heartbeatTimeout: HEARTBEAT_LIMIT_MS,
  retry: PATIENT,
  cancellationType: ActivityCancellationType.TRY_CANCEL,
} as const;

const businessCentralOptions = {
  taskQueue: TASK_QUEUES.businessCentral,
  // Posting may take minutes; our HTTP limit stays below, an answer that comes later is looked up.
  startToCloseTimeout: ACTIVITY_LIMIT_MS,
  // Steps beat every two seconds: a worker that died is noticed after this.
  heartbeatTimeout: HEARTBEAT_LIMIT_MS,
  retry: PATIENT,
  cancellationType: ActivityCancellationType.TRY_CANCEL,
} as const;

/** With the priority of their run: that of a deal, or of the masters. */
export const dataverse = proxyLaneActivities<
  DataverseActivities & WriteBackActivities & AccountReaders & ProductReaders
>(dataverseOptions);

export const businessCentral = proxyLaneActivities<
  DraftSteps &
    ConversionSteps &
    DeletionSteps &
    PostingSteps &
    MasterDataLookups &
    MasterDataCreation &
    CustomerSteps &
    ItemSteps
>(businessCentralOptions);

/** What is compared for its own sake. Its runs are started by schedules, which give no priority. */
export const dataverseComparison = proxyLaneActivities<MatchDataverse & DriftDataverse>({
  ...dataverseOptions,
  priority: { priorityKey: PRIORITIES.drift },
});

export const businessCentralComparison = proxyLaneActivities<MatchBusinessCentral & DriftBusinessCentral>({
  ...businessCentralOptions,
  priority: { priorityKey: PRIORITIES.drift },
});

/**
 * Its retries are the looks at a hold: they leave nothing in the history, and come less often with age.
 * @param firstMs until the first look
 */
export function watchHolds(firstMs: number) {
  return proxyLaneActivities<HoldWatch>({
    taskQueue: TASK_QUEUES.businessCentral,
    // With that of a deal, thousands of holds would stand in the lane before deals that can go on.
    priority: { priorityKey: PRIORITIES.drift },
    startToCloseTimeout: ACTIVITY_LIMIT_MS,
    // Now and then the step itself is repeated, for what no look can see.
    scheduleToCloseTimeout: '7 days',
    heartbeatTimeout: HEARTBEAT_LIMIT_MS,
    retry: { initialInterval: firstMs, backoffCoefficient: 1.1, maximumInterval: '24h' },
    // Not abandoned: the event of a time-out that comes when the hold is long over would fail every later task of the run.
    cancellationType: ActivityCancellationType.TRY_CANCEL,
  });
}

/** Milliseconds in our own database, without a queue in between. */
export const ledger = proxyLocalActivities<LedgerActivities>({
  startToCloseTimeout: '10s',
  retry: { initialInterval: '200ms', backoffCoefficient: 2, maximumInterval: '10s' },
});

export const feed = proxyActivities<
  SalesFeedActivities & ReconcileSalesActivities & ResumeActivities & SellerNoteActivities
>({
  taskQueue: TASK_QUEUES.dataverse,
  priority: { priorityKey: PRIORITIES.feed },
  // A page of five thousand won orders starts as many deals; the request itself has the limit of every other.
  startToCloseTimeout: '10m',
  // Then the loop breathes: it ends its history before nudges make it too long. Longer than any Retry-After (I8).
  scheduleToCloseTimeout: '30m',
  heartbeatTimeout: HEARTBEAT_LIMIT_MS,
  retry: PATIENT,
  cancellationType: ActivityCancellationType.TRY_CANCEL,
});

/** Longer than the time limit of one request to a witness. */
export const audit = proxyLocalActivities<AuditActivities>({
  startToCloseTimeout: '50s',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '10s' },
});

export const feedSwitches = proxyLocalActivities<FeedSwitches>({
  startToCloseTimeout: '10s',
  retry: { initialInterval: '200ms', backoffCoefficient: 2, maximumInterval: '10s' },
});

export const masterLedger = proxyLocalActivities<MasterLedgerActivities & MatchLedgerSteps & DriftLedgerSteps>({
  startToCloseTimeout: '10s',
  retry: { initialInterval: '200ms', backoffCoefficient: 2, maximumInterval: '10s' },
});

/** A refusal is an outcome and no failure: only a ledger that is away is asked again. */
export const alerts = proxyActivities<AlertActivities>({
  taskQueue: TASK_QUEUES.alerts,
  startToCloseTimeout: '1m',
  // Then the run ends, and the next one begins anew.
  scheduleToCloseTimeout: '10m',
  heartbeatTimeout: HEARTBEAT_LIMIT_MS,
  retry: PATIENT,
});

/** A trail of millions of entries is read page by page. */
export const trail = proxyActivities<TrailActivities>({
  taskQueue: TASK_QUEUES.alerts,
  startToCloseTimeout: '12h',
  heartbeatTimeout: HEARTBEAT_LIMIT_MS,
  retry: PATIENT,
});
