import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Simulators } from '@dealbridge/simulators';
import { ensureKeyFile } from '../../src/secrets/key-file.js';
import { freePort } from '../stage/port.js';
import { openStage, type Stage } from '../stage/stage.js';
import { type Supervised, startSupervised } from '../stage/supervised.js';
import type { TemporalPlace } from '../stage/temporal.js';
import { TIMES } from './effects.js';
import { type LedgerSessions, openLedgerSessions } from './ledger-sessions.js';
import { toRules } from './rules.js';

/** The stage of a fault run: every process is supervised, and the rules change in the middle of it. */
export interface ChaosStage extends Stage<Supervised> {
  readonly ledger: Supervised;
  readonly sessions: LedgerSessions;
  readonly keyFile: string;
  /** Names a file of settings with which the command line looks at this run. */
  readonly envFile: string;
  /** From now on orders are left to the warehouse; takes effect when the workers start again. */
  leaveOrdersToTheWarehouse(): void;
}

export interface ChaosStageOptions {
  readonly folder: string;
  /** Where the built programs are. */
  readonly programs: URL;
  readonly temporal: TemporalPlace;
  readonly simulators: Simulators;
  readonly workers: number;
  readonly onStop: (work: () => Promise<void>) => void;
}

export async function openChaosStage(options: ChaosStageOptions): Promise<ChaosStage> {
  const { folder, onStop } = options;
  const rulesFile = join(folder, 'rules.yaml');
  writeFileSync(rulesFile, toRules('ship-and-invoice'));
  const keyFile = join(folder, 'keys');
  ensureKeyFile(keyFile);
  const envFile = join(folder, 'settings.env');
  const starterPort = await freePort();
  const ledgerPort = await freePort();
  const sessions = await openLedgerSessions(ledgerPort);
  onStop(() => sessions.stop());
  const stage = await openStage<Supervised>({
    temporalAddress: options.temporal.address,
    temporalTls: options.temporal.tlsSettings,
    simulators: options.simulators,
    programs: options.programs,
    ledger: { folder: join(folder, 'ledger'), port: ledgerPort },
    workers: options.workers,
    webhookSecret: 'the-webhook-secret-of-the-fault-run',
    starterPort,
    feeds: true,
    settings: {
      DATABASE_URL: sessions.url,
      DEALBRIDGE_KEY_FILE: keyFile,
      DEALBRIDGE_RULES: rulesFile,
      DATAVERSE_AMBIGUITY_WINDOW_MS: String(TIMES.ambiguityWindowMs),
      BC_AMBIGUITY_WINDOW_MS: String(TIMES.ambiguityWindowMs),
      // The limits are not the matter here, and refusals for them come from the plan.
      BC_RATE_PER_SECOND: '200',
      REQUEST_TIMEOUT_MS: String(TIMES.requestTimeoutMs),
      // One planned 429 follows the other, and the run is not to be a wait for all of them.
      THROTTLE_PAUSE_MS: String(TIMES.throttlePauseMs),
      STARTER_PUBLIC_URL: `http://127.0.0.1:${starterPort}`,
    },
    onSettings: (settings) => {
      const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`);
      writeFileSync(envFile, lines.join(''));
    },
    async launch(program) {
      const supervised = startSupervised(program, join(folder, `${program.name}.log`));
      onStop(() => supervised.stop());
      await supervised.ready();
      return { process: supervised, ready: undefined };
    },
  });
  const { ledger } = stage;
  if (!ledger) throw new Error('the stage has no ledger of its own');
  return {
    ...stage,
    ledger,
    sessions,
    keyFile,
    envFile,
    leaveOrdersToTheWarehouse: () => writeFileSync(rulesFile, toRules('warehouse')),
  };
}
