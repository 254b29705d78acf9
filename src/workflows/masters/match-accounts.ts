import { continueAsNew, workflowInfo } from '@temporalio/workflow';
import type { DecisionOutcome, MatchDecision, MatchPage } from '../../activities/masters/match-accounts.js';
import { parseMatches } from '../../deal/decisions.js';
import { businessCentralComparison, dataverseComparison, masterLedger } from '../activity-options.js';
import { parseOrRefuse } from '../strict-input.js';

export interface MatchResult {
  readonly accounts: number;
  readonly linked: number;
  readonly withCandidates: number;
}

/** Looks for the customers of all accounts without a link; what it finds stands in the ledger. */
export async function matchAccounts(): Promise<MatchResult> {
  const { runId } = workflowInfo();
  let link: string | undefined;
  do link = await businessCentralComparison.stageCustomers({ runId, link });
  while (link !== undefined);
  const result = { accounts: 0, linked: 0, withCandidates: 0 };
  do {
    const page: MatchPage = await dataverseComparison.matchPage({ runId, link });
    result.accounts += page.rows;
    result.linked += page.linked;
    result.withCandidates += page.withCandidates;
    link = page.nextLink;
  } while (link !== undefined);
  await masterLedger.clearMatchRun({ runId });
  return result;
}

export interface ApplyMatchesInput {
  readonly by: string;
  readonly decisions: readonly MatchDecision[];
}

/** By one run: each leaves some ten events in its history, and thousands of decisions are one file. */
const MAX_DECISIONS_PER_RUN = 500;

/**
 * Does what a person decided; accounts that got a customer are brought into agreement, and their deals go on.
 * @param before what became of those that earlier runs have done
 */
export async function applyMatches(
  input: ApplyMatchesInput,
  before: readonly DecisionOutcome[] = [],
): Promise<readonly DecisionOutcome[]> {
  // All of it fits, or nothing of it is done.
  const { by, decisions } = parseOrRefuse(() => parseMatches(input));
  const outcomes = [...before];
  for (const decision of decisions.slice(0, MAX_DECISIONS_PER_RUN)) {
    const { accountId } = decision;
    const outcome = await businessCentralComparison.applyDecision({ ...decision, by });
    outcomes.push(outcome);
    if (outcome === 'linked') {
      await masterLedger.followMaster({ kind: 'account', rowId: accountId, isThorough: true });
    }
    if (outcome === 'linked' || outcome === 'new') await masterLedger.wakeDeals({ rowId: accountId });
  }
  const left = decisions.slice(MAX_DECISIONS_PER_RUN);
  if (left.length > 0) return continueAsNew<typeof applyMatches>({ by, decisions: left }, outcomes);
  return outcomes;
}
