import { z } from 'zod';
import type { MasterKind } from '../../deal/masters.js';
import type { Database } from '../database.js';
import { createWaiting } from '../deals/waiting.js';
import { rowsOf, selectRow } from '../read-rows.js';

const knownRow = rowsOf('masters', [], { is_known: z.boolean() });

/** Whether anything is known of a row: it was read, has a link, waits to be read or matched, or a deal under way names it. */
export async function isKnownRow(database: Database, kind: MasterKind, rowId: string): Promise<boolean> {
  // A contact without a company stands here as an account.
  const kinds = kind === 'product' ? ['product'] : ['account', 'contact'];
  const row = await selectRow(
    database,
    knownRow,
    `SELECT EXISTS (SELECT FROM masters WHERE kind = ANY($1) AND row_id = $2)
       OR EXISTS (SELECT FROM backfill_rows WHERE source_table = ANY($1) AND row_id = $2)
       OR 'account' = ANY($1) AND (EXISTS (SELECT FROM match_candidates WHERE account_id = $2)
         OR EXISTS (SELECT FROM match_decisions WHERE account_id = $2)) AS is_known`,
    [kinds, rowId],
  );
  if (row?.is_known) return true;
  const table = kind === 'product' ? 'product' : 'contact';
  return (await createWaiting(database).findConcernedRows(table, [rowId])).size > 0;
}
