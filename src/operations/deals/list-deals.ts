import { z } from 'zod';
import type { Queryable } from '../../ledger/database.js';
import { DEAL_ORDERS, type DealOrder, type ListedDeal, listDeals as readDeals } from '../../ledger/deals/list-deals.js';
import { typedNumber, upTo } from '../input-faults.js';
import { defineOperation } from '../operation.js';
import { DEAL_CHOICE, ensureCompanyKnown, toDealFilter } from './deal-choice.js';

export const DEAL_ORDER_NAMES = Object.keys(DEAL_ORDERS) as DealOrder[];
const MAX_DEALS = 10_000;

const LIST_DEALS_INPUT = z.strictObject({
  ...DEAL_CHOICE,
  sort: z.enum(DEAL_ORDER_NAMES as [DealOrder, ...DealOrder[]]).default('newest'),
  limit: upTo(MAX_DEALS, typedNumber).default(50),
});

/** The deals by what people know them by, where they stand and why; filters narrow, nothing is left out otherwise. */
export const listDeals = defineOperation({
  act: 'list deals',
  input: LIST_DEALS_INPUT,
  run: async (
    { database, now }: { readonly database: Queryable; readonly now: Date },
    { sort, limit, ...choice },
  ): Promise<ListedDeal[]> => {
    const found = await readDeals(database, { ...toDealFilter(choice, now), order: sort, limit });
    if (found.length === 0) await ensureCompanyKnown(database, choice.company);
    return found;
  },
});
