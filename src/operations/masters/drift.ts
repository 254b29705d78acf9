import { z } from 'zod';
import type { MasterCommands } from '../../dispatch/master-commands.js';
import type { Database } from '../../ledger/database.js';
import { createDriftLedger, type DriftRun, type StoredDifference } from '../../ledger/masters/drift.js';
import { findCompanies } from '../../ledger/masters/matching.js';
import { defineOperation } from '../operation.js';

/** So many differences are given; the numbers are complete. */
const MAX_DIFFERENCES = 5_000;

export interface Drift extends DriftRun {
  readonly differences: readonly StoredDifference[];
}

const noInput = z.strictObject({});

/** What the last comparison of both sides' master data found; undefined when there was none. */
export const showDrift = defineOperation({
  act: 'show drift',
  input: noInput,
  run: ({ database }: { readonly database: Database }): Promise<Drift | undefined> => findLast(database),
});

/** Compares all linked customers, contacts and items, field by field. */
export const compareDrift = defineOperation({
  act: 'show drift',
  input: noInput,
  run: async (dependencies: DriftDependencies): Promise<Drift | undefined> => {
    await dependencies.masters.compare({ fixes: false });
    return findLast(dependencies.database);
  },
});

/** Compares, and repairs what a rule decides; what needs a person stays. */
export const repairDrift = defineOperation({
  act: 'repair drift',
  input: noInput,
  run: async (
    dependencies: DriftDependencies,
  ): Promise<{ readonly drift: Drift | undefined; readonly repaired: number }> => {
    const { notified } = await dependencies.masters.compare({ fixes: true });
    return { drift: await findLast(dependencies.database), repaired: notified };
  },
  record: (_input, { repaired }) => ({ facts: { repaired } }),
});

interface DriftDependencies {
  readonly database: Database;
  readonly masters: MasterCommands;
}

async function findLast(database: Database): Promise<Drift | undefined> {
  for (const companyId of await findCompanies(database)) {
    const drift = createDriftLedger(database, companyId);
    const run = await drift.findLastRun();
    if (run) return { ...run, differences: await drift.listDifferences(run.runId, MAX_DIFFERENCES) };
  }
  return undefined;
}
