import type { AuditLedger } from '../../ledger/audit/audit-ledger.js';
import type { Noting } from '../../ledger/audit/witnesses.js';

export interface SealSummary {
  readonly number: string;
  readonly sealHash: string;
}

export interface AuditActivityDependencies {
  readonly ledger: Pick<AuditLedger, 'sealAudit' | 'findNewestSeal'>;
  /** Gives every witness what it lacks; one that cannot be reached is told apart. */
  readonly noteSeals: () => Promise<readonly (Noting | WitnessFailure)[]>;
  readonly log: Log;
}

interface Log {
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

export interface WitnessFailure {
  readonly witness: string;
  readonly problem: string;
}

export function createAuditActivities({ ledger, noteSeals, log }: AuditActivityDependencies) {
  return {
    /**
     * The newest seal, made by now or before. It stands in Temporal's history as well: one more place outside of the
     * database, by which a start sees that the ledger went back.
     */
    async sealAudit(): Promise<SealSummary | undefined> {
      await ledger.sealAudit();
      // A witness that is down must not keep the next seal from being made: the next run notes what is missing.
      for (const noting of await noteSeals()) report(log, noting);
      const newest = await ledger.findNewestSeal();
      return newest && { number: newest.number, sealHash: newest.sealHash };
    },
  };
}

export type AuditActivities = ReturnType<typeof createAuditActivities>;

function report(log: Log, noting: Noting | WitnessFailure): void {
  if ('problem' in noting) log.warn({ ...noting }, 'the witness took no seals, the next run tries again');
  else if (noting.contradiction !== undefined) log.error({ ...noting }, 'the audit trail is not what its witness saw');
}
