import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

const { jobs } = parse(readFileSync('.github/workflows/ci.yml', 'utf8')) as {
  readonly jobs: {
    readonly test: {
      readonly services: { readonly postgres: { readonly image: string } };
      readonly strategy: { readonly matrix: { readonly node: readonly string[] } };
      readonly steps: readonly { readonly run?: string }[];
    };
    readonly chart: {
      readonly steps: readonly { readonly run?: string; readonly uses?: string; readonly with?: object }[];
    };
  };
};

describe('the continuous integration', () => {
  it("runs exactly the README's test command", () => {
    const readme = readFileSync('README.md', 'utf8');
    const commands = [...readme.matchAll(/```bash\n(npm test)\n```/g)].map(([, command]) => command);
    expect(commands).toEqual(['npm test']);
    expect(jobs.test.steps.flatMap(({ run }) => run ?? [])).toEqual(commands);
    expect(readFileSync('.ci/run', 'utf8').trimEnd().split('\n').at(-1)).toBe(commands[0]);
  });

  it('tests the chart where Helm and the schemas are there, so that nothing of it is skipped', () => {
    const { steps } = jobs.chart;
    expect(steps.flatMap(({ run }) => run ?? [])).toEqual(['npm run chart']);
    const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { readonly scripts: { chart: string } };
    expect(scripts.chart).toBe('node scripts/chart.mjs');
    const [oldest] = /(?<=install Go )\d+\.\d+/.exec(readFileSync('scripts/lib/chart-tools.mjs', 'utf8')) ?? [];
    expect(steps.find(({ uses }) => uses?.startsWith('actions/setup-go@'))?.with).toMatchObject({
      'go-version': oldest,
    });
  });

  it('runs on the Node that the images run on', () => {
    const [version] = /(?<=^FROM node:)\d+\.\d+/m.exec(readFileSync('Dockerfile', 'utf8')) ?? [];
    expect(jobs.test.strategy.matrix.node).toContain(version);
  });

  it('runs on the oldest Node that is allowed, with the PostgreSQL of docker-compose.yml', () => {
    const { engines } = JSON.parse(readFileSync('package.json', 'utf8')) as {
      readonly engines: { readonly node: string };
    };
    expect(engines.node).toBe(`>=${jobs.test.strategy.matrix.node[0]}`);
    const compose = parse(readFileSync('docker-compose.yml', 'utf8')) as {
      readonly services: { readonly postgres: { readonly image: string } };
    };
    expect(jobs.test.services.postgres.image).toBe(compose.services.postgres.image);
  });
});

describe('the release', () => {
  const { permissions, jobs: release } = parse(readFileSync('.github/workflows/release.yml', 'utf8')) as {
    readonly permissions: object;
    readonly jobs: {
      readonly image: {
        readonly steps: readonly { readonly uses?: string; readonly with?: object; readonly run?: string }[];
      };
    };
  };

  it('builds the image with a list of its contents and a statement of its origin', () => {
    const build = release.image.steps.find(({ uses }) => uses?.startsWith('docker/build-push-action@'));
    expect(build?.with).toMatchObject({ sbom: true, provenance: 'mode=max', push: true });
    expect(release.image.steps.some(({ uses }) => uses?.startsWith('actions/attest-build-provenance@'))).toBe(true);
    const runs = release.image.steps.flatMap(({ run }) => run ?? []);
    expect(runs[0]).toMatch(/^docker cp .*:\/app\/dist\/dealbridge\.cdx\.json \.$/);
    expect(runs[1]).toMatch(/^gh release create .* dealbridge\.cdx\.json$/);
    expect(permissions).toEqual({ contents: 'read' });
  });
});
