import type { ChildProcess } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { type SimulatorOptions, type Simulators, startSimulators } from '@dealbridge/simulators';
import { ensureKeyFile } from '../../src/secrets/key-file.js';
import { freePort } from '../stage/port.js';
import { startProcess, stopProcess } from '../stage/process.js';
import { openStage } from '../stage/stage.js';
import type { TemporalPlace } from '../stage/temporal.js';

/** The stage of one demonstration or measurement: processes that run once and end with it. */
export interface DemoStage {
  readonly simulators: Simulators;
  readonly env: NodeJS.ProcessEnv;
  readonly ledgerUrl: string;
  /** Whoever speaks to the deals of this stage needs its keys. */
  readonly keyFile: string;
  readonly starterUrl: string;
  /** Signs in once. */
  readonly deskLink: string;
  readonly webhook: { readonly url: string; readonly name: string; readonly value: string };
  readonly worker: ChildProcess;
  readonly starter: ChildProcess;
  /** Absent when it was there before. */
  readonly ledger: ChildProcess | undefined;
}

export interface DemoStageOptions extends ProductStageOptions {
  readonly simulators?: SimulatorOptions;
}

interface ProductStageOptions {
  readonly temporalAddress: string;
  readonly temporalTls?: TemporalPlace['tlsSettings'];
  readonly dataDir: string;
  /** Any free one unless it is named. */
  readonly starterPort?: number;
  /** A ledger that is there; without it one is started in `dataDir`. */
  readonly ledgerUrl?: string;
  /** Lines of the rules file besides those of every stage. */
  readonly rules?: string;
  /** What Node is told when it starts the worker. */
  readonly workerNodeArgs?: readonly string[];
  /** Settings of worker and starter besides those that follow from the simulators. */
  readonly env?: Readonly<Record<string, string>>;
  /** Each line that the starter prints; without it they go nowhere. */
  readonly onStarterLine?: (line: string) => void;
  readonly onStop: (work: () => Promise<void>) => void;
}

// This file runs from dist-tools/tools/demo; the processes are those of the product.
const PROGRAMS = new URL('../../../dist/', import.meta.url);

const toRules = (automaticBelow: string): string => `
confirmation: { automaticBelow: ${automaticBelow} }
createCustomers: true
createItems: true
writeInAccount: "8400"
freightAccount: "8410"
tables: { countries: { Germany: DE, United Kingdom: GB, United States: US, Austria: AT } }
opportunityColumns: { invoiceNumber: bc_postedinvoicenumber }
`;

export async function openDemoStage(options: DemoStageOptions, automaticBelow: string): Promise<DemoStage> {
  const simulators = await startSimulators(options.simulators);
  options.onStop(() => simulators.stop());
  return openProductStage(options, simulators, automaticBelow);
}

/** The same against simulators that others use as well. */
export async function openProductStage(
  options: ProductStageOptions,
  simulators: Simulators,
  automaticBelow: string,
): Promise<DemoStage> {
  const { dataDir, onStop, ledgerUrl: url } = options;
  const rulesFile = `${dataDir}.rules.yaml`;
  await writeFile(rulesFile, toRules(automaticBelow) + (options.rules ?? ''));
  const keyFile = `${dataDir}.keys`;
  ensureKeyFile(keyFile);
  const stage = await openStage<ChildProcess>({
    temporalAddress: options.temporalAddress,
    temporalTls: options.temporalTls,
    simulators,
    programs: PROGRAMS,
    ledger: url === undefined ? { folder: dataDir, port: await freePort() } : { url },
    webhookSecret: 'the-webhook-secret-of-the-demo',
    ...(options.starterPort !== undefined && { starterPort: options.starterPort }),
    settings: { DEALBRIDGE_KEY_FILE: keyFile, DEALBRIDGE_RULES: rulesFile, ...options.env },
    async launch(program) {
      const nodeArgs = program.name === 'worker' ? options.workerNodeArgs : undefined;
      const { onStarterLine } = options;
      const isHeard = program.name === 'starter' && onStarterLine !== undefined;
      const output = [isHeard ? 'pipe' : 'ignore', 'inherit'] as const;
      const { child, ready } = await startProcess({ ...program, ...(nodeArgs && { nodeArgs }) }, output);
      if (isHeard && child.stdout) createInterface({ input: child.stdout }).on('line', onStarterLine);
      onStop(() => stopProcess(child, 'SIGTERM'));
      return { process: child, ready };
    },
  });
  const { env, ledger, ledgerUrl, starter, starterUrl, webhook, desk } = stage;
  const [worker] = stage.workers;
  if (!worker) throw new Error('the stage has no worker');
  const deskLink = desk?.signInLink ?? '';
  return { simulators, env, ledger, ledgerUrl, keyFile, starterUrl, webhook, worker, starter, deskLink };
}
