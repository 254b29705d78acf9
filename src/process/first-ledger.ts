import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { type EmbeddedLedger, startEmbeddedLedger } from '../ledger/embedded/server.js';
import { rowsOf, selectRow } from '../ledger/read-rows.js';
import { ensureKeyFile } from '../secrets/key-file.js';
import { createKeyLine } from '../secrets/keys.js';
import type { Config } from './config.js';
import { createFoundation, type Foundation, openFoundation } from './foundation.js';

/** Ledger and keys for a set-up that comes before everything else: where `npm start` looks for them, unless others are named. */
export interface FirstLedger {
  readonly settings: Readonly<Record<string, string>>;
  /** In memory or a copy, for whoever writes nothing. */
  readonly isThrownAway: boolean;
  /** The folder that was not there before and stays, whatever becomes of the set-up. */
  readonly made: string | undefined;
  close(): Promise<void>;
}

export async function openFirstLedger(
  env: NodeJS.ProcessEnv,
  { folder, writesNothing }: { readonly folder: string; readonly writesNothing: boolean },
): Promise<FirstLedger> {
  const data = join(folder, '.data');
  const settings: Record<string, string> = {};
  const hasLedger = Boolean(env['DATABASE_URL'] || env['DATABASE_URL_FILE']);
  const hasKeys = Boolean(env['DEALBRIDGE_KEYS'] || env['DEALBRIDGE_KEY_FILE']);
  const isMaking = !writesNothing && !(hasLedger && hasKeys);
  const made = isMaking && !existsSync(data) ? data : undefined;
  if (isMaking) mkdirSync(data, { recursive: true });
  if (!hasKeys) {
    const keyFile = join(data, 'keys');
    if (writesNothing && !existsSync(keyFile)) settings['DEALBRIDGE_KEYS'] = createKeyLine();
    else {
      settings['DEALBRIDGE_KEY_FILE'] = keyFile;
      ensureKeyFile(keyFile);
    }
  }
  if (hasLedger) return { settings, isThrownAway: false, made, close: async () => undefined };
  const dataDir = join(data, 'ledger');
  const embedded = await (writesNothing ? openCopy(dataDir) : startEmbeddedLedger({ dataDir }));
  settings['DATABASE_URL'] = embedded.url;
  return { settings, isThrownAway: writesNothing, made, close: () => embedded.stop() };
}

/** Whoever opens a database writes into its folder, also to read what stands there. */
async function openCopy(dataDir: string): Promise<Pick<EmbeddedLedger, 'url' | 'stop'>> {
  if (!existsSync(dataDir)) return startEmbeddedLedger();
  const folder = mkdtempSync(join(tmpdir(), 'dealbridge-ledger-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    cpSync(dataDir, folder, { recursive: true });
    const copy = await startEmbeddedLedger({ dataDir: folder });
    return { url: copy.url, stop: () => copy.stop().finally(remove) };
  } catch (error) {
    remove();
    throw error;
  }
}

const there = rowsOf('pg_class', [], { is_there: z.boolean() });

/** The ledger as it is; one without tables is looked at as an empty one, in memory. */
export async function openUnmigrated(config: Config, name: string): Promise<Foundation> {
  const foundation = createFoundation(config, name);
  const row = await selectRow(
    foundation.database,
    there,
    "SELECT to_regclass('connect_steps') IS NOT NULL AS is_there",
  );
  if (row?.is_there) return foundation;
  await foundation.close();
  const embedded = await startEmbeddedLedger();
  const empty = await openFoundation({ ...config, databaseUrl: embedded.url }, name);
  return {
    ...empty,
    async close() {
      await empty.close();
      await embedded.stop();
    },
  };
}
