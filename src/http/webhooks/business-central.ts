import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { Logger } from 'pino';
import { z } from 'zod';
import {
  BUSINESS_CENTRAL_WEBHOOK,
  SUBSCRIBED_RESOURCES,
  type SubscribedResource,
} from '../../deal/business-central-feeds.js';
import { isSameSecret } from '../secret.js';

export interface BusinessCentralWebhookDependencies {
  readonly clientState: string;
  /** Invoices or orders changed: the invoice feed reads now. */
  readonly nudgeInvoiceFeed: () => Promise<void>;
  /** Customers or items changed: deals that wait for one are woken. */
  readonly wakeHeldDeals: () => Promise<void>;
  readonly log: Logger;
}

/** A thousand notices of each of our subscriptions, and room to spare. */
const MAX_BODY_BYTES = 4 * 1024 * 1024;
const MAX_TOKEN_LENGTH = 2_048;

const notice = z.object({ clientState: z.string().default(''), resource: z.string(), changeType: z.string() });
const notices = z.object({ value: z.array(notice) });

/**
 * `/webhooks/business-central`: the handshake, and notices that make the feeds read sooner (reference/business-central 9.2 to
 * 9.5). A notice carries no truth. Any answer but 2xx to a notice ends the subscription, so what is forged is dropped
 * and logged.
 */
export function createBusinessCentralWebhook(dependencies: BusinessCentralWebhookDependencies): Hono {
  const { clientState, log } = dependencies;
  const nudge = createQuietly(dependencies.nudgeInvoiceFeed, log);
  const wake = createQuietly(dependencies.wakeHeldDeals, log);
  const app = new Hono();

  app.get(BUSINESS_CENTRAL_WEBHOOK, (c) => {
    const token = c.req.query('validationToken');
    return token === undefined
      ? c.json({ error: 'validationToken: expected a token, got nothing' }, 400)
      : shakeHands(c, token);
  });

  app.post(
    BUSINESS_CENTRAL_WEBHOOK,
    async (c, next) => {
      const token = c.req.query('validationToken');
      return token === undefined ? next() : shakeHands(c, token);
    },
    bodyLimit({
      maxSize: MAX_BODY_BYTES,
      onError: (c) => {
        c.header('connection', 'close');
        return c.json({ error: 'a body over 4 MiB is refused' }, 413);
      },
    }),
    async (c) => {
      const body: unknown = await c.req.json().catch(() => undefined);
      const parsed = notices.safeParse(body);
      if (!parsed.success) {
        log.warn({ path: c.req.path }, 'invalid notice of Business Central dropped');
        return c.body(null, 202);
      }
      const honest = parsed.data.value.filter((one) => isSameSecret(one.clientState, clientState));
      const dropped = parsed.data.value.length - honest.length;
      if (dropped > 0) log.warn({ dropped }, 'notices with a wrong clientState dropped');
      const changed = new Set(honest.map((one) => readResource(one.resource)));
      // Answered at once; what follows is our own affair and may take its time.
      if (changed.has('salesInvoices') || changed.has('salesOrders')) nudge();
      if (changed.has('customers') || changed.has('items')) wake();
      log.info({ notices: honest.length, changed: [...changed] }, 'notices of Business Central received');
      return c.body(null, 202);
    },
  );
  return app;
}

/** The token as it was sent, as plain text that no browser takes for anything else. */
function shakeHands(c: Context, token: string): Response {
  if (token.length > MAX_TOKEN_LENGTH) {
    return c.json(
      { error: `validationToken: expected at most ${MAX_TOKEN_LENGTH} characters, got ${token.length}` },
      400,
    );
  }
  return c.text(token, 200, {
    'content-type': 'text/plain; charset=utf-8',
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-store',
  });
}

/** The set that a notice is about: `…/companies({id})/salesInvoices({id})`, or with `?$filter=` for a collection. */
function readResource(resource: string): SubscribedResource | undefined {
  const [path = ''] = resource.split('?', 1);
  const name = /\/([A-Za-z]+)(?:\([^/]*\))?$/.exec(path)?.[1];
  return SUBSCRIBED_RESOURCES.find((known) => known === name);
}

/** Runs once more after the run that is under way, however often it was called meanwhile; failures are hints lost. */
function createQuietly(work: () => Promise<void>, log: Logger): () => void {
  let isRunning = false;
  let isWanted = false;
  return () => {
    isWanted = true;
    if (isRunning) return;
    isRunning = true;
    void (async () => {
      while (isWanted) {
        isWanted = false;
        try {
          await work();
        } catch (error) {
          const reason = error instanceof Error ? error.message : String(error);
          log.warn({ reason }, 'passing a notice of Business Central on failed');
        }
      }
      isRunning = false;
    })();
  };
}
