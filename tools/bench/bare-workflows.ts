import { proxyActivities, sleep } from '@temporalio/workflow';

export interface EmptyWork {
  readonly activities: number;
  readonly workflowTasks: number;
}

const { nothing, end } = proxyActivities<{ nothing(): Promise<void>; end(): Promise<void> }>({
  startToCloseTimeout: '1m',
});

/** As many activities and workflow tasks as a deal has, and nothing in them. The first task starts it, each activity brings one. */
export async function doNothing({ activities, workflowTasks }: EmptyWork): Promise<void> {
  for (let task = activities + 1; task < workflowTasks; task += 1) await sleep(1);
  for (let activity = 1; activity < activities; activity += 1) await nothing();
  await end();
}
