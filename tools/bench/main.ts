import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { startSimulators } from '@dealbridge/simulators';
import { startPostgresql } from '../stage/postgresql.js';
import { measureApplications } from './applications.js';
import { measureBackfill } from './backfill.js';
import { openBareTemporal } from './bare-temporal.js';
import type { EmptyWork } from './bare-workflows.js';
import type { BenchTemporal } from './bench-temporal.js';
import type { Contender } from './contender.js';
import { type Dealbridge, openDealbridge } from './dealbridge.js';
import { HISTORY_NAMESPACES, type HistoryResult, measureHistory } from './history.js';
import { Measurement } from './measurement.js';
import type { BenchOptions } from './options.js';
import { print } from './print.js';
import { openQueue } from './queue.js';
import { type Comparison, printComparison, toComparison } from './report.js';
import { chooseDeals, documentsFor, setQuotas } from './seed.js';

/** `npm run bench`: Dealbridge, bare Temporal and a plain queue in turns, on one set of simulators and one machine. */

interface Bench {
  readonly temporal: BenchTemporal;
  readonly folder: string;
  readonly options: BenchOptions;
  readonly onStop: (work: () => Promise<void>) => void;
}

export const NAMESPACES = ['bench-bare', 'bench-pglite', 'bench-postgresql', ...HISTORY_NAMESPACES];

// Until the code of all processes is warm.
const WARM_UP = 60;
/** Where no run of Dealbridge says how large a deal is: five requests, each with the task that follows it. */
const USUAL: EmptyWork = { activities: 5, workflowTasks: 6 };

/** Prints what it has measured; `--json` keeps all of it. */
export async function runBench(bench: Bench): Promise<void> {
  const { options, temporal } = bench;
  const measuredAt = new Date().toISOString();
  print(machine());
  const result = await measure(bench);
  if (options.json === undefined) return;
  const server = temporal.databasePid === undefined ? 'development server' : 'server on PostgreSQL';
  const record = { measuredAt, machine: machine(), temporal: server, options, ...result };
  writeFileSync(options.json, `${JSON.stringify(record, undefined, 2)}\n`);
}

async function measure(bench: Bench): Promise<object> {
  const { history, applications, backfill } = bench.options;
  if (history !== undefined) return { history: await runHistory(bench, history) };
  if (applications !== undefined) return { applications: await measureApplications(bench) };
  if (backfill !== undefined) return { backfill: await measureBackfill(bench, backfill) };
  return { comparison: await compare(bench) };
}

async function runHistory(bench: Bench, history: number): Promise<HistoryResult | undefined> {
  const { options, onStop } = bench;
  const { deals, rounds, explain } = options;
  const postgresql = await startPostgresql(['shared_preload_libraries=pg_stat_statements', 'max_wal_size=8GB']);
  if (!postgresql) throw new Error("--history needs PostgreSQL: this machine has none (Debian's package `postgresql`)");
  onStop(() => postgresql.stop());
  const simulators = await startSimulators({ documents: documentsFor(2 * (WARM_UP + rounds * deals)), accounts: 300 });
  onStop(() => simulators.stop());
  setQuotas(simulators, 'none');
  const take = takeFrom(chooseDeals(simulators));
  return measureHistory({ ...bench, simulators, postgresql, history, deals, rounds, explain, take });
}

async function compare({ temporal, folder, options, onStop }: Bench): Promise<Comparison> {
  const { deals, singles, rounds, rate, limited, only, profile } = options;
  const perContender = WARM_UP + rounds * (deals + singles) + 2 * limited;
  const simulators = await startSimulators({ documents: documentsFor(perContender * only.length), accounts: 300 });
  onStop(() => simulators.stop());
  setQuotas(simulators, 'none');
  const take = takeFrom(chooseDeals(simulators));

  let shape = USUAL;
  const products: Dealbridge[] = [];
  const contenders: Contender[] = [];
  const open = { simulators, temporal, onStop };
  if (only.includes('pglite')) {
    const settings = { ...open, namespace: 'bench-pglite', dataDir: join(folder, 'pglite'), profile };
    products.push(await openDealbridge({ ...settings, name: 'Dealbridge, PGlite' }));
  }
  if (only.includes('postgresql')) {
    const postgresql = await startPostgresql(['shared_preload_libraries=pg_stat_statements']);
    if (postgresql) {
      onStop(() => postgresql.stop());
      const settings = { ...open, postgresql, namespace: 'bench-postgresql', dataDir: join(folder, 'postgresql') };
      products.push(await openDealbridge({ ...settings, name: 'Dealbridge, PostgreSQL' }));
    } else print("without PostgreSQL: this machine has none (Debian's package `postgresql`)");
  }
  contenders.push(...products);
  if (only.includes('bullmq')) {
    const queue = await openQueue(simulators, folder, onStop);
    if (queue) contenders.push(queue);
    else print("without BullMQ: this machine has no redis-server (Debian's package `redis-server`)");
  }
  if (only.includes('bare'))
    contenders.push(await openBareTemporal({ temporal, namespace: 'bench-bare', shape: () => shape, onStop }));
  if (contenders.length === 0) throw new Error(`--only: this machine can measure none of ${only.join(', ')}`);

  const measurements = contenders.map((contender) => new Measurement(contender, simulators));
  for (const measurement of measurements) {
    const histories = await measurement.warmUp(take(WARM_UP));
    if (histories) shape = histories;
  }
  for (let round = 1; round <= rounds; round += 1) {
    for (const measurement of measurements) {
      await measurement.oneByOne(take(singles));
      await measurement.atOnce(take(deals));
      print(`round ${round} of ${rounds}: ${measurement.said()}`);
    }
  }
  if (limited > 0) setQuotas(simulators, 'as online');
  for (const product of limited > 0 ? products : []) {
    await product.limit(rate);
    const measurement = measurements.find(({ contender }) => contender === product);
    await measurement?.limited(take(limited), { deals: take(limited), ratePerSecond: rate });
  }
  const comparison = toComparison(shape, measurements);
  print(`\n${machine()}`);
  printComparison(comparison, options);
  return comparison;
}

function takeFrom<T>(seed: T[]): (count: number) => T[] {
  return (count) => {
    if (seed.length < count) throw new Error(`the seed holds too few deals: ${count} wanted, ${seed.length} left`);
    return seed.splice(0, count);
  };
}

function machine(): string {
  return `${cpus().length} cores (${cpus()[0]?.model ?? 'unknown'}), Node ${process.versions.node}, ${commit()}`;
}

function commit(): string {
  try {
    return `commit ${execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim()}`;
  } catch {
    return 'no commit';
  }
}
