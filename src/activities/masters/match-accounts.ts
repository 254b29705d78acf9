import { type DataverseMaster, toMasterState } from '../../deal/masters.js';
import { type Matchable, SHARED_BY_MANY, toMatchKeys, toScore } from '../../deal/matching.js';
import type { MatchCandidate, MatchDecided, MatchLedger, StagedCustomer } from '../../ledger/masters/matching.js';
import { toNumberedDeal } from '../../mapping/fields/masters.js';
import { findRivals } from '../../mapping/plan/customer-identity.js';
import { toTemporalFailures } from '../remote/write-once.js';
import { toCustomerKeys } from './strong-candidates.js';
import type { SyncDependencies } from './sync-master-data.js';

/** Which customers may be which accounts: all customers page by page, then all accounts page by page. */

export interface MatchStep {
  readonly runId: string;
  /** Where the page before ended; the first one has none. */
  readonly link?: string | undefined;
}

export interface MatchPage {
  readonly nextLink: string | undefined;
  readonly rows: number;
  readonly linked: number;
  readonly withCandidates: number;
}

export interface MatchDecision {
  readonly accountId: string;
  /** Undefined: none of them, a customer of its own. */
  readonly customerNumber: string | undefined;
  /** Another account has the customer, and goes on having it. */
  readonly isShared?: boolean | undefined;
  /** What somebody decided before, and this one changes: the number of a customer, or `new`. */
  readonly instead?: string | undefined;
}

export type DecisionOutcome =
  | 'linked'
  | 'new'
  | 'no-such-customer'
  | 'customer-taken'
  | { readonly decidedBefore: MatchDecided };

export type MatchDependencies = SyncDependencies & { readonly matching: MatchLedger };

const FIELDS = ['displayName', 'email', 'taxRegistrationNumber', 'addressLine1', 'postalCode'];
/** So many candidates of one account are named, the best first. */
const NAMED = 5;

/** On the queue of Business Central. */
export function createMatchBusinessCentral(dependencies: MatchDependencies) {
  const { businessCentral, matching, rules } = dependencies;
  return {
    async stageCustomers({ runId, link }: MatchStep): Promise<string | undefined> {
      const page = await toTemporalFailures(() =>
        businessCentral.readMasterPage('customers', FIELDS, rules.masters.pageSize, link),
      );
      await matching.stageCustomers(
        runId,
        page.rows.map((row) => ({
          bcId: row.id,
          number: row.number,
          name: row.values['displayName'] ?? '',
          keys: toCustomerKeys(row),
        })),
      );
      return page.nextLink;
    },
    /** What a person decided; saying it twice is harmless. */
    async applyDecision(input: MatchDecision & { readonly by: string }): Promise<DecisionOutcome> {
      const { accountId, customerNumber, isShared, instead, by } = input;
      const found =
        customerNumber === undefined
          ? undefined
          : await toTemporalFailures(() => businessCentral.findMaster('customers', customerNumber));
      if (customerNumber !== undefined && !found) return 'no-such-customer';
      const customer = found && { id: found.id, number: found.number };
      const outcome = await matching.decide(accountId, customer, by, { isShared, instead });
      if (outcome.kind === 'decided-before') return { decidedBefore: outcome.decided };
      if (outcome.kind === 'taken') return 'customer-taken';
      return customer ? 'linked' : 'new';
    },
  };
}

/** On the queue of Sales. */
export function createMatchDataverse(dependencies: MatchDependencies) {
  const { dataverseMasters, matching, ledger, companyId, masters, rules } = dependencies;
  return {
    async matchPage({ runId, link }: MatchStep): Promise<MatchPage> {
      const { rows, nextLink } = await toTemporalFailures(() =>
        dataverseMasters.readMasters('account', rules.masters.pageSize, link),
      );
      const ids = rows.map(({ rowId }) => rowId);
      const links = await ledger.findLinks('customer', companyId, ids);
      const decided = await matching.findDecided(ids);
      const open = rows.filter(
        (row) => toMasterState(row) === 'active' && !links.has(row.rowId) && !decided.has(row.rowId),
      );
      const numbers = new Map<string, string | undefined>();
      for (const row of open) numbers.set(row.rowId, await findWantedNumber(row));
      const keys = new Map(
        open.map((row) => [row.rowId, toMatchKeys(toMatchable(row, numbers.get(row.rowId), taxColumn()))]),
      );
      const found = await matching.findByKeys(runId, [...new Set([...keys.values()].flat())], SHARED_BY_MANY);
      const taken = await matching.findLinkedCustomers(found.map(({ bcId }) => bcId));
      const numbered = [...numbers].flatMap(([accountId, number]) =>
        number === undefined ? [] : [{ accountId, number }],
      );
      const isByNumber = rules.masters.match === 'number';
      const rivals = await toTemporalFailures(() => findRivals(dependencies, isByNumber ? numbered : []));
      const candidates: MatchCandidate[] = [];
      let linked = 0;
      let withCandidates = 0;
      for (const account of open) {
        const own = keys.get(account.rowId) ?? [];
        const scored = found
          .map((customer) => ({ customer, ...toScore(own, customer.keys) }))
          .filter(({ score, customer }) => score > 0 && !taken.has(customer.bcId))
          .sort((a, b) => b.score - a.score || a.customer.number.localeCompare(b.customer.number));
        const [best] = scored;
        if (!best) continue;
        const hasRival = (rivals.get(account.rowId) ?? []).length > 0;
        if (best.isByNumber && isByNumber && !hasRival && (await linkByNumber(account, best.customer))) {
          taken.add(best.customer.bcId);
          linked += 1;
          continue;
        }
        withCandidates += 1;
        for (const { customer, score, reasons } of scored.slice(0, NAMED)) {
          candidates.push({
            accountId: account.rowId,
            accountNumber: account.number,
            accountName: account.name,
            customerId: customer.bcId,
            customerNumber: customer.number,
            customerName: customer.name,
            score,
            reasons,
          });
        }
      }
      await matching.saveCandidates(ids, candidates);
      return { nextLink, rows: rows.length, linked, withCandidates };
    },
  };

  /** The number by which a deal would look for its customer; nothing where the mapping gives none. */
  async function findWantedNumber(account: DataverseMaster): Promise<string | undefined> {
    const { deal, problems } = await toNumberedDeal(account, rules);
    return problems.length > 0 ? undefined : deal.customer?.number;
  }

  /** False when somebody else got the customer in between: then a person decides. */
  async function linkByNumber(account: DataverseMaster, { bcId, number }: StagedCustomer): Promise<boolean> {
    const ref = { kind: 'account', rowId: account.rowId } as const;
    const facts = { customerNumber: number };
    const audit = { actor: 'dealbridge', action: 'link customer by its number', facts } as const;
    const others = await masters.link(ref, { bcId, bcNumber: number }, audit);
    if (others.length > 0) return false;
    await masters.change(ref, { content: account });
    return true;
  }

  /** Sales has no column of its own for it: the mapping may name one. */
  function taxColumn(): string | undefined {
    const from = rules.mapping.sections.customer.get('taxRegistrationNumber')?.from;
    return from?.kind === 'columns' ? from.columns[0]?.column : undefined;
  }
}

function toMatchable(
  { name, columns }: DataverseMaster,
  number: string | undefined,
  taxColumn: string | undefined,
): Matchable {
  return {
    number,
    name,
    email: columns['emailaddress1'],
    taxNumber: taxColumn === undefined ? undefined : columns[taxColumn],
    street: columns['address1_line1'],
    postalCode: columns['address1_postalcode'],
  };
}

/** In our own database. */
export function createMatchLedgerSteps({ matching }: Pick<MatchDependencies, 'matching'>) {
  return { clearMatchRun: ({ runId }: { readonly runId: string }): Promise<void> => matching.clearRun(runId) };
}

export type MatchBusinessCentral = ReturnType<typeof createMatchBusinessCentral>;
export type MatchDataverse = ReturnType<typeof createMatchDataverse>;
export type MatchLedgerSteps = ReturnType<typeof createMatchLedgerSteps>;
