import {
  type Client,
  isGrpcServiceError,
  type ScheduleOptionsStartWorkflowAction,
  ServiceError,
  type WorkflowSignalWithStartOptions,
  type WorkflowStartOptions,
} from '@temporalio/client';
import type { WithWorkflowArgs, WorkflowResultType } from '@temporalio/common';
import { ConfigError } from '../deal/errors.js';
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

/** @throws ConfigError in a namespace without our search attributes, where no deal can be started */
export async function startWorkflow<Name extends WorkflowName>(
  temporal: Client,
  name: Name,
  options: WorkflowStartOptions<Registered[Name]>,
): Promise<void> {
  try {
    await temporal.workflow.start<Registered[Name]>(name, options);
  } catch (error) {
    throw toMissingAttributes(error) ?? error;
  }
}

/** The client says no more than that it failed; the server names the attribute. */
function toMissingAttributes(error: unknown): ConfigError | undefined {
  if (!(error instanceof ServiceError) || !isGrpcServiceError(error.cause)) return undefined;
  const { details } = error.cause;
  if (!/search attribute/i.test(details)) return undefined;
  return new ConfigError(
    `Temporal refused to start a run: ${details}; \`dealbridge doctor\` prints the command that creates them`,
  );
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
