import type { Queryable } from './database.js';

/** One change or decision (I4); facts name ids, numbers and figures, never a customer's data. */
export interface AuditEntry {
  readonly recordId: string;
  readonly actor: string;
  readonly action: string;
  readonly requestId?: string | undefined;
  readonly correlationId?: string | undefined;
  readonly facts?: Readonly<Record<string, unknown>>;
}

export interface KeptAuditEntry extends AuditEntry {
  readonly entryId: string;
  readonly at: Date;
}

export async function appendAudit(db: Queryable, entry: AuditEntry): Promise<void> {
  await db.query(
    `INSERT INTO audit_entries (record_id, actor, action, request_id, correlation_id, facts) VALUES ($1, $2, $3, $4, $5, $6)`,
    [
      entry.recordId,
      entry.actor,
      entry.action,
      entry.requestId ?? null,
      entry.correlationId ?? null,
      JSON.stringify(entry.facts ?? {}),
    ],
  );
}

export async function readAudit(db: Queryable, recordId: string): Promise<KeptAuditEntry[]> {
  const { rows } = await db.query<{
    entry_id: string;
    record_id: string;
    at: Date;
    actor: string;
    action: string;
    request_id: string | null;
    correlation_id: string | null;
    facts: Record<string, unknown>;
  }>('SELECT * FROM audit_entries WHERE record_id = $1 ORDER BY entry_id', [recordId]);
  return rows.map((row) => ({
    entryId: row.entry_id,
    recordId: row.record_id,
    at: row.at,
    actor: row.actor,
    action: row.action,
    requestId: row.request_id ?? undefined,
    correlationId: row.correlation_id ?? undefined,
    facts: row.facts,
  }));
}

/** Stands for the record in entries that belong to no record: what was done to the installation itself. */
export const SYSTEM_RECORD_ID = '00000000-0000-0000-0000-000000000000';
