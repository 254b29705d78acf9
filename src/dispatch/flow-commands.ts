import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { type FlowName, flowWorkflowId } from '../deal/flows.js';
import {
  nudgeLoopSignal,
  type OperatorCommand,
  pauseLoopSignal,
  resumeLoopSignal,
} from '../workflows/feeds/messages.js';

/** What a person says to the loop of a flow. A loop that does not run finds it in the ledger when it does. */
export interface FlowCommands {
  pause(flow: FlowName, companyId: string, command: OperatorCommand): Promise<void>;
  resume(flow: FlowName, companyId: string, command: OperatorCommand): Promise<void>;
  run(flow: FlowName, companyId: string, command: OperatorCommand): Promise<void>;
}

export function createFlowCommands(temporal: Client): FlowCommands {
  const loop = (flow: FlowName, companyId: string) => temporal.workflow.getHandle(flowWorkflowId(flow, companyId));
  const unlessEnded = async (sending: Promise<unknown>): Promise<void> => {
    await sending.catch((error: unknown) => {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
    });
  };
  // A signal waits for no worker.
  return {
    pause: (flow, companyId, command) => unlessEnded(loop(flow, companyId).signal(pauseLoopSignal, command)),
    resume: async (flow, companyId, command) => {
      await unlessEnded(loop(flow, companyId).signal(resumeLoopSignal, command));
      await unlessEnded(loop(flow, companyId).signal(nudgeLoopSignal));
    },
    run: (flow, companyId) => unlessEnded(loop(flow, companyId).signal(nudgeLoopSignal)),
  };
}
