import type { Database, Queryable } from '../database.js';
import { nullable, rowsOf, selectRow, textColumn } from '../read-rows.js';

export type ClaimOutcome =
  | { readonly kind: 'carrier' }
  /** A record further down the lineage carries the deal. */
  | { readonly kind: 'superseded'; readonly by: string }
  /** An ancestor already has a document, or may have one at any moment. */
  | { readonly kind: 'already-handed-over'; readonly by: string };

const claimRow = rowsOf('claims', ['record_id', 'carrier_id'], { record_id: textColumn, carrier_id: textColumn });
const numberRow = rowsOf('source_records', ['carrier_id'], {
  carrier_id: textColumn,
  external_number: nullable(textColumn),
});

/**
 * Claims a record and its ancestors for one carrier in one transaction (I1). An ancestor that has only claimed
 * yields; one that is drafting has handed this record over already. Two orders of one opportunity are two deals: siblings share no claim.
 */
export function claimDeal(database: Database, carrierId: string, ancestors: readonly string[]): Promise<ClaimOutcome> {
  return database.transaction(async (tx) => {
    await lockRecords(tx, [carrierId, ...ancestors]);
    const above = await selectRow(
      tx,
      claimRow,
      `SELECT record_id, carrier_id FROM claims WHERE record_id = $1 AND carrier_id <> $1 AND state <> 'yielded' LIMIT 1`,
      [carrierId],
    );
    if (above) return { kind: 'superseded', by: above.carrier_id };
    const below = ancestors.length > 0 && (await findDrafting(tx, ancestors));
    if (below) return { kind: 'already-handed-over', by: below.record_id };
    if (ancestors.length > 0) await yieldClaims(tx, ancestors);
    await tx.query(
      `INSERT INTO claims (record_id, carrier_id, state) SELECT unnest($1::uuid[]), $2, 'claimed'
       ON CONFLICT (record_id, carrier_id) DO NOTHING`,
      [[carrierId, ...ancestors], carrierId],
    );
    return { kind: 'carrier' };
  });
}

function findDrafting(tx: Queryable, ancestors: readonly string[]) {
  return selectRow(
    tx,
    claimRow,
    `SELECT record_id, carrier_id FROM claims WHERE record_id = ANY($1) AND carrier_id = record_id AND state = 'drafting' LIMIT 1`,
    [ancestors],
  );
}

async function yieldClaims(tx: Queryable, ancestors: readonly string[]): Promise<void> {
  await tx.query(
    `UPDATE claims SET state = 'yielded' WHERE record_id = ANY($1) AND carrier_id = record_id AND state = 'claimed'`,
    [ancestors],
  );
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

/** In one order everywhere, so that two claims of one lineage wait for each other instead of dead-locking. */
async function lockRecords(tx: Queryable, recordIds: readonly string[]): Promise<void> {
  for (const id of [...recordIds].sort()) await tx.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [id]);
}
