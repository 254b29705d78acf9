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

export async function measureBackfill(
  bench: {
    readonly temporal: BenchTemporal;
    readonly folder: string;
    readonly options: BenchOptions;
    readonly onStop: (work: () => Promise<void>) => void;
  },
  accounts: number,
): Promise<void> {
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
  print(said('idle', idle));

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
  print(said('with a backfill', busy));
  print(`accounts brought over: ${alone} a second while no deal was under way, ${beside} beside the deals`);
  print(
    `accounts that waited when the first deal was won: ${first.left}, after the last: ${last.left}, of ${accounts}`,
  );
  const [before, meanwhile] = [idle, busy].map(({ times }) => at(times, 0.95));
  const ratio = (meanwhile ?? 0) / (before ?? 1);
  print(
    `\np95 with a backfill under way: ${ratio.toFixed(2)} times that of before: ${ratio <= ALLOWED ? 'holds' : 'does not hold'}`,
  );
  if (last.left === 0) print('the backfill ended before the last deal: more accounts or fewer --singles tell more');
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

function speed(count: number, since: number): string {
  return ((count * 1_000) / (performance.now() - since)).toFixed(1);
}

function said(when: string, { times }: Measurement): string {
  const ms = (share: number) => `${at(times, share).toFixed(0)} ms`;
  return `${when}: p50 ${ms(0.5)}, p95 ${ms(0.95)}, ${times.length} deals one after another`;
}
