import { type Context, Hono, type MiddlewareHandler } from 'hono';
import { routePath } from 'hono/route';
import type { Logger } from 'pino';
import { INPUT_ERRORS, REMOTE_ERRORS } from '../../deal/error-codes.js';
import { DealbridgeError } from '../../deal/errors.js';
import { createApi } from '../api/api.js';
import {
  AWAY_WORDS,
  type AwaySystem,
  answerError,
  problemOf,
  sendProblem,
  setRetryAfter,
  toProblem,
  withProblems,
} from '../api/problem.js';
import { type DeskEnv, guardContent, guardHost, guardSession } from '../authentication/guard.js';
import { findPage } from '../authentication/origin.js';
import { BACKGROUND_HEADER } from '../authentication/sessions.js';
import type { DeskDependencies } from '../desk-dependencies.js';
import { observe } from '../observe.js';
import { loadAssets } from './assets.js';
import { createCompareRoutes } from './compare-rules-page.js';
import { createCredentialRoutes } from './credentials-page.js';
import { createDealRoutes, RefusalPage, toRefusalTitle } from './decide.js';
import { createDriftRoutes } from './drift-page.js';
import { createFeedRoutes } from './feeds-page.js';
import { createFrame, isPart } from './frame.js';
import { createHealthRoutes } from './health-page.js';
import { Message } from './layout.js';
import { createMasterRoutes } from './masters-page.js';
import { createMatchRoutes } from './matches-page.js';
import { createPostingRoutes } from './posting.js';
import { createPreviewRoutes } from './preview-page.js';
import { createReplayRoutes } from './replay-page.js';
import { createRulesRoutes } from './rules-page.js';
import { createSignInRoutes, type SignInOptions } from './sign-in.js';
import { createTrailRoutes } from './trail-page.js';
import { createWorkListRoutes } from './work-list.js';

/** The desk: its pages behind the sign-in, and what they are made of. */

export interface DeskOptions extends Omit<SignInOptions, 'frame'> {
  readonly dependencies: DeskDependencies;
  /** Stands before all routes. */
  readonly limits: MiddlewareHandler;
  readonly publicUrl: string | undefined;
  readonly log: Logger;
}

const API = '/api/v1';

export function createDesk(options: DeskOptions): Hono<DeskEnv> {
  const { log, sessions, dependencies, findAway } = options;
  const assets = loadAssets();
  const frame = createFrame(assets);
  const app = new Hono<DeskEnv>();
  app.use(endBodyOfHead);
  app.use(`${API}/*`, withProblems);
  app.use(guardContent());
  app.use(options.limits);
  app.use(observe);
  app.get('/health', (c) => c.json({ status: 'ok' }));
  app.use(guardHost(options.publicUrl));
  app.route('/', assets.routes);
  app.use(async (c, next) => {
    c.header('cache-control', 'no-store');
    await next();
  });
  const refuse = (c: Context<DeskEnv>, status: 403 | 404 | 500, title: string, text: string) =>
    frame.showPanel(
      c,
      { title, status },
      <Message title={title}>
        <p class="warning">{text}</p>
      </Message>,
    );
  app.use(
    guardSession(sessions, (c, message) =>
      c.req.path.startsWith(API)
        ? sendProblem(c, toProblem(403, 'not-allowed', message))
        : refuse(c, 403, 'Nothing was changed', message),
    ),
  );
  app.route(API, createApi(options));
  app.route('/', createSignInRoutes({ ...options, frame }));
  app.use(async (c, next) => {
    if (c.get('session')) return next();
    const to = `/sign-in?to=${encodeURIComponent(toPageOf(c))}`;
    if (!isPart(c)) return c.redirect(to, 302);
    // What a page asks for by itself takes nobody away from it.
    if (c.req.header(BACKGROUND_HEADER) === undefined) c.header('hx-redirect', to);
    return c.body(null, 401);
  });
  app.route('/', createWorkListRoutes(dependencies, frame));
  app.route('/', createDealRoutes(dependencies, frame));
  app.route('/', createPreviewRoutes(dependencies, frame));
  app.route('/', createReplayRoutes(dependencies, frame));
  app.route('/', createPostingRoutes(dependencies, frame));
  app.route('/', createMasterRoutes(dependencies, frame));
  app.route('/', createMatchRoutes(dependencies, frame, log));
  app.route('/', createDriftRoutes(dependencies, frame, log));
  app.route('/', createFeedRoutes(dependencies, frame));
  app.route('/', createRulesRoutes(dependencies, frame));
  app.route('/', createCompareRoutes(dependencies, frame, log));
  app.route('/', createCredentialRoutes(dependencies, frame));
  app.route('/', createTrailRoutes(dependencies, frame));
  app.route('/', createHealthRoutes(dependencies, frame));
  app.notFound((c) =>
    refuse(c, 404, 'There is no such page', 'Go back to the work list, or search for the deal there.'),
  );
  app.onError((error, c) => {
    // Of what stands before its routes: the session, and the form that may carry its token.
    if (c.req.path.startsWith(API)) return answerError(error, c, log, findAway);
    if (error instanceof DealbridgeError && isRefusal(error)) {
      const page = { title: toRefusalTitle(error), status: problemOf(error).status as 400 };
      return frame.showPanel(c, page, <RefusalPage error={error} />);
    }
    log.error({ err: error, route: routePath(c, -1) }, 'page failed');
    const away = findAway(error);
    if (away !== undefined) {
      const page = { title: 'Not available right now', status: 503 } as const;
      setRetryAfter(c);
      return frame.showPanel(c, page, <AwayPage away={away} isQuestion={c.req.method === 'GET'} />);
    }
    return refuse(
      c,
      500,
      'This did not work',
      'Dealbridge or its ledger has a fault; the log of the starter names it.',
    );
  });
  return app;
}

/** A HEAD is answered as a GET is, and nobody reads its body: what would go on for as long as somebody listens ends here. */
const endBodyOfHead: MiddlewareHandler = async (c, next) => {
  await next();
  if (c.req.method === 'HEAD') await c.res.body?.cancel();
};

/** Says what it is, what becomes of the deals, and what to do: the page of a form has nothing to reload. */
function AwayPage({ away, isQuestion }: { readonly away: AwaySystem; readonly isQuestion: boolean }) {
  return (
    <Message title="Not available right now">
      <p class="warning">
        {AWAY_WORDS[away]}{' '}
        {isQuestion ? 'Load the page again in a while.' : 'Before you say it again, look whether it was done.'}
      </p>
      <p>Nothing is lost: deals wait, and go on by themselves.</p>
      <p>
        <a class="button" href="/">
          Go to the work list
        </a>
      </p>
    </Message>
  );
}

/** Where somebody goes on after signing in: what a form is sent to is no page. */
function toPageOf(c: Context<DeskEnv>): string {
  const { pathname, search } = new URL(c.req.url);
  if (c.req.method === 'GET' && !isPart(c)) return `${pathname}${search}`;
  return findPage(c.req.header('hx-current-url') ?? c.req.header('referer'), c.get('origin')) ?? '/';
}

function isRefusal({ code }: DealbridgeError): boolean {
  // What Sales and Business Central answer stands in no log of ours for whoever looks at a page.
  return code in INPUT_ERRORS || code in REMOTE_ERRORS;
}
