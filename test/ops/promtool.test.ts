import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';

/** Prometheus itself reads the rules, runs their cases, and reads every expression of the dashboards. */

const program = process.env['PROMTOOL_PATH'] || 'promtool';
const isThere = spawnSync(program, ['--version']).status === 0;
const why = isThere ? '' : ' (skipped: no promtool on this machine; it comes with the package prometheus)';
const folder = mkdtempSync(join(tmpdir(), 'dealbridge-rules-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function promtool(...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  return status === 0 ? 'ok' : `${stdout}${stderr}`;
}

describe.skipIf(!isThere)(`promtool${why}`, () => {
  it('takes the rules and the configuration', () => {
    expect(promtool('check', 'rules', 'ops/prometheus/dealbridge.rules.yaml')).toBe('ok');
    expect(promtool('check', 'config', 'ops/prometheus/prometheus.yaml')).toBe('ok');
  });

  it('each alert fires in its case and stays silent in the other', () => {
    expect(promtool('test', 'rules', 'ops/prometheus/dealbridge.rules.test.yaml')).toBe('ok');
  });

  it('counts the backlog that the workers follow: of one namespace, every version of worker, each partition once', () => {
    const { rules } = parse(readFileSync('ops/helm/prometheus-adapter.values.yaml', 'utf8')) as {
      rules: { external: [{ seriesQuery: string; name: { as: string }; metricsQuery: string }] };
    };
    const [{ seriesQuery, name, metricsQuery }] = rules.external;
    const { worker } = parse(readFileSync('ops/helm/dealbridge/values.yaml', 'utf8')) as {
      worker: { autoscaling: { selector: Record<string, string> } };
    };
    // As the adapter fills it in with what our chart asks for (test/ops/helm.test.ts).
    const asked = Object.entries({ ...worker.autoscaling.selector, namespace: 'dealbridge' });
    const series = seriesQuery.replace(/\{.*/, '');
    const expr = metricsQuery
      .replace('<<.Series>>', series)
      .replace('<<.LabelMatchers>>', asked.map(([label, value]) => `${label}="${value}"`).join(','));
    const backlog = (labels: Record<string, string>, values: string) => {
      const ofOne = {
        namespace: 'dealbridge',
        taskqueue: 'deals',
        worker_version: 'dealbridge:one',
        task_type: 'Workflow',
        ...{ task_priority: '3', partition: '0', pod: 'matching-1' },
      };
      const all = Object.entries({ ...ofOne, ...labels }).map(([label, value]) => `${label}="${value}"`);
      return { series: `${series}{${all.join(',')}}`, values };
    };
    const write = (file: string, content: object) => {
      writeFileSync(join(folder, file), JSON.stringify(content));
      return join(folder, file);
    };
    write('backlog.json', { groups: [{ name: 'adapter', rules: [{ record: name.as, expr }] }] });
    const test = write('backlog.test.json', {
      rule_files: ['backlog.json'],
      tests: [
        {
          interval: '1m',
          input_series: [
            backlog({}, '40 40'),
            // It moved, and left its last number behind.
            backlog({ pod: 'matching-2' }, '30 30'),
            backlog({ worker_version: 'dealbridge:two' }, '25 25'),
            backlog({ task_type: 'Activity' }, '5 5'),
            backlog({ namespace: 'of-others' }, '900 900'),
            backlog({ taskqueue: 'sales' }, '70 70'),
          ],
          promql_expr_test: [
            {
              expr: name.as,
              eval_time: '1m',
              exp_samples: [{ labels: `${name.as}{namespace="dealbridge",taskqueue="deals"}`, value: 40 + 25 + 5 }],
            },
          ],
        },
      ],
    });
    expect(promtool('test', 'rules', test)).toBe('ok');
  });

  it('reads every expression of the dashboards', () => {
    const expressions = readdirSync('ops/grafana').flatMap((name) => {
      const { panels } = JSON.parse(readFileSync(join('ops/grafana', name), 'utf8')) as {
        panels: { targets: { expr: string }[] }[];
      };
      return panels.flatMap(({ targets }) => targets.map(({ expr }) => expr.replaceAll('$__rate_interval', '5m')));
    });
    expect(expressions.length).toBeGreaterThan(30);
    const path = join(folder, 'dashboards.yaml');
    const rules = expressions.map((expr, at) => ({ record: `dashboard:panel:${at}`, expr }));
    writeFileSync(path, JSON.stringify({ groups: [{ name: 'dashboards', rules }] }));
    expect(promtool('check', 'rules', path)).toBe('ok');
  });
});
