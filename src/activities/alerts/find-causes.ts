import {
  type AlertCause,
  type AlertRules,
  toDealCauses,
  toFlowCause,
  toStandingFlowCause,
  toSystemCause,
} from '../../deal/alerts.js';
import { type FlowName, NOTES_OF_RULES } from '../../deal/flows.js';
import { listPendingDeals, listTrailFindings, type PendingPlace } from '../../ledger/alerts/alert-sources.js';
import type { OpenCauses } from '../../ledger/alerts/alerts.js';
import type { Database, Queryable } from '../../ledger/database.js';
import { listFlowFaults, listStandingFlows } from '../../ledger/feeds/flow-lines.js';
import { listInvoiceFeeds } from '../../ledger/feeds/invoice-feed.js';
import { listLeftCompanies } from '../../ledger/feeds/left-companies.js';
import { createFeedLedger } from '../../ledger/feeds/sales-feeds.js';
import { listCredentials } from '../../ledger/settings/credentials.js';
import { findCompanyNames } from '../../ledger/settings/environments.js';
import { createPausedLaneLedger } from '../../ledger/settings/paused-lanes.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const MINUTE_S = 60;
const PAGE_SIZE = 500;

/** Everything that stands and that somebody should know of, from the ledger alone: no other system is asked. */
export function createFindCauses(
  database: Database,
  rules: Pick<AlertRules, 'waitingHours' | 'feedMinutes' | 'credentialDays'> & {
    /** False: nothing reads, and nothing is late. */
    readonly readsFeeds: boolean;
    /** Those that the rules switch on. */
    readonly flows: readonly FlowName[];
  },
) {
  const { waitingHours, feedMinutes, credentialDays, readsFeeds, flows } = rules;
  const lanes = createPausedLaneLedger(database);
  const feeds = createFeedLedger(database);

  async function* findDeals(db: Queryable, now: Date): AsyncGenerator<readonly AlertCause[]> {
    const before = new Date(now.getTime() - waitingHours * HOUR_MS);
    let after: PendingPlace | undefined;
    do {
      const page = await listPendingDeals(db, { waitingBefore: before, after, limit: PAGE_SIZE });
      yield page.deals.flatMap((deal) => toDealCauses(deal, before, waitingHours));
      after = page.next;
    } while (after !== undefined);
  }

  async function findStaleFeeds(now: Date): Promise<AlertCause[]> {
    if (!readsFeeds) return [];
    const before = now.getTime() - feedMinutes * MINUTE_S * 1_000;
    const sales = (await feeds.listFeeds())
      // Who paused it knows.
      .filter(({ pausedAt, caughtUpAt, openedAt }) => !pausedAt && (caughtUpAt ?? openedAt).getTime() < before)
      .map(({ table }) => toSystemCause('feed', `${table} of Sales`, `${table} of Sales`));
    const companies = await findCompanyNames(database);
    const left = await listLeftCompanies(database);
    const businessCentral = (await listInvoiceFeeds(database))
      .filter(({ companyId, lagSeconds }) => lagSeconds > feedMinutes * MINUTE_S && !left.has(companyId))
      // Two companies may have been registered by one name, as when one was renamed and the other got its name.
      .map(({ companyId }) =>
        toSystemCause('feed', `invoices of ${companyId}`, `invoices of ${companies.get(companyId) ?? companyId}`),
      );
    return [...sales, ...businessCentral];
  }

  /** Longer than one hiccup lasts. */
  async function findStandingFlows(now: Date): Promise<AlertCause[]> {
    const before = new Date(now.getTime() - feedMinutes * MINUTE_S * 1_000);
    const standing = await listStandingFlows(database, { flows, before });
    if (standing.length === 0) return [];
    const companies = await findCompanyNames(database);
    return standing.map(({ flow, companyId }) =>
      toStandingFlowCause(flow, companyId, companies.get(companyId) ?? companyId),
    );
  }

  async function findEndingCredentials(now: Date): Promise<AlertCause[]> {
    const kept = await listCredentials(database);
    return kept
      .filter(({ name, generation }) => !kept.some((one) => one.name === name && one.generation > generation))
      .flatMap(({ name, generation, expiresAt }) => {
        if (!expiresAt || expiresAt.getTime() > now.getTime() + credentialDays * DAY_MS) return [];
        const isOver = expiresAt <= now;
        const day = expiresAt.toISOString().slice(0, 10);
        const subject = isOver ? `${name}: ended on ${day}` : `${name}: on ${day}`;
        return [toSystemCause('credential', `${name} ${generation}${isOver ? ' over' : ''}`, subject)];
      });
  }

  /** What concerns no deal is little, and read at once. */
  async function findFaults(now: Date): Promise<AlertCause[]> {
    return [
      ...(await findStaleFeeds(now)),
      ...(await listFlowFaults(database, { flows, reasons: NOTES_OF_RULES })).map(({ flow, companyId, reason }) =>
        toFlowCause(flow, companyId, reason),
      ),
      ...(await findStandingFlows(now)),
      ...(await findEndingCredentials(now)),
      // Companies may have app registrations of their own, each with its own secret.
      ...(await lanes.list()).map(({ system, address }) =>
        toSystemCause('lane', `${system} ${address}`, `${system} at ${address}`),
      ),
      ...(await listTrailFindings(database)).map(({ chain, kind, position }) =>
        toSystemCause('trail', `${chain} ${kind} ${position}`, kind),
      ),
    ];
  }

  return async (now: Date): Promise<OpenCauses> => {
    const faults = await findFaults(now);
    return async function* (db) {
      yield* findDeals(db, now);
      yield faults;
    };
  };
}
