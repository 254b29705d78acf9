import { z } from 'zod';
import { RefusedError, UserError } from '../../deal/errors.js';
import { HOLD_OWNERS } from '../../deal/holds.js';
import { parseRecordId } from '../../deal/ids.js';
import { DEAL_STATES, type DealState, FINAL_STATES, STATES_BEFORE_POSTING } from '../../deal/states.js';
import { isAllowed, type Role } from '../../identity/permissions.js';
import type { Queryable } from '../../ledger/database.js';
import type { DealFilter } from '../../ledger/deals/deal-filter.js';
import {
  countDeals,
  countHeldFor,
  DEAL_ORDERS,
  type DealOrder,
  type DealSum,
  findLatestChange,
  isSortKey,
  type ListedDeal,
  listDeals,
  type ReasonCount,
  type StateCount,
  sumDeals,
} from '../../ledger/deals/list-deals.js';
import { typedNumber, upTo } from '../input-faults.js';
import { defineOperation } from '../operation.js';
import { amount, ensureCompanyKnown, holdReason, reasonsOf } from './deal-choice.js';

/** The list that a working day begins with: what waits, for whom and why; then what goes by itself. */

export const WORK_VIEWS = ['waiting', 'to-confirm', 'held', 'under-way', 'unpaid', 'done', 'all'] as const;
export type WorkView = (typeof WORK_VIEWS)[number];

const STATES: Readonly<Record<Exclude<WorkView, 'waiting' | 'all'>, readonly DealState[]>> = {
  'to-confirm': ['awaiting-confirmation'],
  held: ['held'],
  'under-way': [...STATES_BEFORE_POSTING, 'posted', 'awaiting-shipment'],
  unpaid: ['written-back'],
  done: FINAL_STATES,
};

/** Decided or cleared by whoever has these roles: nobody is shown as his what he may not do. */
function statesThatWaitFor(roles: readonly Role[]): DealState[] {
  return [
    ...(isAllowed('confirm a deal', roles) ? (['awaiting-confirmation'] as const) : []),
    ...(isAllowed('retry a deal', roles) ? (['held'] as const) : []),
  ];
}

function statesOf(view: WorkView, roles: readonly Role[]): readonly DealState[] | undefined {
  if (view === 'all') return undefined;
  return view === 'waiting' ? statesThatWaitFor(roles) : STATES[view];
}

const ORDERS = Object.keys(DEAL_ORDERS) as [DealOrder, ...DealOrder[]];
const MAX_LIMIT = 500;

export const WORK_LIST_INPUT = z.strictObject({
  view: z.enum(WORK_VIEWS).default('waiting'),
  /** A part of any number or name. */
  search: z.string().trim().min(1).max(200).optional(),
  state: z.enum(DEAL_STATES).optional(),
  reason: holdReason.optional(),
  owner: z.enum(HOLD_OWNERS).optional(),
  company: z.string().trim().min(1).max(200).optional(),
  currency: z
    .string()
    .regex(/^[A-Za-z]{3}$/, 'an ISO code such as EUR')
    .optional(),
  above: amount.optional(),
  below: amount.optional(),
  /** A name, or `me`. */
  assignee: z.string().trim().min(1).max(100).optional(),
  sort: z.enum(ORDERS).optional(),
  limit: upTo(MAX_LIMIT, typedNumber).default(50),
  /** Where the page before ended. */
  cursor: z.string().max(1_000).optional(),
});
export type WorkListInput = z.input<typeof WORK_LIST_INPUT>;

export interface WorkList {
  readonly view: WorkView;
  readonly sort: DealOrder;
  readonly deals: readonly ListedDeal[];
  /** Of everything that the filters find, not of this page alone. */
  readonly sums: readonly DealSum[];
  readonly counts: Readonly<Record<WorkView, number>>;
  /** Of the held ones, the most frequent first: as many as the filter finds. */
  readonly reasons: readonly ReasonCount[];
  /** Absent on the last page. */
  readonly next?: string;
}

export const listWork = defineOperation({
  act: 'list deals',
  input: WORK_LIST_INPUT,
  run: async ({ database }: { readonly database: Queryable }, input, actor, { roles }): Promise<WorkList> => {
    const { view, limit, cursor } = input;
    const sort = sortOf(input);
    const filter = toFilter(input, roles, actor.name);
    const after = cursor === undefined ? undefined : parseCursor(cursor, sort);
    const [deals, sums, counts, reasons] = await Promise.all([
      // One more than is shown says whether there is another page.
      listDeals(database, { ...filter, order: sort, limit: limit + 1, after }),
      sumDeals(database, filter),
      countDeals(database),
      countHeldFor(database),
    ]);
    if (sums.length === 0) await ensureCompanyKnown(database, input.company);
    const shown = deals.slice(0, limit);
    const last = deals.length > limit ? shown.at(-1) : undefined;
    return {
      view,
      sort,
      deals: shown,
      sums,
      counts: toCounts(counts, roles),
      reasons: byFrequency(reasons),
      ...(last && { next: toCursor(last, sort) }),
    };
  },
});

/** As many lines as a spreadsheet opens without effort. */
const MAX_EXPORTED = 10_000;

/**
 * All that the filters find, as it stands at one moment: in pages, a deal that moves between two of them would be missing or there
 * twice. Whatever is more than a file takes is refused, since one that ends before the last deal looks like all of them.
 */
export const exportWork = defineOperation({
  act: 'list deals',
  input: WORK_LIST_INPUT.omit({ limit: true, cursor: true }),
  run: async (
    { database }: { readonly database: Queryable },
    input,
    actor,
    { roles },
  ): Promise<readonly ListedDeal[]> => {
    const filter = toFilter(input, roles, actor.name);
    const found = await listDeals(database, { ...filter, order: sortOf(input), limit: MAX_EXPORTED + 1 });
    if (found.length === 0) await ensureCompanyKnown(database, input.company);
    if (found.length <= MAX_EXPORTED) return found;
    const deals = (await sumDeals(database, filter)).reduce((sum, one) => sum + one.deals, 0);
    throw new RefusedError(
      `${deals} deals are found, and a file takes ${MAX_EXPORTED} at most: narrow the list by search or filters`,
    );
  },
});

/** Names the last change of anything that the list shows. */
export const findLatestWork = defineOperation({
  act: 'list deals',
  input: z.strictObject({}),
  run: ({ database }: { readonly database: Queryable }): Promise<string> => findLatestChange(database),
});

type Input = Omit<z.output<typeof WORK_LIST_INPUT>, 'limit' | 'cursor'>;

function sortOf({ view, sort }: Input): DealOrder {
  return sort ?? (view === 'waiting' || view === 'to-confirm' || view === 'held' ? 'age' : 'newest');
}

/** @throws UserError when the view has no such state: an empty list would say that no deal is in it */
function toFilter(input: Input, roles: readonly Role[], me: string): DealFilter {
  const { view, state, reason, owner, search, company, currency, above, below, assignee } = input;
  const ofView = statesOf(view, roles);
  if (state !== undefined && ofView !== undefined && !ofView.includes(state)) {
    const right = ofView.length > 0 ? ofView.join(', ') : 'none for your roles';
    throw new UserError('state', `a state of the view '${view}' (${right}), or view=all with it`, state);
  }
  return {
    states: state === undefined ? ofView : [state],
    reasons: reason === undefined ? undefined : [reason],
    owned: reasonsOf(owner),
    search,
    company,
    currency,
    above,
    below,
    assignee: assignee === 'me' ? me : assignee,
  };
}

function toCounts(counts: readonly StateCount[], roles: readonly Role[]): Record<WorkView, number> {
  const count = (view: WorkView): number => {
    const states = statesOf(view, roles);
    return counts.reduce((sum, { state, deals }) => sum + (!states || states.includes(state) ? deals : 0), 0);
  };
  return {
    waiting: count('waiting'),
    'to-confirm': count('to-confirm'),
    held: count('held'),
    'under-way': count('under-way'),
    unpaid: count('unpaid'),
    done: count('done'),
    all: count('all'),
  };
}

function byFrequency(counts: readonly ReasonCount[]): ReasonCount[] {
  return [...counts].sort((a, b) => b.deals - a.deals || (a.reason < b.reason ? -1 : 1));
}

/** With the order of its page: in another one it names no place. */
function toCursor({ sortKey, recordId }: ListedDeal, sort: DealOrder): string {
  return Buffer.from(JSON.stringify([sort, sortKey, recordId])).toString('base64url');
}

/** @throws UserError */
function parseCursor(cursor: string, sort: DealOrder): { readonly sortKey: string; readonly recordId: string } {
  const wrong = new UserError('cursor', 'the `next` of the page before, unchanged and with the same `sort`', cursor);
  try {
    const [, sortKey, recordId] = z
      .tuple([z.literal(sort), z.string().refine((text) => isSortKey(sort, text)), z.string()])
      .parse(JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')));
    return { sortKey, recordId: parseRecordId(recordId) };
  } catch {
    throw wrong;
  }
}
