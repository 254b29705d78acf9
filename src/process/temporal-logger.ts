import { DefaultLogger } from '@temporalio/worker';
import type { Logger } from 'pino';
import { DEAL_WORKFLOW } from '../deal/ids.js';

/** Ids and names only: whatever else the SDK or a workflow says may quote what was in a payload (I7). */
const SHOWN = [
  'workflowId',
  'runId',
  'workflowType',
  'activityId',
  'activityType',
  'attempt',
  'taskQueue',
  'namespace',
  'signal',
  'invoiceId',
  'subsystem',
  'sdkComponent',
  'target',
  'traceId',
] as const;

const METHODS = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const;

/** A worker has dozens of pollers, and each of them says so again with each try while the server is away. */
const RETRIED = /^gRPC call \S+ retried \d+ times$/;
const QUIET_MS = 60_000;

/** The SDK's words in our log, one object a line; its daily business only when somebody looks for a fault. */
export function createTemporalLogger(log: Logger, now: () => number = Date.now): DefaultLogger {
  const least = log.isLevelEnabled('debug') ? 'DEBUG' : 'WARN';
  let quietUntil = Number.NEGATIVE_INFINITY;
  let left = 0;

  function sayAway(message: string, error: unknown): void {
    left += 1;
    if (now() < quietUntil) return;
    quietUntil = now() + QUIET_MS;
    // A status of the transport, which quotes no payload.
    log.warn({ status: String(error), lines: left }, `Temporal does not answer, asked again: ${message}`);
    left = 0;
  }

  return new DefaultLogger(least, ({ level, message, meta }) => {
    // Two of our queues carry activities only, on purpose.
    if (message.startsWith('No workflows registered')) return;
    if (RETRIED.test(message)) return sayAway(message, meta?.['error']);
    const facts: Record<string, unknown> = {};
    for (const key of SHOWN) if (meta?.[key] !== undefined) facts[key] = meta[key];
    if (facts['workflowType'] === DEAL_WORKFLOW) facts['dealId'] = facts['workflowId'];
    log[METHODS[level]]({ ...facts, ...(meta?.['error'] !== undefined && { err: meta['error'] }) }, message);
  });
}
