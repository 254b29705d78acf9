import { z } from 'zod';
import { UnknownError } from '../../deal/errors.js';
import { HOLD_OWNERS, HOLDS, type HoldOwner, type HoldReason, isHoldReason } from '../../deal/holds.js';
import { findGuid } from '../../deal/ids.js';
import { DEAL_STATES, type DealState } from '../../deal/states.js';
import { isTurnOwner, statesOf, TURN_OWNERS, type TurnOwner } from '../../deal/turns.js';
import type { Queryable } from '../../ledger/database.js';
import type { DealFilter } from '../../ledger/deals/deal-filter.js';
import { findCompanyNames } from '../../ledger/settings/environments.js';

/** How people say which deals they mean: the same words for a list and for what is done with several deals. */

/** A hundred years: PostgreSQL knows no time that is far enough before them. */
const MAX_AGE_MS = 36_500 * 86_400_000;

const AGE = 'a time such as 30m, 12h or 2d';
const UNIT_MS = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

export const holdReason = z
  .string()
  .refine(isHoldReason, 'a reason of the catalogue of holds, such as customer-missing')
  .transform((reason) => reason as HoldReason);

export const amount = z.string().regex(/^\d+(\.\d+)?$/, 'an amount such as 1000 or 999.50');

export const DEAL_CHOICE = {
  state: z.array(z.enum(DEAL_STATES)).optional(),
  reason: z.array(holdReason).optional(),
  owner: z.enum([...HOLD_OWNERS, ...TURN_OWNERS]).optional(),
  olderThan: z
    .string()
    .regex(/^\d+[mhd]$/, { error: AGE, abort: true })
    .refine((age) => toMilliseconds(age) <= MAX_AGE_MS, `${AGE}, at most 36500d`)
    .optional(),
  above: amount.optional(),
  company: z.string().min(1).optional(),
};
const choice = z.object(DEAL_CHOICE);

export function toDealFilter(given: z.output<typeof choice>, now: Date): DealFilter {
  const { state, reason, owner, olderThan, above, company } = given;
  return {
    reasons: reason,
    ...toOwned(state, owner),
    before: olderThan === undefined ? undefined : new Date(now.getTime() - toMilliseconds(olderThan)),
    above,
    company,
  };
}

/** Whose move it is: the owner of a hold, or whoever a deal waits for that is not held. */
function toOwned(
  states: readonly DealState[] | undefined,
  owner: HoldOwner | TurnOwner | undefined,
): Pick<DealFilter, 'states' | 'owned'> {
  if (owner === undefined || !isTurnOwner(owner)) return { states, owned: reasonsOf(owner) };
  return { states: statesOf(owner).filter((state) => states?.includes(state) ?? true) };
}

export function reasonsOf(owner: HoldOwner | undefined): HoldReason[] | undefined {
  if (owner === undefined) return undefined;
  return (Object.keys(HOLDS) as HoldReason[]).filter((reason) => HOLDS[reason].owner === owner);
}

/** That no deal fits would be no answer to a misspelled name. @throws UnknownError */
export async function ensureCompanyKnown(database: Queryable, company: string | undefined): Promise<void> {
  if (company === undefined) return;
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
