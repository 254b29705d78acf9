import { z } from 'zod';
import { InternalError } from '../../deal/errors.js';
import type { Queryable } from '../database.js';
import { nullable, rowsOf, selectRow, textColumn } from '../read-rows.js';

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
const numberRow = rowsOf('source_records', ['carrier_id'], {
  carrier_id: textColumn,
  external_number: nullable(textColumn),
});

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

/**
 * From here on the carrier may have a document, under the External Document No. that is returned: the wanted one the first
 * time, and that same one ever after. Undefined when a descendant took the deal over before.
 */
export async function startDrafting(
  db: Queryable,
  carrierId: string,
  externalNumber: string,
): Promise<string | undefined> {
  const row = await selectRow(
    db,
    numberRow,
    'SELECT $1::text AS carrier_id, start_drafting($1::uuid, $2) AS external_number',
    [carrierId, externalNumber],
  );
  return row?.external_number;
}

/** A deal that ended without a document leaves its lineage to whoever comes next. */
export async function releaseClaims(db: Queryable, carrierId: string): Promise<void> {
  await db.query('DELETE FROM claims WHERE carrier_id = $1', [carrierId]);
}
