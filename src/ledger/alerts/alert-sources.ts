import type { HoldReason } from '../../deal/holds.js';
import type { Database, Queryable } from '../database.js';
import { otherShownReasons, shownReason } from '../deals/shown-reason.js';
import { nullable, rowsOf, selectRows, textColumn, timeColumn } from '../read-rows.js';

/** What stands in the ledger that somebody should be told of. */

export interface PendingDeal {
  readonly recordId: string;
  /** Of an opportunity the beginning of its id. */
  readonly number: string | undefined;
  /** Undefined: it waits for its confirmation. */
  readonly reason: HoldReason | undefined;
  /** What else it is held for. */
  readonly otherReasons: readonly HoldReason[];
  readonly since: Date;
}

/** Behind this deal the next page begins. */
export interface PendingPlace {
  /** As the database has it: a Date has no microseconds. */
  readonly since: string;
  readonly recordId: string;
}

const pendingRow = rowsOf('source_records', ['record_id'], {
  record_id: textColumn,
  record_number: nullable(textColumn),
  hold_reason: shownReason,
  other_hold_reasons: otherShownReasons,
  since: timeColumn,
  place: textColumn,
});

/** What an opportunity has for a number is its topic, and topics name people. */
const NAMELESS_NUMBER = `CASE WHEN source_table = 'opportunity' THEN 'opportunity ' || left(record_id::text, 8) ELSE record_number END`;

/** Held, or waiting for a confirmation since before then; the oldest first. */
export async function listPendingDeals(
  db: Queryable,
  {
    waitingBefore,
    after,
    limit,
  }: { readonly waitingBefore: Date; readonly after: PendingPlace | undefined; readonly limit: number },
): Promise<{ readonly deals: readonly PendingDeal[]; readonly next: PendingPlace | undefined }> {
  const rows = await selectRows(
    db,
    pendingRow,
    `SELECT record_id, ${NAMELESS_NUMBER} AS record_number, waiting_since AS since, waiting_since::text AS place,
       CASE WHEN state = 'held' THEN hold_reason END AS hold_reason,
       CASE WHEN state = 'held' THEN other_hold_reasons ELSE '{}' END AS other_hold_reasons
     FROM source_records
     WHERE (state = 'held' AND hold_reason IS NOT NULL OR state = 'awaiting-confirmation' AND waiting_since < $1)
       AND (waiting_since, record_id) > (coalesce($2::timestamptz, '-infinity'), coalesce($3::uuid, '${LEAST_ID}'))
     ORDER BY waiting_since, record_id LIMIT $4`,
    [waitingBefore, after?.since ?? null, after?.recordId ?? null, limit],
  );
  const last = rows.length === limit ? rows.at(-1) : undefined;
  return {
    deals: rows.map((row) => ({
      recordId: row.record_id,
      number: row.record_number,
      reason: row.hold_reason,
      otherReasons: row.other_hold_reasons,
      since: row.since,
    })),
    next: last && { since: last.place, recordId: last.record_id },
  };
}

const LEAST_ID = '00000000-0000-0000-0000-000000000000';

export interface TrailFinding {
  readonly chain: string;
  readonly kind: string;
  readonly position: number;
}

const findingRow = rowsOf('trail_findings', ['chain'], { chain: textColumn, kind: textColumn, position: textColumn });

/** What the last proof of the audit trail found. */
export async function listTrailFindings(db: Queryable): Promise<TrailFinding[]> {
  const rows = await selectRows(db, findingRow, 'SELECT chain, kind, position FROM trail_findings ORDER BY chain');
  return rows.map((row) => ({ ...row, position: Number(row.position) }));
}

/** In the place of what the proof before found; also that there was a proof. */
export async function saveTrailFindings(database: Database, findings: readonly TrailFinding[]): Promise<void> {
  await database.transaction(async (tx) => {
    await tx.query(
      `INSERT INTO trail_proofs (proved_at) VALUES (now())
       ON CONFLICT (only_one) DO UPDATE SET proved_at = excluded.proved_at`,
    );
    await tx.query('DELETE FROM trail_findings');
    for (const { chain, kind, position } of findings) {
      await tx.query('INSERT INTO trail_findings (chain, kind, position) VALUES ($1, $2, $3)', [chain, kind, position]);
    }
  });
}
