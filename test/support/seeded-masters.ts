import { randomUUID } from 'node:crypto';
import type { Database } from '../../src/ledger/database.js';
import { createDriftLedger } from '../../src/ledger/masters/drift.js';
import { createMasterLedger } from '../../src/ledger/masters/masters.js';
import { createMatchLedger } from '../../src/ledger/masters/matching.js';

/** Master data of the ledger that waits for a person, as the pages show it. */

const COMPANY = '0c0c0000-0000-4000-8000-00000000000c';

/** @returns the account's id in Sales */
export async function seedProblem(database: Database): Promise<string> {
  const masters = createMasterLedger(database, COMPANY);
  const ref = { kind: 'account', rowId: randomUUID() } as const;
  const problem = { reason: 'customer-blocked', text: 'customer C10001 is blocked for all' } as const;
  await masters.saveProblems(ref, 'compare', [problem]);
  await masters.endPass(ref, ['compare']);
  return ref.rowId;
}

/** Two customers that one account may be. @returns the account's id in Sales */
export async function seedCandidates(database: Database): Promise<string> {
  const accountId = randomUUID();
  const account = { accountId, accountNumber: 'ACC-17', accountName: 'Northern Pumps' };
  await createMatchLedger(database, COMPANY).saveCandidates(
    [accountId],
    [
      {
        ...account,
        ...{ customerId: randomUUID(), customerNumber: 'C20001', customerName: 'Northern Pumps Ltd.' },
        ...{ score: 80, reasons: ['same tax number', 'alike name'] },
      },
      {
        ...account,
        ...{ customerId: randomUUID(), customerNumber: 'C20002', customerName: 'Northern Trading' },
        ...{ score: 20, reasons: ['alike name'] },
      },
    ],
  );
  return accountId;
}

/** A finished comparison with a difference for Sales and one for a person. */
export async function seedDrift(database: Database, companyId = COMPANY): Promise<void> {
  const drift = createDriftLedger(database, companyId);
  const [runId, rowId] = [randomUUID(), randomUUID()];
  await drift.startRun(runId);
  const rowIds = Array.from({ length: 120 }, () => randomUUID());
  await drift.recordSeen(runId, 'account', rowIds, rowIds);
  const difference = { kind: 'account', rowId } as const;
  await drift.saveDifferences(runId, [
    {
      ...{ ...difference, field: 'city', dataverse: 'Leeds', businessCentral: 'York' },
      ...{ winner: 'sales', reason: 'only Sales changed' },
    },
    {
      ...{ ...difference, field: 'phoneNumber', dataverse: '', businessCentral: '0113' },
      ...{ winner: 'person', reason: 'both changed' },
    },
  ]);
  await drift.finishRun(runId);
}
