import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Simulators, startSimulators } from '@dealbridge/simulators';
import { ensureKeyFile } from '../../src/secrets/key-file.js';
import { openGateway } from '../stage/gateway.js';
import { startPostgresql } from '../stage/postgresql.js';
import { secretSettingsFor, settingsFor } from '../stage/settings.js';
import type { BenchTemporal } from './bench-temporal.js';
import { openDealbridge } from './dealbridge.js';
import { Measurement } from './measurement.js';
import type { BenchOptions } from './options.js';
import { print, row } from './print.js';
import { processorMs } from './processor.js';
import { chooseDeals, documentsFor, setQuotas } from './seed.js';

/** Two app registrations of Business Central, each with the quota of an environment of its own. */

const US = {
  environment: 'US',
  companyName: 'Nordwerk Inc.',
  app: { name: 'us', clientId: '6a1e0000-0000-4000-8000-00000000000a', clientSecret: 'simulated-us-secret' },
};
const rulesFor = (rate: number): string => `
applications:
  us: { clientId: ${US.app.clientId}, ratePerSecond: ${rate} }
companies:
  - { company: ${US.companyName}, environment: ${US.environment}, application: us, when: { currency: USD } }
settleSeconds: 0
`;
/** Of both together; half the goal of one. */
const WARM_UP = 40;

export interface ApplicationsResult {
  readonly dealsPerSecond: number;
  readonly throttled: number;
  /** A deal, by process; `other work` is of nobody here. */
  readonly processorMs: Readonly<{ [process: string]: number }>;
  /** Of all cores while it was measured, the same. */
  readonly share: Readonly<{ [process: string]: number }>;
}

export async function measureApplications(bench: {
  readonly temporal: BenchTemporal;
  readonly folder: string;
  readonly options: BenchOptions;
  readonly onStop: (work: () => Promise<void>) => void;
}): Promise<ApplicationsResult> {
  const { temporal, folder, options, onStop } = bench;
  const { deals, rate } = options;
  // Of the seed a third of the customers buys in dollars.
  const simulators = await startSimulators({
    documents: documentsFor(4 * (deals + WARM_UP)),
    accounts: 300,
    abroad: US,
  });
  onStop(() => simulators.stop());
  const gateway = await openGateway(simulators, US.environment);
  if (!gateway) throw new Error('the second environment did not start');
  onStop(() => gateway.stop());
  const postgresql = await startPostgresql(['shared_preload_libraries=pg_stat_statements']);
  if (!postgresql) throw new Error("--applications needs PostgreSQL (Debian's package `postgresql`)");
  onStop(() => postgresql.stop());
  const dataDir = join(folder, 'applications');
  await storeSecret(simulators, { dataDir, ledgerUrl: postgresql.url, rules: rulesFor(rate), gateway: gateway.origin });
  setQuotas(simulators, 'none');
  const product = await openDealbridge({
    name: 'Dealbridge, two applications',
    env: { BC_URL: gateway.origin, BC_RATE_PER_SECOND: String(rate) },
    rules: rulesFor(rate),
    ...{ simulators, temporal, namespace: 'bench-postgresql', dataDir, postgresql, onStop },
  });
  const take = takeAlternately(simulators);
  const measurement = new Measurement(product, simulators);
  await measurement.warmUp(take(WARM_UP));
  setQuotas(simulators, 'as online');

  const processes = [...product.processes, { name: 'simulators and driver', pid: process.pid }];
  const before = processes.map(({ pid }) => processorMs(pid));
  const [busyBefore, startedAt] = [busyMs(), performance.now()];
  await measurement.limited(take(deals));
  const elapsedMs = performance.now() - startedAt;
  const availableMs = elapsedMs * cpus().length;
  const spent = processes.map(({ name, pid }, index) => [name, processorMs(pid) - (before[index] ?? 0)] as const);
  const ours = spent.reduce((sum, [, ms]) => sum + ms, 0);
  const all = [...spent, ['all of them', ours], ['other work', busyMs() - busyBefore - ours]] as const;
  const result = {
    dealsPerSecond: measurement.underLimit?.dealsPerSecond ?? 0,
    throttled: throttled(simulators),
    processorMs: Object.fromEntries(all.map(([name, ms]) => [name, ms / deals])),
    share: Object.fromEntries(all.map(([name, ms]) => [name, ms / availableMs])),
  };
  print(`\n${result.dealsPerSecond.toFixed(1)} deals/s over both, ${result.throttled} answered with 429`);
  print(`(${deals} deals at once, ${rate} requests/s allowed to each application)\n`);
  print(row(['process', 'ms a deal', 'share of the processor']));
  print(row(['---', '---', '---']));
  for (const [name, ms] of all)
    print(row([name, (ms / deals).toFixed(1), `${((100 * ms) / availableMs).toFixed(0)} %`]));
  return result;
}

/** Milliseconds that all cores have worked, for whomever. */
function busyMs(): number {
  return cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0);
}

function throttled({ businessCentral, abroad, dataverse }: Simulators): number {
  const all = [businessCentral, dataverse, ...(abroad ? [abroad] : [])];
  return all.reduce((sum, { requests }) => sum + requests.filter(({ status }) => status === 429).length, 0);
}

/** One of each company in turn. */
function takeAlternately(simulators: Simulators) {
  const seed = chooseDeals(simulators);
  const isAbroad = (deal: (typeof seed)[number]) => simulators.data.accounts[deal.accountIndex]?.currency === 'USD';
  const sides = [seed.filter((deal) => !isAbroad(deal)), seed.filter(isAbroad)] as const;
  return (count: number) =>
    Array.from({ length: count }, (_none, index) => {
      const deal = sides[index % 2 === 0 ? 0 : 1].shift();
      if (!deal) throw new Error('the seed holds too few deals of one of the companies');
      return deal;
    });
}

/** As a person does it: into the ledger, by the command. */
async function storeSecret(
  { connection }: Simulators,
  given: { readonly dataDir: string; readonly ledgerUrl: string; readonly rules: string; readonly gateway: string },
): Promise<void> {
  const keyFile = `${given.dataDir}.keys`;
  const rulesFile = `${given.dataDir}.first.yaml`;
  ensureKeyFile(keyFile);
  writeFileSync(rulesFile, given.rules);
  const path = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url));
  const env = {
    PATH: process.env['PATH'],
    ...settingsFor(connection),
    ...secretSettingsFor(connection, 'not-used-by-this-command'),
    ...{ BC_URL: given.gateway, DATABASE_URL: given.ledgerUrl, DEALBRIDGE_KEY_FILE: keyFile },
    ...{ DEALBRIDGE_RULES: rulesFile, DEALBRIDGE_ENV_FILES: 'off' },
  };
  const args = [path, 'credentials', 'set', `business-central-${US.app.name}`, '--by', 'bench'];
  const child = spawn(process.execPath, args, { env, stdio: ['pipe', 'ignore', 'inherit'] });
  child.stdin.end(US.app.clientSecret);
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`the secret of the second application could not be stored: exit code ${code}`);
}
