import { z } from 'zod';
import { UnknownError } from '../../deal/errors.js';
import { HOLDS, type HoldAdvice } from '../../deal/holds.js';
import { parseRecordId } from '../../deal/ids.js';
import { MASTER_KINDS, type MasterKind, type MasterProblem } from '../../deal/masters.js';
import type { FollowMasters } from '../../dispatch/take-master-changes.js';
import type { Database } from '../../ledger/database.js';
import { isKnownRow } from '../../ledger/masters/known-rows.js';
import { createMasterLedger, type StoredMaster } from '../../ledger/masters/masters.js';
import { findCompanies } from '../../ledger/masters/matching.js';
import { defineOperation } from '../operation.js';

const MAX_ROWS = 10_000;
const OF_PAGE = { accounts: ['account', 'contact'], products: ['product'] } as const satisfies Record<
  string,
  readonly MasterKind[]
>;

/** One account, contact or product, without the contents of its two rows. */
export interface ListedMaster
  extends Omit<StoredMaster, 'content' | 'businessCentral' | 'agreed' | 'echo' | 'problems'> {
  readonly problems: readonly (MasterProblem & HoldAdvice)[];
}

/** What is kept in agreement with Business Central, and what waits for a person. */
export const listMasters = defineOperation({
  act: 'list master data',
  input: z.strictObject({ of: z.enum(['accounts', 'products']), onlyProblems: z.boolean().default(false) }),
  run: async ({ database }: { readonly database: Database }, { of, onlyProblems }): Promise<ListedMaster[]> => {
    const found: ListedMaster[] = [];
    for (const companyId of await findCompanies(database)) {
      const masters = createMasterLedger(database, companyId);
      for (const kind of OF_PAGE[of]) {
        // Contacts stand with their account; alone they are listed for their problems.
        if (kind === 'contact' && !onlyProblems) continue;
        found.push(...(await masters.listMasters(kind, { onlyProblems, limit: MAX_ROWS })).map(toListed));
      }
    }
    return found;
  },
});

function toListed(master: StoredMaster): ListedMaster {
  const { content: _content, businessCentral: _row, agreed: _agreed, echo: _echo, problems, ...shown } = master;
  return { ...shown, problems: problems.map((problem) => ({ ...problem, ...HOLDS[problem.reason] })) };
}

const A = { account: 'an account', contact: 'a contact', product: 'a product' } as const satisfies Record<
  MasterKind,
  string
>;

/** Checks one account, contact or product again, also when nothing changed. */
export const retryMaster = defineOperation({
  act: 'retry master data',
  input: z.strictObject({
    kind: z.enum(MASTER_KINDS),
    rowId: z.string().transform(parseRecordId),
  }),
  run: async (
    { database, follow }: { readonly database: Database; readonly follow: FollowMasters },
    { kind, rowId },
  ): Promise<{ readonly rowId: string }> => {
    if (!(await isKnownRow(database, kind, rowId))) {
      throw new UnknownError('rowId', `the GUID in Sales of ${A[kind]} of which something is known here`, rowId);
    }
    if (kind === 'product') await follow.followProduct(rowId, { isThorough: true });
    else await follow.followAccount(kind, rowId, { isThorough: true });
    return { rowId };
  },
  record: ({ kind, rowId }) => ({ facts: { kind, rowId } }),
});
