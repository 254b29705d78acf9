import type { SealSummary } from '../../activities/deals/ledger.js';
import { ledger } from '../activity-options.js';

/** Run hourly by a schedule: seals the audit trail and keeps number and hash of the seal as its result. */
export async function sealAudit(): Promise<SealSummary | undefined> {
  return ledger.sealAudit();
}
