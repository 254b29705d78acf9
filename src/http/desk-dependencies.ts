import type { UnverifiedDecisions } from '../deal/unverified-decisions.js';
import type { DealCommands } from '../dispatch/deal-commands.js';
import type { FeedCommands } from '../dispatch/feed-commands.js';
import type { MasterCommands } from '../dispatch/master-commands.js';
import type { FollowMasters } from '../dispatch/take-master-changes.js';
import type { Witness } from '../ledger/audit/witnesses.js';
import type { Database } from '../ledger/database.js';
import type { Ledger } from '../ledger/ledger.js';
import type { Vault } from '../ledger/settings/vault.js';
import type { FindPostingPeriod } from '../operations/deals/posting-periods.js';
import type { PreviewDependencies } from '../operations/deals/previewer.js';
import type { ReplayDependencies } from '../operations/deals/replay-deals.js';
import type { ComparisonDependencies } from '../operations/settings/compare-rules.js';
import type { ExaminedStep } from '../operations/settings/examine.js';
import type { ChangeStream } from './change-stream.js';

/** What pages and routes hand on to the operations; they ask none of it themselves. */
export interface DeskDependencies {
  readonly database: Database;
  readonly ledger: Ledger;
  readonly deals: DealCommands;
  /** Which confirmations count that nobody proved. */
  readonly unverified: UnverifiedDecisions;
  readonly feeds: FeedCommands;
  readonly masters: MasterCommands;
  readonly follow: FollowMasters;
  readonly vault: Vault;
  /** Where seals are noted outside of the database. */
  readonly witnesses: readonly Witness[];
  /** Sales and Business Central are read for previews, and written to by nobody here. */
  readonly dataverse: PreviewDependencies['dataverse'];
  readonly companyOf: PreviewDependencies['companyOf'];
  /** By which this process goes. */
  readonly rules: ComparisonDependencies['rules'];
  readonly rulesFile: ComparisonDependencies['rulesFile'];
  readonly toRules: ReplayDependencies['toRules'];
  readonly makeRules: ComparisonDependencies['makeRules'];
  readonly turn: ComparisonDependencies['turn'];
  readonly examine: () => Promise<readonly ExaminedStep[]>;
  readonly findPostingPeriod: FindPostingPeriod;
  readonly changeStream: ChangeStream;
  readonly now: () => Date;
  /** Where people find the same in the other systems. */
  readonly places: {
    readonly dataverse: string;
    /** The web client of one company's environment; undefined where nobody can know it. */
    readonly businessCentral: string | undefined;
    readonly temporalUi: string | undefined;
  };
}
