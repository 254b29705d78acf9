import { z } from 'zod';
import { InternalError } from '../../deal/errors.js';
import type { Queryable } from '../database.js';
import { rowsOf, selectRow, textColumn } from '../read-rows.js';

export type ClaimOutcome =
  | { readonly kind: 'carrier' }
  /** A record further down the lineage carries the deal. */
  | { readonly kind: 'superseded'; readonly by: string }
  /** An ancestor already has a document, or may have one at any moment. */
  | { readonly kind: 'already-handed-over'; readonly by: string };

const claimRow = {
  table: 'claims',
  key: ['record_id'],
  schema: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('carrier') }),
    z.object({ kind: z.literal('superseded'), by_record: textColumn }),
    z.object({ kind: z.literal('already-handed-over'), by_record: textColumn }),
  ]),
};

/** Claims a record and its ancestors for one carrier (I1): migrations/0001-deals.sql says how. */
export async function claimDeal(db: Queryable, carrierId: string, ancestors: readonly string[]): Promise<ClaimOutcome> {
  const row = await selectRow(
    db,
    claimRow,
    'SELECT $1::text AS record_id, kind, by_record FROM claim_deal($1::uuid, $2::uuid[])',
    [carrierId, ancestors],
  );
  if (!row) throw new InternalError(`nothing came of the claim of ${carrierId}`);
  return row.kind === 'carrier' ? row : { kind: row.kind, by: row.by_record };
}

const draftingRow = rowsOf('claims', ['record_id'], { record_id: textColumn });

/** Whether the record has begun to draft, so that no descendant can take its deal over, whatever became of the draft. */
export async function isDrafting(db: Queryable, recordId: string): Promise<boolean> {
  const select = `SELECT record_id FROM claims WHERE record_id = $1 AND carrier_id = $1 AND state = 'drafting'`;
  return (await selectRow(db, draftingRow, select, [recordId])) !== undefined;
}

/** A deal that ended without a document leaves its lineage to whoever comes next. */
export async function releaseClaims(db: Queryable, carrierId: string): Promise<void> {
  await db.query('DELETE FROM claims WHERE carrier_id = $1', [carrierId]);
}
