import type { HoldReason } from '../../deal/holds.js';
import type { MasterKind } from '../../deal/masters.js';
import type { Backfill } from '../../ledger/masters/backfill.js';
import type { MasterLedger, MasterRef } from '../../ledger/masters/masters.js';

/** Steps of masters in our own database and in Temporal; they run as local activities. */

export interface MasterLedgerDependencies {
  readonly masters: MasterLedger;
  /** Starts or tells the run of an account or product; `isThorough` looks at everything again. */
  readonly follow: (kind: MasterKind, rowId: string, isThorough: boolean) => Promise<void>;
  readonly backfill: Pick<Backfill, 'add'>;
  /** Deals that are held for the row look again. */
  readonly wake: (rowId: string) => Promise<void>;
}

export interface PassEnd {
  readonly ref: MasterRef;
  /** The steps of this pass; what others found before is forgotten. */
  readonly steps: readonly string[];
  /** What Sales said, when all of it is in Business Central now. */
  readonly echo?: string | undefined;
  /** Somebody changed the rows again and again while we wrote. */
  readonly isStale?: boolean;
  readonly contactIds?: readonly string[];
}

export function createMasterLedgerActivities({ masters, follow, backfill, wake }: MasterLedgerDependencies) {
  return {
    /** Returns why a person is needed, if one is: reasons only, the texts stay in the ledger. */
    async endPass({ ref, steps, echo, isStale, contactIds = [] }: PassEnd): Promise<readonly HoldReason[]> {
      if (isStale) {
        const text = 'the rows were changed again and again while they were brought over';
        await masters.saveProblems(ref, 'stale', [{ reason: 'master-conflict', text }]);
      }
      const problems = [...(await masters.endPass(ref, isStale ? [...steps, 'stale'] : steps))];
      for (const rowId of contactIds) {
        problems.push(...(await masters.endPass({ kind: 'contact', rowId }, CONTACT_STEPS)));
      }
      if (echo !== undefined && problems.length === 0) await masters.change(ref, { echo, isSynced: true });
      return [...new Set(problems.map(({ reason }) => reason))];
    },
    /** The link follows the survivor of a merge; two customers are a question for a person. */
    async moveLink(input: { rowId: string; survivorId: string }): Promise<'moved' | 'nothing' | 'both'> {
      const ref: MasterRef = { kind: 'account', rowId: input.rowId };
      const outcome = await masters.moveLink(ref, input.survivorId);
      const text = `the account was merged into ${input.survivorId}, and both have a customer`;
      await masters.saveProblems(ref, 'merge', outcome === 'both' ? [{ reason: 'accounts-merged', text }] : []);
      return outcome;
    },
    followMaster: (input: {
      /** A contact leads to its account. */
      readonly kind: MasterKind;
      readonly rowId: string;
      readonly isThorough: boolean;
      /** Whatever leads to it can wait, and so can it. */
      readonly isBackfill?: boolean;
    }): Promise<void> =>
      input.isBackfill ? backfill.add(input.kind, [input.rowId]) : follow(input.kind, input.rowId, input.isThorough),
    wakeDeals: ({ rowId }: { readonly rowId: string }): Promise<void> => wake(rowId),
  };
}

export type MasterLedgerActivities = ReturnType<typeof createMasterLedgerActivities>;

const CONTACT_STEPS = ['read', 'compare', 'create', 'write', 'write-sales'];
