import type { FlowName } from '../../deal/flows.js';
import { FINAL_STATES, RESTING_STATES } from '../../deal/states.js';
import type { Queryable } from '../database.js';
import { rowsOf, selectReadableRows, selectRow, textColumn } from '../read-rows.js';
import { type PendingThing, THING, thingRow, toThing } from './flow-things.js';

/** What a flow has read and looks at once more, since what becomes of it moves no stamp. */

const sinceRow = rowsOf('flows', [], { since: textColumn });

/**
 * What belongs to orders that are still open, and was met longest ago; of an order that has ended since, what was not met after
 * that. Of those that had ended a day before nothing was left, nothing is.
 */
export async function listOfOpenOrders(
  db: Queryable,
  flow: FlowName,
  companyId: string,
  limit: number,
): Promise<PendingThing[]> {
  const last = await selectRow(
    db,
    sinceRow,
    `SELECT (coalesce(looked_back_at, opened_at) - interval '1 day')::text AS since FROM flows
     WHERE flow = $1 AND company_id = $2`,
    [flow, companyId],
  );
  const orders = `FROM source_records WHERE company_id = $2 AND document_kind = 'order'`;
  const select = `SELECT ${THING} FROM flow_rows JOIN (
      SELECT record_id AS order_id, NULL AS ended_at ${orders} AND NOT is_closed AND state <> ALL($4)
      UNION ALL SELECT record_id, changed_at ${orders} AND (is_closed OR state = ANY($4))
        AND state = ANY($5) AND waiting_since > $6::timestamptz
    ) AS orders ON record_id = order_id
    WHERE flow = $1 AND flow_rows.company_id = $2 AND target_id IS NOT NULL
      AND met_at < now() - interval '15 minutes' AND (ended_at IS NULL OR met_at < ended_at)
    ORDER BY met_at, source_id LIMIT $3`;
  const values = [flow, companyId, limit, FINAL_STATES, RESTING_STATES, last?.since];
  // What cannot be read is noted as soon as it is to be carried.
  return (await selectReadableRows(db, thingRow, select, values)).rows.map(toThing);
}

/** Nothing of it is left. */
export async function endLookBack(db: Queryable, flow: FlowName, companyId: string): Promise<void> {
  await db.query('UPDATE flows SET looked_back_at = now() WHERE flow = $1 AND company_id = $2', [flow, companyId]);
}
