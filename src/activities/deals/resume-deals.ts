import type { ChangeHint } from '../../deal/change-hints.js';
import type { RecordRef } from '../../deal/deal.js';
import { dealWorkflowId } from '../../deal/ids.js';
import type { AuditLedger } from '../../ledger/audit/audit-ledger.js';
import type { DealLedger } from '../../ledger/deals/deal-ledger.js';
import { UnreadableContentError } from '../../ledger/read-rows.js';

export interface ResumedDeals {
  /** Deals whose run took no hint before and has taken it now. */
  readonly delivered: number;
  /** Deals that the ledger calls open and that had no run: the server or a person had ended it. */
  readonly started: number;
}

export interface ResumeDependencies {
  readonly ledger: DealLedger & AuditLedger;
  /** Those of these deals that have a run, by workflow id. */
  readonly findRunning: (recordIds: readonly string[]) => Promise<ReadonlySet<string>>;
  readonly startDeal: (ref: RecordRef, hint?: ChangeHint) => Promise<{ readonly kind: string }>;
}

/** A run that has just begun is not in Temporal's list yet. */
const QUIET_MINUTES = 10;
const BATCH_SIZE = 500;

/** What a feed went past, and what a run left behind, is taken up again. */
export function createResumeActivities({ ledger, findRunning, startDeal }: ResumeDependencies) {
  async function deliverAgain(): Promise<number> {
    let delivered = 0;
    let after: string | undefined;
    for (;;) {
      const page = await ledger.listHintsAsideAfter({ after, limit: BATCH_SIZE });
      for (const hint of page) {
        const { table, recordId } = hint;
        // Whatever the hint named: the record is read again.
        const { kind } = await startDeal({ table, recordId }, { at: 'dataverse' });
        if (kind === 'set-aside') continue;
        await ledger.forgetHint(hint);
        delivered += 1;
      }
      after = page.at(-1)?.recordId;
      if (page.length < BATCH_SIZE) return delivered;
    }
  }

  /** It is among the deals that stand still, and the others go on (I13). */
  async function startUnlessUnreadable(ref: RecordRef): Promise<{ readonly kind: string }> {
    try {
      return await startDeal(ref);
    } catch (error) {
      if (!(error instanceof UnreadableContentError)) throw error;
      await ledger.setHintAside(ref, error.message);
      return { kind: 'set-aside' };
    }
  }

  async function startStopped(): Promise<number> {
    let started = 0;
    let after: string | undefined;
    for (;;) {
      const page = await ledger.listWithRun({ minutes: QUIET_MINUTES, after, limit: BATCH_SIZE });
      const running = await findRunning(page.map(({ recordId }) => recordId));
      for (const ref of page.filter(({ recordId }) => !running.has(dealWorkflowId(recordId)))) {
        const { kind } = await startUnlessUnreadable(ref);
        if (kind !== 'started') continue;
        await ledger.audit({ recordId: ref.recordId, actor: 'dealbridge', action: 'run was gone, started again' });
        started += 1;
      }
      after = page.at(-1)?.recordId;
      if (page.length < BATCH_SIZE) return started;
    }
  }

  return {
    /** Asked twice it starts nothing twice: a deal has one run. */
    async resumeDeals(): Promise<ResumedDeals> {
      return { delivered: await deliverAgain(), started: await startStopped() };
    },
  };
}

export type ResumeActivities = ReturnType<typeof createResumeActivities>;
