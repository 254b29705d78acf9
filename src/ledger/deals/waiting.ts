import { z } from 'zod';
import type { RecordRef } from '../../deal/deal.js';
import { HOLDS_CLEARED_BY, HOLDS_CLEARED_BY_MASTER_DATA, type HoldReason } from '../../deal/holds.js';
import { type FeedTable, SOURCE_TABLES } from '../../deal/ids.js';
import { type DealState, FINAL_STATES, isHandedOver, STATES_BEFORE_POSTING } from '../../deal/states.js';
import type { Database } from '../database.js';
import { nullable, rowsOf, selectRows, textColumn } from '../read-rows.js';
import { heldFor } from './held-for.js';

/**
 * Which records a change in Sales concerns: deals that are under way, rows with a link, deals that wait for them. Of these there
 * may be tens of thousands: they are read page by page while they are woken.
 */

export interface Waiting {
  /** Those that the ledger knows and that have not ended, or whose invoices are paid: whatever becomes of these is noticed (I12). */
  findFollowedRecords(recordIds: readonly string[]): Promise<Set<string>>;
  /** Those of the accounts, contacts or products that have a link or a held deal that names them. */
  findConcernedRows(table: FeedTable, rowIds: readonly string[]): Promise<Set<string>>;
  /** Deals held for customer, item or unit, or under way to their draft, that name one of these accounts, contacts or products. */
  findWaitingDeals(rowIds: readonly string[]): AsyncIterable<RecordRef>;
  /** Deals held for one of these customers or items of Business Central, and those of the rows that stand for nothing in Sales. */
  findHeldForRows(kind: 'customer' | 'item', bcIds: readonly string[]): Promise<HeldForRows>;
  /** Deals that wait with one of these quotes; a change that the ledger knows already, such as our own, wakes nobody. */
  findDealsOfQuotes(changes: readonly QuoteChange[]): AsyncIterable<DealOfQuote>;
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
  readonly deals: AsyncIterable<RecordRef>;
  /** Who waits for one of these cannot be told: it may be new. */
  readonly unlinked: readonly string[];
}

/**
 * The deals are found by what they said at the revision that was read last. One that is not held is among them: it may
 * have read the row before it changed, and reads it again if it is held after all. A content that cannot be read names
 * nothing: it must not stop the others (I13).
 */
const NAMED = `deal_revisions read CROSS JOIN LATERAL (
    SELECT read.deal -> 'customer' ->> 'accountId' AS row_id
    UNION SELECT line -> 'product' ->> 'productId' FROM jsonb_array_elements(
      CASE jsonb_typeof(read.deal -> 'lines') WHEN 'array' THEN read.deal -> 'lines' ELSE '[]' END) AS line
  ) AS named
  WHERE read.record_id = record.record_id AND read.revision = record.revision AND named.row_id = ANY($2)`;
const WAITS = `(record.state = 'held' AND ${heldFor('record', '$1')} OR record.state = ANY($3))`;
/** A page of all that wait: of those behind it alone is read which rows they name. */
const PAGE = `SELECT record.record_id, record.source_table, EXISTS (SELECT FROM ${NAMED}) AS is_concerned FROM (
    SELECT record_id, source_table, revision FROM source_records record
    WHERE ${WAITS} AND record_id > $4 ORDER BY record_id LIMIT $5
  ) AS record ORDER BY record.record_id`;
const CONCERNED_ROWS = `SELECT DISTINCT named.row_id FROM source_records record, ${NAMED} AND ${WAITS}`;
const DEALS_OF_QUOTES = `SELECT r.record_id, r.source_table, r.document_id, d.content ->> 'lastModified' AS known_at
  FROM source_records r LEFT JOIN documents d ON d.document_id = r.document_id
  WHERE r.document_kind = 'quote' AND NOT r.is_handed_over AND r.state <> ALL($1)
    AND ($2 OR r.document_id = ANY($3)) AND r.record_id > $4 ORDER BY r.record_id LIMIT $5`;
const PASSED_OVER_STATES = FINAL_STATES.filter((state) => !isHandedOver(state));
const PAGE_SIZE = 500;
const LEAST_ID = '00000000-0000-0000-0000-000000000000';

const idRow = rowsOf('source_records', ['record_id'], { record_id: textColumn });
const waitingRow = rowsOf('source_records', ['record_id'], {
  record_id: textColumn,
  source_table: z.enum(SOURCE_TABLES),
  is_concerned: z.boolean(),
});
const quoteRow = rowsOf('source_records', ['record_id'], {
  record_id: textColumn,
  source_table: z.enum(SOURCE_TABLES),
  document_id: textColumn,
  known_at: nullable(textColumn),
});
const linkedRow = rowsOf('links', ['row_id'], { row_id: textColumn });
const linkRow = rowsOf('links', ['sales_id'], { sales_id: textColumn, bc_id: textColumn });
const namedRow = rowsOf('deal_revisions', ['row_id'], { row_id: textColumn });

export function createWaiting(database: Database, pageSize = PAGE_SIZE): Waiting {
  async function* eachRow<Row extends { readonly record_id: string }>(
    readPage: (after: string) => Promise<readonly Row[]>,
  ): AsyncGenerator<Row> {
    let after: string | undefined = LEAST_ID;
    while (after !== undefined) {
      const page: readonly Row[] = await readPage(after);
      yield* page;
      after = page.length === pageSize ? page.at(-1)?.record_id : undefined;
    }
  }

  async function* findConcerned(
    reasons: readonly HoldReason[],
    rowIds: readonly string[],
    states: readonly DealState[],
  ): AsyncGenerator<RecordRef> {
    if (rowIds.length === 0) return;
    const rows = eachRow((after) => selectRows(database, waitingRow, PAGE, [reasons, rowIds, states, after, pageSize]));
    for await (const row of rows) if (row.is_concerned) yield toRef(row);
  }

  return {
    async findFollowedRecords(recordIds) {
      const rows = await selectRows(
        database,
        idRow,
        'SELECT record_id FROM source_records WHERE record_id = ANY($1) AND state <> ALL($2)',
        [recordIds, PASSED_OVER_STATES],
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
      const waited = await selectRows(database, namedRow, CONCERNED_ROWS, [
        HOLDS_CLEARED_BY_MASTER_DATA,
        rowIds,
        STATES_BEFORE_POSTING,
      ]);
      return new Set([...linked, ...waited].map((row) => row.row_id));
    },
    findWaitingDeals: (rowIds) => findConcerned(HOLDS_CLEARED_BY_MASTER_DATA, rowIds, STATES_BEFORE_POSTING),
    async findHeldForRows(kind, bcIds) {
      const links = await selectRows(
        database,
        linkRow,
        'SELECT DISTINCT sales_id, bc_id FROM links WHERE kind = $1 AND bc_id = ANY($2)',
        [kind, bcIds],
      );
      const linked = new Set(links.map((row) => row.bc_id));
      const rowIds = links.map((row) => row.sales_id);
      return {
        deals: findConcerned(HOLDS_CLEARED_BY[kind], rowIds, []),
        unlinked: bcIds.filter((id) => !linked.has(id)),
      };
    },
    async *findDealsOfQuotes(changes) {
      const isAny = changes.some(({ id }) => id === undefined);
      const ids = changes.map(({ id }) => id).filter((id) => id !== undefined);
      const rows = eachRow((after) =>
        selectRows(database, quoteRow, DEALS_OF_QUOTES, [FINAL_STATES, isAny, ids, after, pageSize]),
      );
      const isUnknown = (quoteId: string, knownAt: string | undefined): boolean =>
        changes.some(
          ({ id, at }) => (id ?? quoteId) === quoteId && !(Date.parse(at ?? '') <= Date.parse(knownAt ?? '')),
        );
      for await (const row of rows)
        if (isUnknown(row.document_id, row.known_at)) yield { ...toRef(row), quoteId: row.document_id };
    },
  };
}

function toRef(row: { readonly record_id: string; readonly source_table: RecordRef['table'] }): RecordRef {
  return { table: row.source_table, recordId: row.record_id };
}
