import { type ChildProcess, fork } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { startEmbeddedLedger } from '../ledger/embedded.js';
import { type Simulators, startSimulators } from '../simulators/index.js';

/** Ledger, simulators, worker and starter for one demonstration; each can be stopped. */
export interface DemoStage {
  readonly simulators: Simulators;
  readonly ledgerUrl: string;
  readonly starterUrl: string;
}

export interface StageOptions {
  readonly temporalAddress: string;
  readonly dataDir: string;
  readonly onStop: (work: () => Promise<void>) => void;
}

const SECRET = 'the-webhook-secret-of-the-demo';
const RULES = `
confirmation: { automaticBelow: 1000000 }
createCustomers: true
createItems: true
writeInAccount: "8400"
freightAccount: "8410"
countries: { Germany: DE, United Kingdom: GB, United States: US, Austria: AT }
opportunityColumns: { invoiceNumber: bc_postedinvoicenumber }
`;

export async function openStage(options: StageOptions, automaticBelow: string): Promise<DemoStage> {
  const simulators = await startSimulators();
  options.onStop(() => simulators.stop());
  const ledger = await startEmbeddedLedger({ dataDir: options.dataDir });
  options.onStop(() => ledger.stop());
  const rulesFile = `${options.dataDir}.rules.yaml`;
  await writeFile(rulesFile, RULES.replace('1000000', automaticBelow));
  const { connection } = simulators;
  const env = {
    PATH: process.env['PATH'],
    TEMPORAL_ADDRESS: options.temporalAddress,
    DATABASE_URL: ledger.url,
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
    STARTER_PORT: '0',
    WEBHOOK_SECRET: SECRET,
    DEALBRIDGE_RULES: rulesFile,
    LOG_LEVEL: 'warn',
  };
  const worker = await startProcess('worker', env);
  options.onStop(() => stopProcess(worker.child));
  const starter = await startProcess('starter', env);
  options.onStop(() => stopProcess(starter.child));
  const starterUrl = `http://127.0.0.1:${(starter.ready as { port: number }).port}`;
  simulators.dataverse.webhooks.registrations.push({
    url: `${starterUrl}/webhooks/dataverse`,
    authtype: 'HttpHeader',
    name: 'x-dealbridge-key',
    value: SECRET,
  });
  return { simulators, ledgerUrl: ledger.url, starterUrl };
}

async function startProcess(name: string, env: NodeJS.ProcessEnv): Promise<{ child: ChildProcess; ready: unknown }> {
  const path = fileURLToPath(new URL(`../${name}.js`, import.meta.url));
  const child = fork(path, { env, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  // A demonstration that is killed takes its processes along.
  process.once('exit', () => child.kill('SIGKILL'));
  const ready = await new Promise((resolve, reject) => {
    child.once('message', resolve);
    child.once('exit', (code) => reject(new Error(`the ${name} ended with ${code} before it was ready`)));
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
