import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Simulators } from '@dealbridge/simulators';
import type { SeedDocument } from '@dealbridge/simulators/seed/distributor.js';
import pg from 'pg';
import { type Database, openDatabase, type Queryable } from '../../src/ledger/database.js';
import type { PostgresServer } from '../stage/postgresql.js';
import type { BenchTemporal } from './bench-temporal.js';
import { type Dealbridge, openDealbridge } from './dealbridge.js';
import { type List, listsOf } from './history-lists.js';
import { idOfDeal, seedHistory } from './history-seed.js';
import { at, Measurement } from './measurement.js';
import { print, row } from './print.js';

/** What a deal and every list cost with many deals behind them, and with hardly any: in turns, on one PostgreSQL. */

export interface HistoryOptions {
  readonly simulators: Simulators;
  readonly temporal: BenchTemporal;
  readonly postgresql: PostgresServer;
  readonly folder: string;
  /** Deals that are behind; the other ledger has {@link FEW}. */
  readonly history: number;
  /** Deals a round and ledger. */
  readonly deals: number;
  readonly rounds: number;
  /** Whether the plans of all statements of the lists are printed. */
  readonly explain: boolean;
  readonly take: (count: number) => readonly SeedDocument[];
  readonly onStop: (work: () => Promise<void>) => void;
}

export const HISTORY_NAMESPACES = ['bench-few', 'bench-many'];
const FEW = 1_000;
/** What counts as the same. */
const ALLOWED = 1.1;
/** Each list is read so often on each ledger, in turns: on a machine with other work the cheapest says what it costs. */
const READS = 20;
/** Until the code of all processes is warm. */
const WARM_UP = 30;

interface Past {
  readonly deals: number;
  readonly product: Dealbridge;
  readonly database: Database;
  readonly lists: readonly List[];
}

/** With few deals behind, and with many: processor milliseconds, or statements. */
interface Compared {
  readonly name: string;
  readonly few: number;
  readonly many: number;
}

export interface HistoryResult {
  /** What a deal costs. */
  readonly deal: readonly Compared[];
  readonly lists: readonly Compared[];
}

/** Prints both tables, and what holds. */
export async function measureHistory(options: HistoryOptions): Promise<HistoryResult | undefined> {
  const { history, rounds, deals, take, simulators } = options;
  const few = await openPast(options, FEW, 'bench-few');
  const many = await openPast(options, history, 'bench-many');
  const [small, large] = [few, many].map(({ product }) => new Measurement(product, simulators));
  if (!small || !large) return undefined;
  for (const one of [small, large]) await one.warmUp(take(WARM_UP));
  for (let round = 1; round <= rounds; round += 1) {
    for (const one of [small, large]) {
      await one.atOnce(take(deals));
      print(`round ${round} of ${rounds}: ${one.said()}`);
    }
  }
  return {
    deal: compareDeals(small, large, history),
    lists: await compareLists(few, many, options.explain),
  };
}

async function openPast(options: HistoryOptions, deals: number, namespace: string): Promise<Past> {
  const { simulators, temporal, postgresql, folder, onStop } = options;
  const name = namespace.replace('-', '_');
  const admin = new pg.Client({ connectionString: postgresql.url });
  await admin.connect();
  await admin.query(`CREATE DATABASE ${name}`);
  await admin.end();
  const url = new URL(`/${name}`, postgresql.url).href;
  const product = await openDealbridge({
    name: `Dealbridge, ${counted(deals)} deals behind`,
    postgresql: { url, pid: postgresql.pid },
    ...{ simulators, temporal, namespace, dataDir: join(folder, name), onStop },
  });
  const companyId = simulators.businessCentral.company.id;
  const startedAt = performance.now();
  await seedHistory({ url, deals, companyId });
  const database = openDatabase(url, { connections: 1 });
  onStop(() => database.close());
  const size = await database.query<{ size: string }>(
    'SELECT pg_size_pretty(pg_database_size(current_database())) AS size',
  );
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(0);
  print(`${counted(deals)} deals behind: ${size.rows[0]?.size}, written in ${seconds} s`);
  return { deals, product, database, lists: listsOf({ deals, companyId, lastId: idOfDeal(deals - 1) }) };
}

function compareDeals(small: Measurement, large: Measurement, history: number): Compared[] {
  print(`\nProcessor ms a deal, median of the rounds\n`);
  print(row(['', `${counted(FEW)} deals behind`, `${counted(history)} behind`, 'ratio', 'within 10 %']));
  print(row(['---', '---', '---', '---', '---']));
  const medians = (name: string): Compared => {
    const [few, many] = [small, large].map(({ processor }) => at(processor.get(name) ?? [], 0.5));
    return { name, few: few ?? 0, many: many ?? 0 };
  };
  const own = ['worker', 'starter', 'ledger'].map(medians);
  const sum = (of: (compared: Compared) => number) => own.reduce((total, compared) => total + of(compared), 0);
  const [few, many] = [small, large].map(({ statements }) => at(statements, 0.5));
  const compared = [
    ...own,
    { name: 'worker, starter and ledger', few: sum((one) => one.few), many: sum((one) => one.many) },
  ];
  for (const one of compared) printRatio(one, ' ms');
  const statements = { name: 'statements', few: few ?? 0, many: many ?? 0 };
  printRatio(statements, '');
  return [...compared, statements];
}

async function compareLists(few: Past, many: Past, explain: boolean): Promise<Compared[]> {
  print(`\nProcessor ms of PostgreSQL a list, the cheapest of ${READS}\n`);
  print(row(['list', `${counted(few.deals)} deals behind`, `${counted(many.deals)} behind`, 'ratio', 'within 10 %']));
  print(row(['---', '---', '---', '---', '---']));
  const lists: Compared[] = [];
  const pids = await Promise.all([few, many].map(({ database }) => backendOf(database)));
  for (const [index, { name }] of few.lists.entries()) {
    const best = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
    for (let read = 0; read < READS; read += 1) {
      for (const [which, past] of [few, many].entries()) {
        const before = onProcessorMs(pids[which] ?? 0);
        await past.lists[index]?.read(past.database);
        best[which] = Math.min(best[which] ?? 0, onProcessorMs(pids[which] ?? 0) - before);
      }
    }
    const compared = { name, few: best[0] ?? 0, many: best[1] ?? 0 };
    lists.push(compared);
    printRatio(compared, ' ms');
    if (explain) await printPlans(many, index);
  }
  const beyond = lists.filter((list) => !isSame(list));
  print(`\n${lists.length - beyond.length} of ${lists.length} lists cost the same within 10 %`);
  for (const { name } of beyond) print(`- not: ${name}`);
  return lists;
}

function isSame({ few, many }: Compared): boolean {
  return many <= few * ALLOWED;
}

function printRatio(compared: Compared, unit: string): void {
  const { name, few, many } = compared;
  const cells = [few, many].map((value) => `${value.toFixed(2)}${unit}`);
  print(row([name, ...cells, (many / few).toFixed(2), isSame(compared) ? 'yes' : 'no']));
}

async function printPlans({ database, lists }: Past, index: number): Promise<void> {
  const asked: { readonly text: string; readonly values: readonly unknown[] }[] = [];
  const recording: Database = {
    ...database,
    query: (text, values = []) => {
      asked.push({ text, values });
      return database.query(text, values);
    },
  };
  await lists[index]?.read(recording);
  for (const { text, values } of asked) {
    const { rows } = await (database as Queryable).query(`EXPLAIN (ANALYZE, BUFFERS) ${text}`, values);
    print(`\n${rows.map((line) => `    ${Object.values(line).join()}`).join('\n')}\n`);
  }
}

async function backendOf(database: Database): Promise<number> {
  const { rows } = await database.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  return rows[0]?.pid ?? 0;
}

/** Exact to the microsecond, where `stat` counts in hundredths of a second. */
function onProcessorMs(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ', 1)[0]) / 1_000_000;
}

function counted(deals: number): string {
  return deals.toLocaleString('en-US');
}
