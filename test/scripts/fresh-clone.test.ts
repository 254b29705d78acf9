import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

/** The scripts install the packages, so what they begin with is there without any. */

const IMPORTS = /^(?:import|export)\s(?:[^'"]*?\sfrom\s)?['"]([^'"]+)['"]/gm;

describe('a script, before anything is installed or built', () => {
  const scripts = readdirSync('scripts', { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.mjs'))
    .sort();

  it.each(scripts)('%s begins with nothing but Node and other scripts', (path) => {
    const names = [...readFileSync(`scripts/${path}`, 'utf8').matchAll(IMPORTS)].map(([, name = '']) => name);
    expect(names.filter((name) => !/^(node:|\.{1,2}\/(?!.*\bdist))/.test(name))).toEqual([]);
  });
});
