import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Simulators } from '@dealbridge/simulators';
import { Client } from '@temporalio/client';
import pg from 'pg';
import { dealWorkflowId } from '../../src/deal/ids.js';
import { openProductStage } from '../demo/stage.js';
import { type Program, startProcess, stopProcess } from '../stage/process.js';
import { connectTo } from '../stage/temporal.js';
import { type BenchTemporal, LEFT_BEHIND_MS, toProcesses } from './bench-temporal.js';
import type { Contender } from './contender.js';
import { readHistories } from './histories.js';
import type { MeasuredProcess } from './processor.js';
import { countInvoiceRows, linkMasters } from './seed.js';

/** The product itself: webhook, starter, Temporal, worker, ledger. */

export interface DealbridgeOptions {
  readonly name: string;
  readonly simulators: Simulators;
  readonly temporal: BenchTemporal;
  readonly namespace: string;
  readonly dataDir: string;
  /** PostgreSQL; without it PGlite. */
  readonly postgresql?: { readonly url: string; readonly pid: number };
  /** Lines of the rules file besides those of every stage. */
  readonly rules?: string;
  /** Settings besides those of every run. */
  readonly env?: Readonly<Record<string, string>>;
  /** Where the worker's processor profile is written when it ends. */
  readonly profile?: string | undefined;
  readonly onStop: (work: () => Promise<void>) => void;
}

export interface Dealbridge extends Contender {
  readonly ledgerUrl: string;
  /** Starts the worker anew with another number of requests a second. */
  limit(ratePerSecond: number): Promise<void>;
  /** Starts the starter anew, with the feeds of Sales on. */
  startFeeds(): Promise<void>;
}

/** More than any machine of two cores sends. */
const NO_RATE = '100000';

export async function openDealbridge(options: DealbridgeOptions): Promise<Dealbridge> {
  const { name, simulators, temporal, namespace, postgresql, onStop } = options;
  const stage = await openProductStage(
    {
      temporalAddress: temporal.address,
      temporalTls: temporal.tlsSettings,
      dataDir: options.dataDir,
      env: { BC_RATE_PER_SECOND: NO_RATE, TEMPORAL_NAMESPACE: namespace, ...options.env },
      ...(options.rules !== undefined && { rules: options.rules }),
      ...(postgresql && { ledgerUrl: postgresql.url }),
      ...(options.profile !== undefined && { workerNodeArgs: ['--cpu-prof', `--cpu-prof-dir=${options.profile}`] }),
      onStop,
    },
    simulators,
    '100000000',
  );
  await linkMasters(simulators, stage.ledgerUrl);
  const connection = await connectTo(temporal);
  onStop(() => connection.close());
  const { workflow } = new Client({ connection, namespace });
  const statements = postgresql && (await openStatements(postgresql.url));
  if (statements) onStop(statements.close);
  const ledgerPid = postgresql?.pid ?? stage.ledger?.pid ?? 0;
  let { worker, starter } = stage;
  const ended = countInvoiceRows(simulators);
  const { url, name: header, value } = stage.webhook;

  return {
    name,
    get processes(): MeasuredProcess[] {
      return [
        { name: 'worker', pid: worker.pid ?? 0 },
        { name: 'starter', pid: starter.pid ?? 0 },
        { name: 'ledger', pid: ledgerPid },
        ...toProcesses(temporal),
      ];
    },
    async start({ id }) {
      const answer = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', [header]: value },
        body: JSON.stringify({ MessageName: 'Update', PrimaryEntityName: 'salesorder', PrimaryEntityId: id }),
      });
      if (answer.status !== 202) throw new Error(`the starter answered ${answer.status}`);
      await answer.arrayBuffer();
    },
    ended,
    leavesBehindMs: LEFT_BEHIND_MS,
    async untilQuiet() {
      const running = `WorkflowType = 'handOverDeal' AND ExecutionStatus = 'Running'`;
      while ((await workflow.count(running)).count > 0) await sleep(100);
    },
    ...(statements && { countStatements: statements.count }),
    readHistories: (deals) =>
      readHistories(
        workflow,
        deals.map(({ id }) => dealWorkflowId(id)),
      ),
    async limit(ratePerSecond) {
      await stopProcess(worker, 'SIGTERM');
      worker = await startAgain('worker', { ...stage.env, BC_RATE_PER_SECOND: String(ratePerSecond) }, onStop);
    },
    async startFeeds() {
      await stopProcess(starter, 'SIGTERM');
      const { port } = new URL(stage.starterUrl);
      starter = await startAgain('starter', { ...stage.env, FEEDS: 'on', STARTER_PORT: port }, onStop);
    },
    ledgerUrl: stage.ledgerUrl,
  };
}

async function startAgain(
  name: 'worker' | 'starter',
  env: NodeJS.ProcessEnv,
  onStop: DealbridgeOptions['onStop'],
): Promise<ChildProcess> {
  // This file runs from dist-tools/tools/bench; the process is the product's.
  const path = fileURLToPath(new URL(`../../../dist/${name}.js`, import.meta.url));
  const program: Program = { name, path, args: [], env };
  const { child } = await startProcess(program, ['ignore', 'inherit']);
  onStop(() => stopProcess(child, 'SIGTERM'));
  return child;
}

/** Counted by PostgreSQL itself; BEGIN and COMMIT are statements too, since each is a way there and back. */
async function openStatements(url: string) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query('CREATE EXTENSION IF NOT EXISTS pg_stat_statements');
  return {
    async count(): Promise<number> {
      const { rows } = await client.query<{ calls: string }>(
        `SELECT coalesce(sum(calls), 0) AS calls FROM pg_stat_statements WHERE query NOT LIKE '%pg_stat_statements%'`,
      );
      return Number(rows[0]?.calls);
    },
    close: () => client.end(),
  };
}
