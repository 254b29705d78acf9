import { z } from 'zod';
import type { FlowName, FlowNote } from '../../deal/flows.js';
import type { Queryable } from '../database.js';
import { nullable, rowsOf, selectReadableRows, textColumn } from '../read-rows.js';
import { stored } from '../stored-content.js';

/** What a flow carries, as its rows hold it. */

export type FlowValues = Readonly<Record<string, string>>;

export interface PendingThing {
  /** Its id in the system that it comes from. */
  readonly sourceId: string;
  readonly recordId?: string | undefined;
  /** The row or document that takes it. */
  readonly targetId?: string | undefined;
  /** Another one is carried anew. */
  readonly etag: string;
  readonly values: FlowValues;
}

const thingColumns = {
  source_id: textColumn,
  record_id: nullable(textColumn),
  target_id: nullable(textColumn),
  etag: textColumn,
  content: stored(z.object({ values: z.record(z.string(), z.string()) })),
};
export const thingRow = rowsOf('flow_rows', ['source_id'], thingColumns);
export const awaitingRow = rowsOf('flow_rows', ['source_id'], { ...thingColumns, awaits: textColumn });
export const THING = 'source_id, record_id, target_id, etag, content';

export const toThing = (row: z.output<typeof thingRow.schema>): PendingThing => ({
  sourceId: row.source_id,
  recordId: row.record_id,
  targetId: row.target_id,
  etag: row.etag,
  values: row.content.values,
});

/** Those that were tried last come last; one whose content cannot be read is noted. */
export async function listPending(
  db: Queryable,
  flow: FlowName,
  companyId: string,
  limit: number,
): Promise<PendingThing[]> {
  const select = `SELECT ${THING} FROM flow_rows WHERE flow = $1 AND company_id = $2 AND state = 'pending'
    ORDER BY tried_at NULLS FIRST, changed_at, source_id LIMIT $3`;
  for (;;) {
    const { rows, unreadable } = await selectReadableRows(db, thingRow, select, [flow, companyId, limit]);
    for (const { row, message } of unreadable) await noteUnreadable(db, flow, companyId, row, message);
    // Others have taken the places of those that were noted.
    if (unreadable.length === 0) return rows.map(toThing);
  }
}

/** One thing never stops its flow (I13): it is tried again each day, and carried once its content is mended. */
async function noteUnreadable(
  db: Queryable,
  flow: FlowName,
  companyId: string,
  sourceId: string,
  remark: string,
): Promise<void> {
  const reason: FlowNote = 'refused';
  await db.query(
    `UPDATE flow_rows SET state = 'noted', reason = $4, remark = $5, changed_at = now(), noted_at = coalesce(noted_at, now())
     WHERE flow = $1 AND company_id = $2 AND source_id = $3 AND state = 'pending'`,
    [flow, companyId, sourceId, reason, remark],
  );
}
