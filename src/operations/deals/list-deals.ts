import { z } from 'zod';
import { UnknownError } from '../../deal/errors.js';
import { HOLD_OWNERS, HOLDS, type HoldOwner, type HoldReason, isHoldReason } from '../../deal/holds.js';
import { findGuid } from '../../deal/ids.js';
import { DEAL_STATES } from '../../deal/states.js';
import type { Queryable } from '../../ledger/database.js';
import { DEAL_ORDERS, type DealOrder, type ListedDeal, listDeals as readDeals } from '../../ledger/deals/list-deals.js';
import { findCompanyNames } from '../../ledger/settings/environments.js';
import { typedNumber, upTo } from '../input-faults.js';
import { defineOperation } from '../operation.js';

export const DEAL_ORDER_NAMES = Object.keys(DEAL_ORDERS) as DealOrder[];
const MAX_DEALS = 10_000;
/** A hundred years: PostgreSQL knows no time that is far enough before them. */
const MAX_AGE_MS = 36_500 * 86_400_000;

const AGE = 'a time such as 30m, 12h or 2d';
const UNIT_MS = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

const LIST_DEALS_INPUT = z.strictObject({
  state: z.array(z.enum(DEAL_STATES)).optional(),
  reason: z
    .array(z.string().refine(isHoldReason, 'a reason of the catalogue of holds, such as customer-missing'))
    .optional(),
  owner: z.enum(HOLD_OWNERS).optional(),
  olderThan: z
    .string()
    .regex(/^\d+[mhd]$/, { error: AGE, abort: true })
    .refine((age) => toMilliseconds(age) <= MAX_AGE_MS, `${AGE}, at most 36500d`)
    .optional(),
  above: z
    .string()
    .regex(/^\d+(\.\d+)?$/, 'an amount such as 1000 or 999.50')
    .optional(),
  company: z.string().min(1).optional(),
  sort: z.enum(DEAL_ORDER_NAMES as [DealOrder, ...DealOrder[]]).default('newest'),
  limit: upTo(MAX_DEALS, typedNumber).default(50),
});

/** The deals by what people know them by, where they stand and why; filters narrow, nothing is left out otherwise. */
export const listDeals = defineOperation({
  act: 'list deals',
  input: LIST_DEALS_INPUT,
  run: async (
    { database, now }: { readonly database: Queryable; readonly now: Date },
    input,
  ): Promise<ListedDeal[]> => {
    const { company } = input;
    const found = await readDeals(database, {
      states: input.state,
      reasons: toReasons(input.reason as HoldReason[] | undefined, input.owner),
      before: input.olderThan === undefined ? undefined : new Date(now.getTime() - toMilliseconds(input.olderThan)),
      above: input.above,
      company,
      order: input.sort,
      limit: input.limit,
    });
    if (found.length === 0 && company !== undefined) await ensureKnown(database, company);
    return found;
  },
});

/** That no deal fits would be no answer to a misspelled name. @throws UnknownError */
async function ensureKnown(database: Queryable, company: string): Promise<void> {
  const known = await findCompanyNames(database);
  const names = [...new Set(known.values())].sort();
  const isNamed = names.some((name) => name.toLowerCase() === company.toLowerCase());
  if (isNamed || known.has(findGuid(company) ?? '')) return;
  const expected =
    names.length > 0
      ? `one of ${names.join(', ')}, or its id`
      : 'the name or id of a company that the ledger knows, of which there is none yet';
  throw new UnknownError('company', expected, company);
}

function toMilliseconds(age: string): number {
  return Number(age.slice(0, -1)) * UNIT_MS[age.slice(-1) as keyof typeof UNIT_MS];
}

function toReasons(reasons: readonly HoldReason[] | undefined, owner: HoldOwner | undefined): HoldReason[] | undefined {
  if (reasons === undefined && owner === undefined) return undefined;
  const all = reasons ?? (Object.keys(HOLDS) as HoldReason[]);
  return all.filter((reason) => owner === undefined || HOLDS[reason].owner === owner);
}
