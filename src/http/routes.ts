import { Hono, type MiddlewareHandler } from 'hono';
import { routePath } from 'hono/route';
import { secureHeaders } from 'hono/secure-headers';
import type { Logger } from 'pino';
import type { PausedLane } from '../ledger/settings/paused-lanes.js';
import type { ThrottledLane } from '../ledger/settings/throttled-lanes.js';
import { type CodecEndpointDependencies, createCodecEndpoint } from './codec.js';
import { observe } from './observe.js';

/** Everything that the starter answers: health for all, and one router for each subject. */
export interface RouteOptions {
  /** Stands before all routes. */
  readonly limits: MiddlewareHandler;
  readonly webhooks: readonly Hono[];
  /** Below `/codec`; without it there is none. */
  readonly codec: CodecEndpointDependencies | undefined;
  /** Environments whose sign-in is refused. */
  readonly listPausedLanes: () => Promise<readonly Pick<PausedLane, 'system' | 'pausedSince'>[]>;
  /** Those whose quota is used up. */
  readonly listThrottledLanes: () => Promise<readonly Pick<ThrottledLane, 'system' | 'pausedUntil'>[]>;
  readonly log: Logger;
}

export function createRoutes({ limits, webhooks, codec, log, ...lanes }: RouteOptions): Hono {
  const app = new Hono();
  app.use(secureHeaders());
  app.use(limits);
  // Behind the limits: what is refused for its source costs nothing more.
  app.use(observe);
  const readLanes = atMostOnceIn(HEALTH_MS, async () => ({
    pausedLanes: (await lanes.listPausedLanes()).map(({ system, pausedSince }) => ({ system, pausedSince })),
    throttledLanes: (await lanes.listThrottledLanes()).map(({ system, pausedUntil }) => ({ system, pausedUntil })),
  }));
  app.get('/health', async (c) => {
    try {
      return c.json({ status: 'ok', ...(await readLanes()) });
    } catch (error) {
      // The starter itself is well; whoever watches the ledger hears of it there.
      log.warn({ err: error }, 'the paused lanes cannot be read');
      return c.json({ status: 'ok' });
    }
  });
  for (const webhook of webhooks) app.route('/', webhook);
  if (codec) app.route('/codec', createCodecEndpoint(codec));
  app.notFound((c) => c.json({ error: 'not found' }, 404));
  app.onError((error, c) => {
    // The path of a webhook holds its key.
    log.error({ err: error, route: routePath(c, -1) }, 'request failed');
    // 503 buys one more attempt of Dataverse (reference/dataverse-sales 5.7); any other status would lose the hint.
    return c.json({ error: 'not available right now' }, 503);
  });
  return app;
}

/** Anybody may ask for the health, as often as the rate allows: the ledger is asked less often. */
const HEALTH_MS = 1_000;

function atMostOnceIn<T>(ms: number, ask: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined;
  let askedAt = Number.NEGATIVE_INFINITY;
  return () => {
    const now = performance.now();
    if (answer === undefined || now - askedAt >= ms) {
      askedAt = now;
      answer = ask();
    }
    return answer;
  };
}
