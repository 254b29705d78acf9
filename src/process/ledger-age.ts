import { ConfigError } from '../deal/errors.js';
import { findNewestSeal } from '../ledger/audit/seals.js';
import type { Database } from '../ledger/database.js';
import { findExpectedSeal } from '../ledger/upkeep/restores.js';

/** A ledger that went back does not know what was done since, and would do it again (I1). */

export interface SealSource {
  readonly name: string;
  findLast(newest: string): Promise<{ readonly number: string } | undefined>;
}

/**
 * Compares the ledger with what is known of its seals elsewhere; a place that cannot be asked says nothing.
 * @throws ConfigError when the ledger is older, and nobody has said that it was restored
 */
export async function ensureLedgerIsComplete(
  database: Database,
  sources: readonly SealSource[],
  log: { warn(facts: object, message: string): void },
): Promise<void> {
  const expected = await findExpectedSeal(database);
  for (const source of sources) {
    const last = await findLastSeal(source, expected, log);
    if (last <= expected) continue;
    const newest = (await findNewestSeal(database))?.number ?? 'none';
    throw new ConfigError(
      `the ledger went back: its newest seal is ${newest}, and ${source.name} has seen ${last}. Was it restored? Then run \`dealbridge ledger restored\` before the start; else correct DATABASE_URL`,
    );
  }
}

/** Of all places, for whoever says that the ledger was restored. */
export async function findLastSealOutside(
  sources: readonly SealSource[],
  log: { warn(facts: object, message: string): void },
): Promise<bigint> {
  let last = 0n;
  for (const source of sources) {
    const seen = await findLastSeal(source, last, log);
    if (seen > last) last = seen;
  }
  return last;
}

async function findLastSeal(
  source: SealSource,
  newest: bigint,
  log: { warn(facts: object, message: string): void },
): Promise<bigint> {
  try {
    return BigInt((await source.findLast(String(newest)))?.number ?? '0');
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    log.warn({ witness: source.name, problem }, 'cannot compare the age of the ledger with what its witness saw');
    return 0n;
  }
}
