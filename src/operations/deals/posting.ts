import { z } from 'zod';
import type { Approval } from '../../deal/approval.js';
import type { Figures } from '../../deal/deal.js';
import { RefusedError, UserError } from '../../deal/errors.js';
import { add } from '../../deal/money.js';
import type { ClosedPeriod } from '../../deal/posting-period.js';
import { type DealState, STATES_WITH_RUN } from '../../deal/states.js';
import type { ListedDeal } from '../../ledger/deals/list-deals.js';
import { UnreadableContentError } from '../../ledger/read-rows.js';
import { defineOperation } from '../operation.js';
import { type DecisionDependencies, showWaiting } from './decide.js';
import { toFiguresVersion } from './figures-version.js';
import { findDeal } from './find-deal.js';
import { findClosedPeriodOf, type PeriodDependencies } from './posting-periods.js';

/** Several deals that are to be confirmed together, each with the figures that would be, and their sum. */

export interface Posting {
  readonly rows: readonly PostingRow[];
  /** Of those that can be confirmed. */
  readonly sums: readonly { readonly currency: string; readonly deals: number; readonly gross: string }[];
}

export type PostingRow =
  | {
      readonly kind: 'confirmable';
      readonly deal: ListedDeal;
      readonly figures: Figures & { readonly version: string };
      readonly difference: string | undefined;
      /** When more than one person has to confirm. */
      readonly approval: Approval | undefined;
      readonly closedPeriod: ClosedPeriod | undefined;
    }
  | {
      readonly kind: 'not-now';
      readonly named: string;
      readonly why: string;
      /** Where it stands, when that is why. */
      readonly state?: DealState;
    };

/** As many as a person can look through. */
const MAX_DEALS = 100;
/** Each of them is a question to its run. */
const BATCH_SIZE = 8;

export const openPosting = defineOperation({
  act: 'show a deal',
  input: z.strictObject({
    deals: z
      .array(z.string().min(1, 'a number or GUID'))
      .min(1, 'at least one deal')
      .max(MAX_DEALS, `at most ${MAX_DEALS} deals`),
  }),
  run: async (dependencies: DecisionDependencies & PeriodDependencies, input, _actor, person): Promise<Posting> => {
    const wanted = [...new Set(input.deals)];
    const rows: PostingRow[] = [];
    for (let at = 0; at < wanted.length; at += BATCH_SIZE) {
      const batch = wanted.slice(at, at + BATCH_SIZE);
      rows.push(
        ...(await Promise.all(
          batch.map((deal) => toRow(dependencies, deal, () => showWaiting(dependencies, person, { deal }))),
        )),
      );
    }
    return { rows, sums: sumUp(rows) };
  },
});

async function toRow(
  dependencies: DecisionDependencies & PeriodDependencies,
  named: string,
  ask: () => ReturnType<typeof showWaiting>,
): Promise<PostingRow> {
  try {
    const { status, ...deal } = await ask();
    const { figures, difference, approval, state, decided } = status;
    if (decided) return { kind: 'not-now', named: deal.number ?? named, why: `it is ${decided.how} by now` };
    if (state !== 'awaiting-confirmation' || !figures)
      return { kind: 'not-now', named: deal.number ?? named, why: `it is ${state} by now`, state };
    return {
      kind: 'confirmable',
      deal,
      figures: { ...figures, version: toFiguresVersion(figures) },
      difference,
      approval,
      closedPeriod: await findClosedPeriodOf(dependencies, deal.recordId),
    };
  } catch (error) {
    // One deal that cannot be read leaves the others on the page (I13).
    if (error instanceof RefusedError) return toRefused(dependencies, named, error);
    if (error instanceof UserError || error instanceof UnreadableContentError)
      return { kind: 'not-now', named, why: error.message };
    throw error;
  }
}

/** It was chosen by its id, and people know it by its number. */
async function toRefused(
  { database }: DecisionDependencies,
  wanted: string,
  { message: why }: RefusedError,
): Promise<PostingRow> {
  const { number: named = wanted, state } = await findDeal(database, wanted);
  return { kind: 'not-now', named, why, ...(!DUE.has(state) && { state }) };
}

const DUE: ReadonlySet<DealState> = new Set(STATES_WITH_RUN);

function sumUp(rows: readonly PostingRow[]): Posting['sums'] {
  const sums = new Map<string, { deals: number; gross: string }>();
  for (const row of rows) {
    if (row.kind !== 'confirmable') continue;
    const { currency, totalIncludingTax } = row.figures;
    const { deals, gross } = sums.get(currency) ?? { deals: 0, gross: '0' };
    sums.set(currency, { deals: deals + 1, gross: add(gross, totalIncludingTax) });
  }
  return [...sums].map(([currency, sum]) => ({ currency, ...sum }));
}
