import type { Client } from '@temporalio/client';
import { ensureAlerts } from './alerts.js';
import { ensureAuditSeals } from './audit-seals.js';
import { ensureDrift } from './drift.js';
import { ensureResumedDeals } from './resumed-deals.js';
import { ensureFeeds } from './sales-feeds.js';
import { ensureSellersTold } from './sellers-told.js';
import { ensureTrailProof } from './trail-proof.js';

/** Everything that runs by itself and needs no answer of Business Central to be started. */
export async function ensureLoops(
  temporal: Client,
  rules: {
    readonly feeds: Parameters<typeof ensureFeeds>[1];
    readonly masters: Parameters<typeof ensureDrift>[1];
    readonly alerts: Parameters<typeof ensureAlerts>[1] & Parameters<typeof ensureTrailProof>[1];
  },
): Promise<void> {
  await ensureFeeds(temporal, rules.feeds);
  await ensureAuditSeals(temporal);
  await ensureDrift(temporal, rules.masters);
  await ensureResumedDeals(temporal);
  await ensureTrailProof(temporal, rules.alerts);
  await ensureAlerts(temporal, rules.alerts);
  await ensureSellersTold(temporal);
}
