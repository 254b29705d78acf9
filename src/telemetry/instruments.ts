import type { BatchObservableCallback, Counter, Histogram, Meter, ObservableGauge } from '@opentelemetry/api';

/**
 * Every number that a process exports, with the labels that it has: each label takes a few values and none names a deal or a
 * person. Without a meter nothing is counted and nothing is loaded.
 */

/** Counted where it happens, in the process that does it. */
export const COUNTERS = {
  dealbridge_requests: {
    says: 'Requests to the other systems, by lane, what they ask for and what came back.',
    labels: ['system', 'lane', 'kind', 'status'],
  },
  dealbridge_ledger_failures: { says: 'Statements that the ledger refused or did not answer.', labels: ['verb'] },
  dealbridge_http_requests: { says: 'Requests that the starter answered, by route.', labels: ['route', 'status'] },
} as const satisfies Definitions;

const FAST_S = [0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];
const REMOTE_S = [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];
const WIN_S = [0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3_600, 14_400, 86_400, 604_800];

export const HISTOGRAMS = {
  dealbridge_request_duration_seconds: {
    says: 'How long the other systems take to answer.',
    labels: ['system'],
    bounds: REMOTE_S,
  },
  dealbridge_ledger_duration_seconds: {
    says: 'How long a statement takes, waiting for a session included.',
    labels: ['verb'],
    bounds: FAST_S,
  },
  dealbridge_http_duration_seconds: {
    says: 'How long the starter takes to answer.',
    labels: ['route'],
    bounds: FAST_S,
  },
  dealbridge_won_to_written_back_seconds: {
    says: 'From the first word of a won record to its invoice row in Sales; of those that a person confirms with their wait.',
    labels: [],
    bounds: WIN_S,
  },
} as const satisfies Definitions<{ readonly bounds: readonly number[] }>;

/** The server counts over five minutes: what it said before tells nothing of now, and a quiet process would go on saying it. */
const QUOTA_S = 300;

/** What another system or a setting says, as it was said last; `forSeconds` is how long it holds. */
export const GAUGES = {
  dealbridge_quota_remaining_requests: {
    says: 'Requests that the answering server says are left; it speaks for itself alone.',
    labels: ['system', 'lane'],
    forSeconds: QUOTA_S,
  },
  dealbridge_quota_remaining_seconds: {
    says: 'Execution time that the answering server says is left, likewise.',
    labels: ['system', 'lane'],
    forSeconds: QUOTA_S,
  },
  dealbridge_quota_requests_per_second: {
    says: 'What the workers of a lane ask for at most, by its settings.',
    labels: ['system', 'lane'],
    forSeconds: Number.POSITIVE_INFINITY,
  },
} as const satisfies Definitions<{ readonly forSeconds: number }>;

/** Looked up when somebody asks for the numbers. */
export const OBSERVED = {
  dealbridge_ready: { says: '1 when the check passes, as /readyz says.', labels: ['check'] },
  dealbridge_deals: { says: 'Deals by state.', labels: ['state'] },
  dealbridge_waiting_deals: {
    says: 'Deals that wait for a person, by reason; one that waits for several counts for each.',
    labels: ['reason'],
  },
  dealbridge_oldest_wait_seconds: { says: 'How long the oldest of them has been waiting.', labels: ['reason'] },
  dealbridge_write_backs_outstanding: {
    says: 'Invoices that are posted and that Sales does not know yet.',
    labels: [],
  },
  dealbridge_oldest_write_back_seconds: { says: 'How long the oldest of them has been waiting.', labels: [] },
  dealbridge_feed_lag_seconds: {
    says: 'How far the reading of a feed is behind, before its first end since it began.',
    labels: ['feed'],
  },
  dealbridge_feed_interval_seconds: { says: 'How often the feed reads, by the rules.', labels: ['feed'] },
  dealbridge_feed_paused: { says: '1 when a person has paused the feed.', labels: ['feed'] },
  dealbridge_flow_lag_seconds: {
    says: 'Since the last pass of a flow that reached the end, or since it began.',
    labels: ['flow'],
  },
  dealbridge_flow_interval_seconds: { says: 'How often the flow reads, by the rules.', labels: ['flow'] },
  dealbridge_subscription_rest_seconds: {
    says: 'Until Business Central notifies of a resource no more, if nothing renews it.',
    labels: ['resource'],
  },
  dealbridge_backfill_rows: {
    says: 'Rows of a full reading of Sales that are still to be brought over.',
    labels: ['feed'],
  },
  dealbridge_paused_lanes: { says: 'Environments whose sign-in is refused.', labels: ['system'] },
  dealbridge_throttled_lanes: {
    says: 'Applications, each in one environment, that wait because of a 429.',
    labels: ['system'],
  },
  dealbridge_throttled_rest_seconds: { says: 'Until the last of them may ask again.', labels: ['system'] },
  dealbridge_trail_findings: { says: 'What the last proof of the audit trail found; none is right.', labels: [] },
  dealbridge_trail_proof_age_seconds: {
    says: 'Since that proof, or, when there was none, since the first entry.',
    labels: [],
  },
  dealbridge_trail_oldest_unsealed_seconds: { says: 'Age of the oldest audit entry that no seal covers.', labels: [] },
  dealbridge_alert_messages_waiting: { says: 'Alerts that no receiver has taken yet.', labels: [] },
  process_resident_memory_bytes: { says: 'Memory of the process.', labels: [] },
  process_cpu_seconds: { says: 'Processor time of the process since its start.', labels: [] },
} as const satisfies Definitions;

export type ObservedName = keyof typeof OBSERVED;
type Definitions<More = unknown> = Readonly<
  Record<string, { readonly says: string; readonly labels: readonly string[] } & More>
>;
type Labels<Of extends { readonly labels: readonly string[] }> = Readonly<Record<Of['labels'][number], string>>;

interface ObservationOf<Name extends ObservedName> {
  readonly name: Name;
  readonly value: number;
  readonly labels: Labels<(typeof OBSERVED)[Name]>;
}
export type Observation = { [Name in ObservedName]: ObservationOf<Name> }[ObservedName];

interface Instruments {
  readonly counters: Readonly<Record<keyof typeof COUNTERS, Counter>>;
  readonly histograms: Readonly<Record<keyof typeof HISTOGRAMS, Histogram>>;
}

let instruments: Instruments | undefined;

interface Said {
  readonly name: keyof typeof GAUGES;
  readonly value: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly atMs: number;
}
/** By name and labels. */
const said = new Map<string, Said>();

/** From now on this process counts. `observe` is asked for the rest each time that the numbers are. */
export function startCounting(meter: Meter, observe: () => Promise<readonly Observation[]>): void {
  said.clear();
  instruments = {
    counters: mapValues(COUNTERS, (name, { says }) => meter.createCounter(name, { description: says })),
    histograms: mapValues(HISTOGRAMS, (name, { says, bounds }) =>
      meter.createHistogram(name, { description: says, advice: { explicitBucketBoundaries: [...bounds] } }),
    ),
  };
  const observed = mapValues({ ...GAUGES, ...OBSERVED }, (name, { says }) =>
    meter.createObservableGauge(name, { description: says }),
  );
  const callback: BatchObservableCallback = async (result) => {
    for (const { name, value, labels, atMs } of said.values()) {
      if (performance.now() - atMs < GAUGES[name].forSeconds * 1_000) result.observe(observed[name], value, labels);
    }
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

export function count<Name extends keyof typeof COUNTERS>(name: Name, labels: Labels<(typeof COUNTERS)[Name]>): void {
  instruments?.counters[name].add(1, { ...labels });
}

export function recordDuration<Name extends keyof typeof HISTOGRAMS>(
  name: Name,
  seconds: number,
  labels: Labels<(typeof HISTOGRAMS)[Name]>,
): void {
  instruments?.histograms[name].record(seconds, { ...labels });
}

export function setGauge<Name extends keyof typeof GAUGES>(
  name: Name,
  value: number,
  labels: Labels<(typeof GAUGES)[Name]>,
): void {
  if (isCounting()) said.set(JSON.stringify([name, labels]), { name, value, labels, atMs: performance.now() });
}

function mapValues<Given extends object, Made>(
  given: Given,
  make: <Key extends keyof Given & string>(name: Key, value: Given[Key]) => Made,
): Record<keyof Given, Made> {
  const made = (Object.keys(given) as (keyof Given & string)[]).map((name) => [name, make(name, given[name])] as const);
  return Object.fromEntries(made) as Record<keyof Given, Made>;
}
