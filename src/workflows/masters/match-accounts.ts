import { workflowInfo } from '@temporalio/workflow';
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

/** Does what a person decided; accounts that got a customer are brought into agreement, and their deals go on. */
export async function applyMatches(input: ApplyMatchesInput): Promise<readonly DecisionOutcome[]> {
  // All of it fits, or nothing of it is done.
  const { by, decisions } = parseOrRefuse(() => parseMatches(input));
  const outcomes: DecisionOutcome[] = [];
  for (const decision of decisions) {
    const { accountId } = decision;
    const outcome = await businessCentralComparison.applyDecision({ ...decision, by });
    outcomes.push(outcome);
    if (outcome === 'linked') {
      await masterLedger.followMaster({ kind: 'account', rowId: accountId, isThorough: true });
    }
    if (outcome === 'linked' || outcome === 'new') await masterLedger.wakeDeals({ rowId: accountId });
  }
  return outcomes;
}
