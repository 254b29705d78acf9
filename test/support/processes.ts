import type { ChildProcess } from 'node:child_process';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type SimulatorOptions, type Simulators, startSimulators } from '@dealbridge/simulators';
import { Client, Connection } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import { createTrailSigner } from '../../src/ledger/audit/signatures.js';
import { type Database, openDatabase, withSigner } from '../../src/ledger/database.js';
import type { EmbeddedLedger } from '../../src/ledger/embedded/server.js';
import { createLedger, type Ledger } from '../../src/ledger/ledger.js';
import { migrate } from '../../src/ledger/migrate.js';
import { createVault, toApplicationCredential, type Vault } from '../../src/ledger/settings/vault.js';
import { createDataConverter } from '../../src/secrets/data-converter.js';
import { type KeyRing, openKeyRing } from '../../src/secrets/key-ring.js';
import { createKeyLine } from '../../src/secrets/keys.js';
import { openGateway } from '../../tools/stage/gateway.js';
import { type Program, startProcess, stopProcess } from '../../tools/stage/process.js';
import { openStage as openProcesses } from '../../tools/stage/stage.js';
import { openEmbeddedLedger } from './embedded-ledger.js';

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
  readonly deskUrl: string;
  killWorker(): Promise<void>;
  /** SIGTERM: it hands back what it holds, where nobody is to wait for the time limits of a worker that died. */
  stopWorker(): Promise<void>;
  startWorker(env?: Readonly<Record<string, string>>): Promise<void>;
  /** SIGKILL, and a new one on the same port. */
  replaceStarter(): Promise<void>;
  /** One more, beside the first; it ends with the stage. */
  addStarter(): Promise<{ readonly url: string; readonly deskUrl: string }>;
  close(): Promise<void>;
}

export interface StageOptions {
  readonly temporalAddress: string;
  readonly rules?: string;
  /** Whether the starter starts the feeds of Sales; they are off unless this is set. */
  readonly feeds?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  /** Whether people sign in to the desk at the simulated Entra. */
  readonly signIn?: boolean;
  /** Other sizes of the seed. */
  readonly simulators?: SimulatorOptions;
  /** Instead of a fresh key in the environment. */
  readonly keyFile?: string;
  /** Where the secrets are: in the settings, or sealed in the ledger. */
  readonly secrets?: 'settings' | 'ledger';
  /** A second Business Central, behind the same address: the name of its environment tells the two apart. */
  readonly abroad?: {
    readonly environment: string;
    readonly companyName: string;
    /** Its own app registration, whose secret is in the ledger by the name that the rules give it. */
    readonly app?: { readonly name: string; readonly clientId: string; readonly clientSecret: string };
  };
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
  const embedded: EmbeddedLedger = await openEmbeddedLedger();
  const namespace = `test-${process.pid}-${Date.now()}`;
  const connection = await Connection.connect({ address: options.temporalAddress });
  await createNamespace(connection, namespace);
  const { connection: to } = simulators;
  const { keyFile, listen } = options;
  const key = createKeyLine();
  const ring = openKeyRing(keyFile ? { kind: 'file', path: keyFile } : { kind: 'text', text: key });
  const database: Database = withSigner(openDatabase(embedded.url), createTrailSigner(ring));
  const vault = createVault({ database, ring, tenantId: to.tenant, audit: async () => undefined });
  if (options.secrets === 'ledger') {
    await migrate(database);
    const set = (name: 'dataverse' | 'business-central' | 'webhook', secret: string) =>
      vault.set({ name, credential: { kind: 'secret', secret }, actor: 'test', overlapHours: 24 });
    await set('dataverse', to.dataverseApp.clientSecret);
    await set('business-central', to.businessCentralApp.clientSecret);
    await set('webhook', SECRET);
  }
  const { app: appAbroad } = options.abroad ?? {};
  if (appAbroad) {
    await migrate(database);
    const credential = { kind: 'secret', secret: appAbroad.clientSecret } as const;
    await vault.set({ name: toApplicationCredential(appAbroad.name), credential, actor: 'test', overlapHours: 24 });
  }
  const output = listen ? 'pipe' : 'inherit';
  const launch = async (program: Program) => {
    const { child, ready } = await startProcess(program, [output, output], listen);
    return { process: child, ready };
  };
  const { env, starterUrl, desk, starter, workers } = await openProcesses<ChildProcess>({
    temporalAddress: options.temporalAddress,
    simulators,
    programs: pathToFileURL(`${resolve('dist')}/`),
    ledger: { url: embedded.url },
    webhookSecret: SECRET,
    secrets: options.secrets,
    feeds: options.feeds,
    settings: {
      TEMPORAL_NAMESPACE: namespace,
      ...(keyFile ? { DEALBRIDGE_KEY_FILE: keyFile } : { DEALBRIDGE_KEYS: key }),
      ...(gateway && { BC_URL: gateway.origin }),
      DATAVERSE_AMBIGUITY_WINDOW_MS: String(AMBIGUITY_WINDOW_MS),
      BC_AMBIGUITY_WINDOW_MS: String(AMBIGUITY_WINDOW_MS),
      BC_RATE_PER_SECOND: '500',
      REQUEST_TIMEOUT_MS: String(AMBIGUITY_WINDOW_MS - 500),
      // Once, at the start: a test that counts requests must not meet the later ones.
      ENVIRONMENT_CHECK_SECONDS: '3600',
      ...(options.rules && { DEALBRIDGE_RULES: options.rules }),
      ...(options.signIn && { DESK_CLIENT_ID: to.deskApp.clientId, DESK_CLIENT_SECRET: to.deskApp.clientSecret }),
      ...options.env,
    },
    launch,
  });
  const [worker] = workers;
  if (!worker) throw new Error('the stage has no worker');
  const launchAgain = (name: 'worker' | 'starter', more: NodeJS.ProcessEnv = {}) =>
    launch({ name, path: resolve(`dist/${name}.js`), args: [], env: { ...env, ...more } });
  const furtherStarters: ChildProcess[] = [];
  const stage: Stage = {
    simulators,
    env,
    ledger: createLedger(database),
    database,
    vault,
    ring,
    temporal: new Client({ connection, namespace, dataConverter: createTestConverter(ring) }),
    worker,
    starter,
    starterUrl,
    deskUrl: desk?.url ?? '',
    killWorker: () => stopProcess(stage.worker, 'SIGKILL'),
    stopWorker: () => stopProcess(stage.worker, 'SIGTERM'),
    async startWorker(env) {
      stage.worker = (await launchAgain('worker', env)).process;
    },
    async replaceStarter() {
      await stopProcess(stage.starter, 'SIGKILL');
      stage.starter = (await launchAgain('starter', { STARTER_PORT: new URL(starterUrl).port })).process;
    },
    async addStarter() {
      const { process: further, ready } = await launchAgain('starter');
      furtherStarters.push(further);
      const { port, desk } = ready as { readonly port: number; readonly desk?: { readonly url: string } };
      return { url: `http://127.0.0.1:${port}`, deskUrl: desk?.url ?? '' };
    },
    async close() {
      const running = [stage.worker, stage.starter, ...furtherStarters];
      await Promise.all(running.map((one) => stopProcess(one, 'SIGKILL')));
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

const SEARCH_ATTRIBUTES = {
  DealState: 2,
  DealHoldReason: 2,
  DealSourceTable: 2,
  DealCustomerNumber: 2,
  DealInvoiceNumber: 2,
  DealAmount: 4,
};

/** A namespace for each stage, so that fixed workflow ids and queue names do not meet. */
export async function createNamespace(connection: Connection, namespace: string): Promise<void> {
  await connection.workflowService.registerNamespace({
    namespace,
    workflowExecutionRetentionPeriod: { seconds: 86_400 as never },
  });
  await connection.operatorService.addSearchAttributes({ namespace, searchAttributes: SEARCH_ATTRIBUTES });
}
