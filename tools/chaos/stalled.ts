import type { Client } from '@temporalio/client';

/** What runs and waits when nothing moves any more: for whoever has to find out why. */

const MAX_RUNS = 30;

/** One line for each run and step that is not done. */
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
