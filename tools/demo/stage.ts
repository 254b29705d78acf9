import type { ChildProcess } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { type SimulatorOptions, type Simulators, startSimulators } from '@dealbridge/simulators';
import { ensureKeyFile } from '../../src/secrets/key-file.js';
import { freePort } from '../stage/port.js';
import { startProcess, stopProcess } from '../stage/process.js';
import { openStage } from '../stage/stage.js';

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
}

export interface DemoStageOptions {
  readonly temporalAddress: string;
  readonly dataDir: string;
  /** Any free one unless it is named. */
  readonly starterPort?: number;
  readonly simulators?: SimulatorOptions;
  /** Settings of worker and starter besides those that follow from the simulators. */
  readonly env?: Readonly<Record<string, string>>;
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
  const { dataDir, onStop } = options;
  const simulators = await startSimulators(options.simulators);
  onStop(() => simulators.stop());
  const rulesFile = `${dataDir}.rules.yaml`;
  await writeFile(rulesFile, toRules(automaticBelow));
  const keyFile = `${dataDir}.keys`;
  ensureKeyFile(keyFile);
  const stage = await openStage<ChildProcess>({
    temporalAddress: options.temporalAddress,
    simulators,
    programs: PROGRAMS,
    ledger: { folder: dataDir, port: await freePort() },
    webhookSecret: 'the-webhook-secret-of-the-demo',
    ...(options.starterPort !== undefined && { starterPort: options.starterPort }),
    settings: { DEALBRIDGE_KEY_FILE: keyFile, DEALBRIDGE_RULES: rulesFile, ...options.env },
    async launch(program) {
      const { child, ready } = await startProcess(program, ['ignore', 'inherit']);
      onStop(() => stopProcess(child, 'SIGTERM'));
      return { process: child, ready };
    },
  });
  const { env, ledgerUrl, starter, starterUrl, webhook, desk } = stage;
  const [worker] = stage.workers;
  if (!worker) throw new Error('the stage has no worker');
  const deskLink = desk?.signInLink ?? '';
  return { simulators, env, ledgerUrl, keyFile, starterUrl, webhook, worker, starter, deskLink };
}
