import { z } from 'zod';
import type { MasterCommands } from '../../dispatch/master-commands.js';
import type { Database } from '../../ledger/database.js';
import { createDriftLedger, type DriftRun, type ListedDifference } from '../../ledger/masters/drift.js';
import { findCompanies } from '../../ledger/masters/matching.js';
import { findCompanyNames } from '../../ledger/settings/environments.js';
import { defineOperation } from '../operation.js';

/** So many differences are given; the numbers are complete. */
const MAX_DIFFERENCES = 5_000;

/** Of one company of Business Central. */
export interface Drift extends DriftRun {
  readonly companyId: string;
  /** Undefined when it was never registered under a name. */
  readonly company: string | undefined;
  readonly differences: readonly ListedDifference[];
}

const noInput = z.strictObject({});

/** What the last comparison of both sides' master data found, company by company; empty when there was none. */
export const showDrift = defineOperation({
  act: 'show drift',
  input: noInput,
  run: ({ database }: { readonly database: Database }): Promise<Drift[]> => findLast(database),
});

/** Compares all linked customers, contacts and items, field by field. */
export const compareDrift = defineOperation({
  act: 'show drift',
  input: noInput,
  run: async (dependencies: DriftDependencies): Promise<Drift[]> => {
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
  ): Promise<{ readonly drifts: readonly Drift[]; readonly repaired: number }> => {
    const { notified } = await dependencies.masters.compare({ fixes: true });
    return { drifts: await findLast(dependencies.database), repaired: notified };
  },
  record: (_input, { repaired }) => ({ facts: { repaired } }),
});

interface DriftDependencies {
  readonly database: Database;
  readonly masters: MasterCommands;
}

async function findLast(database: Database): Promise<Drift[]> {
  const names = await findCompanyNames(database);
  const drifts: Drift[] = [];
  for (const companyId of await findCompanies(database)) {
    const drift = createDriftLedger(database, companyId);
    const run = await drift.findLastRun();
    if (!run) continue;
    const differences = await drift.listDifferences(run.runId, MAX_DIFFERENCES);
    drifts.push({ ...run, companyId, company: names.get(companyId), differences });
  }
  return drifts;
}
