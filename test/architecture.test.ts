import { existsSync, readdirSync, readFileSync } from 'node:fs';
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

/** The file that is imported by the name that it gets when it is compiled. */
function findSource(compiled: string): string {
  const found = ['.ts', '.tsx'].map((ending) => compiled.replace(/\.js$/, ending)).find((file) => existsSync(file));
  if (found === undefined) throw new Error(`nothing is compiled to ${compiled}`);
  return found;
}

const imports: Import[] = sourceFiles().flatMap((file) =>
  [...readFileSync(file, 'utf8').matchAll(/^(?:import|export)\s+(type\s)?[^;]*?from '(\.[^']+)';/gm)].map((found) => ({
    from: relative(SOURCE, file),
    to: relative(SOURCE, findSource(resolve(dirname(file), found[2] ?? ''))),
    isType: found[1] !== undefined,
  })),
);

const readSource = (file: string): string => readFileSync(join(SOURCE, file), 'utf8');

const outside = (folder: string) =>
  sourceFiles(resolve(folder)).filter((file) =>
    /from '(@dealbridge|(\.\.\/)+(src|tools|simulators)\/)/.test(readFileSync(file, 'utf8')),
  );

const EVERYTHING_BELOW = [
  'process',
  'http',
  'cli',
  'operations',
  'doctor',
  'dispatch',
  'workflows',
  'activities',
  'mapping',
  'ledger',
  'clients',
  'identity',
  'telemetry',
  'deal',
  'secrets',
];

/** Who may import whom; a folder may import itself as well. `main` is the three files that start processes. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  main: [...EVERYTHING_BELOW, 'worker', 'starter'],
  // The parts of the starter's main: what the desk is given.
  starter: [...EVERYTHING_BELOW],
  // The parts of the worker's main: which activities poll which queue, and what they are given.
  worker: ['process', 'dispatch', 'activities', 'ledger', 'mapping', 'clients', 'telemetry', 'deal', 'secrets'],
  process: ['ledger', 'mapping', 'clients', 'identity', 'telemetry', 'deal', 'secrets'],
  http: ['operations', 'dispatch', 'identity', 'telemetry', 'deal', 'secrets'],
  cli: ['process', 'operations', 'doctor', 'dispatch', 'identity', 'telemetry', 'deal', 'secrets'],
  // Looks at everything and decides nothing.
  doctor: EVERYTHING_BELOW,
  operations: ['dispatch', 'ledger', 'mapping', 'clients', 'identity', 'deal', 'secrets'],
  dispatch: ['ledger', 'deal'],
  workflows: ['deal'],
  activities: ['clients', 'ledger', 'mapping', 'deal', 'secrets'],
  mapping: ['deal', 'secrets'],
  ledger: ['telemetry', 'deal', 'secrets'],
  clients: ['telemetry', 'deal', 'secrets'],
  identity: ['deal'],
  telemetry: [],
  deal: [],
  secrets: ['deal'],
};

/** Allowed as types only: they vanish when the code is compiled. */
const ALLOWED_AS_TYPES: Readonly<Record<string, readonly string[]>> = {
  http: ['ledger'],
  cli: ['ledger'],
  operations: ['workflows'],
  dispatch: ['workflows'],
  workflows: ['activities'],
};

/** Definitions of messages alone: plain values that workflow and client share (docs/decisions/0008). */
const MESSAGES = /^workflows\/[a-z]+\/messages\.ts$/;

/** The three mains stand in the row of their own; everything else in the row of its folder. */
const roomOf = (file: string): string =>
  file.includes('/') && file !== 'cli/main.ts' ? (file.split('/')[0] as string) : 'main';

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

  it('has a row for every folder', () => {
    const rooms = new Set(sourceFiles().map((file) => roomOf(relative(SOURCE, file))));
    expect([...rooms].filter((room) => ALLOWED[room] === undefined)).toEqual([]);
  });

  for (const [room, allowed] of Object.entries(ALLOWED)) {
    const asTypes = ALLOWED_AS_TYPES[room] ?? [];
    it(`${room} imports only ${allowed.join(', ') || 'itself'}${asTypes.length > 0 ? `, as types ${asTypes.join(', ')}` : ''}`, () => {
      const wrong = imports
        .filter(({ from, to }) => roomOf(from) === room && roomOf(to) !== room)
        .filter(({ to, isType }) => {
          // Signals, updates and queries are known by their exported definitions, on both sides of Temporal.
          const isTyped = isType || (room === 'dispatch' && MESSAGES.test(to));
          return !allowed.includes(roomOf(to)) && !(isTyped && asTypes.includes(roomOf(to)));
        });
      expect(wrong).toEqual([]);
    });
  }

  it('only the process of the starter imports its parts', () => {
    const importers = new Set(imports.filter(({ to }) => roomOf(to) === 'starter').map(({ from }) => from));
    expect([...importers]).toEqual(['starter.ts']);
  });

  it('only the process of the worker imports its parts', () => {
    const importing = imports.filter(({ from, to }) => roomOf(to) === 'worker' && !from.startsWith('worker/'));
    expect([...new Set(importing.map(({ from }) => from))]).toEqual(['worker.ts']);
  });

  it('only the command line and the process of the desk import the examination', () => {
    const rooms = new Set(imports.filter(({ to }) => roomOf(to) === 'doctor').map(({ from }) => roomOf(from)));
    expect([...rooms].sort()).toEqual(['cli', 'doctor', 'starter']);
  });

  it('only the configuration and those that start processes read the environment', () => {
    const readers = sourceFiles().filter((file) => readFileSync(file, 'utf8').includes('process.env'));
    expect(readers.map((file) => relative(SOURCE, file)).sort()).toEqual(['process/config.ts']);
  });

  it('a step asks no clock but the one that it is given', () => {
    const steps = sourceFiles(join(SOURCE, 'activities'));
    const found = steps.filter((file) => /Date\.now\(|new Date\(\)/.test(readFileSync(file, 'utf8')));
    expect(found.map((file) => relative(SOURCE, file))).toEqual([]);
  });

  it('no context travels unseen', () => {
    const found = sourceFiles().filter((file) => readFileSync(file, 'utf8').includes('AsyncLocalStorage'));
    expect(found.map((file) => relative(SOURCE, file))).toEqual([]);
  });

  it('the ledger casts no row and asks no clock but that of the database', () => {
    const ledger = sourceFiles(join(SOURCE, 'ledger')).map((file) => ({ file, text: readFileSync(file, 'utf8') }));
    const found = ledger.filter(({ text }) => /\.query<|Date\.now\(|new Date\(\)/.test(text));
    expect(found.map(({ file }) => relative(SOURCE, file))).toEqual([]);
  });

  it('commands that ask the ledger alone load nothing of Temporal, which takes long', () => {
    const asks = (file: string) => /^(import|export) (?!type )[^;]*from '@temporalio\//m.test(readSource(file));
    const loaded = (file: string, seen = new Set<string>()): Set<string> => {
      if (seen.has(file)) return seen;
      seen.add(file);
      for (const { from, to, isType } of imports) if (from === file && !isType) loaded(to, seen);
      return seen;
    };
    for (const command of ['main', 'audit', 'credentials', 'deals', 'environments', 'keys', 'mappings', 'preview'])
      expect([...loaded(`cli/${command}.ts`)].filter(asks)).toEqual([]);
  });

  it('no two files import each other', () => {
    const pairs = new Set(imports.map(({ from, to }) => `${from} ${to}`));
    expect(imports.filter(({ from, to }) => pairs.has(`${to} ${from}`))).toEqual([]);
  });
});
