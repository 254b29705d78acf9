import type { Clock } from '../../deal/clock.js';
import { DEAL_STATES, isFinal } from '../../deal/states.js';
import type { Queryable } from '../../ledger/database.js';
import { SYSTEM_NAMES } from '../../ledger/settings/environments.js';
import { countFinalDeals, readWatchedLedger, type WatchedLedger } from '../../ledger/upkeep/observe.js';
import type { Observation } from '../../telemetry/instruments.js';
import type { Config } from '../config.js';

/** The ledger in numbers, asked as often as the slowest of its tables can bear, whoever asks how often. */

const FRESH_MS = 10_000;
/** Deals that have ended are all that ever were: counted now and then. */
const FINAL_FRESH_MS = 300_000;
const OPEN_STATES = DEAL_STATES.filter((state) => !isFinal(state));

export interface LedgerObserverOptions {
  readonly database: Queryable;
  readonly clock: Clock;
  /** Undefined where they are switched off: nothing is behind. */
  readonly reading: Reading | undefined;
}

/** What reads by itself. */
export interface Reading {
  /** How often each feed does, in seconds. */
  readonly feeds: Readonly<Record<string, number>>;
  /** Likewise, of the flows that the rules switch on. */
  readonly flows: Readonly<Record<string, number>>;
  /** Whether Business Central is asked to notify. */
  readonly isSubscribing: boolean;
}

export function toReading({ feeds, rules, starter }: Pick<Config, 'feeds' | 'rules' | 'starter'>): Reading | undefined {
  if (!feeds) return undefined;
  const tables = Object.entries(rules.feeds.tables).map(([table, { everySeconds }]) => [table, everySeconds] as const);
  const flows = Object.entries(rules.flows).flatMap(([flow, rule]) => (rule ? [[flow, rule.everyMinutes * 60]] : []));
  return {
    feeds: Object.fromEntries([...tables, ['invoices', rules.invoiceFeed.everySeconds]]),
    flows: Object.fromEntries(flows),
    isSubscribing: starter.publicUrl !== undefined,
  };
}

/** @throws as the ledger does; what could not be asked is asked again at once. */
export function createLedgerObserver({ database, clock, reading }: LedgerObserverOptions) {
  const watched = remember(clock, FRESH_MS, () => readWatchedLedger(database, OPEN_STATES));
  const final = remember(clock, FINAL_FRESH_MS, () => countFinalDeals(database));
  return async (): Promise<readonly Observation[]> => {
    const [open, ended] = [await watched(), await final()];
    return [
      ...toDealNumbers(open, ended),
      ...toOtherNumbers(open),
      ...(reading ? toReadingNumbers(open, reading) : []),
    ];
  };
}

function toDealNumbers({ openStates, holds }: WatchedLedger, ended: ReadonlyMap<string, number>): Observation[] {
  const byState = new Map(openStates.map((standing) => [standing.key, standing]));
  const posted = byState.get('posted');
  // Who waits for a confirmation waits as much as who is held.
  const asked = byState.get('awaiting-confirmation');
  const waits = [...holds, ...(asked ? [asked] : [])];
  return [
    ...DEAL_STATES.map((state) => ({
      name: 'dealbridge_deals' as const,
      value: byState.get(state)?.count ?? ended.get(state) ?? 0,
      labels: { state },
    })),
    ...waits.flatMap(({ key: reason, count, oldestSeconds }) => [
      { name: 'dealbridge_waiting_deals' as const, value: count, labels: { reason } },
      { name: 'dealbridge_oldest_wait_seconds' as const, value: oldestSeconds, labels: { reason } },
    ]),
    { name: 'dealbridge_write_backs_outstanding', value: posted?.count ?? 0, labels: {} },
    { name: 'dealbridge_oldest_write_back_seconds', value: posted?.oldestSeconds ?? 0, labels: {} },
  ];
}

function toReadingNumbers(watched: WatchedLedger, reading: Reading): Observation[] {
  return [
    ...watched.feeds.flatMap(({ feed, lagSeconds, isPaused, backfillRows }) => [
      { name: 'dealbridge_feed_lag_seconds' as const, value: lagSeconds, labels: { feed } },
      { name: 'dealbridge_feed_interval_seconds' as const, value: reading.feeds[feed] ?? 0, labels: { feed } },
      { name: 'dealbridge_backfill_rows' as const, value: backfillRows, labels: { feed } },
      { name: 'dealbridge_feed_paused' as const, value: isPaused ? 1 : 0, labels: { feed } },
    ]),
    ...watched.flows.flatMap(({ flow, lagSeconds }) => {
      const everySeconds = reading.flows[flow];
      // One that the rules no longer name stays in the ledger and is not behind.
      if (everySeconds === undefined) return [];
      return [
        { name: 'dealbridge_flow_lag_seconds' as const, value: lagSeconds, labels: { flow } },
        { name: 'dealbridge_flow_interval_seconds' as const, value: everySeconds, labels: { flow } },
      ];
    }),
    // Whoever makes sure that feeds run makes sure that the trail is proved.
    ...(watched.trailProofAgeSeconds === undefined
      ? []
      : [{ name: 'dealbridge_trail_proof_age_seconds' as const, value: watched.trailProofAgeSeconds, labels: {} }]),
    ...(reading.isSubscribing ? watched.subscriptions : []).map(({ resource, restSeconds }) => ({
      name: 'dealbridge_subscription_rest_seconds' as const,
      value: restSeconds,
      labels: { resource },
    })),
  ];
}

function toOtherNumbers(watched: WatchedLedger): Observation[] {
  return [
    ...SYSTEM_NAMES.flatMap((system) => [
      { name: 'dealbridge_paused_lanes' as const, value: watched.pausedLanes.get(system) ?? 0, labels: { system } },
      {
        name: 'dealbridge_throttled_lanes' as const,
        value: watched.throttledLanes.get(system)?.count ?? 0,
        labels: { system },
      },
      {
        name: 'dealbridge_throttled_rest_seconds' as const,
        value: watched.throttledLanes.get(system)?.restSeconds ?? 0,
        labels: { system },
      },
    ]),
    { name: 'dealbridge_trail_findings', value: watched.trailFindings, labels: {} },
    { name: 'dealbridge_trail_oldest_unsealed_seconds', value: watched.oldestUnsealedSeconds, labels: {} },
    { name: 'dealbridge_alert_messages_waiting', value: watched.waitingAlerts, labels: {} },
  ];
}

/** Whoever asks meanwhile waits for the same answer. */
function remember<T>(clock: Clock, ms: number, ask: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined;
  let askedAt = Number.NEGATIVE_INFINITY;
  return () => {
    const now = clock.now().getTime();
    if (answer === undefined || now - askedAt >= ms || now < askedAt) {
      askedAt = now;
      const asking = ask();
      answer = asking;
      asking.catch(() => {
        if (answer === asking) answer = undefined;
      });
    }
    return answer;
  };
}
