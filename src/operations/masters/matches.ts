import { WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { z } from 'zod';
import { toCode } from '../../deal/codes.js';
import { RefusedError, UserError } from '../../deal/errors.js';
import { parseRecordId } from '../../deal/ids.js';
import type { MasterCommands } from '../../dispatch/master-commands.js';
import type { Database } from '../../ledger/database.js';
import {
  createMatchLedger,
  findCompanies,
  type MatchCandidate,
  type MatchDecided,
  NEW_CUSTOMER,
} from '../../ledger/masters/matching.js';
import { defineOperation } from '../operation.js';

export type { MatchDecided };

const MAX_ROWS = 10_000;

export interface Matches {
  readonly accounts: number;
  readonly linked: number;
  readonly withCandidates: number;
  readonly candidates: readonly MatchCandidate[];
}

/** Finds the customers of accounts that have none; what is certain is linked, the rest are candidates for a person. */
export const matchAccounts = defineOperation({
  act: 'match accounts',
  input: z.strictObject({}),
  run: async ({
    database,
    masters,
  }: {
    readonly database: Database;
    readonly masters: MasterCommands;
  }): Promise<Matches> => {
    const result = await masters.match();
    const candidates = await readCandidates(database);
    // Some were found before the search came to the account that the customer stands for.
    const withCandidates = new Set(candidates.map(({ accountId }) => accountId)).size;
    return { ...result, ...(candidates.length < MAX_ROWS && { withCandidates }), candidates };
  },
  record: (_input, { accounts, linked, withCandidates }) => ({ facts: { accounts, linked, withCandidates } }),
});

/** What the last search found for accounts about which nobody has decided yet, account by account, the likeliest first. */
export const listCandidates = defineOperation({
  act: 'list master data',
  input: z.strictObject({}),
  run: ({ database }: { readonly database: Database }): Promise<MatchCandidate[]> => readCandidates(database),
});

async function readCandidates(database: Database): Promise<MatchCandidate[]> {
  const candidates: MatchCandidate[] = [];
  for (const companyId of await findCompanies(database)) {
    candidates.push(...(await createMatchLedger(database, companyId).listCandidates(MAX_ROWS)));
  }
  return candidates;
}

/** As Business Central stores it, without the spaces around it (reference/business-central 2.0). */
const CUSTOMER = /^\s*\S(.{0,18}\S)?\s*$/u;

const CUSTOMER_OR_NEW = z.union(
  [z.string().regex(CUSTOMER), z.number()],
  'the number of a customer, of at most 20 characters, or new',
);

const toNumber = (customer: string | number): string =>
  customer === NEW_CUSTOMER ? NEW_CUSTOMER : toCode(String(customer));

const MATCH_DECISIONS = z.array(
  z.strictObject({
    account: z.string().transform((text, context) => {
      try {
        return parseRecordId(text);
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        context.addIssue({ code: 'custom', message: error.expected });
        return z.NEVER;
      }
    }),
    customer: CUSTOMER_OR_NEW.transform((number) => (number === NEW_CUSTOMER ? undefined : toNumber(number))),
    shared: z.boolean('true when another account has the customer and keeps it').default(false),
    instead: CUSTOMER_OR_NEW.transform(toNumber).optional(),
  }),
  'a list of { account: <guid>, customer: <number> | new, shared: true | false, instead: <number> | new }',
);

/** Does what a person decided, pair by pair: link the account to this customer, or create a new one. */
export const decideMatches = defineOperation({
  act: 'decide matches',
  input: z.strictObject({ decisions: MATCH_DECISIONS }),
  run: async ({ masters }: { readonly masters: MasterCommands }, { decisions }, actor) => {
    const wanted = decisions.map(({ account, customer, shared, instead }) => ({
      accountId: account,
      customerNumber: customer,
      ...(shared && { isShared: true }),
      ...(instead !== undefined && { instead }),
    }));
    const outcomes = await applyOnce(masters, { by: actor.name, decisions: wanted });
    return wanted.map((decision, index) => ({ ...decision, ...toOutcome(outcomes[index]) }));
  },
  record: ({ decisions }) => ({ facts: { decisions: decisions.length } }),
});

type Outcomes = Awaited<ReturnType<MasterCommands['applyMatches']>>;

function toOutcome(outcome: Outcomes[number] | undefined) {
  if (typeof outcome !== 'object') return { outcome };
  return { outcome: 'decided-before' as const, decided: outcome.decidedBefore };
}

/** @throws RefusedError while somebody else's decisions are carried out */
async function applyOnce(masters: MasterCommands, input: Parameters<MasterCommands['applyMatches']>[0]) {
  try {
    return await masters.applyMatches(input);
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    throw new RefusedError(
      'other decisions about matches are being carried out: nothing was done, try again in a moment',
    );
  }
}
