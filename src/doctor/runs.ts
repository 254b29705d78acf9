import { type Client, ServiceError } from '@temporalio/client';
import { plural } from '../deal/plural.js';
import { WORKFLOWS } from '../dispatch/workflows.js';
import { type Finding, notChecked, ok, warning, wrong } from './finding.js';
import { createStep, type Step } from './step.js';

/** Runs that stand still, and runs of deals that have ended without an end of their deal; the ledger calls such a deal open. */

const DAY_MS = 86_400_000;
/** Set by the server (1.30 and later) while the tasks of a run fail again and again. */
const PROBLEMS = `'category=WorkflowTaskFailed', 'category=WorkflowTaskTimedOut'`;

export function examineRuns(temporal: Step<Client>): Step<true> {
  return createStep('temporal: runs', { temporal }, async ({ temporal: client }) => {
    const findings = await Promise.all([examineFailing(client), examineEnded(client)]);
    return { value: true, findings };
  });
}

async function examineFailing(client: Client): Promise<Finding> {
  // Feeds and what a schedule starts as well: without the key of what they were left, nothing else would tell of them.
  const ours = Object.values(WORKFLOWS).map((name) => `'${name}'`);
  const running = `WorkflowType IN (${ours.join(', ')}) AND ExecutionStatus = 'Running'`;
  const query = `${running} AND TemporalReportedProblems IN (${PROBLEMS})`;
  try {
    const { count } = await client.workflow.count(query);
    if (count === 0) return ok('failing tasks', 'no run has any');
    const advice = `Read the log of the worker; list them: temporal workflow list --query "${query}"`;
    return wrong('failing tasks', `${plural(count, 'run')} cannot go on`, advice);
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    return notChecked('failing tasks', 'the server is older than 1.30', 'Look at the runs in the Web UI.');
  }
}

async function examineEnded(client: Client): Promise<Finding> {
  const since = new Date(Date.now() - DAY_MS).toISOString();
  const ended = `WorkflowType = '${WORKFLOWS.handOverDeal}' AND ExecutionStatus IN ('Failed', 'TimedOut', 'Terminated')`;
  const query = `${ended} AND CloseTime > '${since}'`;
  const { count } = await client.workflow.count(query);
  if (count === 0) return ok('ended from outside', 'none within a day');
  const advice = `They are started again within ten minutes; list them: temporal workflow list --query "${query}"`;
  return warning('ended from outside', `${plural(count, 'run')} within a day`, advice);
}
