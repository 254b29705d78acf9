import type { ServerOptions } from 'node:http';
import type { Server } from 'node:net';
import type { Context, MiddlewareHandler } from 'hono';
import type { Logger } from 'pino';
import type { SecretCheck } from '../../secrets/secret-check.js';
import { type BodyRule, createByteBudget, findLengthProblem, isChunked, takeBody } from './bodies.js';
import { createBuckets } from './buckets.js';
import { createConnections } from './connections.js';
import { createFailedSecrets } from './failed-secrets.js';
import { type RefusedStatus, refuse } from './refusals.js';
import type { Sources } from './sources.js';

/** What the starter takes from the outside, for every route: from whom, how often, how large, how slow. */

export interface LimitOptions {
  /** Requests per second of one source address; four times as many at once. */
  readonly ratePerSecond: number;
  readonly sources: Sources;
  readonly log: Logger;
  readonly now?: () => number;
  /** For a whole body. */
  readonly bodyMs?: number;
}

export interface Limits {
  /** Stands before all routes. What goes on has a body that is whole and small, or a guard of its own that is still to come. */
  readonly all: MiddlewareHandler;
  /** Stands before the webhook of a system: nothing is read of whoever does not show its secret. */
  guard(system: SystemDoor): MiddlewareHandler;
  /** Stands behind a check of the route's own, which has let the caller in: reads a body that may be larger. */
  largeBody(maxBytes: number): MiddlewareHandler;
  /** For a route that checks a secret or token by itself: whoever has failed too often is not looked at. */
  readonly secrets: ShownSecrets;
  /** Connections of this server count from now on. */
  watch(server: Server): void;
}

export interface ShownSecrets {
  isBlocked(c: Context): boolean;
  /** A wrong one was shown. */
  recordFailure(c: Context, name: string): void;
  /** A right one was shown. */
  trust(c: Context): void;
}

export interface SystemDoor {
  readonly name: string;
  /** What the caller shows; empty when it shows nothing. */
  readonly givenSecret: (c: Context) => string;
  readonly isRight: SecretCheck;
  /** The answer to a wrong one. */
  readonly refusal: { readonly status: RefusedStatus; readonly error: string };
  readonly maxBytes: number;
}

const MIB = 1024 * 1024;
/** Seconds' worth of requests that may come at once: a bulk edit in Sales is no attack. */
const BURST_SECONDS = 4;
/** Strangers of all addresses together may ask for so many times the rate of one: the rest is left to the systems. */
const STRANGERS_SHARE = 20;
/** A form, a decision, a query of the API. */
const MAX_BODY_BYTES = MIB;
/** A thousand registrations of Dataverse arrive within it over any line; a body that takes longer is no hint any more. */
const BODY_MS = 5_000;
const LARGE_BODY_MS = 20_000;
const STRANGERS_BYTES = { total: 8 * MIB, perSource: MIB };
const SYSTEM_BYTES = { total: 16 * MIB, perSource: 8 * MIB };
const LARGE_BYTES = { total: 24 * MIB, perSource: 24 * MIB };
const CONNECTIONS = { total: 1_000, perSource: 100 };

const HEALTH = '/health';
/** Have a guard, which counts by itself. */
const SYSTEMS = /^(POST \/webhooks\/dataverse|(GET|POST) \/webhooks\/business-central\/[^/]+)$/;
/** Look at a token before they read a body. */
const TOKENS = /^POST \/codec\/(encode|decode)$/;

export function createLimits({ ratePerSecond, sources, log, now = Date.now, bodyMs = BODY_MS }: LimitOptions): Limits {
  const burst = ratePerSecond * BURST_SECONDS;
  const rates = createBuckets(ratePerSecond, burst, now);
  const strangers = createBuckets(ratePerSecond * STRANGERS_SHARE, burst * STRANGERS_SHARE, now);
  const shares = createBuckets(ratePerSecond, burst, now);
  const failed = createFailedSecrets(log, now);
  const connections = createConnections({ ...CONNECTIONS, sources, now });
  const common = { takesChunks: false, busyStatus: 429, withinMs: bodyMs, maxBytes: MAX_BODY_BYTES } as const;
  const ofStrangers: BodyRule = { ...common, budget: createByteBudget(STRANGERS_BYTES) };
  const large = { ...common, takesChunks: true, withinMs: Math.max(bodyMs, LARGE_BODY_MS) };
  const largeBudget = createByteBudget(LARGE_BYTES);
  let hasWarned = false;

  /** Milliseconds until a stranger may ask again. */
  const waitOfStranger = (source: string): number => {
    const waitMs = rates.take(source);
    return waitMs > 0 ? waitMs : strangers.take('');
  };

  const limitStrangers: MiddlewareHandler = async (c, next) => {
    const call = `${c.req.method} ${c.req.path}`;
    if (SYSTEMS.test(call)) return next();
    const source = sources.of(c);
    // Whoever restarts what seems ill has to hear that it is well, also while all addresses of the world ask for something.
    const waitMs = c.req.path === HEALTH ? rates.take(source) : waitOfStranger(source);
    if (waitMs > 0) {
      c.header('retry-after', String(Math.ceil(waitMs / 1_000)));
      return refuse(c, 429, 'too many requests from this address');
    }
    if (TOKENS.test(call)) return next();
    return takeBody(c, source, ofStrangers, next);
  };

  const trust = (c: Context): void => {
    failed.trust(sources.of(c));
    connections.prove(c);
  };

  return {
    all: limitStrangers,
    secrets: {
      isBlocked: (c) => failed.isBlocked(sources.of(c)),
      recordFailure: (c, name) => void failed.record(name, sources.of(c)),
      trust,
    },
    guard({ name, givenSecret, isRight, refusal, maxBytes }) {
      const budget = createByteBudget(SYSTEM_BYTES);
      const rule: BodyRule = { ...common, takesChunks: true, busyStatus: 503, maxBytes, budget };
      // Who is over the rate hears the same with any secret. Dataverse loses an event that is answered with 429, and
      // tries once more after 503 (reference/dataverse-sales 5.7).
      const busy = (c: Context): Response => {
        c.header('retry-after', '1');
        return refuse(c, 503, 'too many requests from this address');
      };
      const turnAway = (c: Context): Response =>
        isChunked(c)
          ? refuse(c, 411, 'a body without Content-Length is refused')
          : refuse(c, refusal.status, refusal.error);
      return async (c, next) => {
        const source = sources.of(c);
        const given = givenSecret(c);
        if (given === '') return waitOfStranger(source) > 0 ? busy(c) : turnAway(c);
        if (failed.isBlocked(source)) return busy(c);
        if (!(await isRight(given))) return failed.record(name, source) ? busy(c) : turnAway(c);
        trust(c);
        if (!hasWarned && sources.isBehindUnknownProxy(c)) {
          hasWarned = true;
          log.warn({ peer: source }, 'requests come through a proxy that STARTER_TRUSTED_PROXIES does not name');
        }
        if (shares.take(`${name} ${source}`) > 0) return busy(c);
        return findLengthProblem(c, maxBytes) ?? takeBody(c, source, rule, next);
      };
    },
    largeBody: (maxBytes) => (c, next) => takeBody(c, sources.of(c), { ...large, maxBytes, budget: largeBudget }, next),
    watch: (server) => connections.watch(server),
  };
}

/**
 * Time limits of the server itself. Node looks after connections once a second, so that a client that sends a byte now
 * and then is cut off soon after its time is over.
 */
export function toServerOptions({ headersMs = 5_000, requestMs = 30_000, checkMs = 1_000 } = {}): ServerOptions {
  return {
    headersTimeout: headersMs,
    // Dataverse has given up by then: it waits for a minute, and its hints are small.
    requestTimeout: requestMs,
    connectionsCheckingInterval: checkMs,
  };
}
