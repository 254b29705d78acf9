import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Simulators, startSimulators } from '@dealbridge/simulators';
import { startPostgresql } from '../stage/postgresql.js';
import { openBareTemporal } from './bare-temporal.js';
import type { EmptyWork } from './bare-workflows.js';
import type { BenchTemporal } from './bench-temporal.js';
import type { Contender } from './contender.js';
import { type Dealbridge, openDealbridge } from './dealbridge.js';
import { Measurement } from './measurement.js';
import { openQueue } from './queue.js';
import { printReport, type Record, toRecord } from './report.js';
import { chooseDeals, documentsFor } from './seed.js';

/** `npm run bench`: Dealbridge, bare Temporal and a plain queue in turns, on one set of simulators and one machine. */

export interface BenchOptions {
  readonly temporal: BenchTemporal;
  readonly folder: string;
  readonly args: readonly string[];
  readonly onStop: (work: () => Promise<void>) => void;
}

export const NAMESPACES = ['bench-bare', 'bench-pglite', 'bench-postgresql'];
const CONTENDERS = ['pglite', 'postgresql', 'bare', 'bullmq'] as const;

// Until the code of all processes is warm.
const WARM_UP = 60;
/** Where no run of Dealbridge says how large a deal is: five requests, each with the task that follows it. */
const USUAL: EmptyWork = { activities: 5, workflowTasks: 6 };

export async function runBench({ temporal, folder, args, onStop }: BenchOptions): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      deals: { type: 'string', default: '200' },
      singles: { type: 'string', default: '20' },
      rounds: { type: 'string', default: '3' },
      rate: { type: 'string', default: '20' },
      limited: { type: 'string', default: '100' },
      only: { type: 'string', default: CONTENDERS.join(',') },
      json: { type: 'string' },
      profile: { type: 'string' },
    },
  });
  const only = readOnly(values.only);
  const number = (name: 'deals' | 'singles' | 'rounds' | 'rate' | 'limited') => readNumber(name, values[name]);
  const [deals, singles, rounds, rate, limited] = [
    number('deals'),
    number('singles'),
    number('rounds'),
    number('rate'),
    number('limited'),
  ];
  const perContender = WARM_UP + rounds * (deals + singles) + limited;
  const simulators = await startSimulators({ documents: documentsFor(perContender * only.length), accounts: 300 });
  onStop(() => simulators.stop());
  setQuotas(simulators, 'none');
  const seed = chooseDeals(simulators);

  let shape = USUAL;
  const products: Dealbridge[] = [];
  const contenders: Contender[] = [];
  const open = { simulators, temporal, onStop };
  if (only.includes('pglite')) {
    const { profile } = values;
    const options = { ...open, namespace: 'bench-pglite', dataDir: join(folder, 'pglite'), profile };
    products.push(await openDealbridge({ ...options, name: 'Dealbridge, PGlite' }));
  }
  if (only.includes('postgresql')) {
    const postgresql = await startPostgresql(['shared_preload_libraries=pg_stat_statements']);
    if (postgresql) {
      onStop(() => postgresql.stop());
      const options = { ...open, postgresql, namespace: 'bench-postgresql', dataDir: join(folder, 'postgresql') };
      products.push(await openDealbridge({ ...options, name: 'Dealbridge, PostgreSQL' }));
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

  const take = (count: number) => {
    if (seed.length < count) throw new Error(`the seed holds too few deals: ${count} wanted, ${seed.length} left`);
    return seed.splice(0, count);
  };
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
    await measurement?.limited(take(limited));
  }
  const machine = `${cpus().length} cores (${cpus()[0]?.model ?? 'unknown'}), Node ${process.versions.node}, ${commit()}`;
  const record: Record = toRecord(machine, { deals, singles, rounds, rate, limited }, shape, measurements);
  printReport(record);
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(record, undefined, 2)}\n`);
}

function readOnly(text: string): readonly string[] {
  const names = text.split(',');
  const unknown = names.filter((name) => !(CONTENDERS as readonly string[]).includes(name));
  if (unknown.length > 0)
    throw new Error(`--only: expected some of ${CONTENDERS.join(', ')} with commas between them, got '${text}'`);
  return names;
}

function readNumber(name: string, text: string): number {
  if (!/^\d+$/.test(text)) throw new Error(`--${name}: expected a whole number, got '${text}'`);
  return Number(text);
}

const ONLINE_REQUESTS = 6_000;

/** What Business Central and Sales allow in five minutes; without it the processor is the limit. */
function setQuotas({ businessCentral, dataverse }: Simulators, quotas: 'none' | 'as online'): void {
  const requests = quotas === 'none' ? 0 : ONLINE_REQUESTS;
  for (const { limits } of [businessCentral, dataverse]) {
    limits.reset();
    limits.settings.requests = requests;
  }
}

function commit(): string {
  try {
    return `commit ${execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim()}`;
  } catch {
    return 'no commit';
  }
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
