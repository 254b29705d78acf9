import { type ChildProcess, fork } from 'node:child_process';
import { resolve } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { type Database, openDatabase } from '../../src/ledger/database.js';
import { type EmbeddedLedger, startEmbeddedLedger } from '../../src/ledger/embedded.js';
import { createLedger, type Ledger } from '../../src/ledger/ledger.js';
import { type Simulators, startSimulators } from '../../src/simulators/index.js';
import { until } from './deals.js';

/** A whole Dealbridge against the simulators: real worker and starter processes that can be killed. */
export interface Stage {
  readonly simulators: Simulators;
  readonly ledger: Ledger;
  readonly database: Database;
  readonly temporal: Client;
  readonly env: NodeJS.ProcessEnv;
  worker: ChildProcess;
  starter: ChildProcess;
  readonly starterUrl: string;
  killWorker(): Promise<void>;
  startWorker(): Promise<void>;
  close(): Promise<void>;
}

export interface StageOptions {
  readonly temporalAddress: string;
  readonly rules?: string;
  /** Whether the starter starts the feeds of Sales; they are off unless this is set. */
  readonly feeds?: boolean;
  readonly env?: Readonly<Record<string, string>>;
}

const SECRET = 'a-webhook-secret-for-tests';

export async function openStage(options: StageOptions): Promise<Stage> {
  const simulators = await startSimulators({ accounts: 300, documents: 600 });
  const embedded: EmbeddedLedger = await startEmbeddedLedger();
  const namespace = `test-${process.pid}-${Date.now()}`;
  const connection = await Connection.connect({ address: options.temporalAddress });
  await createNamespace(connection, namespace);
  const { connection: to } = simulators;
  const env: NodeJS.ProcessEnv = {
    PATH: process.env['PATH'],
    TEMPORAL_ADDRESS: options.temporalAddress,
    TEMPORAL_NAMESPACE: namespace,
    DATABASE_URL: embedded.url,
    ENTRA_TENANT_ID: to.tenant,
    ENTRA_LOGIN_URL: to.entra,
    DATAVERSE_URL: to.dataverse,
    DATAVERSE_CLIENT_ID: to.dataverseApp.clientId,
    DATAVERSE_CLIENT_SECRET: to.dataverseApp.clientSecret,
    DATAVERSE_OUTCOME_MS: '1500',
    BC_URL: to.businessCentral,
    BC_ENVIRONMENT: to.environment,
    BC_COMPANY: to.company,
    BC_CLIENT_ID: to.businessCentralApp.clientId,
    BC_CLIENT_SECRET: to.businessCentralApp.clientSecret,
    BC_OUTCOME_MS: '1500',
    BC_RATE_PER_SECOND: '500',
    REQUEST_TIMEOUT_MS: '5000',
    STARTER_PORT: '0',
    WEBHOOK_SECRET: SECRET,
    FEEDS: options.feeds ? 'on' : 'off',
    LOG_LEVEL: 'warn',
    // The simulated Sales is one address, however many people work in it.
    STARTER_RATE_PER_SECOND: '10000',
    ...options.env,
  };
  if (options.rules) env['DEALBRIDGE_RULES'] = options.rules;
  const database: Database = openDatabase(embedded.url);
  const worker = await startProcess('worker', env);
  const starter = await startProcess('starter', env);
  // In the background it asks who we are in Sales; a test that counts requests must not meet that one.
  await until(() => simulators.dataverse.requests.some(({ path }) => path.endsWith('/WhoAmI')));
  const starterUrl = `http://127.0.0.1:${(starter.ready as { port: number }).port}`;
  simulators.dataverse.webhooks.registrations.push({
    url: `${starterUrl}/webhooks/dataverse`,
    authtype: 'HttpHeader',
    name: 'x-dealbridge-key',
    value: SECRET,
  });
  const stage: Stage = {
    simulators,
    env,
    ledger: createLedger(database),
    database,
    temporal: new Client({ connection, namespace }),
    worker: worker.child,
    starter: starter.child,
    starterUrl,
    async killWorker() {
      const gone = exited(stage.worker);
      stage.worker.kill('SIGKILL');
      await gone;
    },
    async startWorker() {
      stage.worker = (await startProcess('worker', env)).child;
    },
    async close() {
      const gone = [exited(stage.worker), exited(stage.starter)];
      stage.worker.kill('SIGKILL');
      stage.starter.kill('SIGKILL');
      await Promise.all(gone);
      await database.close();
      await connection.close();
      await simulators.stop();
      await embedded.stop();
    },
  };
  return stage;
}

async function startProcess(
  name: 'worker' | 'starter',
  env: NodeJS.ProcessEnv,
): Promise<{ child: ChildProcess; ready: unknown }> {
  const child = fork(resolve(`dist/${name}.js`), { env, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const ready = await new Promise((resolveReady, reject) => {
    child.once('message', resolveReady);
    child.once('exit', (code) => reject(new Error(`${name} ended with ${code} before it was ready`)));
  });
  return { child, ready };
}

function exited(child: ChildProcess): Promise<unknown> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolveExit) => child.once('exit', resolveExit));
}

const SEARCH_ATTRIBUTES = {
  DealState: 2,
  DealHoldReason: 2,
  DealSourceTable: 2,
  DealCustomerNumber: 2,
  DealInvoiceNumber: 2,
  DealAmount: 4,
};

/** A namespace for each stage, so that fixed workflow ids and queue names do not meet. */
async function createNamespace(connection: Connection, namespace: string): Promise<void> {
  await connection.workflowService.registerNamespace({
    namespace,
    workflowExecutionRetentionPeriod: { seconds: 86_400 as never },
  });
  await connection.operatorService.addSearchAttributes({ namespace, searchAttributes: SEARCH_ATTRIBUTES });
}
