import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { Logger } from 'pino';
import type { RecordRef } from '../deal/deal.js';
import { readHint } from './remote-execution-context.js';
import type { StartOutcome } from './start-deal.js';

export interface WebhookDependencies {
  /** Whether the caller's secret is one of those that are valid, compared in constant time. */
  readonly isRight: (given: string) => Promise<boolean>;
  readonly start: (ref: RecordRef) => Promise<StartOutcome>;
  readonly log: Logger;
}

/** Dataverse cuts bodies at 256 KB; four times that is nobody's honest call. */
const LARGEST_BODY = 1024 * 1024;

/**
 * `POST /webhooks/dataverse`, authenticated by the header `x-dealbridge-key` (HttpHeader) or `?code=` (WebhookKey).
 * The call is a hint: it carries an id, and the record is always read again.
 */
export function createWebhooks({ isRight, start, log }: WebhookDependencies): Hono {
  const app = new Hono();
  app.post(
    '/webhooks/dataverse',
    async (c, next) => {
      const given = c.req.header('x-dealbridge-key') ?? c.req.query('code') ?? '';
      if (!(await isRight(given))) return refuseUnread(c, 401, 'the webhook key is missing or wrong');
      return next();
    },
    bodyLimit({ maxSize: LARGEST_BODY, onError: (c) => refuseUnread(c, 413, 'a body over 1 MiB is refused') }),
    async (c) => {
      const body: unknown = await c.req.json().catch(() => undefined);
      if (body === undefined) return c.json({ error: 'the body is no JSON' }, 400);
      const hint = readHint(body);
      if (hint.kind === 'bad') return c.json({ error: hint.problem }, 400);
      const outcome = await start(hint.ref);
      log.info({ ...hint.ref, message: hint.message, outcome: outcome.kind }, 'webhook');
      return c.json(outcome, 202);
    },
  );
  return app;
}

/** The body stays unread, so the connection cannot carry another request: the caller is told. */
function refuseUnread(c: Context, status: 401 | 413, error: string): Response {
  c.header('connection', 'close');
  return c.json({ error }, status);
}
