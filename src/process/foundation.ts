import type { Logger } from 'pino';
import { leaveBy } from '../clients/http/egress.js';
import { InternalError } from '../deal/errors.js';
import { LEDGER_ANSWER_MS, LEDGER_CONNECT_MS } from '../deal/time-limits.js';
import { appendAudit, SYSTEM_CHAIN } from '../ledger/audit/audit.js';
import { createTrailSigner, type TrailSigner } from '../ledger/audit/signatures.js';
import { type Database, openDatabase, withSigner } from '../ledger/database.js';
import { createLedger, type Ledger } from '../ledger/ledger.js';
import { migrate } from '../ledger/migrate.js';
import { createVault, type Vault } from '../ledger/settings/vault.js';
import { type KeyRing, openKeyRing } from '../secrets/key-ring.js';
import type { Config } from './config.js';
import { createLog } from './log.js';
import { askOnce, toDatabasePlace, waitFor } from './patient-start.js';

/** Nothing of Temporal is loaded here: a command that asks only the ledger begins sooner. */

/** What needs no Temporal: log, keys, ledger, credentials. */
export interface Foundation {
  readonly log: Logger;
  readonly ring: KeyRing;
  readonly database: Database;
  readonly ledger: Ledger;
  readonly vault: Vault;
  close(): Promise<void>;
}

/** The ledger alone, as it is, for whoever only reads: nothing is migrated, no key is needed. */
export interface OpenLedger {
  readonly database: Database;
  readonly ledger: Ledger;
  close(): Promise<void>;
}

/** An entry without a signature would not pass for ours: whoever writes one opens the keys. */
const READS_ONLY: TrailSigner = {
  sign() {
    throw new InternalError('an entry of the trail is to be written, and no key is open that could sign it');
  },
  check: () => 'unknown-key',
};

export function openLedger(databaseUrl: string): OpenLedger {
  const database = withSigner(openDatabase(databaseUrl, { connectMs: LEDGER_CONNECT_MS }), READS_ONLY);
  return { database, ledger: createLedger(database), close: () => database.close() };
}

/** A process that runs for long waits for what it needs; a command says at once that it is not there. */
export interface Opening {
  readonly waits?: boolean;
  /** The deal that is being worked on while a line is logged. */
  readonly findDealId?: () => string | undefined;
}

export async function openFoundation(config: Config, name: string, opening: Opening = {}): Promise<Foundation> {
  const foundation = createFoundation(config, name, opening);
  const applied = await orClose(
    foundation,
    ask(
      'PostgreSQL',
      () => migrateLedger(config.databaseUrl, () => foundation.log.warn(MIGRATES_ELSEWHERE)),
      { ...foundation, where: toDatabasePlace(config.databaseUrl) },
      opening,
    ),
  );
  if (applied.length > 0) foundation.log.info({ applied }, 'ledger migrated');
  return foundation;
}

export const MIGRATES_ELSEWHERE = 'another process migrates the ledger: waiting until it has ended';

/** On a connection that waits for its answers: a large ledger takes as long as it takes, and so does another process that migrates. */
async function migrateLedger(databaseUrl: string, onWait: () => void): Promise<string[]> {
  const database = openDatabase(databaseUrl, { connections: 1, connectMs: LEDGER_CONNECT_MS });
  try {
    return await migrate(database, onWait);
  } finally {
    await database.close();
  }
}

/** Asks nobody anything yet: for whoever only looks, and takes the ledger as it is. */
export function createFoundation(config: Config, name: string, { findDealId, waits }: Opening = {}): Foundation {
  leaveBy(config.egress);
  const log = createLog(name, config.logLevel, undefined, findDealId);
  const ring = openKeyRing(config.keys, (error) =>
    log.error({ problem: error.message }, 'key file unusable, keeping the previous keys'),
  );
  const database = withSigner(
    openDatabase(config.databaseUrl, { connectMs: LEDGER_CONNECT_MS, ...(waits && { answerMs: LEDGER_ANSWER_MS }) }),
    createTrailSigner(ring),
  );
  return {
    log,
    ring,
    database,
    ledger: createLedger(database),
    vault: createVault({
      database,
      ring,
      tenantId: config.dataverse.app.tenantId,
      audit: (tx, entry) => appendAudit(tx, { recordId: SYSTEM_CHAIN, ...entry }),
    }),
    close: () => database.close(),
  };
}

/** Idle connections would keep a command that has failed alive. */
export async function orClose<T>(opened: { close(): Promise<void> }, next: Promise<T>): Promise<T> {
  try {
    return await next;
  } catch (error) {
    await opened.close();
    throw error;
  }
}

export function ask<T>(
  system: 'PostgreSQL' | 'Temporal',
  request: () => Promise<T>,
  { log, where }: Foundation & { readonly where: string },
  { waits }: Opening,
): Promise<T> {
  return waits ? waitFor(system, request, { log }) : askOnce(system, request, where);
}
