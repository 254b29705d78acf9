import {
  type ActivityInterfaceFor,
  type ActivityOptions,
  proxyActivities,
  type UntypedActivities,
  workflowInfo,
} from '@temporalio/workflow';
import { InternalError } from '../deal/errors.js';
import { TASK_QUEUES } from '../deal/ids.js';
import { type CompanyInLane, type LanesByCompany, PRIORITIES, WRITE_BACK_STEPS } from '../deal/lanes.js';
import { ofRun } from './run-state.js';

/**
 * In which lane the steps of this run go: the queue of the app registration that reaches their company, fair between
 * companies. The ledger's step says it when the run begins, so that the history holds the answer.
 */
const place = ofRun('lanes', (): Place => ({ lanes: {}, company: undefined }));

interface Place {
  lanes: LanesByCompany;
  /** Of the last step that named one: a write to Sales belongs to the company of its deal. */
  company: string | undefined;
}

/** For a loop that reads one company. */
export function useLaneOf({ companyId, lane }: CompanyInLane): void {
  useLanes(lane === undefined ? undefined : { [companyId]: lane });
}

export function useLanes(known: LanesByCompany | undefined): void {
  place().lanes = known ?? {};
}

/** Like `proxyActivities`; the steps in their lane and with their priority, which else is that of the run. */
export function proxyLaneActivities<Activities = UntypedActivities>(
  options: ActivityOptions,
): ActivityInterfaceFor<Activities> {
  const steps = proxyActivities<UntypedActivities>(options);
  const isOfLanes = options.taskQueue === TASK_QUEUES.businessCentral;
  const inLane =
    (name: string) =>
    (...args: unknown[]): Promise<unknown> => {
      const here = place();
      here.company = companyOf(args[0]) ?? here.company;
      const { company } = here;
      const taskQueue = isOfLanes ? findLane() : findOwnQueue(options.taskQueue);
      const priority = {
        ...options.priority,
        ...(WRITE_BACK_STEPS.has(name) && { priorityKey: PRIORITIES.writeBack }),
        ...(company !== undefined && { fairnessKey: company }),
      };
      const step = steps[name];
      if (step === undefined) throw new InternalError(`there is no step ${name}`);
      return step.executeWithOptions({ ...(taskQueue !== undefined && { taskQueue }), priority }, args);
    };
  return new Proxy({} as ActivityInterfaceFor<Activities>, {
    get: (_, name) => (typeof name === 'string' ? inLane(name) : undefined),
  });
}

/** Only Business Central has lanes. */
function findLane(): string | undefined {
  const { lanes, company } = place();
  return company === undefined ? undefined : lanes[company];
}

/** The worker of the deals has their steps in Sales too: one that has a place for it begins at once, without the queue. */
function findOwnQueue(taskQueue: string | undefined): string | undefined {
  const { taskQueue: own } = workflowInfo();
  return taskQueue === TASK_QUEUES.dataverse && own === TASK_QUEUES.deals ? own : undefined;
}

function companyOf(input: unknown): string | undefined {
  const id: unknown = typeof input === 'object' && input !== null ? Reflect.get(input, 'companyId') : undefined;
  // A record that is gone belongs nowhere.
  return typeof id === 'string' && id !== '' ? id : undefined;
}
