import type { Client } from '@temporalio/client';

/** What Temporal wrote down of one workflow. */
export interface History {
  readonly events: number;
  readonly workflowTasks: number;
  readonly activities: number;
  /** Each type of event with its number. */
  readonly types: Readonly<Record<string, number>>;
  readonly way: Way;
}

/** Where the time until the end of the last step went, in milliseconds. */
export interface Way {
  /** From wanting a workflow task to its end. */
  readonly workflowTasksMs: number;
  /** From asking for a step until a worker began it. */
  readonly untilBegunMs: number;
  readonly stepsMs: number;
}

/** https://github.com/temporalio/api/blob/master/temporal/api/enums/v1/event_type.proto */
const TYPES = {
  workflowTaskScheduled: 5,
  workflowTaskCompleted: 7,
  activityTaskScheduled: 10,
  activityTaskStarted: 11,
  activityTaskCompleted: 12,
};

export async function readHistories(
  workflow: Client['workflow'],
  workflowIds: readonly string[],
): Promise<readonly History[]> {
  const histories: History[] = [];
  for (const workflowId of workflowIds) {
    const { events } = await workflow.getHandle(workflowId).fetchHistory();
    const seen = (events ?? []).map(({ eventType, eventTime }) => ({
      type: Number(eventType),
      atMs: Number(eventTime?.seconds ?? 0) * 1_000 + (eventTime?.nanos ?? 0) / 1_000_000,
    }));
    const types: Record<string, number> = {};
    for (const { type } of seen) types[String(type)] = (types[String(type)] ?? 0) + 1;
    const counted = (type: number): number => types[String(type)] ?? 0;
    histories.push({
      events: seen.length,
      workflowTasks: counted(TYPES.workflowTaskCompleted),
      activities: counted(TYPES.activityTaskScheduled),
      types,
      way: toWay(seen),
    });
  }
  return histories;
}

/** For deals that come one after another, of which nothing happens at once. */
function toWay(events: readonly { readonly type: number; readonly atMs: number }[]): Way {
  const last = events.findLastIndex(({ type }) => type === TYPES.activityTaskCompleted);
  const sums = { workflowTasksMs: 0, untilBegunMs: 0, stepsMs: 0 };
  const since = new Map<number, number>();
  for (const { type, atMs } of events.slice(0, last + 1)) {
    since.set(type, atMs);
    const passed = (begun: number): number => atMs - (since.get(begun) ?? atMs);
    if (type === TYPES.workflowTaskCompleted) sums.workflowTasksMs += passed(TYPES.workflowTaskScheduled);
    if (type === TYPES.activityTaskStarted) sums.untilBegunMs += passed(TYPES.activityTaskScheduled);
    if (type === TYPES.activityTaskCompleted) sums.stepsMs += passed(TYPES.activityTaskStarted);
  }
  return sums;
}
