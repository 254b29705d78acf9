import { randomUUID } from 'node:crypto';
import type { Database } from '../../src/ledger/database.js';
import { createMasterLedger } from '../../src/ledger/masters/masters.js';

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
