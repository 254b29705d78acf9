import { randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';
import { DRIFT_ID, TASK_QUEUES } from '../deal/ids.js';
import type { ApplyMatchesInput, MatchResult } from '../workflows/masters/match-accounts.js';
import type { DriftInput, DriftResult } from '../workflows/masters/report-drift.js';
import { executeWorkflow, WORKFLOWS } from './workflows.js';

/** What a person asks for about customers and items; each one waits for its result. */
export interface MasterCommands {
  /** One matching at a time: whoever asks during one gets its result. */
  match(): Promise<MatchResult>;
  applyMatches(input: ApplyMatchesInput): ReturnType<typeof executeWorkflow<'applyMatches'>>;
  compare(input: DriftInput): Promise<DriftResult>;
}

export function createMasterCommands(temporal: Client): MasterCommands {
  const taskQueue = TASK_QUEUES.deals;
  return {
    match: () =>
      executeWorkflow(temporal, WORKFLOWS.matchAccounts, {
        workflowId: 'match-accounts',
        taskQueue,
        workflowIdConflictPolicy: 'USE_EXISTING',
        args: [],
      }),
    applyMatches: (input) =>
      executeWorkflow(temporal, WORKFLOWS.applyMatches, { workflowId: 'apply-matches', taskQueue, args: [input] }),
    compare: (input) =>
      executeWorkflow(temporal, WORKFLOWS.reportDrift, {
        workflowId: `${DRIFT_ID}-${randomUUID()}`,
        taskQueue,
        args: [input],
      }),
  };
}
