import { z } from 'zod';
import { appendAudit } from '../audit/audit.js';
import type { Database, Queryable } from '../database.js';
import { nullable, rowsOf, selectRows, textColumn } from '../read-rows.js';
import { contentOf, stored, toStoredList } from '../stored-content.js';
import { linkRow, saveLink } from './links.js';

/** Which customer an account may be, and what people decided. */

export interface StagedCustomer {
  readonly bcId: string;
  readonly number: string;
  readonly name: string;
  readonly keys: readonly string[];
}

export interface MatchCandidate {
  readonly accountId: string;
  readonly accountNumber: string | undefined;
  readonly accountName: string;
  readonly customerId: string;
  readonly customerNumber: string;
  readonly customerName: string;
  readonly score: number;
  readonly reasons: readonly string[];
}

export interface MatchLedger {
  /** Saves a page of customers until the run is cleared. */
  stageCustomers(runId: string, customers: readonly StagedCustomer[]): Promise<void>;
  /** Customers that share a key with the accounts; keys that more than `most` customers have are nobody's. */
  findByKeys(runId: string, keys: readonly string[], most: number): Promise<StagedCustomer[]>;
  /** Those of the customers that stand for an account already. */
  findLinkedCustomers(customerIds: readonly string[]): Promise<Set<string>>;
  clearRun(runId: string): Promise<void>;
  /** Replaces what was found for these accounts before, other than for those of which a person has decided since. */
  saveCandidates(accountIds: readonly string[], candidates: readonly MatchCandidate[]): Promise<void>;
  /** Without customers that stand for another account by now. */
  listCandidates(limit: number): Promise<MatchCandidate[]>;
  isDecided(accountId: string): Promise<boolean>;
  findDecided(accountIds: readonly string[]): Promise<Set<string>>;
  /**
   * @param customer undefined: one of its own
   * @param seen what the person knew: that it is shared, and what was decided before; nothing else is decided over
   */
  decide(
    accountId: string,
    customer: { readonly id: string; readonly number: string } | undefined,
    by: string,
    seen?: { readonly isShared?: boolean | undefined; readonly instead?: string | undefined },
  ): Promise<MatchOutcome>;
}

/** Of a decision by a person. */
export interface MatchDecided {
  readonly by: string;
  /** The number of a customer, or {@link NEW_CUSTOMER}. */
  readonly customer: string;
}

/** What stands for a customer of its own where the number of another could stand. */
export const NEW_CUSTOMER = 'new';

/** But for the first, nothing was done. */
export type MatchOutcome =
  | { readonly kind: 'decided' }
  /** Other accounts have the customer, and nobody said that they share it. */
  | { readonly kind: 'taken'; readonly accountIds: readonly string[] }
  /** Otherwise, by somebody who was quicker. */
  | { readonly kind: 'decided-before'; readonly decided: MatchDecided };

const companyRow = rowsOf('links', ['company_id'], { company_id: textColumn });
const decidedRow = rowsOf('match_decisions', ['account_id'], { account_id: textColumn });

const stagedRow = rowsOf('master_pages', ['run_id', 'bc_id'], {
  run_id: textColumn,
  bc_id: textColumn,
  content: stored(contentOf<Omit<StagedCustomer, 'keys'>>({ bcId: z.string(), number: z.string(), name: z.string() })),
  keys: z.array(z.string()),
});

const candidateRow = rowsOf('match_candidates', ['company_id', 'account_id', 'customer_id'], {
  company_id: textColumn,
  account_id: textColumn,
  account_number: nullable(textColumn),
  account_name: textColumn,
  customer_id: textColumn,
  customer_number: textColumn,
  customer_name: textColumn,
  score: z.number(),
  reasons: z.array(z.string()),
});

/** The companies of Business Central that the ledger knows masters of. */
export async function findCompanies(database: Database): Promise<string[]> {
  const rows = await selectRows(
    database,
    companyRow,
    `SELECT company_id FROM links UNION SELECT company_id FROM masters UNION SELECT company_id FROM match_candidates
     UNION SELECT company_id FROM drift_runs ORDER BY company_id`,
  );
  return rows.map((row) => row.company_id);
}

/** Those of the accounts of which a person decided that they are none of the customers that there are. */
export async function findNewByDecision(
  db: Queryable,
  companyId: string,
  accountIds: readonly string[],
): Promise<Set<string>> {
  const rows = await selectRows(
    db,
    decidedRow,
    'SELECT account_id FROM match_decisions WHERE company_id = $1 AND account_id = ANY($2) AND customer_number IS NULL',
    [companyId, accountIds],
  );
  return new Set(rows.map((row) => row.account_id));
}

const decisionRow = rowsOf('match_decisions', ['account_id'], {
  account_id: textColumn,
  customer_number: nullable(textColumn),
  decided_by: textColumn,
});

async function findDecision(tx: Queryable, companyId: string, accountId: string): Promise<MatchDecided | undefined> {
  const [row] = await selectRows(
    tx,
    decisionRow,
    'SELECT account_id, customer_number, decided_by FROM match_decisions WHERE company_id = $1 AND account_id = $2',
    [companyId, accountId],
  );
  return row && { by: row.decided_by, customer: row.customer_number ?? NEW_CUSTOMER };
}

export function createMatchLedger(database: Database, companyId: string): MatchLedger {
  const findDecided = async (accountIds: readonly string[]): Promise<Set<string>> => {
    const rows = await selectRows(
      database,
      decidedRow,
      'SELECT account_id FROM match_decisions WHERE company_id = $1 AND account_id = ANY($2)',
      [companyId, accountIds],
    );
    return new Set(rows.map((row) => row.account_id));
  };
  return {
    async stageCustomers(runId, customers) {
      await database.query(
        `INSERT INTO master_pages (run_id, kind, bc_id, content, keys)
         SELECT $1, 'customer', (one ->> 'bcId')::uuid, one - 'keys',
           ARRAY(SELECT jsonb_array_elements_text(one -> 'keys')) FROM jsonb_array_elements($2::jsonb) AS one
         ON CONFLICT (run_id, kind, bc_id) DO UPDATE SET content = excluded.content, keys = excluded.keys`,
        [runId, toStoredList(customers)],
      );
    },
    async findByKeys(runId, keys, most) {
      const rows = await selectRows(
        database,
        stagedRow,
        `WITH telling AS (
           SELECT key FROM master_pages, unnest(keys) AS key
           WHERE run_id = $1 AND kind = 'customer' AND keys && $2 AND key = ANY($2) GROUP BY key HAVING count(*) <= $3
         )
         SELECT run_id, bc_id, content, keys FROM master_pages
         WHERE run_id = $1 AND kind = 'customer' AND keys && (SELECT coalesce(array_agg(key), '{}') FROM telling)`,
        [runId, keys, most],
      );
      return rows.map((row) => ({ ...row.content, keys: row.keys }));
    },
    async findLinkedCustomers(customerIds) {
      const rows = await selectRows(
        database,
        linkRow,
        `SELECT sales_id, bc_id, bc_number FROM links WHERE kind = 'customer' AND company_id = $1 AND bc_id = ANY($2)`,
        [companyId, customerIds],
      );
      return new Set(rows.map((row) => row.bc_id));
    },
    async clearRun(runId) {
      await database.query('DELETE FROM master_pages WHERE run_id = $1', [runId]);
    },
    saveCandidates: (accountIds, candidates) =>
      database.transaction(async (tx) => {
        await tx.query('DELETE FROM match_candidates WHERE company_id = $1 AND account_id = ANY($2)', [
          companyId,
          accountIds,
        ]);
        for (const one of candidates) {
          await tx.query(
            `INSERT INTO match_candidates (company_id, account_id, account_number, account_name, customer_id,
               customer_number, customer_name, score, reasons)
             SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9::text[] WHERE NOT EXISTS (
               SELECT FROM match_decisions WHERE company_id = $1 AND account_id = $2)`,
            [
              companyId,
              one.accountId,
              one.accountNumber ?? null,
              one.accountName,
              one.customerId,
              one.customerNumber,
              one.customerName,
              one.score,
              one.reasons,
            ],
          );
        }
      }),
    async listCandidates(limit) {
      const rows = await selectRows(
        database,
        candidateRow,
        `SELECT * FROM match_candidates one WHERE company_id = $1 AND NOT EXISTS (
           SELECT FROM links WHERE kind = 'customer' AND links.company_id = $1 AND bc_id = one.customer_id
             AND sales_id <> one.account_id)
         ORDER BY max(score) OVER (PARTITION BY account_id) DESC, account_id, score DESC, customer_number LIMIT $2`,
        [companyId, limit],
      );
      return rows.map((row) => ({
        accountId: row.account_id,
        accountNumber: row.account_number,
        accountName: row.account_name,
        customerId: row.customer_id,
        customerNumber: row.customer_number,
        customerName: row.customer_name,
        score: row.score,
        reasons: row.reasons,
      }));
    },
    isDecided: async (accountId) => (await findDecided([accountId])).has(accountId),
    findDecided,
    decide: (accountId, customer, by, { isShared = false, instead } = {}) =>
      database.transaction(async (tx): Promise<MatchOutcome> => {
        const lock = `match ${companyId} ${accountId}`;
        await tx.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [lock]);
        const decided = await findDecision(tx, companyId, accountId);
        if (decided && ![customer?.number ?? NEW_CUSTOMER, instead].includes(decided.customer))
          return { kind: 'decided-before', decided };
        if (customer) {
          const link = { salesId: accountId, bcId: customer.id, bcNumber: customer.number };
          const others = await saveLink(tx, 'customer', companyId, link, isShared ? by : undefined);
          if (others.length > 0) return { kind: 'taken', accountIds: others.map(({ id }) => id) };
        }
        await tx.query(
          `INSERT INTO match_decisions (company_id, account_id, customer_number, decided_by) VALUES ($1, $2, $3, $4)
           ON CONFLICT (company_id, account_id) DO UPDATE SET customer_number = excluded.customer_number,
             decided_by = excluded.decided_by, decided_at = now()`,
          [companyId, accountId, customer?.number ?? null, by],
        );
        await tx.query('DELETE FROM match_candidates WHERE company_id = $1 AND account_id = $2', [
          companyId,
          accountId,
        ]);
        await appendAudit(tx, {
          recordId: accountId,
          actor: by,
          action: customer ? 'match account to customer' : 'decide that the account is a new customer',
          facts: {
            customerNumber: customer?.number ?? null,
            ...(isShared && { isShared }),
            ...(decided && { before: decided.customer }),
          },
        });
        return { kind: 'decided' };
      }),
  };
}
