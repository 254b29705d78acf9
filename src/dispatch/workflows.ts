import type {
  Client,
  ScheduleOptionsStartWorkflowAction,
  WorkflowSignalWithStartOptions,
  WorkflowStartOptions,
} from '@temporalio/client';
import type { WithWorkflowArgs, WorkflowResultType } from '@temporalio/common';
import type * as registered from '../workflows/index.js';

/** The one place that names a workflow: who starts one is checked against its input and its result. */

type Registered = typeof registered;
export type WorkflowName = keyof Registered;

/** A name that the worker does not register, or a workflow without a name here, does not compile. */
export const WORKFLOWS: { readonly [Name in WorkflowName]: Name } = {
  applyMatches: 'applyMatches',
  carryFlow: 'carryFlow',
  checkTrail: 'checkTrail',
  handOverDeal: 'handOverDeal',
  invoiceFeed: 'invoiceFeed',
  keepSubscriptions: 'keepSubscriptions',
  matchAccounts: 'matchAccounts',
  reconcileSales: 'reconcileSales',
  reportDrift: 'reportDrift',
  resumeDeals: 'resumeDeals',
  salesFeed: 'salesFeed',
  sealAudit: 'sealAudit',
  sendAlerts: 'sendAlerts',
  sweepInvoices: 'sweepInvoices',
  syncAccount: 'syncAccount',
  syncProduct: 'syncProduct',
  tellSellers: 'tellSellers',
};

export async function startWorkflow<Name extends WorkflowName>(
  temporal: Client,
  name: Name,
  options: WorkflowStartOptions<Registered[Name]>,
): Promise<void> {
  await temporal.workflow.start<Registered[Name]>(name, options);
}

/** Starts a run and waits for its result. */
export function executeWorkflow<Name extends WorkflowName>(
  temporal: Client,
  name: Name,
  options: WorkflowStartOptions<Registered[Name]>,
): Promise<WorkflowResultType<Registered[Name]>> {
  return temporal.workflow.execute<Registered[Name]>(name, options);
}

/** Signals the run of this id, and starts one when there is none. */
export async function signalWithStart<Name extends WorkflowName, Args extends unknown[] = []>(
  temporal: Client,
  name: Name,
  options: WithWorkflowArgs<Registered[Name], WorkflowSignalWithStartOptions<Args>>,
): Promise<void> {
  await temporal.workflow.signalWithStart<Registered[Name], Args>(name, options);
}

export type ScheduledWorkflow<Name extends WorkflowName> = ScheduleOptionsStartWorkflowAction<Registered[Name]>;

/** What a schedule starts. */
export function toScheduledWorkflow<Name extends WorkflowName>(
  name: Name,
  options: Omit<ScheduledWorkflow<Name>, 'type' | 'workflowType'>,
): ScheduledWorkflow<Name> {
  return { ...options, type: 'startWorkflow', workflowType: name } as ScheduledWorkflow<Name>;
}
