import type { RecordRef } from '../../deal/deal.js';
import { HOLDS_CLEARED_BY_MASTER_DATA } from '../../deal/holds.js';
import type { FeedTable, SourceTable } from '../../deal/ids.js';
import { FINAL_STATES, STATES_BEFORE_POSTING } from '../../deal/states.js';
import type { Database } from '../database.js';

/** Which records a change in Sales concerns: deals that are under way, rows with a link, deals that wait for them. */

export interface Waiting {
  /** Those that the ledger knows and that have not ended. */
  findOpenRecords(recordIds: readonly string[]): Promise<Set<string>>;
  /** Those of the accounts, contacts or products that have a link or a held deal that names them. */
  findConcernedRows(table: FeedTable, rowIds: readonly string[]): Promise<Set<string>>;
  /** Deals held for customer, item or unit, or under way to their draft, that name this account, contact or product. */
  findWaitingDeals(rowId: string): Promise<RecordRef[]>;
}

/**
 * The deals are found by what they said at the revision that was read last. One that is not held is among them: it may
 * have read the row before it changed, and looks again if it is held after all.
 */
const HELD = `
  FROM source_records record
  JOIN deal_revisions kept ON kept.record_id = record.record_id AND kept.revision = record.revision
  CROSS JOIN LATERAL (
    SELECT kept.deal -> 'customer' ->> 'accountId' AS row_id
    UNION SELECT line -> 'product' ->> 'productId' FROM jsonb_array_elements(kept.deal -> 'lines') AS line
  ) AS named
  WHERE named.row_id = ANY($2)
    AND (record.state = 'held' AND record.hold_reason = ANY($1) OR record.state = ANY($3))`;

export function createWaiting(database: Database): Waiting {
  return {
    async findOpenRecords(recordIds) {
      const { rows } = await database.query<{ record_id: string }>(
        `SELECT record_id FROM source_records WHERE record_id = ANY($1)
         AND state <> ALL($2)`,
        [recordIds, FINAL_STATES],
      );
      return new Set(rows.map((row) => row.record_id));
    },
    async findConcernedRows(table, rowIds) {
      const linked = await database.query<{ row_id: string }>(
        'SELECT DISTINCT sales_id AS row_id FROM links WHERE kind = ANY($1) AND sales_id = ANY($2)',
        [table === 'product' ? ['item'] : table === 'contact' ? ['customer', 'contact'] : ['customer'], rowIds],
      );
      const waited = await database.query<{ row_id: string }>(`SELECT DISTINCT named.row_id ${HELD}`, [
        HOLDS_CLEARED_BY_MASTER_DATA,
        rowIds,
        STATES_BEFORE_POSTING,
      ]);
      return new Set([...linked.rows, ...waited.rows].map((row) => row.row_id));
    },
    async findWaitingDeals(rowId) {
      const { rows } = await database.query<{ record_id: string; source_table: SourceTable }>(
        `SELECT DISTINCT record.record_id, record.source_table ${HELD}`,
        [HOLDS_CLEARED_BY_MASTER_DATA, [rowId], STATES_BEFORE_POSTING],
      );
      return rows.map((row) => ({ table: row.source_table, recordId: row.record_id }));
    },
  };
}
