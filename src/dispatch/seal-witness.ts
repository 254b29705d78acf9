import type { Client } from '@temporalio/client';
import { WORKFLOWS } from './workflows.js';

/** What Temporal has seen of the ledger: each run that seals the trail leaves the newest seal as its result. */
export interface SealWitness {
  readonly name: string;
  findLast(): Promise<{ readonly number: string } | undefined>;
}

export function createTemporalWitness(temporal: Client): SealWitness {
  return {
    name: 'Temporal',
    async findLast() {
      const query = `WorkflowType = '${WORKFLOWS.sealAudit}' AND ExecutionStatus = 'Completed'`;
      for await (const { workflowId, runId } of temporal.workflow.list({ query, pageSize: 1 })) {
        const seal: { readonly number: string } | undefined = await temporal.workflow
          .getHandle(workflowId, runId)
          .result();
        return seal;
      }
      return undefined;
    },
  };
}
