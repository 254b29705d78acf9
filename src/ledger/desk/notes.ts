import { type AuditEntry, appendAudit } from '../audit/audit.js';
import type { Database, Queryable } from '../database.js';
import { rowsOf, selectRows, textColumn, timeColumn } from '../read-rows.js';

/** What people write about a deal, and who cares for it: each with its entry in the trail, or not at all. */

type Entry = Omit<AuditEntry, 'recordId'>;

export interface DealNote {
  readonly at: Date;
  readonly by: string;
  readonly text: string;
}

export function addNote(
  database: Database,
  recordId: string,
  { by, text }: Omit<DealNote, 'at'>,
  audit: Entry,
): Promise<void> {
  return database.transaction(async (tx) => {
    await tx.query('INSERT INTO deal_notes (record_id, written_by, content) VALUES ($1, $2, $3)', [recordId, by, text]);
    await appendAudit(tx, { recordId, ...audit });
  });
}

const noteRow = rowsOf('deal_notes', ['note_id'], {
  note_id: textColumn,
  written_at: timeColumn,
  written_by: textColumn,
  content: textColumn,
});

/** Oldest first. */
export async function listNotes(db: Queryable, recordId: string): Promise<DealNote[]> {
  const rows = await selectRows(
    db,
    noteRow,
    'SELECT note_id, written_at, written_by, content FROM deal_notes WHERE record_id = $1 ORDER BY note_id',
    [recordId],
  );
  return rows.map((row) => ({ at: row.written_at, by: row.written_by, text: row.content }));
}

export async function eraseNotes(db: Queryable, recordId: string): Promise<void> {
  await db.query('DELETE FROM deal_notes WHERE record_id = $1', [recordId]);
}

/** Undefined gives the deal back to everybody. */
export function assignDeal(
  database: Database,
  recordId: string,
  { assignee, by }: { readonly assignee: string | undefined; readonly by: string },
  audit: Entry,
): Promise<void> {
  return database.transaction(async (tx) => {
    await saveAssignee(tx, recordId, assignee, by);
    await appendAudit(tx, { recordId, ...audit });
  });
}

async function saveAssignee(tx: Queryable, recordId: string, assignee: string | undefined, by: string): Promise<void> {
  if (assignee === undefined) {
    await tx.query('DELETE FROM deal_assignments WHERE record_id = $1', [recordId]);
    return;
  }
  await tx.query(
    `INSERT INTO deal_assignments (record_id, assignee, assigned_by) VALUES ($1, $2, $3)
     ON CONFLICT (record_id) DO UPDATE SET assignee = excluded.assignee, assigned_by = excluded.assigned_by, assigned_at = now()`,
    [recordId, assignee, by],
  );
}
