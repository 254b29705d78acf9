import { z } from 'zod';
import type { RestartedDeals } from '../../dispatch/restart-deals.js';
import type { Database } from '../../ledger/database.js';
import { migrateAsOwner } from '../../ledger/migrate.js';
import { type Pruned, pruneLedger } from '../../ledger/upkeep/prune.js';
import { clearRestores, recordRestore } from '../../ledger/upkeep/restores.js';
import { defineOperation } from '../operation.js';

/** Removes what nothing asks for any more, and takes up work after a restore. Both record themselves in the trail. */

const DAY_MS = 86_400_000;
/** The nightly reconciliation looks back 90 days at most, and a payment may come late. */
const MIN_DAYS = 90;
/** A hundred years: PostgreSQL knows no time that is far enough before them. */
const MAX_DAYS = 36_500;
const DAYS = `from ${MIN_DAYS} to ${MAX_DAYS} days`;

export const prune = defineOperation({
  act: 'prune the ledger',
  input: z.strictObject({
    olderThanDays: z
      .number(DAYS)
      .refine((days) => Number.isInteger(days) && days >= MIN_DAYS && days <= MAX_DAYS, DAYS),
    isDryRun: z.boolean().default(false),
  }),
  run: (
    { database, now }: { readonly database: Database; readonly now: Date },
    { olderThanDays, isDryRun },
    actor,
  ): Promise<Pruned> => {
    const before = new Date(now.getTime() - olderThanDays * DAY_MS);
    return pruneLedger(database, { before, by: actor, isDryRun });
  },
});

interface RestoreDependencies {
  readonly database: Database;
  /** Number of the newest seal that is known outside of the ledger. */
  readonly findLastSealOutside: () => Promise<bigint>;
  readonly restartDeals: () => Promise<RestartedDeals>;
}

/**
 * After a restore every write is looked for before it is made, until the gap is known again; runs that know more than the
 * ledger begin again.
 */
export const markRestored = defineOperation({
  act: 'mark the ledger as restored',
  input: z.strictObject({}),
  run: async (
    { database, findLastSealOutside, restartDeals }: RestoreDependencies,
    _input,
    actor,
  ): Promise<RestartedDeals> => {
    await recordRestore(database, actor, String(await findLastSealOutside()));
    return restartDeals();
  },
});

/** Everything of the gap is known again. */
export const markComplete = defineOperation({
  act: 'mark the ledger as restored',
  input: z.strictObject({}),
  run: ({ database }: { readonly database: Database }, _input, actor): Promise<void> => clearRestores(database, actor),
});

/** By the owner of the tables; what was applied stands in the table of migrations. */
export const migrateLedger = defineOperation({
  act: 'migrate the ledger',
  input: z.strictObject({}),
  run: ({ database, onWait }: { readonly database: Database; readonly onWait: () => void }) =>
    migrateAsOwner(database, onWait),
});
