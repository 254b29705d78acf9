import { HOLDS, type HoldReason } from '../../deal/holds.js';
import type { Database, Queryable } from '../database.js';
import { nullable, rowsOf, selectRows, textColumn, timeColumn } from '../read-rows.js';
import { nameOf } from '../stored-content.js';

/** What stands in the ledger that somebody should be told of. */

export interface StandingDeal {
  readonly recordId: string;
  readonly number: string | undefined;
  /** Undefined: it waits for its confirmation. */
  readonly reason: HoldReason | undefined;
  readonly since: Date;
}

const standingRow = rowsOf('source_records', ['record_id'], {
  record_id: textColumn,
  record_number: nullable(textColumn),
  hold_reason: nullable(nameOf(HOLDS)),
  changed_at: timeColumn,
});

/** Held, or waiting for a confirmation since before then; the oldest first. */
export async function listStandingDeals(db: Queryable, waitingBefore: Date): Promise<StandingDeal[]> {
  const rows = await selectRows(
    db,
    standingRow,
    `SELECT record_id, record_number, changed_at, CASE WHEN state = 'held' THEN hold_reason END AS hold_reason
     FROM source_records
     WHERE (state = 'held' AND hold_reason IS NOT NULL) OR (state = 'awaiting-confirmation' AND changed_at < $1)
     ORDER BY changed_at, record_id`,
    [waitingBefore],
  );
  return rows.map((row) => ({
    recordId: row.record_id,
    number: row.record_number,
    reason: row.hold_reason,
    since: row.changed_at,
  }));
}

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
