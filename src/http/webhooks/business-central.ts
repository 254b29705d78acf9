import { type Context, Hono, type MiddlewareHandler } from 'hono';
import type { Logger } from 'pino';
import { z } from 'zod';
import {
  BUSINESS_CENTRAL_WEBHOOK,
  type ChangedRow,
  SUBSCRIBED_RESOURCES,
  type SubscribedResource,
} from '../../deal/business-central-feeds.js';
import { isGuid } from '../../deal/ids.js';
import type { SecretCheck } from '../../secrets/secret-check.js';
import type { Limits } from '../limits/limits.js';

export interface BusinessCentralWebhookDependencies {
  /** Whether an address that we gave ends in this key. */
  readonly isAddressKey: SecretCheck;
  readonly isClientState: SecretCheck;
  readonly guard: Limits['guard'];
  /** Invoices or orders changed: the invoice feed reads now. */
  readonly nudgeInvoiceFeed: () => Promise<void>;
  /** Deals that wait for one of these rows, or with one of these quotes, are woken. */
  readonly wakeHeldDeals: (rows: readonly ChangedRow[]) => Promise<void>;
  readonly log: Logger;
}

/** A thousand notices of each of our subscriptions, and room to spare. */
const MAX_BODY_BYTES = 4 * 1024 * 1024;
const MAX_TOKEN_LENGTH = 2_048;
/** More rows than this at once are «any of them». */
const MAX_CHANGED_ROWS = 10_000;

// What is odd in one of them is of no matter for the others, nor for what else it says.
const notice = z.object({
  clientState: z.string().catch(''),
  resource: z.string().catch(''),
  changeType: z.string().catch(''),
  lastModifiedDateTime: z.string().optional().catch(undefined),
});
const UNREADABLE_NOTICE = { clientState: '', resource: '', changeType: '', lastModifiedDateTime: undefined };
const notices = z.object({ value: z.array(notice.catch(UNREADABLE_NOTICE)) });

/**
 * `/webhooks/business-central/<key>`: the handshake, and notices that make the feeds read sooner (reference/business-central
 * 9.2 to 9.5). Business Central sends no header of ours, so the address itself proves it before the body is read, and
 * clientState once more inside. A notice carries no truth. Any answer but 2xx to a notice ends the subscription, so what
 * is forged is dropped and logged.
 */
export function createBusinessCentralWebhook(dependencies: BusinessCentralWebhookDependencies): Hono {
  const { isAddressKey, isClientState, guard, log } = dependencies;
  const nudge = createQuietly(dependencies.nudgeInvoiceFeed, log);
  const changedRows = new Map<string, ChangedRow>();
  const wake = createQuietly(async () => {
    const rows = [...changedRows.values()];
    changedRows.clear();
    await dependencies.wakeHeldDeals(rows);
  }, log);
  const door = (refusal: Parameters<Limits['guard']>[0]['refusal']): MiddlewareHandler =>
    guard({
      name: 'business-central',
      givenSecret: (c) => c.req.param('key') ?? '',
      isRight: isAddressKey,
      refusal,
      maxBytes: MAX_BODY_BYTES,
    });
  const app = new Hono();

  app.get(`${BUSINESS_CENTRAL_WEBHOOK}/:key`, door({ status: 404, error: 'not found' }), (c) => {
    const token = c.req.query('validationToken');
    return token === undefined
      ? c.json({ error: 'validationToken: expected a token, got nothing' }, 400)
      : shakeHands(c, token);
  });

  // A subscription with a key of before hears what a right one hears, as for a wrong clientState.
  app.post(`${BUSINESS_CENTRAL_WEBHOOK}/:key`, door({ status: 202, error: 'dropped' }), async (c) => {
    const token = c.req.query('validationToken');
    if (token !== undefined) return shakeHands(c, token);
    const body: unknown = await c.req.json().catch(() => undefined);
    const parsed = notices.safeParse(body);
    if (!parsed.success) {
      log.warn('invalid notice of Business Central dropped');
      return c.body(null, 202);
    }
    const states = new Map<string, boolean>();
    for (const { clientState } of parsed.data.value)
      if (!states.has(clientState)) states.set(clientState, await isClientState(clientState));
    const honest = parsed.data.value.filter((one) => states.get(one.clientState));
    const dropped = parsed.data.value.length - honest.length;
    if (dropped > 0) log.warn({ dropped }, 'notices with a wrong clientState dropped');
    const changed = honest.flatMap((one) => readResource(one.resource) ?? []);
    // Answered at once; what follows is our own affair and may take its time.
    if (changed.some(({ resource }) => resource === 'salesInvoices' || resource === 'salesOrders')) nudge();
    const rows = honest.flatMap(toChangedRow);
    for (const row of rows) {
      const id = changedRows.size < MAX_CHANGED_ROWS ? row.id : undefined;
      const key = `${row.resource} ${id ?? ''}`;
      const before = changedRows.get(key);
      // Notices come in any order: what is gone stays so.
      const isGone = row.at === undefined || (before !== undefined && before.at === undefined);
      changedRows.set(key, { resource: row.resource, id, ...(row.at && !isGone && { at: row.at }) });
    }
    if (rows.length > 0) wake();
    const resources = [...new Set(changed.map(({ resource }) => resource))];
    log.info({ notices: honest.length, changed: resources }, 'notices of Business Central received');
    return c.body(null, 202);
  });
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

/** What a notice is about: `…/companies({id})/salesInvoices({id})`, or with `?$filter=` for a collection. */
function readResource(text: string): { resource: SubscribedResource; id: string | undefined } | undefined {
  const [path = ''] = text.split('?', 1);
  const [, name, id = ''] = /\/([A-Za-z]+)(?:\(([^()/]*)\))?$/.exec(path) ?? [];
  const resource = SUBSCRIBED_RESOURCES.find((known) => known === name);
  return resource && { resource, id: isGuid(id) ? id.toLowerCase() : undefined };
}

/** Of a quote also when it changed, since a change that we made ourselves is no news. */
function toChangedRow({ resource: text, changeType, lastModifiedDateTime }: z.output<typeof notice>): ChangedRow[] {
  const { resource, id } = readResource(text) ?? {};
  if (resource === 'customers' || resource === 'items') return [{ resource, id }];
  if (resource !== 'salesQuotes') return [];
  const isGone = changeType === 'deleted' || id === undefined || lastModifiedDateTime === undefined;
  return [{ resource, id, ...(!isGone && { at: lastModifiedDateTime }) }];
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
