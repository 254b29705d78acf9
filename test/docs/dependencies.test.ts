import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

/** docs/dependencies.md has a row for each package that is asked for, and none for another. */

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

const page = readFileSync('docs/dependencies.md', 'utf8');
const manifests = ['package.json', 'simulators/package.json'].map(
  (path) => JSON.parse(readFileSync(path, 'utf8')) as Manifest,
);
const wanted = new Map(
  manifests.flatMap(({ dependencies, devDependencies }) => Object.entries({ ...dependencies, ...devDependencies })),
);

/** `@temporalio/activity`, `client` 1.24.0: a name without a scope takes that of the name before it, if such a package is asked for. */
function namesIn(cell: string): { name: string; version: string | undefined }[] {
  let scope = '';
  return [...cell.matchAll(/`([^`]+)`(?: (\d[\w.-]*))?/g)].map(([, name = '', version]) => {
    if (name.startsWith('@')) scope = `${name.split('/')[0]}/`;
    const scoped = name.startsWith('@') || wanted.has(name) ? name : `${scope}${name}`;
    return { name: scoped, version };
  });
}

const rows = page.split('\n').filter((line) => line.startsWith('| `'));
const listed = rows.flatMap((row) => namesIn(row.split(' | ')[0] ?? ''));

describe('docs/dependencies.md', () => {
  it('lists every package that is asked for, and no other', () => {
    expect(listed.map(({ name }) => name).sort()).toEqual([...wanted.keys()].sort());
  });

  it('gives the versions that are installed', () => {
    const wrong = listed.filter(({ name, version }) => version !== undefined && wanted.get(name) !== version);
    expect(wrong).toEqual([]);
  });

  it('gives a reason, a licence and a maintainer for each', () => {
    expect(
      rows.filter((row) => row.split(' | ').filter((cell) => cell.replaceAll('|', '').trim()).length !== 4),
    ).toEqual([]);
  });
});
