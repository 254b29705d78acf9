import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

/** Whatever is shipped, also by way of others, has a licence that asks for no more than a notice. */

const ALLOWED = new Set([
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  // Of data (which browsers know what), which the bundler reads.
  'CC-BY-4.0',
  'ISC',
  'MIT',
  'MIT-0',
  'Unlicense',
]);

/** Their `package.json` names none, and the file of the licence is beside it. */
const BY_FILE: Readonly<Record<string, { readonly licence: string; readonly says: RegExp }>> = {
  'node_modules/unionfs': {
    licence: 'Unlicense',
    says: /free and unencumbered software released into the public domain/,
  },
};

interface Locked {
  readonly dev?: boolean;
  readonly link?: boolean;
  readonly license?: string;
}

const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
  readonly packages: Readonly<Record<string, Locked>>;
};
const shipped = Object.entries(packages).filter(
  ([path, { dev, link }]) => path.includes('node_modules/') && !dev && !link,
);

/** What the package itself says; of those for other machines, which are not installed here, what the lock file noted. */
function licenceOf(path: string, { license }: Locked): string {
  const known = BY_FILE[path];
  if (known?.says.test(readFileSync(join(path, 'LICENSE'), 'utf8'))) return known.licence;
  const manifest = join(path, 'package.json');
  if (!existsSync(manifest)) return license ?? 'none';
  const said = (JSON.parse(readFileSync(manifest, 'utf8')) as { license?: unknown }).license;
  return typeof said === 'string' ? said : 'none';
}

/** Of an expression in SPDX: one side of OR is enough, both of AND are needed. */
function isAllowed(licence: string): boolean {
  const bare = licence.replace(/^\((.*)\)$/, '$1');
  if (bare.includes(' OR ')) return bare.split(' OR ').some(isAllowed);
  return bare.split(' AND ').every((one) => ALLOWED.has(one));
}

describe('the licence of every package that is shipped', () => {
  it('is one of those that are allowed', () => {
    expect(shipped.length).toBeGreaterThan(100);
    const others = shipped.map(([path, locked]) => `${path}: ${licenceOf(path, locked)}`);
    expect(others.filter((line) => !isAllowed(line.slice(line.indexOf(': ') + 2)))).toEqual([]);
  });

  it.each([
    ['MIT', true],
    ['(MIT OR GPL-3.0-only)', true],
    ['Apache-2.0 AND MIT', true],
    ['MIT AND GPL-3.0-only', false],
    ['GPL-3.0-only', false],
    ['UNLICENSED', false],
    ['none', false],
  ])('%s: %s', (licence, expected) => {
    expect(isAllowed(licence)).toBe(expected);
  });
});
