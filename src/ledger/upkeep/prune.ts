import { type AuditActor, appendAudit, SYSTEM_CHAIN } from '../audit/audit.js';
import type { Database, Queryable } from '../database.js';
import { countColumn, rowsOf, selectRow } from '../read-rows.js';

/**
 * What the ledger need not store for ever. Never the audit trail, records, claims, links, documents, mappings, notices and
 * write-backs, nor what the feeds know of each row of Sales (`sales_rows`): a comparison would take all of it for new.
 */

const BATCH = 5_000;

/** By table: the rows that nothing asks for any more, $1 being the moment before which a row is old. */
const PRUNED = {
  // The current one is what a later run of the deal reads.
  deal_revisions: `read_at < $1 AND EXISTS (
    SELECT FROM source_records record WHERE record.record_id = deal_revisions.record_id
      AND record.state = 'settled' AND record.changed_at < $1 AND record.revision IS DISTINCT FROM deal_revisions.revision)`,
  // I3 asks for them while a write of the deal may still be repeated.
  write_intents: `state = 'done' AND asked_at < $1 AND EXISTS (
    SELECT FROM source_records record WHERE record.record_id = write_intents.record_id
      AND record.state = 'settled' AND record.changed_at < $1)`,
  detections: 'last_at < $1',
  // The feed forgets them by itself; those of a company that is not read any more stay behind.
  observed_invoices: 'is_deal_notified AND last_modified < $1',
  // What is still to be sent stays; that a cause was told is remembered beside it (`alert_causes`).
  alert_messages: 'sent_at < $1',
} as const;

const TABLES = ['deal_revisions', 'write_intents', 'detections', 'observed_invoices', 'alert_messages'] as const;

export type Pruned = Readonly<Record<keyof typeof PRUNED, number>>;

export interface Pruning {
  readonly before: Date;
  readonly by: AuditActor;
  readonly isDryRun: boolean;
}

/** Deletes in small transactions, each with the entry that names what went; stopped halfway and started again it goes on. */
export async function pruneLedger(database: Database, { before, by, isDryRun }: Pruning): Promise<Pruned> {
  const count = { deal_revisions: 0, write_intents: 0, detections: 0, observed_invoices: 0, alert_messages: 0 };
  if (isDryRun) {
    for (const table of TABLES) count[table] = await countOld(database, table, before);
    return count;
  }
  for (;;) {
    const deleted = await database.transaction(async (tx) => {
      const batch = await deleteBatch(tx, before);
      const isFirst = Object.values(count).every((rows) => rows === 0);
      const facts = { before: before.toISOString(), ...batch };
      // Also that there was nothing to delete is said, once.
      if (sum(batch) > 0 || isFirst)
        await appendAudit(tx, { recordId: SYSTEM_CHAIN, actor: by, action: 'prune the ledger', facts });
      return batch;
    });
    for (const table of TABLES) count[table] += deleted[table];
    if (sum(deleted) < BATCH) return count;
  }
}

const sum = (rows: Pruned): number => Object.values(rows).reduce((all, one) => all + one, 0);

const countRow = rowsOf('pg_class', [], { count: countColumn });

async function countOld(db: Queryable, table: keyof typeof PRUNED, before: Date): Promise<number> {
  const row = await selectRow(db, countRow, `SELECT count(*) FROM ${table} WHERE ${PRUNED[table]}`, [before]);
  return row?.count ?? 0;
}

/** From one table after the other, as much as a batch takes. */
async function deleteBatch(tx: Queryable, before: Date): Promise<Pruned> {
  const deleted = { deal_revisions: 0, write_intents: 0, detections: 0, observed_invoices: 0, alert_messages: 0 };
  for (const table of TABLES) {
    const room = BATCH - sum(deleted);
    if (room === 0) break;
    const { rowCount } = await tx.query(
      `DELETE FROM ${table} WHERE ctid = ANY (ARRAY(SELECT ctid FROM ${table} WHERE ${PRUNED[table]} LIMIT $2))`,
      [before, room],
    );
    deleted[table] = rowCount ?? 0;
  }
  return deleted;
}
