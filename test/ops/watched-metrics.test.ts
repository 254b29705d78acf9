import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { COUNTERS, GAUGES, HISTOGRAMS, OBSERVED } from '../../src/telemetry/instruments.js';
import { readGroupings, readOutcome, readSeries } from '../support/promql.js';

/**
 * Rules and dashboards ask only for what a process exports, by labels that it has, and each rule has a case that fires and one
 * that stays silent.
 */

const rulesSchema = z.object({
  groups: z.array(
    z.object({
      rules: z.array(
        z.object({
          record: z.string().optional(),
          alert: z.string().optional(),
          expr: z.string(),
          annotations: z.record(z.string(), z.string()).default({}),
        }),
      ),
    }),
  ),
});
const casesSchema = z.object({
  tests: z.array(
    z.object({
      input_series: z.array(z.object({ series: z.string() })),
      alert_rule_test: z.array(z.object({ alertname: z.string(), exp_alerts: z.array(z.unknown()) })),
    }),
  ),
});
const boardSchema = z.object({
  uid: z.string(),
  title: z.string(),
  panels: z.array(
    z.object({
      id: z.number(),
      title: z.string(),
      gridPos: z.object({ x: z.number(), y: z.number(), w: z.number(), h: z.number() }),
      datasource: z.object({ uid: z.string().regex(/^\$\{datasource\}$/) }),
      targets: z.array(z.object({ expr: z.string(), legendFormat: z.string() })).min(1),
    }),
  ),
});

const read = (path: string): unknown => parse(readFileSync(path, 'utf8'));
const rules = rulesSchema.parse(read('ops/prometheus/dealbridge.rules.yaml')).groups.flatMap((group) => group.rules);
const cases = casesSchema.parse(read('ops/prometheus/dealbridge.rules.test.yaml')).tests;
const boards = readdirSync('ops/grafana').map((name) => ({
  name,
  ...boardSchema.parse(JSON.parse(readFileSync(`ops/grafana/${name}`, 'utf8'))),
}));

/** What Prometheus adds to every series of a target (ops/prometheus/prometheus.yaml). */
const OF_TARGET = ['job', 'instance', 'process'];

const own = new Map<string, readonly string[]>([
  ...Object.entries(COUNTERS).map(([name, { labels }]) => [`${name}_total`, labels] as const),
  ...Object.entries(HISTOGRAMS).flatMap(([name, { labels }]) => [
    [`${name}_bucket`, [...labels, 'le']] as const,
    [`${name}_count`, labels] as const,
    [`${name}_sum`, labels] as const,
  ]),
  ...Object.entries(GAUGES).map(([name, { labels }]) => [name, labels] as const),
  ...Object.entries(OBSERVED).map(([name, { labels }]) => [name, labels] as const),
  ['up', []],
]);
const recorded = new Map(
  rules.flatMap(({ record, expr }) => (record === undefined ? [] : [[record, readOutcome(expr) ?? []] as const])),
);

/** Temporal's server, as `temporal server start-dev --metrics-port` shows them. */
const OF_SERVER: Readonly<Record<string, readonly string[]>> = {
  approximate_backlog_count: ['namespace', 'taskqueue', 'task_type', 'task_priority', 'partition'],
  persistence_latency_bucket: ['namespace', 'operation', 'service_name', 'le'],
};

/** Names of the SDK of Temporal stand in its native part, without its prefix and what the format adds; so do its labels. */
const core = createRequire(import.meta.url).resolve('@temporalio/core-bridge/package.json');
const releases = join(dirname(core), 'releases');
const native = readFileSync(join(releases, readdirSync(releases)[0] ?? '', 'index.node'));
const OF_SDK = ['task_queue', 'activity_type', 'workflow_type', 'worker_type', 'poller_type', 'namespace'];
const isOfSdk = (name: string): boolean => {
  const short = name.replace(/^temporal_/, '').replace(/(_seconds)?(_(bucket|count|sum))?$/, '');
  return name.startsWith('temporal_') && native.includes(short);
};

/** Undefined: nobody exports it. */
function labelsOf(name: string): readonly string[] | undefined {
  const labels =
    recorded.get(name) ?? own.get(name) ?? OF_SERVER[name] ?? (isOfSdk(name) ? [...OF_SDK, 'le'] : undefined);
  return labels && (recorded.has(name) ? labels : [...labels, ...OF_TARGET]);
}

const unknownIn = (expr: string): string[] =>
  readSeries(expr).flatMap(({ name }) => (labelsOf(name) === undefined ? name : []));

/** Labels that a series is selected, grouped or shown by, and that it has not: such a query finds nothing and says nothing. */
function wrongLabelsIn(expr: string, shown: readonly string[] = []): string[] {
  const lacks = (name: string, labels: readonly string[]) =>
    labels.filter((label) => labelsOf(name)?.includes(label) === false).map((label) => `${name} has no ${label}`);
  const series = readSeries(expr);
  const outcome = readOutcome(expr);
  return [
    ...series.flatMap(({ name, labels }) => lacks(name, labels)),
    ...readGroupings(expr).flatMap(({ labels, of }) => of.flatMap((name) => lacks(name, labels))),
    ...(outcome
      ? shown.filter((label) => !outcome.includes(label)).map((label) => `nothing is grouped by ${label}`)
      : series.flatMap(({ name }) => lacks(name, shown))),
  ];
}

const labelsShownIn = (text: string): string[] =>
  [...text.matchAll(/\$labels\.(\w+)|\{\{(\w+)\}\}/g)].map(([, of, legend]) => of ?? legend ?? '');

describe('rules', () => {
  it('ask only for what is exported', () => {
    expect(rules.flatMap(({ expr }) => readSeries(expr)).length).toBeGreaterThan(20);
    expect(rules.flatMap(({ expr }) => unknownIn(expr))).toEqual([]);
  });

  it('ask by labels that are there, and say only what comes out', () => {
    const wrong = rules.flatMap(({ expr, annotations }) =>
      wrongLabelsIn(expr, labelsShownIn(Object.values(annotations).join(' '))),
    );
    expect(wrong).toEqual([]);
  });

  it.each([
    ['dealbridge_deals{status="held"}', [], ['dealbridge_deals has no status']],
    ['sum by (queue) (rate(dealbridge_requests_total[5m]))', [], ['dealbridge_requests_total has no queue']],
    ['dealbridge_feed_paused == on (flow) dealbridge_flow_lag_seconds', [], ['dealbridge_feed_paused has no flow']],
    ['max by (feed) (dealbridge_feed_paused)', ['system'], ['nothing is grouped by system']],
    ['dealbridge:quota_used:ratio5m', ['queue'], ['dealbridge:quota_used:ratio5m has no queue']],
    ['histogram_quantile(0.5, sum by (verb, le) (rate(dealbridge_ledger_duration_seconds_bucket[5m])))', ['verb'], []],
    ['up{job="dealbridge", process="worker"} == 1', ['instance'], []],
  ])('a label that is not there is found: %s', (expr, shown, wrong) => {
    expect(wrongLabelsIn(expr, shown)).toEqual(wrong);
  });

  it('a name that nobody exports is found', () => {
    expect(unknownIn('rate(dealbridge_request_total[5m]) + dealbridge_deals{state="held"}')).toEqual([
      'dealbridge_request_total',
    ]);
    expect(unknownIn('temporal_no_such_thing_seconds_bucket')).toEqual(['temporal_no_such_thing_seconds_bucket']);
  });

  it('each alert has a case in which it fires and one in which it stays silent, of series that are exported', () => {
    const told = cases.flatMap((one) => one.alert_rule_test);
    const alerts = rules.flatMap(({ alert }) => alert ?? []);
    expect(alerts.length).toBeGreaterThan(15);
    for (const fires of [true, false]) {
      const covered = told.filter(({ exp_alerts }) => exp_alerts.length > 0 === fires).map((one) => one.alertname);
      expect(alerts.filter((alert) => !covered.includes(alert))).toEqual([]);
    }
    const series = cases.flatMap((one) => one.input_series.map((input) => input.series));
    expect(series.flatMap((one) => unknownIn(one))).toEqual([]);
    expect(series.flatMap((one) => wrongLabelsIn(one))).toEqual([]);
  });
});

describe.each(boards)('the dashboard $name', ({ uid, title, panels }) => {
  it('asks only for what is exported', () => {
    const targets = panels.flatMap((panel) => panel.targets);
    expect(targets.flatMap(({ expr }) => unknownIn(expr))).toEqual([]);
    expect(targets.flatMap(({ expr, legendFormat }) => wrongLabelsIn(expr, labelsShownIn(legendFormat)))).toEqual([]);
  });

  it('has a name, panels that do not overlap, and no data source of somebody', () => {
    expect(uid).toMatch(/^dealbridge-/);
    expect(title).toMatch(/^Dealbridge: /);
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)} ${y + Math.floor(cell / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
  });
});

it('what is exported is watched: nothing is counted for nobody', () => {
  const text = [
    ...rules.map(({ expr }) => expr),
    ...boards.flatMap(({ panels }) => panels.flatMap(({ targets }) => targets.map(({ expr }) => expr))),
  ].join('\n');
  const names = [
    ...Object.keys(COUNTERS),
    ...Object.keys(HISTOGRAMS),
    ...Object.keys(GAUGES),
    ...Object.keys(OBSERVED),
  ];
  expect(names.filter((name) => !text.includes(name))).toEqual([]);
});
