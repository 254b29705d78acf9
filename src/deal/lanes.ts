import { TASK_QUEUES } from './ids.js';
import type { CompanyContext } from './step-context.js';

/**
 * Who goes first where tasks wait in a queue: deals, then what goes back to Sales and the feeds that find deals, then masters,
 * then what is only looked at (comparisons, and whether a hold is over), then a backfill. Fairness between companies counts
 * within each of them.
 */
export const PRIORITIES = { deal: 1, writeBack: 2, feed: 2, master: 3, drift: 4, backfill: 5 } as const;

/** Steps of a deal whose document is posted: they go behind those that bring another one there. */
export const WRITE_BACK_STEPS: ReadonlySet<string> = new Set([
  'createInvoiceRow',
  'reportInvoice',
  'writeOpportunityColumns',
  'setOrderInvoiced',
  'writeNote',
]);

/** Of the run of a deal, its own tasks included: they take turns between companies once the ledger knows whose it is. */
export function dealPriority(companyId: string | undefined) {
  return { priorityKey: PRIORITIES.deal, ...(companyId !== undefined && { fairnessKey: companyId }) };
}

/** Business Central processes five requests of an app registration at once, and one is left for people (reference/business-central 8). */
export const DEFAULT_PARALLEL = 4;
/** For a lane in each worker; Business Central takes no more than a hundred from all, those that wait in it among them. */
export const MAX_PARALLEL = 50;

/** The lane of an app registration of its own, by the name that the rules give it; each lane has a queue, a rate and a quota. */
export function laneQueue(application: string): string {
  return `${TASK_QUEUES.businessCentral}-${application}`;
}

/** The input of a loop that reads one company. */
export interface CompanyInLane extends CompanyContext {
  /** The queue of the company's own app registration; absent where it has none. */
  readonly lane?: string;
}

/** The queues of the companies that have an app registration of their own, by the id of the company. */
export type LanesByCompany = Readonly<Record<string, string>>;
