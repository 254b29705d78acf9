import { type ChildProcess, fork } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type SimulatorOptions, type Simulators, startSimulators } from '@dealbridge/simulators';
import { ensureKeyFile } from '../../src/secrets/key-file.js';

/** Ledger, simulators, worker and starter for one demonstration; each can be stopped. */
export interface DemoStage {
  readonly simulators: Simulators;
  readonly ledgerUrl: string;
  /** Whoever speaks to the deals of this stage needs its keys. */
  readonly keyFile: string;
  readonly starterUrl: string;
  readonly webhook: { readonly url: string; readonly name: string; readonly value: string };
  readonly worker: ChildProcess;
  readonly starter: ChildProcess;
}

export interface StageOptions {
  readonly temporalAddress: string;
  readonly dataDir: string;
  readonly simulators?: SimulatorOptions;
  /** Settings of worker and starter besides those that follow from the simulators. */
  readonly env?: Readonly<Record<string, string>>;
  /** Whether the starter starts the feeds of Sales; they are off unless this is set. */
  readonly feeds?: boolean;
  readonly onStop: (work: () => Promise<void>) => void;
}

// This file runs from dist-tools/tools/demo; the processes are those of the product.
const PRODUCT = new URL('../../../dist/', import.meta.url);
const SECRET = 'the-webhook-secret-of-the-demo';
const RULES = `
confirmation: { automaticBelow: 1000000 }
createCustomers: true
createItems: true
writeInAccount: "8400"
freightAccount: "8410"
tables: { countries: { Germany: DE, United Kingdom: GB, United States: US, Austria: AT } }
opportunityColumns: { invoiceNumber: bc_postedinvoicenumber }
`;

export async function openStage(options: StageOptions, automaticBelow: string): Promise<DemoStage> {
  const start = (name: string, env: NodeJS.ProcessEnv, args: readonly string[] = []) =>
    startProcess(new URL(`${name}.js`, PRODUCT), env, args);
  const simulators = await startSimulators(options.simulators);
  options.onStop(() => simulators.stop());
  const ledger = await start('ledger/embedded/main', { PATH: process.env['PATH'] }, [options.dataDir]);
  options.onStop(() => stopProcess(ledger.child));
  const ledgerUrl = (ledger.ready as { url: string }).url;
  const rulesFile = `${options.dataDir}.rules.yaml`;
  await writeFile(rulesFile, RULES.replace('1000000', automaticBelow));
  const keyFile = `${options.dataDir}.keys`;
  ensureKeyFile(keyFile);
  const { connection } = simulators;
  const env = {
    PATH: process.env['PATH'],
    TEMPORAL_ADDRESS: options.temporalAddress,
    DATABASE_URL: ledgerUrl,
    ENTRA_TENANT_ID: connection.tenant,
    ENTRA_LOGIN_URL: connection.entra,
    DATAVERSE_URL: connection.dataverse,
    DATAVERSE_CLIENT_ID: connection.dataverseApp.clientId,
    DATAVERSE_CLIENT_SECRET: connection.dataverseApp.clientSecret,
    BC_URL: connection.businessCentral,
    BC_ENVIRONMENT: connection.environment,
    BC_COMPANY: connection.company,
    BC_CLIENT_ID: connection.businessCentralApp.clientId,
    BC_CLIENT_SECRET: connection.businessCentralApp.clientSecret,
    DEALBRIDGE_KEY_FILE: keyFile,
    STARTER_PORT: '0',
    WEBHOOK_SECRET: SECRET,
    DEALBRIDGE_RULES: rulesFile,
    FEEDS: options.feeds ? 'on' : 'off',
    LOG_LEVEL: 'warn',
    ...options.env,
  };
  const worker = await start('worker', env);
  options.onStop(() => stopProcess(worker.child));
  const known = simulators.dataverse.requests.length;
  const starter = await start('starter', env);
  options.onStop(() => stopProcess(starter.child));
  // In the background it asks who we are in Sales, which is no request of a deal.
  while (!simulators.dataverse.requests.slice(known).some(({ path }) => path.endsWith('/WhoAmI'))) await sleep(5);
  const starterUrl = `http://127.0.0.1:${(starter.ready as { port: number }).port}`;
  const webhook = { url: `${starterUrl}/webhooks/dataverse`, name: 'x-dealbridge-key', value: SECRET };
  simulators.dataverse.webhooks.registrations.push({ ...webhook, authtype: 'HttpHeader' });
  return { simulators, ledgerUrl, keyFile, starterUrl, webhook, worker: worker.child, starter: starter.child };
}

async function startProcess(
  program: URL,
  env: NodeJS.ProcessEnv,
  args: readonly string[],
): Promise<{ child: ChildProcess; ready: unknown }> {
  const child = fork(fileURLToPath(program), args, { env, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  // A demonstration that is killed takes its processes along.
  process.once('exit', () => child.kill('SIGKILL'));
  const ready = await new Promise((resolve, reject) => {
    child.once('message', resolve);
    child.once('exit', (code) => reject(new Error(`${program.pathname} ended with ${code} before it was ready`)));
  });
  return { child, ready };
}

function stopProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill('SIGTERM');
  });
}
