import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readCitations, readOwnSections } from './citations.js';
import { type MarkdownPage, readMarkdown } from './markdown.js';

/** Whoever follows a citation or a link finds what it promises. */

const ROOT = resolve('.');
const REFERENCE = 'docs/reference';
// The cases of this test are citations that lead nowhere.
const LEFT_OUT = new Set(['node_modules', 'dist', 'histories', 'test/docs']);
const FOLDERS = ['src', 'simulators', 'tools', 'test', 'scripts', 'bench', 'migrations', 'docker', 'docs'];
const READ = /\.(?:[cm]?[jt]sx?|sql|md|ya?ml)$/;

const files = [...FOLDERS.flatMap(walk), 'README.md'];
const textOf = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

const markdown = new Map<string, MarkdownPage>(
  files.filter((file) => file.endsWith('.md')).map((file) => [file, readMarkdown(textOf(file))]),
);
const pages = new Map<string, MarkdownPage>(
  [...markdown].flatMap(([file, page]) => (dirname(file) === REFERENCE ? [[pageName(file), page]] : [])),
);

describe('citations of the reference', () => {
  it('there are pages and citations at all', () => {
    expect([...pages.keys()].sort()).toEqual(['business-central', 'dataverse-sales', 'field-mapping', 'temporal']);
    expect(files.flatMap((file) => readCitations(textOf(file)).cited).length).toBeGreaterThan(200);
  });

  it('lead to a section, each to one only', () => {
    expect(files.flatMap((file) => findDeadCitations(file, textOf(file)))).toEqual([]);
    for (const [name, { sections }] of pages) expect(sections, name).toEqual([...new Set(sections)]);
  });

  it.each([
    ['a number without a page', '// as the reference 4.3 says', ['a.ts: reference 4.3 names no page']],
    ['a section without a page', '/** Once only (section 3.2). */', ['a.ts: section 3.2 names no page']],
    ['a section that is not there', '// reference/temporal 3.99', ['a.ts: reference/temporal 3.99']],
    ['one of several', '// reference/temporal 3.1 and 3.98', ['a.ts: reference/temporal 3.98']],
    ['a page that is not there', '// reference/entra 1.1', ['a.ts: reference/entra 1.1']],
    ['a wrapped one', ' * once (reference/temporal\n *   3.97)', ['a.ts: reference/temporal 3.97']],
    [
      'a row that is not there',
      '// reference/dataverse-sales 12, trap 99',
      ['a.ts: reference/dataverse-sales 12, trap 99'],
    ],
    [
      'a title in a file of numbers',
      "/** The numbers: the numbers are sections of reference/temporal. */\nit('3.96: once', () => {});",
      ['a.ts: reference/temporal 3.96'],
    ],
    [
      'nothing else',
      '// docs/reference/temporal.md, api-reference/v2.0, reference/temporal 3.1, customerPurchaseOrderReference 1',
      [],
    ],
  ])('finds %s', (_title, text, found) => {
    expect(findDeadCitations('a.ts', text)).toEqual(found);
  });
});

describe('links in README.md and docs', () => {
  it('lead to a file and, with an anchor, to a heading', () => {
    const dead = [...markdown].flatMap(([file, { links }]) =>
      links.filter((link) => !leads(file, link)).map((link) => `${file}: ${link}`),
    );
    expect(dead).toEqual([]);
  });

  it('are found by the rules of GitHub', () => {
    const { anchors, links } = readMarkdown(
      '# A `code`, (I3) & more\n## Same\n## Same\n\n| a |\n|---|\n| [one](b.md#c) |\n\n```\n[not](one)\n```\n![two](d.png)\n',
    );
    expect([...anchors]).toEqual(['a-code-i3--more', 'same', 'same-1']);
    expect(links).toEqual(['b.md#c', 'd.png']);
    expect(leads('docs/a.md', '../README.md#no-such-heading')).toBe(false);
    expect(leads('docs/a.md', 'no-such-file.md')).toBe(false);
    expect(leads('docs/a.md', 'https://learn.microsoft.com/')).toBe(true);
  });
});

function findDeadCitations(file: string, text: string): string[] {
  const { cited, pages: named, bare } = readCitations(text);
  const own = dirname(file) === REFERENCE ? pages.get(pageName(file)) : undefined;
  return [
    ...(own ? [] : bare.map((words) => `${words} names no page`)),
    ...(own ? readOwnSections(text).filter((section) => !own.sections.includes(section)) : []),
    ...named.filter((page) => !pages.has(page)).map((page) => `reference/${page}`),
    ...cited
      .filter(({ page, section, row }) => {
        const target = pages.get(page);
        return !target?.sections.includes(section) || (row !== undefined && !target.rows.has(`${section}:${row}`));
      })
      .map(({ page, section, row }) => `reference/${page} ${section}${row === undefined ? '' : `, trap ${row}`}`),
  ].map((finding) => `${file}: ${finding}`);
}

function leads(file: string, link: string): boolean {
  if (/^[a-z][a-z\d+.-]*:/i.test(link)) return true;
  const [path = '', anchor] = link.split('#').map(decodeURIComponent);
  const target = path === '' ? file : relative(ROOT, resolve(ROOT, dirname(file), path));
  if (!existsSync(join(ROOT, target))) return false;
  return anchor === undefined || (markdown.get(target)?.anchors.has(anchor) ?? false);
}

function pageName(file: string): string {
  return file.slice(REFERENCE.length + 1, -'.md'.length);
}

function walk(folder: string): string[] {
  if (!existsSync(join(ROOT, folder))) return [];
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (LEFT_OUT.has(entry.name) || LEFT_OUT.has(path)) return [];
    if (entry.isDirectory()) return walk(path);
    return READ.test(entry.name) ? [path] : [];
  });
}
