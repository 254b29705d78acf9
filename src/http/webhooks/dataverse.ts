import { type Context, Hono } from 'hono';
import type { Logger } from 'pino';
import type { RecordRef } from '../../deal/deal.js';
import type { FeedTable } from '../../deal/ids.js';
import { DATAVERSE_WEBHOOK, WEBHOOK_HEADER } from '../../deal/webhook-steps.js';
import type { StartOutcome } from '../../dispatch/start-deal.js';
import type { SecretCheck } from '../../secrets/secret-check.js';
import type { Limits } from '../limits/limits.js';
import { type HintReading, readHint } from './remote-execution-context.js';

export interface WebhookDependencies {
  /** Whether the caller's secret is one of those that are valid, compared in constant time. */
  readonly isRight: SecretCheck;
  readonly guard: Limits['guard'];
  readonly start: (ref: RecordRef) => Promise<StartOutcome>;
  /** Whether the ledger has ever seen the record. */
  readonly isKnown: (recordId: string) => Promise<boolean>;
  readonly recordDetections: (refs: readonly RecordRef[]) => Promise<unknown>;
  /** Asks the feed of the table to read now; returns at once. */
  readonly nudge: (table: FeedTable) => void;
  /** The systemuserid of our own Application User, as soon as it is known. */
  readonly findOwnUserId: () => string | undefined;
  readonly log: Logger;
}

export type WebhookOutcome =
  | StartOutcome
  /** A message about several records. */
  | { readonly kind: 'several'; readonly outcomes: readonly StartOutcome[] }
  | { readonly kind: 'nudged' }
  /** A record that nobody knows was lost or deleted. */
  | { readonly kind: 'nothing-to-end' }
  /** Our own change came back. */
  | { readonly kind: 'own' }
  /** Of a table that makes no deals: how many such calls came since the start. */
  | { readonly kind: 'unknown-table'; readonly table: string; readonly times: number };

/** Dataverse cuts bodies over this (reference/dataverse-sales 5.7). */
const MAX_BODY_BYTES = 256 * 1024;

/** The name for authtype HttpHeader, and for HttpQueryString without its prefix. */
const KEY_PARAMETER = 'dealbridge-key';

/**
 * `POST /webhooks/dataverse`, authenticated by the header `x-dealbridge-key` (HttpHeader), `?code=` (WebhookKey) or
 * `?dealbridge-key=` (HttpQueryString). The call is a hint: it carries an id, and the record is always read again, by
 * somebody else: no API is waited for here.
 */
export function createWebhooks(dependencies: WebhookDependencies): Hono {
  const { isRight, guard, log } = dependencies;
  const countUnknown = createTableCounter();
  const app = new Hono();
  app.post(
    DATAVERSE_WEBHOOK,
    guard({
      name: 'dataverse',
      givenSecret: toGivenKey,
      isRight,
      refusal: { status: 401, error: 'the webhook key is missing or wrong' },
      maxBytes: MAX_BODY_BYTES,
    }),
    async (c) => {
      const body: unknown = await c.req.json().catch(() => undefined);
      if (body === undefined) return c.json({ error: 'body: expected JSON' }, 400);
      const hint = readHint(body, c.req.header('x-ms-dynamics-msg-size-exceeded') !== undefined);
      if (hint.kind === 'bad') return c.json({ error: hint.problem }, 400);
      if (hint.kind === 'unknown-table') {
        // Any other answer leaves a failed system job in Sales for each call (reference/dataverse-sales 5.7).
        const table = hint.table.slice(0, MAX_NAME_LENGTH);
        const outcome: WebhookOutcome = { kind: 'unknown-table', table, times: countUnknown(table) };
        log.warn({ ...outcome, message: hint.message }, 'webhook of a table that makes no deals ignored');
        return c.json(outcome, 202);
      }
      const { outcome, ofRecords } = await take(dependencies, hint);
      const { table, message } = hint;
      if (hint.kind === 'nudge') log.info({ table, message, outcome: outcome.kind }, 'webhook');
      else {
        for (const { recordId: dealId } of hint.refs)
          log.info({ dealId, table, message, outcome: ofRecords.get(dealId) ?? outcome.kind }, 'webhook');
      }
      return c.json(outcome, 202);
    },
  );
  return app;
}

interface Taken {
  readonly outcome: WebhookOutcome;
  /** Where the records of one message ended differently. */
  readonly ofRecords: ReadonlyMap<string, WebhookOutcome['kind']>;
}

async function take(
  { start, isKnown, recordDetections, nudge, findOwnUserId }: WebhookDependencies,
  hint: Exclude<HintReading, { kind: 'bad' | 'unknown-table' }>,
): Promise<Taken> {
  const ofRecords = new Map<string, WebhookOutcome['kind']>();
  const ownUserId = findOwnUserId();
  if (ownUserId !== undefined && hint.initiatingUserId === ownUserId) return { outcome: { kind: 'own' }, ofRecords };
  // A run that is under way learns of the new revision from the feed, which reads it.
  nudge(hint.table);
  if (hint.kind === 'nudge') return { outcome: { kind: 'nudged' }, ofRecords };
  const outcomes: StartOutcome[] = [];
  for (const ref of hint.refs) {
    if (hint.isEnding && !(await isKnown(ref.recordId))) {
      ofRecords.set(ref.recordId, 'nothing-to-end');
      continue;
    }
    const started = await start(ref);
    ofRecords.set(ref.recordId, started.kind);
    outcomes.push(started);
  }
  await recordDetections(hint.refs);
  const [first] = outcomes;
  if (!first) return { outcome: { kind: 'nothing-to-end' }, ofRecords };
  return { outcome: outcomes.length === 1 ? first : { kind: 'several', outcomes }, ofRecords };
}

/** The longest logical name of a table. */
const MAX_NAME_LENGTH = 128;
/** A registration names a few tables; more than these are counted together. */
const MAX_COUNTED_TABLES = 100;

function createTableCounter(): (table: string) => number {
  const counts = new Map<string, number>();
  return (table) => {
    const key = counts.has(table) || counts.size < MAX_COUNTED_TABLES ? table : '';
    const times = (counts.get(key) ?? 0) + 1;
    counts.set(key, times);
    return times;
  };
}

/** The secret by which our own registration in Dataverse proves itself, in one of its three places. */
function toGivenKey(c: Context): string {
  return c.req.header(WEBHOOK_HEADER) ?? c.req.query('code') ?? c.req.query(KEY_PARAMETER) ?? '';
}
