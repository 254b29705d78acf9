import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

/** Who may import whom: imports point down, simulators and clients know nothing of each other. */

interface Import {
  readonly from: string;
  readonly to: string;
  readonly isType: boolean;
}

const SOURCE = resolve('src');

function sourceFiles(folder = SOURCE): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return sourceFiles(path);
    return /\.tsx?$/.test(entry.name) ? [path] : [];
  });
}

const imports: Import[] = sourceFiles().flatMap((file) =>
  [...readFileSync(file, 'utf8').matchAll(/^(?:import|export)\s+(type\s)?[^;]*?from '(\.[^']+)';/gm)].map((found) => ({
    from: relative(SOURCE, file),
    to: relative(SOURCE, resolve(dirname(file), (found[2] ?? '').replace(/\.js$/, '.ts'))),
    isType: found[1] !== undefined,
  })),
);

/** The row that a folder stands in; a file may import its own row's folder and the rows below. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  deal: ['deal'],
  secrets: ['secrets'],
  clients: ['clients', 'deal', 'secrets'],
  ledger: ['ledger', 'deal', 'secrets'],
  mapping: ['mapping', 'deal'],
  activities: ['activities', 'clients', 'ledger', 'mapping', 'deal', 'secrets'],
  workflows: ['workflows', 'activities', 'deal'],
  intake: ['intake', 'workflows', 'activities', 'clients', 'ledger', 'deal'],
  // Looks at everything and decides nothing; `process` is config, access, runtime and log.
  doctor: ['doctor', 'process', 'intake', 'workflows', 'activities', 'clients', 'ledger', 'mapping', 'deal', 'secrets'],
};

const roomOf = (file: string): string => (file.includes('/') ? (file.split('/')[0] as string) : 'process');

const outside = (folder: string) =>
  sourceFiles(resolve(folder)).filter((file) =>
    /from '(@dealbridge|(\.\.\/)+(src|tools|simulators)\/)/.test(readFileSync(file, 'utf8')),
  );

describe('the three houses', () => {
  it('the product knows neither simulators nor tools, the simulators nothing of the product', () => {
    expect(outside('src')).toEqual([]);
    expect(outside('simulators/src')).toEqual([]);
    expect(outside('tools').length).toBeGreaterThan(5);
  });
});

describe('the dependency directions', () => {
  it('finds the imports at all', () => {
    expect(imports.length).toBeGreaterThan(100);
  });

  for (const [room, allowed] of Object.entries(ALLOWED)) {
    it(`${room} imports only ${allowed.join(', ')}`, () => {
      const wrong = imports.filter(({ from, to }) => roomOf(from) === room && !allowed.includes(roomOf(to)));
      expect(wrong).toEqual([]);
    });
  }

  it('workflows import activities by type only', () => {
    const wrong = imports.filter(
      ({ from, to, isType }) => roomOf(from) === 'workflows' && roomOf(to) === 'activities' && !isType,
    );
    expect(wrong).toEqual([]);
  });

  it('only the command line imports the examination', () => {
    const rooms = new Set(imports.filter(({ to }) => roomOf(to) === 'doctor').map(({ from }) => roomOf(from)));
    expect([...rooms].sort()).toEqual(['cli', 'doctor']);
  });

  it('only the configuration and those that start processes read the environment', () => {
    const readers = sourceFiles().filter((file) => readFileSync(file, 'utf8').includes('process.env'));
    expect(readers.map((file) => relative(SOURCE, file)).sort()).toEqual(['config.ts']);
  });

  it('no two files import each other', () => {
    const pairs = new Set(imports.map(({ from, to }) => `${from} ${to}`));
    expect(imports.filter(({ from, to }) => pairs.has(`${to} ${from}`))).toEqual([]);
  });
});
