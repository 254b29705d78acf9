import { activityInfo, heartbeat } from '@temporalio/activity';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import { HEARTBEAT_INTERVAL_MS } from '../../deal/time-limits.js';

/**
 * Every remote step says that it is alive, so that the death of a worker is noticed within seconds and not when the
 * step's whole time limit has passed.
 */
export const heartbeats: ActivityInterceptorsFactory = () => ({
  inbound: {
    async execute(input, next) {
      if (activityInfo().heartbeatTimeoutMs === undefined) return next(input);
      const timer = setInterval(() => heartbeat(), HEARTBEAT_INTERVAL_MS);
      try {
        return await next(input);
      } finally {
        clearInterval(timer);
      }
    },
  },
});
