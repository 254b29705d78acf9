import { HOLDS, type HoldReason } from '../../deal/holds.js';
import { findGuid } from '../../deal/ids.js';
import { DEAL_STATES, type DealState } from '../../deal/states.js';
import type { Queryable } from '../database.js';
import { rowsOf, selectRows, textColumn } from '../read-rows.js';
import { heldFor, shownFor } from './held-for.js';

/** Which deals are meant: the same for the lists of people and for what they do with several deals at once. */

export interface DealFilter {
  readonly states?: readonly DealState[] | undefined;
  /** Held for one of these, be it the first that was found or another. */
  readonly reasons?: readonly HoldReason[] | undefined;
  /** And for one of these: those of an owner. */
  readonly owned?: readonly HoldReason[] | undefined;
  /** Waiting since before then: see `since` of a listed deal. */
  readonly before?: Date | undefined;
  /** Waiting since then or later. */
  readonly from?: Date | undefined;
  readonly above?: string | undefined;
  readonly below?: string | undefined;
  /** Id or name of the company in Business Central. */
  readonly company?: string | undefined;
  readonly currency?: string | undefined;
  /** Number of the record, of its document or of an invoice, in any case; or the record's GUID. */
  readonly named?: string | undefined;
  /** A part of any number or name, in any case. */
  readonly search?: string | undefined;
  readonly assignee?: string | undefined;
}

export const FILTERED_DEALS = `source_records r
  JOIN deal_summaries s ON s.record_id = r.record_id
  LEFT JOIN deal_assignments a ON a.record_id = r.record_id`;

export const KNOWN_REASONS = Object.keys(HOLDS);

/** Only what is asked for stands in the statement, so that the indexes are used. */
export class Conditions {
  readonly values: unknown[];
  private readonly parts: string[] = [];

  /** @param values those of the statement, which another one of its conditions may have begun */
  constructor(values: unknown[]) {
    this.values = values;
  }

  add(value: unknown, toCondition: (place: string) => string): void {
    if (value === undefined) return;
    this.parts.push(toCondition(this.place(value)));
  }

  place(value: unknown): string {
    this.values.push(value);
    return `$${this.values.length}`;
  }

  get text(): string {
    return this.parts.length === 0 ? '' : `WHERE ${this.parts.join(' AND ')}`;
  }
}

/** By id, or by the name that Business Central gave; asked once for all rows. */
const companiesNamed = (at: string): string => `r.company_id = ANY(ARRAY(
  SELECT (e.identity -> 'facts' ->> 'companyId')::uuid FROM environments e
  WHERE e.system = 'business-central' AND lower(e.identity -> 'facts' ->> 'companyName') = lower(${at})))`;

/**
 * States of a later version, which nearly always there are none of. People see such a deal as held for `internal-error`, and find it
 * by both (I6).
 */
export async function findUnknownStates(db: Queryable): Promise<string[]> {
  // From each state to the next by the index: however many deals there are, it reads one of each.
  const rows = await selectRows(
    db,
    stateRow,
    `WITH RECURSIVE found (state) AS (
       SELECT min(state) FROM source_records
       UNION ALL SELECT (SELECT min(r.state) FROM source_records r WHERE r.state > found.state) FROM found
       WHERE found.state IS NOT NULL
     ) SELECT state FROM found WHERE state <> ALL($1)`,
    [DEAL_STATES],
  );
  return rows.map(({ state }) => state);
}

/** Those of the filter that a deal of an unknown state is found by make it necessary to know these. */
export async function findUnknownStatesFor(db: Queryable, filter: DealFilter): Promise<string[]> {
  const isAsked = [filter.reasons, filter.owned].some((reasons) => reasons?.includes('internal-error'));
  return isAsked || filter.states?.includes('held') ? findUnknownStates(db) : [];
}

interface Given {
  /** The table that has the currency. */
  readonly of?: string;
  /** Those of a statement that has conditions already. */
  readonly values?: unknown[];
  /** See {@link findUnknownStates}. */
  readonly unknownStates?: readonly string[];
}

export function toConditions(filter: DealFilter, given: Given = {}): Conditions {
  const { of = 's', values = [], unknownStates = [] } = given;
  const where = new Conditions(values);
  const { states } = filter;
  where.add(states?.includes('held') ? [...states, ...unknownStates] : states, (at) => `r.state = ANY(${at}::text[])`);
  for (const reasons of [filter.reasons, filter.owned])
    where.add(reasons, (at) => {
      if (!reasons?.includes('internal-error')) return heldFor('r', at);
      const shown = shownFor('r', at, where.place(KNOWN_REASONS));
      return unknownStates.length === 0 ? shown : `(${shown} OR r.state = ANY(${where.place(unknownStates)}::text[]))`;
    });
  where.add(filter.before, (at) => `r.waiting_since <= ${at}`);
  where.add(filter.from, (at) => `r.waiting_since >= ${at}`);
  where.add(filter.above, (at) => `s.gross > ${at}::numeric`);
  where.add(filter.below, (at) => `s.gross < ${at}::numeric`);
  const companyId = findGuid(filter.company ?? '');
  where.add(companyId ?? filter.company, (at) => (companyId ? `r.company_id = ${at}::uuid` : companiesNamed(at)));
  where.add(filter.currency, (at) => `${of}.currency = upper(${at})`);
  where.add(filter.assignee, (at) => `lower(a.assignee) = lower(${at})`);
  const { named, search } = filter;
  const namedId = findGuid(named ?? '');
  if (namedId) where.add(namedId, (at) => `r.record_id = ${at}::uuid`);
  else
    where.add(named, (at) => isOneOf(`SELECT record_id FROM deal_names WHERE name = lower(${at}) AND NOT is_customer`));
  const searchedId = findGuid(search ?? '');
  if (searchedId) where.add(searchedId, (at) => `r.record_id = ${at}::uuid`);
  else where.add(search === undefined ? undefined : `%${search.replace(/[\\%_]/g, '\\$&')}%`, toSearch);
  return where;
}

const isOneOf = (select: string): string => `r.record_id = ANY(ARRAY(${select}))`;

/** Numbers are stored in lower case; what is searched in has an index where the database offers one (0006-desk.sql). */
function toSearch(at: string): string {
  return isOneOf(`SELECT record_id FROM deal_names WHERE name LIKE lower(${at})
    UNION SELECT record_id FROM deal_summaries
    WHERE coalesce(name, '') || ' ' || coalesce(customer, '') || ' ' || coalesce(seller, '') ILIKE ${at}`);
}

const stateRow = rowsOf('source_records', [], { state: textColumn });
