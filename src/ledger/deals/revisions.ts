import type { WonDeal } from '../../deal/deal.js';
import { InternalError } from '../../deal/errors.js';
import type { Queryable } from '../database.js';
import { rowsOf, selectRow, textColumn } from '../read-rows.js';
import { stored, toStored } from '../stored-content.js';
import { dealContent } from './deal-schema.js';

/** What a record said at each revision that was read; workflows carry the key, never the content. */

export const revisionRow = rowsOf('deal_revisions', ['record_id', 'revision'], {
  record_id: textColumn,
  revision: textColumn,
  deal: stored(dealContent),
});

export async function saveRevision(db: Queryable, deal: WonDeal): Promise<void> {
  await db.query(
    `INSERT INTO deal_revisions (record_id, revision, deal) VALUES ($1, $2, $3)
     ON CONFLICT (record_id, revision) DO UPDATE SET deal = excluded.deal, read_at = now()`,
    [deal.recordId, deal.revision, toStored(deal)],
  );
}

/** @throws InternalError when this revision was never read: asking for it is a bug. */
export async function getRevision(db: Queryable, recordId: string, revision: string): Promise<WonDeal> {
  const row = await selectRow(
    db,
    revisionRow,
    'SELECT record_id, revision, deal FROM deal_revisions WHERE record_id = $1 AND revision = $2',
    [recordId, revision],
  );
  if (!row) throw new InternalError(`the ledger does not hold revision ${revision} of ${recordId}`);
  return row.deal;
}
