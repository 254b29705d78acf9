import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { rulesFile } from '../../src/mapping/rules/rules-file.js';
import { parseRules } from '../../src/process/config.js';
import { findUnknownSettings } from '../../src/process/settings.js';

/** Examples of rules files are taken as they stand, and the tables of the README name what there is. */

const pages = ['README.md', ...readdirSync('docs').map((name) => `docs/${name}`)].filter((name) =>
  name.endsWith('.md'),
);
const rules = Object.keys(rulesFile.shape);
const examples = pages.flatMap((page) =>
  [...readFileSync(page, 'utf8').matchAll(/```yaml\n([\s\S]*?)```/g)].flatMap(([, yaml = '']) => {
    const [key = ''] = /^[A-Za-z]+(?=:)/m.exec(yaml) ?? [];
    return rules.includes(key) ? [{ page, key, yaml }] : [];
  }),
);

const readme = readFileSync('README.md', 'utf8');
/** What the rows of a table begin with. */
function namesIn(heading: string): readonly string[] {
  const table = readme.slice(readme.indexOf(heading)).split('\n\n', 1)[0] ?? '';
  const firsts = [...table.matchAll(/^\| (`[^|]+`) \|/gm)].map(([, cell = '']) => cell);
  return firsts.flatMap((cell) => [...cell.matchAll(/`(\w+)`/g)].map(([, name = '']) => name));
}

describe('an example of a rules file in the documents', () => {
  it('is found in them', () => {
    expect(examples.map(({ page, key }) => `${page} ${key}`)).toContain('docs/mapping.md version');
  });

  it.each(examples)('is taken as it stands: $key in $page', ({ page, yaml }) => {
    parseRules(yaml, page);
  });
});

describe('the tables of the README', () => {
  it('name every rule that there is, and no other', () => {
    // The version of the file says nothing about deals.
    expect([...namesIn('| rule | meaning')].sort()).toEqual(rules.filter((name) => name !== 'version').sort());
  });

  it('name settings that are read', () => {
    const names = namesIn('| setting | meaning');
    expect(names).toContain('DATABASE_URL');
    expect(findUnknownSettings(Object.fromEntries(names.map((name) => [name, 'x'])))).toEqual([]);
  });
});
