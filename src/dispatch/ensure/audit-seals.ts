import type { Client } from '@temporalio/client';
import { TASK_QUEUES } from '../../deal/ids.js';
import { toScheduledWorkflow, WORKFLOWS } from '../workflows.js';
import { ensureSchedule } from './schedule.js';

/** What is cut off before it is sealed is not found; under load the worker seals every hundred entries (seal-pace.ts). */
const EVERY = '1 minute';
export const AUDIT_SEALS = 'seal-audit';

/** Makes sure that the audit trail is sealed by itself; safe to call from every starter at every start. */
export async function ensureAuditSeals(temporal: Client): Promise<void> {
  await ensureSchedule(temporal, AUDIT_SEALS, {
    spec: { intervals: [{ every: EVERY }] },
    action: toScheduledWorkflow(WORKFLOWS.sealAudit, {
      args: [],
      taskQueue: TASK_QUEUES.deals,
      workflowId: AUDIT_SEALS,
      // A run that waits for a worker must not keep the next one from starting for ever.
      workflowRunTimeout: '5 minutes',
    }),
    // One seal covers everything since the last one: missed minutes need no catching up.
    policies: { overlap: 'SKIP', catchupWindow: '1 minute' },
  });
}
