import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import type { MiddlewareHandler } from 'hono';
import { streamSSE } from 'hono/streaming';
import type { Logger } from 'pino';
import { RefusedError } from '../../deal/errors.js';
import type { DealStatus } from '../../dispatch/deal-commands.js';
import { toPerson } from '../../identity/person.js';
import { cancelDeal, confirmDeal, rejectDeal, retryDeal } from '../../operations/deals/decide.js';
import { parseFiguresVersion } from '../../operations/deals/figures-version.js';
import { assignDeal, noteDeal } from '../../operations/deals/notes.js';
import { openDeal } from '../../operations/deals/open-deal.js';
import { forgetView, listViews, saveView } from '../../operations/deals/views.js';
import { findLatestWork, listWork, WORK_LIST_INPUT } from '../../operations/deals/work-list.js';
import { FEED_SWITCHES, listFeeds, switchFeed } from '../../operations/feeds/feeds.js';
import { toUserError } from '../../operations/input-faults.js';
import { examineInstallation } from '../../operations/settings/examine.js';
import type { DeskEnv } from '../authentication/guard.js';
import type { Issuer } from '../authentication/issuer.js';
import type { DeskDependencies } from '../desk-dependencies.js';
import { guardText } from './body-text.js';
import { addCompareRulesRoute } from './compare-rules-route.js';
import { addMasterRoutes } from './master-routes.js';
import { addPreviewRoutes } from './preview-routes.js';
import { answerError, type FindAway, problemOf, sendNotAvailable, sendProblem, toProblem } from './problem.js';
import { body, DECISION_REFUSALS, dealParams, json, REFUSALS } from './route-parts.js';
import {
  dealSchema,
  examinationSchema,
  feedsSchema,
  openDealSchema,
  positionSchema,
  statusSchema,
  toFeeds,
  toOpenDeal,
  toStatus,
  toWorkList,
  workListSchema,
} from './schemas.js';
import { addSettingRoutes } from './setting-routes.js';
import { addTrailRoutes } from './trail-routes.js';

/** `/api/v1`: everything that the desk can do, for programs. Its document is made from the schemas that parse the input. */

export interface ApiOptions {
  readonly dependencies: DeskDependencies;
  readonly issuer: Issuer | undefined;
  readonly findAway: FindAway;
  readonly log: Logger;
}

const ifMatch = z.object({
  'if-match': z.string().optional().openapi({ description: 'The `ETag` of the deal: the version of its figures.' }),
});
const reason = z.strictObject({ reason: z.string() });

export function createApi({ dependencies, issuer, findAway, log }: ApiOptions): OpenAPIHono<DeskEnv> {
  const api = new OpenAPIHono<DeskEnv>({
    defaultHook: (result, c) => {
      if (result.success) return undefined;
      const whole = result.target === 'json' ? 'body' : result.target;
      // What was given: where it does not fit, the validator hands it on as it came.
      const { data: given } = result as { readonly data?: unknown };
      return sendProblem(c, problemOf(toUserError(result.error as Parameters<typeof toUserError>[0], given, whole)));
    },
  });
  api.onError((error, c) => answerError(error, c, log, findAway));
  api.doc31('/openapi.json', {
    openapi: '3.1.0',
    info: {
      title: 'Dealbridge',
      version: '1',
      description:
        'What waits, why, and the decisions on it. Amounts are decimals as text. Errors are problem details (RFC 9457) with a code of docs/errors.md.',
    },
    servers: [{ url: '/api/v1' }],
    security: [{ bearer: [] }, { session: [] }],
  });
  api.openAPIRegistry.registerComponent('securitySchemes', 'bearer', { type: 'http', scheme: 'bearer' });
  api.openAPIRegistry.registerComponent('securitySchemes', 'session', {
    type: 'apiKey',
    in: 'cookie',
    name: 'dealbridge-desk',
  });
  api.use(authenticate({ issuer, findAway, log }));
  api.use(guardText);

  api.openapi(
    createRoute({
      method: 'get',
      path: '/deals',
      summary: 'The deals, page by page, with sums by currency',
      request: { query: z.object(WORK_LIST_INPUT.shape).strict() },
      responses: { 200: json(workListSchema, 'A page of the list'), ...REFUSALS },
    }),
    async (c) => {
      const query = c.req.query() as Parameters<typeof listWork>[2];
      return c.json(toWorkList(await listWork(dependencies, c.get('person'), query)), 200);
    },
  );

  api.openapi(
    createRoute({
      method: 'get',
      path: '/deals/{deal}',
      summary: 'One deal with hold, draft, documents, timeline and what the caller may do',
      request: { params: dealParams },
      responses: { 200: json(openDealSchema, 'The deal; its `ETag` is the version of its figures'), ...REFUSALS },
    }),
    async (c) => {
      const deal = await openDeal(dependencies, c.get('person'), c.req.valid('param'));
      if (deal.figures) c.header('etag', `"${deal.figures.version}"`);
      return c.json(toOpenDeal(deal), 200);
    },
  );

  const answerStatus = (status: DealStatus) => toStatus(status);

  api.openapi(
    createRoute({
      method: 'post',
      path: '/deals/{deal}/confirm',
      summary: 'Let the draft be posted, with exactly the figures of `If-Match`',
      request: { params: dealParams, headers: ifMatch, ...body(z.strictObject({ note: z.string().optional() })) },
      responses: { 200: json(statusSchema, 'Confirmed'), ...DECISION_REFUSALS },
    }),
    async (c) => {
      const { deal } = c.req.valid('param');
      const figures = readIfMatch(c.req.header('if-match'));
      if (!figures) {
        const detail = 'If-Match: expected the ETag of the deal, which is the version of its figures, got nothing';
        return sendProblem(c, toProblem(428, 'precondition-required', detail)) as never;
      }
      const { note } = c.req.valid('json');
      const status = await confirmDeal(dependencies, c.get('person'), {
        deal,
        figures,
        ...(note !== undefined && { note }),
      });
      return c.json(answerStatus(status), 200);
    },
  );

  api.openapi(
    createRoute({
      method: 'post',
      path: '/deals/{deal}/reject',
      summary: 'Do not post the draft: it is deleted',
      request: { params: dealParams, headers: ifMatch, ...body(reason) },
      responses: { 200: json(statusSchema, 'Rejected'), ...DECISION_REFUSALS },
    }),
    async (c) => {
      const figures = readIfMatch(c.req.header('if-match'));
      const input = { ...c.req.valid('param'), ...c.req.valid('json'), ...(figures && { figures }) };
      return c.json(answerStatus(await rejectDeal(dependencies, c.get('person'), input)), 200);
    },
  );

  api.openapi(
    createRoute({
      method: 'post',
      path: '/deals/{deal}/retry',
      summary: 'What held the deal is repaired: go on',
      request: { params: dealParams },
      responses: { 200: json(statusSchema, 'It goes on'), ...REFUSALS },
    }),
    async (c) => c.json(answerStatus(await retryDeal(dependencies, c.get('person'), c.req.valid('param'))), 200),
  );

  api.openapi(
    createRoute({
      method: 'post',
      path: '/deals/{deal}/cancel',
      summary: 'End a deal that waits; an unposted draft is deleted',
      request: { params: dealParams, ...body(reason) },
      responses: { 200: json(statusSchema, 'Cancelled'), ...REFUSALS },
    }),
    async (c) => {
      const input = { ...c.req.valid('param'), ...c.req.valid('json') };
      return c.json(answerStatus(await cancelDeal(dependencies, c.get('person'), input)), 200);
    },
  );

  const recording = { ...dependencies, audit: dependencies.ledger.audit };

  api.openapi(
    createRoute({
      method: 'post',
      path: '/deals/{deal}/notes',
      summary: 'Write a note about a deal',
      request: { params: dealParams, ...body(z.strictObject({ text: z.string() })) },
      responses: { 201: json(dealSchema.pick({ recordId: true }), 'Written'), ...REFUSALS },
    }),
    async (c) => {
      const input = { ...c.req.valid('param'), ...c.req.valid('json') };
      return c.json(await noteDeal(dependencies, c.get('person'), input), 201);
    },
  );

  api.openapi(
    createRoute({
      method: 'put',
      path: '/deals/{deal}/assignee',
      summary: 'Give a deal to a person, to oneself (`me`), or to nobody',
      request: { params: dealParams, ...body(z.strictObject({ to: z.string().optional() })) },
      responses: { 200: json(dealSchema.pick({ recordId: true, assignee: true }), 'Given'), ...REFUSALS },
    }),
    async (c) => {
      const { to } = c.req.valid('json');
      const input = { ...c.req.valid('param'), ...(to !== undefined && { to }) };
      return c.json(await assignDeal(dependencies, c.get('person'), input), 200);
    },
  );

  const viewSchema = z.object({ name: z.string(), query: z.string() }).openapi('View');
  const viewParams = z.object({ name: z.string() });

  api.openapi(
    createRoute({
      method: 'get',
      path: '/views',
      summary: 'The views of the list that the caller saved',
      responses: { 200: json(z.array(viewSchema), 'The views'), ...REFUSALS },
    }),
    async (c) => c.json(await listViews(dependencies, c.get('person'), {}), 200),
  );

  api.openapi(
    createRoute({
      method: 'put',
      path: '/views/{name}',
      summary: 'Save filters and sorting under a name',
      request: { params: viewParams, ...body(z.strictObject({ query: z.string() })) },
      responses: { 200: json(viewSchema, 'Saved'), ...REFUSALS },
    }),
    async (c) => {
      const input = { ...c.req.valid('param'), ...c.req.valid('json') };
      return c.json(await saveView(dependencies, c.get('person'), input), 200);
    },
  );

  api.openapi(
    createRoute({
      method: 'delete',
      path: '/views/{name}',
      summary: 'Forget a view',
      request: { params: viewParams },
      responses: { 204: { description: 'Forgotten' }, ...REFUSALS },
    }),
    async (c) => {
      await forgetView(dependencies, c.get('person'), c.req.valid('param'));
      return c.body(null, 204);
    },
  );

  api.openapi(
    createRoute({
      method: 'get',
      path: '/feeds',
      summary: 'How far the feeds have read, and what was missed',
      responses: { 200: json(feedsSchema, 'The feeds of both sides'), ...REFUSALS },
    }),
    async (c) => {
      const feeds = await listFeeds({ ...dependencies, now: dependencies.now() }, c.get('person'), {});
      return c.json(toFeeds(feeds), 200);
    },
  );

  const feedParams = z.object({ feed: z.string(), command: z.enum(FEED_SWITCHES) });
  api.openapi(
    createRoute({
      method: 'post',
      path: '/feeds/{feed}/{command}',
      summary: 'Stop a feed, let it go on, or let it read now',
      request: { params: feedParams },
      responses: { 200: json(positionSchema, 'Where it stands'), ...REFUSALS },
    }),
    async (c) => {
      const { table, isPaused, lastError } = await switchFeed(recording, c.get('person'), c.req.valid('param'));
      return c.json({ table, isPaused, lastError }, 200);
    },
  );

  api.openapi(
    createRoute({
      method: 'get',
      path: '/examination',
      summary: 'Examine settings, systems, ledger and Temporal; changes nothing',
      responses: { 200: json(examinationSchema, 'What was found'), ...REFUSALS },
    }),
    async (c) => {
      const steps = await examineInstallation(dependencies, c.get('person'), {});
      return c.json({ steps: steps.map(({ step, findings }) => ({ step, findings: [...findings] })) }, 200);
    },
  );

  api.openapi(
    createRoute({
      method: 'get',
      path: '/events',
      summary: 'Server-sent events: `changed` whenever something in the list has changed',
      request: { query: z.strictObject({ seen: z.string().max(200).optional() }) },
      responses: {
        200: { description: 'A stream', content: { 'text/event-stream': { schema: z.string() } } },
        ...REFUSALS,
      },
    }),
    async (c) => {
      // Whoever may not list is told before the stream begins.
      const latest = await findLatestWork(dependencies, c.get('person'), {});
      const { seen = latest } = c.req.valid('query');
      // A proxy that gathers what it hands on would show no change.
      c.header('x-accel-buffering', 'no');
      return streamSSE(c, async (stream) => {
        let stop = (): void => undefined;
        const ended = new Promise<void>((end) => {
          stream.onAbort(end);
          const tell = async (write: () => Promise<unknown>): Promise<void> => {
            if (
              await c
                .get('isStillSignedIn')()
                .catch(() => true)
            )
              await write();
            else end();
          };
          const listener = {
            onChange: () => void tell(() => stream.writeSSE({ event: 'changed', data: '' })),
            onQuiet: () => void tell(() => stream.write(': nothing has changed\n\n')),
            onClose: end,
          };
          stop = dependencies.changeStream.listen(listener, seen);
        });
        await stream.writeSSE({ event: 'ready', data: '' });
        await ended;
        stop();
      }) as never;
    },
  );
  addPreviewRoutes(api, dependencies);
  addMasterRoutes(api, dependencies);
  addSettingRoutes(api, dependencies);
  addCompareRulesRoute(api, dependencies, { findAway, log });
  addTrailRoutes(api, dependencies);
  api.all('*', (c) => sendProblem(c, toProblem(404, 'not-found', `there is no ${c.req.method} ${c.req.path}`)));
  return api;
}

/** A caller shows a token; a page of the desk has its session, whose guard stood before this. */
function authenticate({ issuer, findAway, log }: Omit<ApiOptions, 'dependencies'>): MiddlewareHandler<DeskEnv> {
  return async (c, next) => {
    const token = /^Bearer +(\S+)$/i.exec(c.req.header('authorization') ?? '')?.[1];
    if (token === undefined) {
      if (!c.get('session')) {
        c.header('www-authenticate', 'Bearer');
        return sendProblem(c, toProblem(401, 'not-signed-in', 'expected a bearer token of the issuer, or a session'));
      }
      c.set('person', { ...c.get('person'), source: 'api' });
      return next();
    }
    if (!issuer)
      return sendProblem(c, toProblem(401, 'not-signed-in', 'no issuer is configured: tokens are not taken'));
    try {
      c.set('person', toPerson(await issuer.readToken(token), 'api'));
      c.set('isStillSignedIn', () => issuer.readToken(token).then(() => true, isAway));
    } catch (error) {
      if (findAway(error) !== undefined) throw error;
      if (!(error instanceof RefusedError)) {
        log.warn({ err: error }, 'the issuer cannot be asked');
        return sendNotAvailable(c, 'The issuer of the token gives no answer that helps.');
      }
      c.header('www-authenticate', 'Bearer error="invalid_token"');
      return sendProblem(c, toProblem(401, 'not-signed-in', error.message));
    }
    return next();
  };
}

/** Nothing is known of a token while its issuer, or what we keep of it, gives no answer. */
function isAway(error: unknown): boolean {
  return !(error instanceof RefusedError);
}

/** @throws UserError when it is no version of figures */
function readIfMatch(header: string | undefined) {
  if (header === undefined) return undefined;
  return parseFiguresVersion(header.trim().replace(/^(W\/)?"(.*)"$/, '$2'));
}
