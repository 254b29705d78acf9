import { ActivityFailure, continueAsNew, log } from '@temporalio/workflow';
import type { SubscriptionTask } from '../../activities/feeds/subscriptions.js';
import type { CompanyInLane } from '../../deal/lanes.js';
import type { CompanyContext } from '../../deal/step-context.js';
import { useLaneOf } from '../lane-activities.js';
import { subscriptions } from './activities.js';
import { createFeedHandlers } from './feed-handlers.js';

export interface KeepSubscriptionsInput extends CompanyInLane {
  readonly isPaused?: boolean;
}

export interface SubscriptionsPosition {
  readonly checkedAt: string | undefined;
  /** By resource: why Business Central does not notify us of its changes. */
  readonly problems: Readonly<Record<string, string>>;
}

const CHECK_INTERVAL_SECONDS = 3_600;
/** A receiver that could not be reached may be up again soon. */
const AFTER_FAILURE_SECONDS = 300;

/**
 * Keeps Business Central notifying us of changes. Subscriptions vanish without notice (reference/business-central 9.5);
 * nothing depends on them, since the feeds read anyway: they only make the feeds read sooner.
 */
export async function keepSubscriptions(input: KeepSubscriptionsInput): Promise<void> {
  const { companyId, lane } = input;
  const of: CompanyContext = { companyId };
  useLaneOf(input);
  const handlers = createFeedHandlers<SubscriptionsPosition>(
    { checkedAt: undefined, problems: {} },
    input.isPaused ?? false,
  );
  while (!handlers.isFull()) {
    await handlers.untilResumed();
    if (handlers.isPaused) continue;
    const problems = await checkSubscriptions(of);
    handlers.show({ checkedAt: new Date().toISOString(), problems });
    await handlers.rest(Object.keys(problems).length > 0 ? AFTER_FAILURE_SECONDS : CHECK_INTERVAL_SECONDS);
  }
  await continueAsNew<typeof keepSubscriptions>({
    ...of,
    ...(lane !== undefined && { lane }),
    isPaused: handlers.isPaused,
  });
}

async function checkSubscriptions(of: CompanyContext): Promise<Record<string, string>> {
  const problems: Record<string, string> = {};
  let tasks: readonly SubscriptionTask[] = [];
  try {
    tasks = await subscriptions.findSubscriptionTasks(of);
  } catch (error) {
    problems['subscriptions'] = toProblem(error);
  }
  for (const task of tasks) {
    try {
      await work(of, task);
    } catch (error) {
      problems[task.resource] = toProblem(error);
    }
  }
  for (const [resource, problem] of Object.entries(problems)) {
    log.warn('a subscription of Business Central cannot be kept', { resource, problem });
  }
  return problems;
}

async function work(of: CompanyContext, { resource, todo, etag }: SubscriptionTask): Promise<void> {
  if (todo === 'renew') return subscriptions.renewSubscription({ ...of, resource, etag });
  if (todo === 'move') await subscriptions.deleteSubscription({ ...of, resource, etag });
  await subscriptions.createSubscription({ ...of, resource });
}

function toProblem(error: unknown): string {
  if (!(error instanceof ActivityFailure)) throw error;
  return error.cause?.message ?? error.message;
}
