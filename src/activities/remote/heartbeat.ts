import { activityInfo, heartbeat } from '@temporalio/activity';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';

/**
 * Every remote step says that it is alive, so that the death of a worker is noticed within seconds and not when the
 * step's whole time limit has passed.
 */
const BEAT_MS = 2_000;

export const heartbeats: ActivityInterceptorsFactory = () => ({
  inbound: {
    async execute(input, next) {
      if (activityInfo().heartbeatTimeoutMs === undefined) return next(input);
      const timer = setInterval(() => heartbeat(), BEAT_MS);
      try {
        return await next(input);
      } finally {
        clearInterval(timer);
      }
    },
  },
});
