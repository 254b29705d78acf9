import { saveTrailFindings } from '../../ledger/alerts/alert-sources.js';
import { verifyAudit } from '../../ledger/audit/verify.js';
import type { Witness } from '../../ledger/audit/witnesses.js';
import type { Database } from '../../ledger/database.js';

export interface CheckedTrail {
  readonly entries: number;
  readonly findings: number;
}

export function createCheckTrail(database: Database, witnesses: readonly Witness[]) {
  return {
    /** Proves the whole audit trail; what it finds stands in the ledger until a later proof finds it no more. */
    async checkTrail(): Promise<CheckedTrail> {
      const { entries, findings } = await verifyAudit(database, { witnesses });
      await saveTrailFindings(database, findings);
      return { entries, findings: findings.length };
    },
  };
}

export type TrailActivities = ReturnType<typeof createCheckTrail>;
