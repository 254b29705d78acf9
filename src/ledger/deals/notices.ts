import { NOTICES, type Notice } from '../../deal/notices.js';
import { type AuditEntry, appendAudit } from '../audit/audit.js';
import type { Database, Queryable } from '../database.js';
import { rowsOf, selectRows, textColumn, timeColumn } from '../read-rows.js';
import { nameOf } from '../stored-content.js';

/** What happened to a deal that nobody has to clear. */

export interface StoredNotice extends Notice {
  readonly at: Date;
}

/** With its entry in the trail, or not at all (I4). False when the notice was saved before. */
export function saveNotice(
  database: Database,
  recordId: string,
  notice: Notice,
  audit: Omit<AuditEntry, 'recordId'>,
): Promise<boolean> {
  return database.transaction(async (tx) => {
    const { rowCount } = await tx.query(
      'INSERT INTO notices (record_id, kind, subject) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING',
      [recordId, notice.kind, notice.subject],
    );
    if (rowCount === 1) await appendAudit(tx, { recordId, ...audit });
    return rowCount === 1;
  });
}

const noticeRow = rowsOf('notices', ['record_id', 'subject'], {
  record_id: textColumn,
  kind: nameOf(NOTICES),
  subject: textColumn,
  noticed_at: timeColumn,
});

export async function listNotices(db: Queryable, recordId: string): Promise<StoredNotice[]> {
  const rows = await selectRows(
    db,
    noticeRow,
    'SELECT record_id, kind, subject, noticed_at FROM notices WHERE record_id = $1 ORDER BY noticed_at',
    [recordId],
  );
  return rows.map((row) => ({ kind: row.kind, subject: row.subject, at: row.noticed_at }));
}
