import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Simulators } from '@dealbridge/simulators';
import type { Program } from './process.js';
import { secretSettingsFor, settingsFor } from './settings.js';
import type { TemporalPlace } from './temporal.js';

/** Ledger, workers and starter of the built product against simulators: for demo, bench, fault run and tests. */
export interface Stage<P> {
  readonly env: NodeJS.ProcessEnv;
  readonly ledgerUrl: string;
  /** Absent when the ledger was there before. */
  readonly ledger: P | undefined;
  readonly workers: readonly P[];
  readonly starter: P;
  readonly starterUrl: string;
  /** Of the desk; the link signs in once, where no issuer is configured. */
  readonly desk: { readonly url: string; readonly signInLink?: string } | undefined;
  readonly webhook: { readonly url: string; readonly name: string; readonly value: string };
}

export interface StageOptions<P> {
  readonly temporalAddress: string;
  /** The files of TLS to it: {@link TemporalPlace}. */
  readonly temporalTls?: TemporalPlace['tlsSettings'];
  readonly simulators: Simulators;
  /** Where the built programs are. */
  readonly programs: URL;
  /** Settings besides those that follow from the simulators. */
  readonly settings: NodeJS.ProcessEnv;
  /** One that is there, or the folder of the one to start. */
  readonly ledger: { readonly url: string } | { readonly folder: string; readonly port: number };
  readonly workers?: number;
  readonly webhookSecret: string;
  /** Where the secrets are: in the settings unless the caller has sealed them in the ledger. */
  readonly secrets?: 'settings' | 'ledger' | undefined;
  /** Any free one unless it is named. */
  readonly starterPort?: number;
  /** Whether the starter starts the feeds of Sales; they are off unless this is set. */
  readonly feeds?: boolean | undefined;
  /** Hears of the settings before the first process starts. */
  readonly onSettings?: (settings: NodeJS.ProcessEnv) => void;
  /** Starts a program, sees to its end, and resolves when it is ready, with what it reported then. */
  readonly launch: (program: Program) => Promise<{ readonly process: P; readonly ready: unknown }>;
}

export async function openStage<P>(options: StageOptions<P>): Promise<Stage<P>> {
  const { simulators, launch, webhookSecret } = options;
  const { connection, dataverse } = simulators;
  const ledgerUrl =
    'url' in options.ledger ? options.ledger.url : `postgres://postgres@127.0.0.1:${options.ledger.port}/postgres`;
  const settings = {
    TEMPORAL_ADDRESS: options.temporalAddress,
    ...options.temporalTls,
    DATABASE_URL: ledgerUrl,
    ...settingsFor(connection),
    ...(options.secrets === 'ledger' ? {} : secretSettingsFor(connection, webhookSecret)),
    STARTER_PORT: String(options.starterPort ?? 0),
    DESK_PORT: '0',
    // The simulated Sales is one address, however many people work in it.
    STARTER_RATE_PER_SECOND: '10000',
    FEEDS: options.feeds ? 'on' : 'off',
    // Of whoever works in this folder.
    DEALBRIDGE_ENV_FILES: 'off',
    ...options.settings,
  };
  options.onSettings?.(settings);
  const env: NodeJS.ProcessEnv = { PATH: process.env['PATH'], ...settings };
  const start = (name: string, program: string, args: readonly string[] = []) =>
    launch({ name, path: fileURLToPath(new URL(`${program}.js`, options.programs)), args, env });

  const ledger =
    'url' in options.ledger
      ? undefined
      : await start('ledger', 'ledger/embedded/main', [options.ledger.folder, String(options.ledger.port)]);
  const workers: P[] = [];
  const count = options.workers ?? 1;
  for (let which = 1; which <= count; which += 1)
    workers.push((await start(count === 1 ? 'worker' : `worker-${which}`, 'worker')).process);
  const known = dataverse.requests.length;
  const starter = await start('starter', 'starter');
  // In the background it asks who we are in Sales; nobody who counts requests should meet that one.
  while (!dataverse.requests.slice(known).some(({ path }) => path.endsWith('/WhoAmI'))) await sleep(5);
  const ready = starter.ready as { readonly port: number; readonly desk: Stage<P>['desk'] } | undefined;
  const port = env['STARTER_PORT'] === '0' ? ready?.port : env['STARTER_PORT'];
  const starterUrl = `http://127.0.0.1:${port}`;
  const webhook = { url: `${starterUrl}/webhooks/dataverse`, name: 'x-dealbridge-key', value: webhookSecret };
  dataverse.webhooks.registrations.push({ ...webhook, authtype: 'HttpHeader' });
  return {
    env,
    ledgerUrl,
    ledger: ledger?.process,
    workers,
    starter: starter.process,
    starterUrl,
    desk: ready?.desk,
    webhook,
  };
}
