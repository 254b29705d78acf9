import type { BusinessCentralClient } from '../../clients/business-central/client.js';
import type { ReferenceSets } from '../../clients/business-central/reference-sets.js';
import type { Clock } from '../../deal/clock.js';
import type { Ledger } from '../../ledger/ledger.js';
import type { FindAccountsWithNumbers } from '../../mapping/plan/customer-identity.js';
import type { Rules } from '../../mapping/rules/rules.js';
import type { FindStrongCandidate } from '../masters/strong-candidates.js';

/** What the steps of one company need. */
export interface CompanyDependencies {
  readonly businessCentral: BusinessCentralClient;
  readonly companyId: string;
  readonly ledger: Ledger;
  readonly clock: Clock;
  /** How long BC may go on with a request whose answer was lost: ten minutes at a real one (reference/business-central 8). */
  readonly ambiguityWindowMs: number;
  /** How long after the first «not found» a row is looked for again before it counts as gone; five seconds by default. */
  readonly goneCheckMs?: number | undefined;
  /** Given when a person decides whether a customer exists already. */
  readonly findStrongCandidate?: FindStrongCandidate | undefined;
}

/** What the steps of customers and items need besides. */
export interface MasterDataDependencies extends CompanyDependencies {
  readonly findAccountsWithNumbers: FindAccountsWithNumbers;
}

/** What the steps need that go by a mapping. */
export interface DocumentDependencies extends CompanyDependencies {
  readonly rules: Rules;
  /** Codes of Business Central, kept for an hour. */
  readonly sets: ReferenceSets;
}
