import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { COUNTERS, GAUGES, HISTOGRAMS, OBSERVED } from '../../src/telemetry/instruments.js';

/** Rules and dashboards ask only for what a process exports, and each rule has a case that fires and one that stays silent. */

const rulesSchema = z.object({
  groups: z.array(
    z.object({
      rules: z.array(z.object({ record: z.string().optional(), alert: z.string().optional(), expr: z.string() })),
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
      targets: z.array(z.object({ expr: z.string() })).min(1),
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

const recorded = new Set(rules.flatMap(({ record }) => record ?? []));
const exported = new Set<string>([
  ...Object.keys(COUNTERS).map((name) => `${name}_total`),
  ...Object.keys(HISTOGRAMS).flatMap((name) => ['bucket', 'count', 'sum'].map((part) => `${name}_${part}`)),
  ...Object.keys(GAUGES),
  ...Object.keys(OBSERVED),
]);

/** Names of the SDK of Temporal stand in its native part, without its prefix and what the format adds. */
const core = createRequire(import.meta.url).resolve('@temporalio/core-bridge/package.json');
const releases = join(dirname(core), 'releases');
const native = readFileSync(join(releases, readdirSync(releases)[0] ?? '', 'index.node'));
const isOfTemporal = (name: string): boolean => {
  const own = name.replace(/^temporal_/, '').replace(/(_seconds)?(_(bucket|count|sum))?$/, '');
  return name.startsWith('temporal_') && native.includes(own);
};

/** Every name in an expression that is a metric: not a label, a function or a word of the language. */
const namesIn = (expr: string): string[] =>
  expr
    .replace(/"[^"]*"/g, '')
    .replace(/\{[^}]*\}|\b(by|on|without|ignoring)\s*\([^)]*\)|\[[^\]]*\]/g, ' ')
    .match(/\b(dealbridge|temporal|process|up)(?:[:_][\w:]+)?\b/g) ?? [];
const unknownIn = (expr: string): string[] =>
  namesIn(expr).filter((name) => name !== 'up' && !exported.has(name) && !recorded.has(name) && !isOfTemporal(name));

describe('rules', () => {
  it('ask only for what is exported', () => {
    expect(rules.flatMap(({ expr }) => namesIn(expr)).length).toBeGreaterThan(20);
    expect(rules.flatMap(({ expr }) => unknownIn(expr))).toEqual([]);
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
    expect(cases.flatMap((one) => one.input_series).flatMap(({ series }) => unknownIn(series))).toEqual([]);
  });
});

describe.each(boards)('the dashboard $name', ({ uid, title, panels }) => {
  it('asks only for what is exported', () => {
    const unknown = panels.flatMap((panel) => panel.targets.flatMap(({ expr }) => unknownIn(expr)));
    expect(unknown).toEqual([]);
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
