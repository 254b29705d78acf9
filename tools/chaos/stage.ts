import { type ChildProcess, fork } from 'node:child_process';
import { openSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Connection } from '@dealbridge/simulators';
import { ensureKeyFile } from '../../src/secrets/key-file.js';
import { TIMES } from './effects.js';

/** The processes of a run: each is started again when it ends, whoever ended it, and can be killed on request. */

export interface Supervised {
  readonly name: string;
  /** Ended by itself, because what it needed at its start was not there or was refused. */
  readonly endedByItself: number;
  /** SIGKILL; resolves when it is ready again. */
  kill(): Promise<void>;
  stop(): Promise<void>;
}

export interface Stage {
  readonly ledgerUrl: string;
  readonly workers: readonly Supervised[];
  readonly starter: Supervised;
  readonly ledger: Supervised;
  readonly webhook: { readonly url: string; readonly name: string; readonly value: string };
  /** Names a file of settings with which the command line looks at this run. */
  readonly envFile: string;
  /** From now on orders are left to the warehouse; takes effect when the workers start again. */
  leaveOrdersToTheWarehouse(): void;
}

export interface StageOptions {
  readonly folder: string;
  /** Where the built programs are. */
  readonly programs: URL;
  readonly temporalAddress: string;
  readonly connection: Connection;
  readonly workers: number;
  readonly onStop: (work: () => Promise<void>) => void;
}

const SECRET = 'the-webhook-secret-of-the-fault-run';

const toRules = (orderPosting: 'ship-and-invoice' | 'warehouse'): string => `
confirmation: automatic
createCustomers: true
createItems: true
writeInAccount: "8400"
freightAccount: "8410"
tables: { countries: { Germany: DE, United Kingdom: GB, United States: US, Austria: AT } }
opportunityColumns: { invoiceNumber: bc_postedinvoicenumber }
documents: { orderCreated: order, orderSubmitted: order }
orderPosting: ${orderPosting}
closeOrders: true
settleSeconds: 1
feeds: { everySeconds: 2, pageSize: 200 }
invoiceFeed: { everySeconds: 2, overlapSeconds: 20 }
`;

export async function openStage(options: StageOptions): Promise<Stage> {
  const { folder, connection } = options;
  const rulesFile = join(folder, 'rules.yaml');
  writeFileSync(rulesFile, toRules('ship-and-invoice'));
  const keyFile = join(folder, 'keys');
  ensureKeyFile(keyFile);
  const [ledgerPort, starterPort] = [await freePort(), await freePort()];
  const ledgerUrl = `postgres://postgres@127.0.0.1:${ledgerPort}/postgres`;
  const settings = {
    TEMPORAL_ADDRESS: options.temporalAddress,
    DATABASE_URL: ledgerUrl,
    ENTRA_TENANT_ID: connection.tenant,
    ENTRA_LOGIN_URL: connection.entra,
    DATAVERSE_URL: connection.dataverse,
    DATAVERSE_CLIENT_ID: connection.dataverseApp.clientId,
    DATAVERSE_CLIENT_SECRET: connection.dataverseApp.clientSecret,
    DATAVERSE_AMBIGUITY_WINDOW_MS: String(TIMES.ambiguityWindowMs),
    BC_URL: connection.businessCentral,
    BC_ENVIRONMENT: connection.environment,
    BC_COMPANY: connection.company,
    BC_CLIENT_ID: connection.businessCentralApp.clientId,
    BC_CLIENT_SECRET: connection.businessCentralApp.clientSecret,
    BC_AMBIGUITY_WINDOW_MS: String(TIMES.ambiguityWindowMs),
    // The limits are not the matter here, and refusals for them come from the plan.
    BC_RATE_PER_SECOND: '200',
    REQUEST_TIMEOUT_MS: String(TIMES.requestTimeoutMs),
    DEALBRIDGE_KEY_FILE: keyFile,
    DEALBRIDGE_RULES: rulesFile,
    WEBHOOK_SECRET: SECRET,
    STARTER_PORT: String(starterPort),
    STARTER_PUBLIC_URL: `http://127.0.0.1:${starterPort}`,
    STARTER_RATE_PER_SECOND: '10000',
    FEEDS: 'on',
    LOG_LEVEL: 'warn',
  };
  const envFile = join(folder, 'settings.env');
  writeFileSync(
    envFile,
    Object.entries(settings)
      .map(([name, value]) => `${name}=${value}\n`)
      .join(''),
  );
  const env = { PATH: process.env['PATH'], ...settings };
  const supervise = async (name: string, program: string, args: readonly string[] = []): Promise<Supervised> => {
    const path = fileURLToPath(new URL(`${program}.js`, options.programs));
    const supervised = startSupervised({ name, path, args, env, log: join(folder, `${name}.log`) });
    options.onStop(() => supervised.stop());
    await supervised.ready();
    return supervised;
  };
  const ledger = await supervise('ledger', 'ledger/embedded/main', [join(folder, 'ledger'), String(ledgerPort)]);
  const workers = [];
  for (let which = 1; which <= options.workers; which += 1) workers.push(await supervise(`worker-${which}`, 'worker'));
  const starter = await supervise('starter', 'starter');
  return {
    ledgerUrl,
    workers,
    starter,
    ledger,
    webhook: { url: `http://127.0.0.1:${starterPort}/webhooks/dataverse`, name: 'x-dealbridge-key', value: SECRET },
    envFile,
    leaveOrdersToTheWarehouse: () => writeFileSync(rulesFile, toRules('warehouse')),
  };
}

interface Program {
  readonly name: string;
  readonly path: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** What it prints, for whoever looks for the reason afterwards. */
  readonly log: string;
}

const START_AGAIN_MS = 300;
const LAST_MS = 15_000;

function startSupervised({ name, path, args, env, log }: Program): Supervised & { ready(): Promise<void> } {
  const output = openSync(log, 'a');
  let isStopping = false;
  let isKilled = false;
  let endedByItself = 0;
  let child: ChildProcess;
  let gone: Promise<void>;
  let ready = start();
  // A run that is killed takes its processes along.
  process.once('exit', () => child.kill('SIGKILL'));

  function start(): Promise<void> {
    const started = fork(path, args, { env, stdio: ['ignore', output, output, 'ipc'] });
    child = started;
    const isReady = new Promise<void>((resolve) => started.once('message', () => resolve()));
    gone = new Promise((resolve) => {
      started.once('exit', () => {
        resolve();
        if (isStopping) return;
        if (!isKilled) endedByItself += 1;
        isKilled = false;
        void sleep(START_AGAIN_MS).then(() => {
          if (!isStopping) ready = start();
        });
      });
    });
    return isReady;
  }

  /** Of the process that runs by then: one that ended before it was ready has a successor. */
  async function untilReady(): Promise<void> {
    for (;;) {
      const waitingFor = child;
      const isUp = await Promise.race([ready.then(() => true), gone.then(() => false)]);
      if (isStopping || (isUp && child === waitingFor)) return;
      await sleep(START_AGAIN_MS);
    }
  }

  return {
    name,
    get endedByItself() {
      return endedByItself;
    },
    ready: untilReady,
    async kill() {
      await untilReady();
      isKilled = true;
      const ended = gone;
      child.kill('SIGKILL');
      await ended;
      await untilReady();
    },
    async stop() {
      isStopping = true;
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), LAST_MS);
      await gone;
      clearTimeout(timer);
    },
  };
}

/** A fixed one: a process that is started again has to be found where it was. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
