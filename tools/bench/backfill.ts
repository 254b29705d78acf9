import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startSimulators } from '@dealbridge/simulators';
import pg from 'pg';
import { startPostgresql } from '../stage/postgresql.js';
import type { BenchTemporal } from './bench-temporal.js';
import { openDealbridge } from './dealbridge.js';
import { at, Measurement } from './measurement.js';
import type { BenchOptions } from './options.js';
import { print } from './print.js';
import { chooseDeals, documentsFor, setQuotas } from './seed.js';

/** What a deal takes while all accounts of Sales are brought over for the first time, and what it takes before. */

const RULES = `
masters: { accounts: all }
feeds: { everySeconds: 5, tables: { account: { pageSize: 2000, from: 2000-01-01 } } }
settleSeconds: 0
`;
const WARM_UP = 40;
/** So many have been brought over before deals are measured. */
const BROUGHT_OVER = 100;
const PATIENCE_MS = 600_000;
const ALLOWED = 2;

export interface BackfillResult {
  readonly accounts: number;
  readonly idleMs: Times;
  readonly busyMs: Times;
  /** Busy to idle. */
  readonly p95Ratio: number;
  readonly accountsPerSecond: { readonly alone: number; readonly besideDeals: number };
  /** Accounts that waited when the first deal was won, and after the last. */
  readonly waiting: { readonly first: number; readonly last: number };
}

interface Times {
  readonly p50: number;
  readonly p95: number;
  readonly deals: number;
}

export async function measureBackfill(
  bench: {
    readonly temporal: BenchTemporal;
    readonly folder: string;
    readonly options: BenchOptions;
    readonly onStop: (work: () => Promise<void>) => void;
  },
  accounts: number,
): Promise<BackfillResult> {
  const { temporal, folder, options, onStop } = bench;
  const { singles, rate } = options;
  const simulators = await startSimulators({ documents: documentsFor(WARM_UP + 2 * singles), accounts });
  onStop(() => simulators.stop());
  const postgresql = await startPostgresql();
  if (!postgresql) throw new Error("--backfill needs PostgreSQL (Debian's package `postgresql`)");
  onStop(() => postgresql.stop());
  setQuotas(simulators, 'as online');
  const seed = chooseDeals(simulators);
  const product = await openDealbridge({
    name: 'Dealbridge with a backfill',
    env: { BC_RATE_PER_SECOND: String(rate) },
    rules: RULES,
    ...{ simulators, temporal, namespace: 'bench-postgresql', dataDir: join(folder, 'backfill'), postgresql, onStop },
  });
  await new Measurement(product, simulators).warmUp(seed.splice(0, WARM_UP));
  const idle = new Measurement(product, simulators);
  await idle.oneByOne(seed.splice(0, singles));
  const idleMs = toTimes(idle);
  print(said('idle', idleMs));

  await product.startFeeds();
  const ledger = new pg.Client({ connectionString: product.ledgerUrl });
  await ledger.connect();
  onStop(() => ledger.end());
  const startedAt = performance.now();
  const first = await untilBroughtOver(ledger, BROUGHT_OVER, startedAt + PATIENCE_MS);
  const alone = speed(first.done, startedAt);
  const busyFrom = performance.now();
  const busy = new Measurement(product, simulators);
  await busy.oneByOne(seed.splice(0, singles));
  const last = await countAccounts(ledger);
  const beside = speed(last.done - first.done, busyFrom);
  const busyMs = toTimes(busy);
  print(said('with a backfill', busyMs));
  print(
    `accounts brought over: ${alone.toFixed(1)} a second while no deal was under way, ${beside.toFixed(1)} beside the deals`,
  );
  print(
    `accounts that waited when the first deal was won: ${first.left}, after the last: ${last.left}, of ${accounts}`,
  );
  const p95Ratio = busyMs.p95 / idleMs.p95;
  print(
    `\np95 with a backfill under way: ${p95Ratio.toFixed(2)} times that of before: ${p95Ratio <= ALLOWED ? 'holds' : 'does not hold'}`,
  );
  if (last.left === 0) print('the backfill ended before the last deal: more accounts or fewer --singles tell more');
  return {
    ...{ accounts, idleMs, busyMs, p95Ratio },
    accountsPerSecond: { alone, besideDeals: beside },
    waiting: { first: first.left, last: last.left },
  };
}

interface Accounts {
  readonly done: number;
  /** Read from Sales, and not brought over yet. */
  readonly left: number;
}

async function countAccounts(ledger: pg.Client): Promise<Accounts> {
  const { rows } = await ledger.query<{ done: number; left: number }>(
    `SELECT (SELECT count(*) FROM masters WHERE synced_at IS NOT NULL)::integer AS done,
       (SELECT count(*) FROM backfill_rows)::integer AS left`,
  );
  return rows[0] ?? { done: 0, left: 0 };
}

async function untilBroughtOver(ledger: pg.Client, done: number, until: number): Promise<Accounts> {
  for (;;) {
    const accounts = await countAccounts(ledger);
    if (accounts.done >= done) return accounts;
    if (performance.now() > until) throw new Error(`only ${accounts.done} accounts were brought over`);
    await sleep(200);
  }
}

function speed(count: number, since: number): number {
  return (count * 1_000) / (performance.now() - since);
}

function toTimes({ times }: Measurement): Times {
  return { p50: at(times, 0.5), p95: at(times, 0.95), deals: times.length };
}

function said(when: string, { p50, p95, deals }: Times): string {
  return `${when}: p50 ${p50.toFixed(0)} ms, p95 ${p95.toFixed(0)} ms, ${deals} deals one after another`;
}
