import { z } from 'zod';
import { HOLDS, type HoldAdvice, type HoldReason } from '../../deal/holds.js';
import { findGuid, SOURCE_TABLES, type SourceTable } from '../../deal/ids.js';
import { isSame } from '../../deal/money.js';
import { DEAL_STATES, type DealState, MOVING_STATES, RESTING_STATES } from '../../deal/states.js';
import { isBroken } from '../../deal/strict-schema.js';
import type { Queryable } from '../database.js';
import { countColumn, nullable, type RowOf, rowsOf, selectRows, textColumn, timeColumn } from '../read-rows.js';
import { decimalText, nameOf } from '../stored-content.js';
import {
  type DealFilter,
  FILTERED_DEALS,
  findUnknownStates,
  findUnknownStatesFor,
  KNOWN_REASONS,
  toConditions,
} from './deal-filter.js';
import { eachShownReasonOf } from './held-for.js';
import { otherShownReasons, shownReason } from './shown-reason.js';

export interface AdvisedReason extends HoldAdvice {
  readonly reason: HoldReason;
}

/** The text names everything that was found. */
export interface ListedHold extends AdvisedReason {
  readonly text: string;
  /** What else the deal waits for at the same time. */
  readonly others: readonly AdvisedReason[];
}

/** One line of the list of deals: what people know a deal by, where it stands and why. */
export interface ListedDeal {
  readonly table: SourceTable;
  readonly recordId: string;
  /** Of the record in Sales; undefined until it is read. */
  readonly number: string | undefined;
  readonly name: string | undefined;
  readonly customer: string | undefined;
  /** Who owns the record in Sales. */
  readonly seller: string | undefined;
  /** Gross, of the document once there is one, else of the record in Sales. */
  readonly amount: string | undefined;
  readonly net: string | undefined;
  /** False while there is only the record in Sales and it has no tax: then its amount is net, as the draft will show. */
  readonly isTaxStated: boolean;
  readonly currency: string | undefined;
  readonly state: DealState;
  readonly hold: ListedHold | undefined;
  readonly company: string | undefined;
  readonly documentNumber: string | undefined;
  readonly invoiceNumber: string | undefined;
  /** Who cares for it. */
  readonly assignee: string | undefined;
  /** Held for the same since; of any other deal, in its state since. */
  readonly since: Date;
  /** Where the next page of the list begins: what it was sorted by. */
  readonly sortKey: string;
}

interface Order {
  /** Never null: a page begins after a value. With the id beside it, it is what an index is of. */
  readonly by: string;
  readonly id: 'r.record_id' | 's.record_id';
  readonly type: 'timestamptz' | 'numeric' | 'text' | 'uuid';
  readonly direction: 'ASC' | 'DESC';
}

/** Below every amount that there is. */
const NO_AMOUNT = '-1e30';
/** Behind every number that people use. */
const NO_TEXT = "'\uffff'";

export const DEAL_ORDERS = {
  age: { by: 'r.waiting_since', id: 'r.record_id', type: 'timestamptz', direction: 'ASC' },
  newest: { by: 'r.waiting_since', id: 'r.record_id', type: 'timestamptz', direction: 'DESC' },
  amount: { by: `coalesce(s.gross, ${NO_AMOUNT})`, id: 's.record_id', type: 'numeric', direction: 'DESC' },
  number: { by: `coalesce(lower(r.record_number), ${NO_TEXT})`, id: 'r.record_id', type: 'text', direction: 'ASC' },
  customer: { by: `coalesce(lower(s.customer), ${NO_TEXT})`, id: 's.record_id', type: 'text', direction: 'ASC' },
  state: { by: 'r.state', id: 'r.record_id', type: 'text', direction: 'ASC' },
  /** The one that no deal leaves: pages hold each deal once, whatever moves between them. */
  id: { by: 'r.record_id', id: 'r.record_id', type: 'uuid', direction: 'ASC' },
} as const satisfies Readonly<Record<string, Order>>;
export type DealOrder = keyof typeof DEAL_ORDERS;

/** Whether a text from outside may be the place where a page began: anything else is an error of the statement. */
export function isSortKey(order: DealOrder, text: string): boolean {
  switch (DEAL_ORDERS[order].type) {
    case 'timestamptz':
      return isTime(text);
    case 'numeric':
      return /^-?\d+(\.\d+)?$/.test(text);
    case 'uuid':
      return findGuid(text) !== undefined;
    case 'text':
      return !isBroken(text);
  }
}

/** As PostgreSQL writes it: `2026-03-31 08:15:00.123456+00`. */
function isTime(text: string): boolean {
  const [, day = '', clock = ''] =
    /^((?!0000)\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(\.\d{1,6})?[+-](0\d|1[0-4])(:[0-5]\d)?$/.exec(text) ?? [];
  const at = new Date(`${day}T${clock}Z`);
  // Another day than the one it names: there is no 30th of February. A year 0 is JavaScript's, not PostgreSQL's.
  return !Number.isNaN(at.getTime()) && at.toISOString().startsWith(`${day}T${clock}`);
}

export interface DealPage extends DealFilter {
  readonly order: DealOrder;
  readonly limit: number;
  /** The deal that the page before ended with. */
  readonly after?: { readonly sortKey: string; readonly recordId: string } | undefined;
}

const optionalText = nullable(textColumn);

const listedRow = rowsOf('source_records', ['record_id'], {
  record_id: textColumn,
  source_table: z.enum(SOURCE_TABLES),
  state: textColumn,
  hold_reason: shownReason,
  other_hold_reasons: otherShownReasons,
  hold_text: optionalText,
  record_number: optionalText,
  draft_number: optionalText,
  invoice_number: optionalText,
  company: optionalText,
  name: optionalText,
  customer: optionalText,
  seller: optionalText,
  amount: nullable(decimalText),
  net: nullable(decimalText),
  currency: optionalText,
  assignee: optionalText,
  waiting_since: timeColumn,
  sort_key: textColumn,
});

const COMPANY = `coalesce((SELECT e.identity -> 'facts' ->> 'companyName' FROM environments e
  WHERE e.system = 'business-central' AND e.identity -> 'facts' ->> 'companyId' = r.company_id::text LIMIT 1),
  r.company_id::text)`;

export async function listDeals(db: Queryable, { order, limit, after, ...filter }: DealPage): Promise<ListedDeal[]> {
  const { by, id, type, direction } = DEAL_ORDERS[order];
  const where = toConditions(filter, { unknownStates: await findUnknownStatesFor(db, filter) });
  if (after) {
    const isPast = direction === 'ASC' ? '>' : '<';
    const recordId = where.place(after.recordId);
    where.add(after.sortKey, (at) => `(${by}, ${id}) ${isPast} (${at}::text::${type}, ${recordId}::uuid)`);
  }
  const most = where.place(limit);
  const rows = await selectRows(
    db,
    listedRow,
    `SELECT r.record_id, r.source_table, r.state, r.hold_reason, r.other_hold_reasons, r.hold_text, r.record_number, r.draft_number,
       r.invoice_number, r.waiting_since, s.name, s.customer, s.seller, s.gross AS amount, s.net, s.currency, ${COMPANY} AS company, a.assignee, (${by})::text AS sort_key
     FROM ${FILTERED_DEALS} ${where.text} ORDER BY ${by} ${direction}, ${id} ${direction} LIMIT ${most}`,
    where.values,
  );
  return rows.map(toListed);
}

export interface DealSum {
  readonly currency: string | undefined;
  readonly deals: number;
  readonly gross: string;
}

const sumRow = rowsOf('source_records', [], { currency: optionalText, deals: countColumn, gross: decimalText });

/** What the filter finds, in all, by currency. Where the ledger keeps the numbers no deal at rest is read. */
export async function sumDeals(db: Queryable, filter: DealFilter): Promise<DealSum[]> {
  const { states = DEAL_STATES, company, currency, ...more } = filter;
  const isKept = Object.values(more).every((value) => value === undefined);
  // Kept are the numbers of states that this version knows: all deals of another one are counted with those that move.
  const moving = { ...filter, states: states.filter(isMoving) };
  const unknownStates = await findUnknownStatesFor(db, moving);
  const where = toConditions(isKept ? moving : filter, { unknownStates });
  const kept = isKept ? toConditions({ states, company, currency }, { of: 'r', values: where.values }) : undefined;
  return selectRows(
    db,
    sumRow,
    `SELECT currency, sum(deals) AS deals, sum(gross) AS gross FROM (
       SELECT s.currency, count(*) AS deals, coalesce(sum(s.gross), 0) AS gross FROM ${FILTERED_DEALS} ${where.text} GROUP BY 1
       ${kept ? `UNION ALL SELECT currency, sum(deals), sum(gross) FROM deal_totals r ${kept.text} GROUP BY 1` : ''}
     ) AS found GROUP BY 1 HAVING sum(deals) > 0 ORDER BY 2 DESC, 1`,
    where.values,
  );
}

const MOVING: ReadonlySet<DealState> = new Set(MOVING_STATES);
const isMoving = (state: DealState): boolean => MOVING.has(state);

export interface StateCount {
  readonly state: DealState;
  readonly deals: number;
}

const stateRow = rowsOf('source_records', [], { state: z.enum(DEAL_STATES).catch('held'), deals: countColumn });

/** How many deals there are in each state, as the list shows it. */
export async function countDeals(db: Queryable): Promise<StateCount[]> {
  return selectRows(
    db,
    stateRow,
    `SELECT state, count(*) AS deals FROM source_records WHERE state = ANY($1) GROUP BY 1
     UNION ALL SELECT state, sum(deals) FROM deal_totals WHERE state = ANY($2) GROUP BY 1 HAVING sum(deals) > 0`,
    [[...MOVING_STATES, ...(await findUnknownStates(db))], RESTING_STATES],
  );
}

export interface ReasonCount {
  readonly reason: HoldReason;
  readonly deals: number;
}

const reasonRow = rowsOf('source_records', [], {
  reason: nameOf<HoldReason>(HOLDS),
  deals: countColumn,
});

/** How many deals are held for each reason: one that is held for several counts for each of them, as the filter finds it. */
export async function countHeldFor(db: Queryable): Promise<ReasonCount[]> {
  return selectRows(
    db,
    reasonRow,
    `SELECT reason, sum(deals) AS deals FROM (
       SELECT shown.reason, count(*) AS deals FROM source_records r ${eachShownReasonOf('r', '$1')}
       WHERE r.state = 'held' AND r.hold_reason IS NOT NULL GROUP BY 1
       UNION ALL SELECT 'internal-error', count(*) FROM source_records WHERE state = ANY($2) HAVING count(*) > 0
     ) AS held GROUP BY 1`,
    [KNOWN_REASONS, await findUnknownStates(db)],
  );
}

const changeRow = rowsOf('work_changes', [], { change: textColumn });

/** Another text after any deal has moved, a note was written or somebody was given a deal. */
export async function findLatestChange(db: Queryable): Promise<string> {
  const rows = await selectRows(
    db,
    changeRow,
    // Counted as they are committed: the highest time or number is passed by whatever began earlier and ends later.
    'SELECT coalesce(sum(changes), 0)::text AS change FROM work_changes',
  );
  return rows[0]?.change ?? '';
}

function isNetAlone({ amount, net }: RowOf<typeof listedRow>): boolean {
  return amount !== undefined && net !== undefined && isSame(amount, net);
}

function toListed(row: RowOf<typeof listedRow>): ListedDeal {
  const state = DEAL_STATES.find((one) => one === row.state);
  const reason = state ? row.hold_reason : 'internal-error';
  const text = state ? row.hold_text : `this version of Dealbridge does not know its state '${row.state}'`;
  return {
    table: row.source_table,
    recordId: row.record_id,
    number: row.record_number,
    name: row.name,
    customer: row.customer,
    seller: row.seller,
    amount: row.amount,
    net: row.net,
    isTaxStated: row.draft_number !== undefined || !isNetAlone(row),
    currency: row.currency,
    // As with a reason that this version does not know: one row hides neither its deal nor the others (I6, I13).
    state: state ?? 'held',
    hold: reason
      ? { ...toAdvised(reason), text: text ?? '', others: row.other_hold_reasons.map(toAdvised) }
      : undefined,
    company: row.company,
    documentNumber: row.draft_number,
    invoiceNumber: row.invoice_number,
    assignee: row.assignee,
    since: row.waiting_since,
    sortKey: row.sort_key,
  };
}

function toAdvised(reason: HoldReason): AdvisedReason {
  return { reason, ...HOLDS[reason] };
}
