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
