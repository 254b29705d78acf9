import { type ChildProcess, fork } from 'node:child_process';
import { resolve } from 'node:path';
import { type SimulatorOptions, type Simulators, startSimulators } from '@dealbridge/simulators';
import { Client, Connection } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import { type Database, openDatabase } from '../../src/ledger/database.js';
import { type EmbeddedLedger, startEmbeddedLedger } from '../../src/ledger/embedded/server.js';
import { createLedger, type Ledger } from '../../src/ledger/ledger.js';
import { migrate } from '../../src/ledger/migrate.js';
import { createVault, type Vault } from '../../src/ledger/settings/vault.js';
import { createDataConverter } from '../../src/secrets/data-converter.js';
import { type KeyRing, openKeyRing } from '../../src/secrets/key-ring.js';
import { createKeyLine } from '../../src/secrets/keys.js';
import { until } from './deals.js';
import { openGateway } from './gateway.js';

/** A whole Dealbridge against the simulators: real worker and starter processes that can be killed. */
export interface Stage {
  readonly simulators: Simulators;
  readonly ledger: Ledger;
  readonly database: Database;
  readonly vault: Vault;
  readonly ring: KeyRing;
  readonly temporal: Client;
  readonly env: NodeJS.ProcessEnv;
  worker: ChildProcess;
  starter: ChildProcess;
  readonly starterUrl: string;
  killWorker(): Promise<void>;
  startWorker(): Promise<void>;
  /** SIGKILL, and a new one on the same port. */
  replaceStarter(): Promise<void>;
  close(): Promise<void>;
}

export interface StageOptions {
  readonly temporalAddress: string;
  readonly rules?: string;
  /** Whether the starter starts the feeds of Sales; they are off unless this is set. */
  readonly feeds?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  /** Other sizes of the seed. */
  readonly simulators?: SimulatorOptions;
  /** Instead of a fresh key in the environment. */
  readonly keyFile?: string;
  /** Where the secrets are: in the settings, or sealed in the ledger. */
  readonly secrets?: 'settings' | 'ledger';
  /** A second Business Central, behind the same address: the name of its environment tells the two apart. */
  readonly abroad?: { readonly environment: string; readonly companyName: string };
  /** Hears everything that worker and starter print; without it they print to the console. */
  readonly listen?: (chunk: Buffer) => void;
}

const SECRET = 'a-webhook-secret-for-tests';

/** How long a write without an answer may still land; requests end before. */
export const AMBIGUITY_WINDOW_MS = 3_000;

export async function openStage(options: StageOptions): Promise<Stage> {
  const simulators = await startSimulators({
    accounts: 300,
    documents: 600,
    ...options.simulators,
    abroad: options.abroad,
  });
  const gateway = await openGateway(simulators, options.abroad?.environment);
  const embedded: EmbeddedLedger = await startEmbeddedLedger();
  const namespace = `test-${process.pid}-${Date.now()}`;
  const connection = await Connection.connect({ address: options.temporalAddress });
  await createNamespace(connection, namespace);
  const { connection: to } = simulators;
  const { keyFile, listen } = options;
  const key = createKeyLine();
  const ring = openKeyRing(keyFile ? { kind: 'file', path: keyFile } : { kind: 'text', text: key });
  const env: NodeJS.ProcessEnv = {
    PATH: process.env['PATH'],
    TEMPORAL_ADDRESS: options.temporalAddress,
    TEMPORAL_NAMESPACE: namespace,
    DATABASE_URL: embedded.url,
    ...(keyFile ? { DEALBRIDGE_KEY_FILE: keyFile } : { DEALBRIDGE_KEYS: key }),
    ENTRA_TENANT_ID: to.tenant,
    ENTRA_LOGIN_URL: to.entra,
    DATAVERSE_URL: to.dataverse,
    DATAVERSE_CLIENT_ID: to.dataverseApp.clientId,
    DATAVERSE_AMBIGUITY_WINDOW_MS: String(AMBIGUITY_WINDOW_MS),
    BC_URL: gateway?.origin ?? to.businessCentral,
    BC_ENVIRONMENT: to.environment,
    BC_COMPANY: to.company,
    BC_CLIENT_ID: to.businessCentralApp.clientId,
    BC_AMBIGUITY_WINDOW_MS: String(AMBIGUITY_WINDOW_MS),
    BC_RATE_PER_SECOND: '500',
    REQUEST_TIMEOUT_MS: String(AMBIGUITY_WINDOW_MS - 500),
    // Once, at the start: a test that counts requests must not meet the later ones.
    ENVIRONMENT_CHECK_SECONDS: '3600',
    STARTER_PORT: '0',
    FEEDS: options.feeds ? 'on' : 'off',
    LOG_LEVEL: 'warn',
    // The simulated Sales is one address, however many people work in it.
    STARTER_RATE_PER_SECOND: '10000',
    ...options.env,
  };
  if (options.rules) env['DEALBRIDGE_RULES'] = options.rules;
  const database: Database = openDatabase(embedded.url);
  const vault = createVault({ database, ring, tenantId: to.tenant, audit: async () => undefined });
  if (options.secrets === 'ledger') {
    await migrate(database);
    const set = (name: 'dataverse' | 'business-central' | 'webhook', secret: string) =>
      vault.set({ name, credential: { kind: 'secret', secret }, actor: 'test', overlapHours: 24 });
    await set('dataverse', to.dataverseApp.clientSecret);
    await set('business-central', to.businessCentralApp.clientSecret);
    await set('webhook', SECRET);
  } else {
    Object.assign(env, {
      DATAVERSE_CLIENT_SECRET: to.dataverseApp.clientSecret,
      BC_CLIENT_SECRET: to.businessCentralApp.clientSecret,
      WEBHOOK_SECRET: SECRET,
      ...options.env,
    });
  }
  const worker = await startProcess('worker', env, listen);
  const known = simulators.dataverse.requests.length;
  const starter = await startProcess('starter', env, listen);
  // In the background it asks who we are in Sales; a test that counts requests must not meet that one.
  await until(() => simulators.dataverse.requests.slice(known).some(({ path }) => path.endsWith('/WhoAmI')));
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
    vault,
    ring,
    temporal: new Client({ connection, namespace, dataConverter: createTestConverter(ring) }),
    worker: worker.child,
    starter: starter.child,
    starterUrl,
    async killWorker() {
      const gone = exited(stage.worker);
      stage.worker.kill('SIGKILL');
      await gone;
    },
    async startWorker() {
      stage.worker = (await startProcess('worker', env, listen)).child;
    },
    async replaceStarter() {
      const gone = exited(stage.starter);
      stage.starter.kill('SIGKILL');
      await gone;
      stage.starter = (await startProcess('starter', { ...env, STARTER_PORT: new URL(starterUrl).port }, listen)).child;
    },
    async close() {
      const gone = [exited(stage.worker), exited(stage.starter)];
      stage.worker.kill('SIGKILL');
      stage.starter.kill('SIGKILL');
      await Promise.all(gone);
      await database.close();
      await connection.close();
      await gateway?.stop();
      await simulators.stop();
      await embedded.stop();
    },
  };
  return stage;
}

/** The SDK requires the failure converter by its path, and only the built one can be required. */
export function createTestConverter(ring: KeyRing): DataConverter {
  return { ...createDataConverter(ring), failureConverterPath: resolve('dist/secrets/failure-converter.js') };
}

async function startProcess(
  name: 'worker' | 'starter',
  env: NodeJS.ProcessEnv,
  listen?: (chunk: Buffer) => void,
): Promise<{ child: ChildProcess; ready: unknown }> {
  const output = listen ? 'pipe' : 'inherit';
  const child = fork(resolve(`dist/${name}.js`), { env, stdio: ['ignore', output, output, 'ipc'] });
  if (listen) {
    child.stdout?.on('data', listen);
    child.stderr?.on('data', listen);
  }
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
