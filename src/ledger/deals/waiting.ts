import { z } from 'zod';
import type { RecordRef } from '../../deal/deal.js';
import { HOLDS_CLEARED_BY, HOLDS_CLEARED_BY_MASTER_DATA } from '../../deal/holds.js';
import { type FeedTable, SOURCE_TABLES } from '../../deal/ids.js';
import { FINAL_STATES, STATES_BEFORE_POSTING } from '../../deal/states.js';
import type { Database } from '../database.js';
import { nullable, rowsOf, selectRows, textColumn } from '../read-rows.js';

/** Which records a change in Sales concerns: deals that are under way, rows with a link, deals that wait for them. */

export interface Waiting {
  /** Those that the ledger knows and that have not ended. */
  findOpenRecords(recordIds: readonly string[]): Promise<Set<string>>;
  /** Those of the accounts, contacts or products that have a link or a held deal that names them. */
  findConcernedRows(table: FeedTable, rowIds: readonly string[]): Promise<Set<string>>;
  /** Deals held for customer, item or unit, or under way to their draft, that name one of these accounts, contacts or products. */
  findWaitingDeals(rowIds: readonly string[]): Promise<RecordRef[]>;
  /** Deals held for one of these customers or items of Business Central, and those of the rows that stand for nothing in Sales. */
  findHeldForRows(kind: 'customer' | 'item', bcIds: readonly string[]): Promise<HeldForRows>;
  /** Deals that wait with one of these quotes; a change that the ledger knows already, such as our own, wakes nobody. */
  findDealsOfQuotes(changes: readonly QuoteChange[]): Promise<readonly DealOfQuote[]>;
}

export interface QuoteChange {
  /** Undefined: any of them. */
  readonly id: string | undefined;
  /** Undefined: it is gone. */
  readonly at?: string | undefined;
}

export interface DealOfQuote extends RecordRef {
  readonly quoteId: string;
}

export interface HeldForRows {
  readonly deals: readonly RecordRef[];
  /** Who waits for one of these cannot be told: it may be new. */
  readonly unlinked: readonly string[];
}

/**
 * The deals are found by what they said at the revision that was read last. One that is not held is among them: it may
 * have read the row before it changed, and reads it again if it is held after all. A content that cannot be read names
 * nothing: it must not stop the others (I13).
 */
const HELD = `
  FROM source_records record
  JOIN deal_revisions read ON read.record_id = record.record_id AND read.revision = record.revision
  CROSS JOIN LATERAL (
    SELECT read.deal -> 'customer' ->> 'accountId' AS row_id
    UNION SELECT line -> 'product' ->> 'productId' FROM jsonb_array_elements(
      CASE jsonb_typeof(read.deal -> 'lines') WHEN 'array' THEN read.deal -> 'lines' ELSE '[]' END) AS line
  ) AS named
  WHERE named.row_id = ANY($2)
    AND (record.state = 'held' AND record.hold_reason = ANY($1) OR record.state = ANY($3))`;

const idRow = rowsOf('source_records', ['record_id'], { record_id: textColumn });
const refRow = rowsOf('source_records', ['record_id'], { record_id: textColumn, source_table: z.enum(SOURCE_TABLES) });
const quoteRow = rowsOf('source_records', ['record_id'], {
  record_id: textColumn,
  source_table: z.enum(SOURCE_TABLES),
  document_id: textColumn,
  known_at: nullable(textColumn),
});
const linkedRow = rowsOf('links', ['row_id'], { row_id: textColumn });
const linkRow = rowsOf('links', ['sales_id'], { sales_id: textColumn, bc_id: textColumn });
const namedRow = rowsOf('deal_revisions', ['row_id'], { row_id: textColumn });

export function createWaiting(database: Database): Waiting {
  return {
    async findOpenRecords(recordIds) {
      const rows = await selectRows(
        database,
        idRow,
        'SELECT record_id FROM source_records WHERE record_id = ANY($1) AND state <> ALL($2)',
        [recordIds, FINAL_STATES],
      );
      return new Set(rows.map((row) => row.record_id));
    },
    async findConcernedRows(table, rowIds) {
      const linked = await selectRows(
        database,
        linkedRow,
        'SELECT DISTINCT sales_id AS row_id FROM links WHERE kind = ANY($1) AND sales_id = ANY($2)',
        [table === 'product' ? ['item'] : table === 'contact' ? ['customer', 'contact'] : ['customer'], rowIds],
      );
      const waited = await selectRows(database, namedRow, `SELECT DISTINCT named.row_id ${HELD}`, [
        HOLDS_CLEARED_BY_MASTER_DATA,
        rowIds,
        STATES_BEFORE_POSTING,
      ]);
      return new Set([...linked, ...waited].map((row) => row.row_id));
    },
    async findWaitingDeals(rowIds) {
      const rows = await selectRows(database, refRow, `SELECT DISTINCT record.record_id, record.source_table ${HELD}`, [
        HOLDS_CLEARED_BY_MASTER_DATA,
        rowIds,
        STATES_BEFORE_POSTING,
      ]);
      return rows.map(toRef);
    },
    async findHeldForRows(kind, bcIds) {
      const links = await selectRows(
        database,
        linkRow,
        'SELECT DISTINCT sales_id, bc_id FROM links WHERE kind = $1 AND bc_id = ANY($2)',
        [kind, bcIds],
      );
      const linked = new Set(links.map((row) => row.bc_id));
      const rows = await selectRows(database, refRow, `SELECT DISTINCT record.record_id, record.source_table ${HELD}`, [
        HOLDS_CLEARED_BY[kind],
        links.map((row) => row.sales_id),
        [],
      ]);
      return { deals: rows.map(toRef), unlinked: bcIds.filter((id) => !linked.has(id)) };
    },
    async findDealsOfQuotes(changes) {
      const isAny = changes.some(({ id }) => id === undefined);
      const ids = changes.map(({ id }) => id).filter((id) => id !== undefined);
      const rows = await selectRows(
        database,
        quoteRow,
        `SELECT r.record_id, r.source_table, r.document_id, d.content ->> 'lastModified' AS known_at
         FROM source_records r LEFT JOIN documents d ON d.document_id = r.document_id
         WHERE r.document_kind = 'quote' AND NOT r.is_handed_over AND r.state <> ALL($1)
           AND ($2 OR r.document_id = ANY($3)) ORDER BY r.record_id`,
        [FINAL_STATES, isAny, ids],
      );
      const isNews = (quoteId: string, knownAt: string | undefined): boolean =>
        changes.some(
          ({ id, at }) => (id ?? quoteId) === quoteId && !(Date.parse(at ?? '') <= Date.parse(knownAt ?? '')),
        );
      return rows
        .filter((row) => isNews(row.document_id, row.known_at))
        .map((row) => ({ ...toRef(row), quoteId: row.document_id }));
    },
  };
}

function toRef(row: { readonly record_id: string; readonly source_table: RecordRef['table'] }): RecordRef {
  return { table: row.source_table, recordId: row.record_id };
}
