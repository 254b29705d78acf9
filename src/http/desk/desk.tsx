import { type Context, Hono, type MiddlewareHandler } from 'hono';
import type { Logger } from 'pino';
import { createApi } from '../api/api.js';
import { sendProblem, toProblem } from '../api/problem.js';
import { type DeskEnv, guardContent, guardHost, guardSession } from '../authentication/guard.js';
import type { DeskDependencies } from '../desk-dependencies.js';
import { loadAssets } from './assets.js';
import { Message, Page } from './layout.js';
import { createSignInRoutes, type SignInOptions } from './sign-in.js';

/** The desk: its pages behind the sign-in, and what they are made of. */

export interface DeskOptions extends Omit<SignInOptions, 'assets'> {
  readonly dependencies: DeskDependencies;
  /** Stands before all routes. */
  readonly limits: MiddlewareHandler;
  readonly publicUrl: string | undefined;
  readonly log: Logger;
}

const API = '/api/v1';

export function createDesk(options: DeskOptions): Hono<DeskEnv> {
  const { log, sessions } = options;
  const assets = loadAssets();
  const app = new Hono<DeskEnv>();
  app.use(options.limits);
  app.use(guardContent());
  app.get('/health', (c) => c.json({ status: 'ok' }));
  app.use(guardHost(options.publicUrl));
  app.route('/', assets.routes);
  app.use(async (c, next) => {
    c.header('cache-control', 'no-store');
    await next();
  });
  const refuse = (c: Context<DeskEnv>, status: 403 | 404 | 500, title: string, text: string) =>
    c.html(
      <Page
        title={title}
        assets={assets}
        person={c.get('session') && c.get('person')}
        csrfToken={c.get('session')?.csrfToken}
      >
        <Message title={title}>
          <p>{text}</p>
        </Message>
      </Page>,
      status,
    );
  app.use(
    guardSession(sessions, (c, message) =>
      c.req.path.startsWith(API)
        ? sendProblem(c, toProblem(403, 'not-allowed', message))
        : refuse(c, 403, 'Nothing was changed', message),
    ),
  );
  app.route(API, createApi(options));
  app.route('/', createSignInRoutes({ ...options, assets }));
  app.use(async (c, next) => {
    if (c.get('session')) return next();
    const to = `/sign-in?to=${encodeURIComponent(new URL(c.req.url).pathname + new URL(c.req.url).search)}`;
    if (c.req.header('hx-request') === undefined) return c.redirect(to, 302);
    c.header('hx-redirect', '/sign-in');
    return c.body(null, 401);
  });
  app.notFound((c) =>
    refuse(c, 404, 'There is no such page', 'Go back to the work list, or search for the deal there.'),
  );
  app.onError((error, c) => {
    log.error({ err: error, path: c.req.path }, 'page failed');
    return refuse(
      c,
      500,
      'This did not work',
      'Dealbridge or its ledger has a fault; the log of the starter names it.',
    );
  });
  return app;
}
