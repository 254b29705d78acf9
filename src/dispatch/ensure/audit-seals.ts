import type { Client } from '@temporalio/client';
import { TASK_QUEUES } from '../../deal/ids.js';
import { toScheduledWorkflow, WORKFLOWS } from '../workflows.js';
import { ensureSchedule } from './schedule.js';

/** Whatever is cut off between two seals is not found; an hour keeps that short and the seals few. */
const EVERY = '1 hour';
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
      workflowRunTimeout: '30 minutes',
    }),
    // One seal covers everything since the last one: missed hours need no catching up.
    policies: { overlap: 'SKIP', catchupWindow: '1 minute' },
  });
}
