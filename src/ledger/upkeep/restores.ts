import { type AuditActor, appendAudit, nameOf, SYSTEM_CHAIN } from '../audit/audit.js';
import { findNewestSeal } from '../audit/seals.js';
import type { Database } from '../database.js';
import { rowsOf, selectRow, textColumn } from '../read-rows.js';

/**
 * From now on the ledger counts as older than both systems: a first attempt of a write looks before it asks, too (I3).
 * @param lastSeal number of the newest seal that is known outside of the database
 */
export async function recordRestore(database: Database, by: AuditActor, lastSeal: string): Promise<void> {
  await database.transaction(async (tx) => {
    await tx.query('INSERT INTO ledger_restores (recorded_by, last_seal) VALUES ($1, $2)', [nameOf(by), lastSeal]);
    const facts = { lastSeal };
    await appendAudit(tx, { recordId: SYSTEM_CHAIN, actor: by, action: 'restored the ledger', facts });
  });
}

/** Everything of the gap is known again. */
export async function clearRestores(database: Database, by: AuditActor): Promise<void> {
  await database.transaction(async (tx) => {
    await tx.query('UPDATE ledger_restores SET cleared_at = now() WHERE cleared_at IS NULL');
    await appendAudit(tx, { recordId: SYSTEM_CHAIN, actor: by, action: 'the restored ledger is complete', facts: {} });
  });
}

const expectedRow = rowsOf('ledger_restores', [], { last_seal: textColumn });

/** The newest seal that may be known outside without the ledger having gone back: its own, or one of before a restore. */
export async function findExpectedSeal(database: Database): Promise<bigint> {
  const newest = BigInt((await findNewestSeal(database))?.number ?? '0');
  const sql = 'SELECT coalesce(max(last_seal), 0)::text AS last_seal FROM ledger_restores';
  const restored = BigInt((await selectRow(database, expectedRow, sql))?.last_seal ?? '0');
  return newest > restored ? newest : restored;
}
