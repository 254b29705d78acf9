import { Hono, type MiddlewareHandler } from 'hono';
import type { Logger } from 'pino';
import { type CodecEndpointDependencies, createCodecEndpoint } from './codec.js';

/** Everything that the starter answers: health for all, and one router for each subject. */
export interface RouteOptions {
  /** Stands before all routes. */
  readonly limits: MiddlewareHandler;
  readonly webhooks: readonly Hono[];
  /** Below `/codec`; without it there is none. */
  readonly codec: CodecEndpointDependencies | undefined;
  readonly log: Logger;
}

export function createRoutes({ limits, webhooks, codec, log }: RouteOptions): Hono {
  const app = new Hono();
  app.use(limits);
  app.get('/health', (c) => c.json({ status: 'ok' }));
  for (const webhook of webhooks) app.route('/', webhook);
  if (codec) app.route('/codec', createCodecEndpoint(codec));
  app.notFound((c) => c.json({ error: 'not found' }, 404));
  app.onError((error, c) => {
    log.error({ err: error, path: c.req.path }, 'request failed');
    // 503 buys one more attempt of Dataverse (reference/dataverse-sales 5.7); any other status would lose the hint.
    return c.json({ error: 'not available right now' }, 503);
  });
  return app;
}
