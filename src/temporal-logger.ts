import { DefaultLogger } from '@temporalio/worker';
import type { Logger } from 'pino';

/** The SDK's words in our log, one object a line. */
export function createTemporalLogger(log: Logger): DefaultLogger {
  return new DefaultLogger('WARN', ({ level, message, meta }) => {
    // Two of our queues carry activities only, on purpose.
    if (message.startsWith('No workflows registered')) return;
    const write = level === 'ERROR' ? log.error : log.warn;
    const { error, taskToken: _token, ...facts } = meta ?? {};
    write.call(log, { ...facts, ...(error !== undefined && { err: error }) }, message);
  });
}
