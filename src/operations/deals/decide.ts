import { z } from 'zod';
import { RefusedError } from '../../deal/errors.js';
import { type DealState, STATES_WITH_RUN } from '../../deal/states.js';
import { countsUnverified, type UnverifiedDecisions } from '../../deal/unverified-decisions.js';
import type { DealCommands, DealStatus } from '../../dispatch/deal-commands.js';
import type { Queryable } from '../../ledger/database.js';
import type { ListedDeal } from '../../ledger/deals/list-deals.js';
import { defineOperation } from '../operation.js';
import { findDeal } from './find-deal.js';

/** What a person decides of a deal that waits. The workflow checks it again and records it with the actor (I2, I10). */
export interface DecisionDependencies {
  readonly database: Queryable;
  readonly deals: DealCommands;
}

export interface ConfirmationDependencies extends DecisionDependencies {
  readonly unverified: UnverifiedDecisions;
}

const deal = z.string().min(1, 'a number or GUID');
const reason = z.string().trim().min(1, 'a reason').max(2_000, 'a reason of at most 2000 characters');
const figures = z.strictObject({
  documentNumber: z.string().min(1, 'the number of the draft'),
  totalIncludingTax: z.string().regex(/^-?\d+(\.\d+)?$/, "a decimal as text, such as '169.46'"),
  currency: z.string().regex(/^[A-Z]{3}$/, 'an ISO code such as EUR'),
});

export interface WaitingDeal extends ListedDeal {
  /** As the run of the deal shows it at this moment. */
  readonly status: DealStatus;
}

/** What somebody reads before deciding: the deal, its figures, and why it waits. @throws RefusedError when nothing waits */
export const showWaiting = defineOperation({
  act: 'show a deal',
  input: z.strictObject({ deal }),
  run: async ({ database, deals }: DecisionDependencies, input): Promise<WaitingDeal> => {
    const found = await findDeal(database, input.deal);
    const status = await deals.findStatus(found.recordId);
    if (!status) throw new RefusedError(toNothingWaits(found));
    return { ...found, status };
  },
});

const DUE: ReadonlySet<DealState> = new Set(STATES_WITH_RUN);

function toNothingWaits({ table, recordId, number, state }: ListedDeal): string {
  const deal = `${number ?? recordId} is ${state}`;
  if (!DUE.has(state)) return `${deal}: nothing waits for a decision`;
  // By the schedule that compares ledger and Temporal, which leaves alone what moved a moment ago.
  return `${deal}, and its run is gone from Temporal: it is started again within twenty minutes, or now by \`dealbridge start-deal ${table} ${recordId}\``;
}

/** Posts the draft with exactly these figures; refused when the draft is another by then. */
export const confirmDeal = defineOperation({
  act: 'confirm a deal',
  input: z.strictObject({ deal, figures, note: z.string().trim().min(1).max(2_000).optional() }),
  run: async ({ database, deals, unverified }: ConfirmationDependencies, input, actor): Promise<DealStatus> => {
    // The run takes it, and finds it void only when it records it: nobody would be told (src/activities/deals/ledger.ts).
    if (!actor.isVerified && !countsUnverified(unverified, actor)) throw toUncounted(unverified);
    const { recordId } = await findDeal(database, input.deal);
    const { note } = input;
    return deals.confirm(recordId, { actor, figures: input.figures, ...(note !== undefined && { note }) });
  },
});

function toUncounted(unverified: UnverifiedDecisions): RefusedError {
  return new RefusedError(
    `the confirmation would not count and was not sent: nobody proved who gives it, and DESK_UNVERIFIED_DECISIONS is '${unverified}' ` +
      "('refused' by default once DESK_CLIENT_ID is set). Confirm at the desk, or set it to 'accepted' here and at the worker",
  );
}

/** The draft is deleted, nothing is posted. */
export const rejectDeal = defineOperation({
  act: 'reject a deal',
  input: z.strictObject({ deal, reason, figures: figures.optional() }),
  run: async ({ database, deals }: DecisionDependencies, input, actor): Promise<DealStatus> => {
    const { recordId } = await findDeal(database, input.deal);
    const { reason: said, figures: seen } = input;
    return deals.reject(recordId, { actor, reason: said, ...(seen && { figures: seen }) });
  },
});

/** What held the deal is repaired: its run goes on where it stood. */
export const retryDeal = defineOperation({
  act: 'retry a deal',
  input: z.strictObject({ deal }),
  run: async ({ database, deals }: DecisionDependencies, input, actor): Promise<DealStatus> => {
    const { recordId } = await findDeal(database, input.deal);
    return deals.retry(recordId, { actor });
  },
});

/** Ends a deal that waits or is held; an unposted draft is deleted. */
export const cancelDeal = defineOperation({
  act: 'cancel a deal',
  input: z.strictObject({ deal, reason }),
  run: async ({ database, deals }: DecisionDependencies, input, actor): Promise<DealStatus> => {
    const { recordId } = await findDeal(database, input.deal);
    return deals.cancel(recordId, { actor, reason: input.reason });
  },
});
