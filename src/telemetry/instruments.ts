import type { BatchObservableCallback, Counter, Gauge, Histogram, Meter, ObservableGauge } from '@opentelemetry/api';

/**
 * Every number that a process exports, with the labels that it has: each label takes a few values and none names a deal or a
 * person. Without a meter nothing is counted and nothing is loaded.
 */

/** Counted where it happens, in the process that does it. */
export const COUNTERS = {
  dealbridge_requests: 'Requests to the other systems, by lane, what they ask for and what came back.',
  dealbridge_ledger_failures: 'Statements that the ledger refused or did not answer.',
  dealbridge_http_requests: 'Requests that the starter answered, by route.',
} as const;

const FAST_S = [0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];
const REMOTE_S = [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];

export const HISTOGRAMS = {
  dealbridge_request_duration_seconds: { says: 'How long the other systems take to answer.', bounds: REMOTE_S },
  dealbridge_ledger_duration_seconds: {
    says: 'How long a statement takes, waiting for a session included.',
    bounds: FAST_S,
  },
  dealbridge_http_duration_seconds: { says: 'How long the starter takes to answer.', bounds: FAST_S },
  dealbridge_won_to_written_back_seconds: {
    says: 'From the first word of a won record to its invoice row in Sales; of those that a person confirms with their wait.',
    bounds: [0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3_600, 14_400, 86_400, 604_800],
  },
} as const;

/** What another system or a setting says, kept as it was said last. */
export const GAUGES = {
  dealbridge_quota_remaining_requests: 'Requests that the answering server says are left; it speaks for itself alone.',
  dealbridge_quota_remaining_seconds: 'Execution time that the answering server says is left, likewise.',
  dealbridge_quota_requests_per_second: 'What the workers of a lane ask for at most, by its settings.',
} as const;

/** Looked up when somebody asks for the numbers. */
export const OBSERVED = {
  dealbridge_ready: '1 when the check passes, as /readyz says.',
  dealbridge_deals: 'Deals by state.',
  dealbridge_waiting_deals: 'Deals that wait for a person, by reason.',
  dealbridge_oldest_wait_seconds: 'How long the oldest of them has been waiting.',
  dealbridge_write_backs_outstanding: 'Invoices that are posted and that Sales does not know yet.',
  dealbridge_oldest_write_back_seconds: 'How long the oldest of them has been waiting.',
  dealbridge_feed_lag_seconds: 'How far the reading of a feed is behind, before its first end since it began.',
  dealbridge_feed_interval_seconds: 'How often the feed reads, by the rules.',
  dealbridge_feed_paused: '1 when a person has paused the feed.',
  dealbridge_flow_lag_seconds: 'Since the last pass of a flow that reached the end, or since it began.',
  dealbridge_flow_interval_seconds: 'How often the flow reads, by the rules.',
  dealbridge_subscription_rest_seconds: 'Until Business Central notifies of a resource no more, if nothing renews it.',
  dealbridge_backfill_rows: 'Rows of a full reading of Sales that are still to be brought over.',
  dealbridge_paused_lanes: 'Environments whose sign-in is refused.',
  dealbridge_throttled_lanes: 'Applications, each in one environment, that wait because of a 429.',
  dealbridge_throttled_rest_seconds: 'Until the last of them may ask again.',
  dealbridge_trail_findings: 'What the last proof of the audit trail found; none is right.',
  dealbridge_trail_proof_age_seconds: 'Since that proof, or, when there was none, since the first entry.',
  dealbridge_trail_oldest_unsealed_seconds: 'Age of the oldest audit entry that no seal covers.',
  dealbridge_alert_messages_waiting: 'Alerts that no receiver has taken yet.',
  process_resident_memory_bytes: 'Memory of the process.',
  process_cpu_seconds: 'Processor time of the process since its start.',
} as const;

export type ObservedName = keyof typeof OBSERVED;
type Labels = Readonly<Record<string, string>>;

export interface Observation {
  readonly name: ObservedName;
  readonly value: number;
  readonly labels?: Labels;
}

interface Instruments {
  readonly counters: Readonly<Record<keyof typeof COUNTERS, Counter>>;
  readonly histograms: Readonly<Record<keyof typeof HISTOGRAMS, Histogram>>;
  readonly gauges: Readonly<Record<keyof typeof GAUGES, Gauge>>;
}

let instruments: Instruments | undefined;

/** From now on this process counts. `observe` is asked for the rest each time that the numbers are. */
export function startCounting(meter: Meter, observe: () => Promise<readonly Observation[]>): void {
  instruments = {
    counters: mapValues(COUNTERS, (name, description) => meter.createCounter(name, { description })),
    histograms: mapValues(HISTOGRAMS, (name, { says, bounds }) =>
      meter.createHistogram(name, { description: says, advice: { explicitBucketBoundaries: [...bounds] } }),
    ),
    gauges: mapValues(GAUGES, (name, description) => meter.createGauge(name, { description })),
  };
  const observed = mapValues(OBSERVED, (name, description) => meter.createObservableGauge(name, { description }));
  const callback: BatchObservableCallback = async (result) => {
    for (const { name, value, labels } of await observe()) result.observe(observed[name], value, { ...labels });
  };
  meter.addBatchObservableCallback(callback, Object.values<ObservableGauge>(observed));
}

export function stopCounting(): void {
  instruments = undefined;
}

export function isCounting(): boolean {
  return instruments !== undefined;
}

export function count(name: keyof typeof COUNTERS, labels: Labels = {}): void {
  instruments?.counters[name].add(1, { ...labels });
}

export function recordDuration(name: keyof typeof HISTOGRAMS, seconds: number, labels: Labels = {}): void {
  instruments?.histograms[name].record(seconds, { ...labels });
}

export function setGauge(name: keyof typeof GAUGES, value: number, labels: Labels = {}): void {
  instruments?.gauges[name].record(value, { ...labels });
}

function mapValues<Given extends object, Made>(
  given: Given,
  make: <Key extends keyof Given & string>(name: Key, value: Given[Key]) => Made,
): Record<keyof Given, Made> {
  const made = (Object.keys(given) as (keyof Given & string)[]).map((name) => [name, make(name, given[name])] as const);
  return Object.fromEntries(made) as Record<keyof Given, Made>;
}
