import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';

/** The runs of a fault run: what has not ended, and what it waits for. */

const RUNS = `WorkflowType='handOverDeal' AND ExecutionStatus='Running'`;
const LOOK_MS = 500;
/** When all is at rest nothing has a reason to run for so long. */
const LONG_MS = 30_000;
const MAX_RUNS = 30;

/** The workflow ids of the deals that have a run. */
export async function findRunningDeals(temporal: Client): Promise<ReadonlySet<string>> {
  const running = new Set<string>();
  for await (const { workflowId } of temporal.workflow.list({ query: RUNS })) running.add(workflowId);
  return running;
}

/** Until the runs of all deals have ended, or the time is over. */
export async function untilNoneRuns(
  temporal: Client,
  { isOver, say }: { readonly isOver: () => boolean; readonly say: (text: string) => void },
): Promise<void> {
  const tellAt = Date.now() + LONG_MS;
  let isTold = false;
  while (!isOver() && (await temporal.workflow.count(RUNS).catch(() => ({ count: 1 }))).count > 0) {
    if (!isTold && Date.now() > tellAt) {
      isTold = true;
      await sayRuns(temporal, say).catch(() => undefined);
    }
    await sleep(LOOK_MS);
  }
}

async function sayRuns(temporal: Client, say: (text: string) => void): Promise<void> {
  for await (const { workflowId, runId, startTime } of temporal.workflow.list({ query: RUNS }))
    say(`all is at rest, and ${workflowId} still runs, since ${startTime.toISOString()} (run ${runId})`);
}

/** What runs and waits when nothing moves any more: a line for each run, with its steps that are not done. */
export async function describeRunning(temporal: Client): Promise<string[]> {
  const lines: string[] = [];
  for await (const { workflowId, startTime } of temporal.workflow.list({ query: `ExecutionStatus='Running'` })) {
    if (lines.length >= MAX_RUNS) return [...lines, 'and more'];
    const { raw } = await temporal.workflow.getHandle(workflowId).describe();
    const steps = (raw.pendingActivities ?? []).map((step) => {
      const { activityType, attempt, state, lastFailure, scheduledTime, lastStartedTime } = step;
      const times = `scheduled ${timeOf(scheduledTime)}, started ${timeOf(lastStartedTime)}`;
      return `${activityType?.name} state ${state}, attempt ${attempt}, ${times}, ${lastFailure?.message ?? 'no failure'}`;
    });
    const task = raw.pendingWorkflowTask ? `a workflow task, attempt ${raw.pendingWorkflowTask.attempt}` : '';
    lines.push([`${workflowId} since ${startTime.toISOString()}`, ...steps, task].filter(Boolean).join('; '));
  }
  return lines;
}

function timeOf(stamp: { seconds?: unknown } | null | undefined): string {
  return stamp?.seconds == null ? 'never' : new Date(Number(stamp.seconds) * 1_000).toISOString().slice(11, 19);
}
