import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Person, toCommandLinePerson } from '../identity/person.js';
import { type Config, environmentWith, loadConfig, loadDatabaseUrl } from '../process/config.js';
import { openFirstLedger } from '../process/first-ledger.js';
import { type Foundation, type OpenLedger, openFoundation, openLedger } from '../process/foundation.js';
import { askOnce, toDatabasePlace } from '../process/patient-start.js';
import type { Runtime } from '../process/runtime.js';
import { userName } from '../process/user-name.js';

/** What the commands are given: each opens as little as it needs and closes it again, also when it fails. */

export async function withLedger<T>(work: (ledger: OpenLedger) => Promise<T>): Promise<T> {
  const url = loadDatabaseUrl();
  return using(openLedger(url), async (opened) => {
    await askOnce('PostgreSQL', () => opened.database.query('SELECT 1'), toDatabasePlace(url));
    return work(opened);
  });
}

export async function withFoundation<T>(work: (foundation: Foundation, config: Config) => Promise<T>): Promise<T> {
  const config = { ...loadConfig(), logLevel: 'warn' };
  return using(await openFoundation(config, 'cli'), (foundation) => work(foundation, config));
}

/**
 * Also while nothing runs: a start with the embedded ledger of `npm start` ends for want of a secret, which only the ledger can hold.
 * Only where that ledger is already, so that a forgotten DATABASE_URL does not make one.
 */
export async function withFoundationAtRest<T>(
  work: (foundation: Foundation, config: Config) => Promise<T>,
  folder = process.cwd(),
): Promise<T> {
  const env = environmentWith({});
  const isEmbedded = !env['DATABASE_URL'] && !env['DATABASE_URL_FILE'] && existsSync(join(folder, '.data', 'ledger'));
  if (!isEmbedded) return withFoundation(work);
  return using(await openFirstLedger(env, { folder, writesNothing: false }), async ({ settings }) => {
    console.error('The ledger is the embedded one of `npm start`, in .data/ledger.');
    const config = { ...loadConfig(environmentWith(settings)), logLevel: 'warn' };
    return using(await openFoundation(config, 'cli'), (foundation) => work(foundation, config));
  });
}

export async function withRuntime<T>(work: (runtime: Runtime, config: Config) => Promise<T>): Promise<T> {
  const config = { ...loadConfig(), logLevel: 'warn' };
  // Temporal's client takes long to load: only by the commands that ask it.
  const { openRuntime } = await import('../process/runtime.js');
  return using(await openRuntime(config, 'cli'), (runtime) => work(runtime, config));
}

async function using<Opened extends { close(): Promise<void> }, T>(
  opened: Opened,
  work: (opened: Opened) => Promise<T>,
): Promise<T> {
  try {
    return await work(opened);
  } finally {
    await opened.close();
  }
}

export const BY_OPTION = ['--by <name>', 'who acts, for the audit trail', userName()] as const;

export function toPerson({ by }: { readonly by: string }): Person {
  return toCommandLinePerson(by);
}

/** For commands that change nothing: whoever sits there. */
export function currentPerson(): Person {
  return toCommandLinePerson(userName());
}
