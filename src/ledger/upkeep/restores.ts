import { type AuditActor, appendAudit, nameOf, SYSTEM_CHAIN } from '../audit/audit.js';
import type { Database } from '../database.js';

/** From now on the ledger counts as older than both systems: a first attempt of a write looks before it asks, too (I3). */
export async function recordRestore(database: Database, by: AuditActor): Promise<void> {
  await database.transaction(async (tx) => {
    await tx.query('INSERT INTO ledger_restores (recorded_by) VALUES ($1)', [nameOf(by)]);
    await appendAudit(tx, { recordId: SYSTEM_CHAIN, actor: by, action: 'restored the ledger', facts: {} });
  });
}

/** Everything of the gap is known again. */
export async function clearRestores(database: Database, by: AuditActor): Promise<void> {
  await database.transaction(async (tx) => {
    await tx.query('DELETE FROM ledger_restores');
    await appendAudit(tx, { recordId: SYSTEM_CHAIN, actor: by, action: 'the restored ledger is complete', facts: {} });
  });
}
