import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

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
