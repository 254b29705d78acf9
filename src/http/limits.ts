import type { ServerOptions } from 'node:http';
import { isIPv6 } from 'node:net';
import { getConnInfo } from '@hono/node-server/conninfo';
import type { Context, MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { every } from 'hono/combine';
import { secureHeaders } from 'hono/secure-headers';

/** What the starter takes from the outside, for every route: how often, how large, how slow. */

export interface LimitOptions {
  /** Requests per second of one source address; four times as many at once. */
  readonly ratePerSecond: number;
  /** How many proxies stand before us, whose X-Forwarded-For is believed. */
  readonly trustedProxies: number;
  /** Whether a request proves to come from Dataverse. */
  readonly isDataverse: (c: Context) => Promise<boolean>;
  readonly now?: () => number;
}

/** Seconds' worth of requests that may come at once: a bulk edit in Sales is no attack. */
const BURST_SECONDS = 4;
/** No route needs more; each may allow less, and only after it knows who calls. */
const MAX_BODY_BYTES = 4 * 1024 * 1024;

/** Stands before all routes. */
export function createLimits(options: LimitOptions): MiddlewareHandler {
  return every(
    secureHeaders(),
    limitRate(options),
    bodyLimit({ maxSize: MAX_BODY_BYTES, onError: (c) => refuse(c, 413, 'a body over 4 MiB is refused') }),
  );
}

/**
 * Time limits of the server itself. Node looks after connections once a second, so that a client that sends a byte now
 * and then is cut off soon after its time is over.
 */
export function toServerOptions({ headersMs = 10_000, requestMs = 30_000, checkMs = 1_000 } = {}): ServerOptions {
  return {
    headersTimeout: headersMs,
    // Dataverse has given up by then: it waits for a minute, and its hints are small.
    requestTimeout: requestMs,
    connectionsCheckingInterval: checkMs,
  };
}

function limitRate({ ratePerSecond, trustedProxies, isDataverse, now = Date.now }: LimitOptions): MiddlewareHandler {
  const buckets = createBuckets(ratePerSecond, ratePerSecond * BURST_SECONDS, now);
  return async (c, next) => {
    const waitMs = buckets.take(sourceOf(c, trustedProxies));
    if (waitMs === 0) return next();
    c.header('retry-after', String(Math.ceil(waitMs / 1_000)));
    // Dataverse loses an event that is answered with 429, and tries once more after 503 (reference/dataverse-sales
    // 5.7).
    return refuse(c, (await isDataverse(c)) ? 503 : 429, 'too many requests from this address');
  };
}

export interface Buckets {
  /** Takes one token; the milliseconds until there is one, when there is none. */
  take(source: string): number;
  readonly size: number;
}

/** More sources than this are not remembered: the one that was quiet longest starts afresh. */
const MAX_SOURCES = 10_000;

export function createBuckets(perSecond: number, burst: number, now: () => number, most = MAX_SOURCES): Buckets {
  const buckets = new Map<string, { tokens: number; at: number }>();
  return {
    take(source) {
      const at = now();
      const last = buckets.get(source) ?? { tokens: burst, at };
      // Taken out and put in again, a source moves to the end: the first one is the one that was quiet longest.
      buckets.delete(source);
      const tokens = Math.min(burst, last.tokens + (Math.max(0, at - last.at) / 1_000) * perSecond);
      const isFree = tokens >= 1;
      buckets.set(source, { tokens: isFree ? tokens - 1 : tokens, at });
      if (buckets.size > most) for (const [oldest] of buckets) if (buckets.delete(oldest)) break;
      return isFree ? 0 : ((1 - tokens) / perSecond) * 1_000;
    },
    get size() {
      return buckets.size;
    },
  };
}

/** Each proxy adds the address that it saw to the end of X-Forwarded-For; what stands further left is anybody's word. */
function sourceOf(c: Context, trustedProxies: number): string {
  const forwarded = (c.req.header('x-forwarded-for') ?? '').split(',').map((address) => address.trim());
  const known = [...forwarded.filter((address) => address !== ''), getConnInfo(c).remote.address ?? ''];
  return toSource(known[Math.max(0, known.length - 1 - trustedProxies)] ?? '');
}

/** One subscriber owns a /64 of IPv6, so that is one source. */
export function toSource(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped || !isIPv6(address)) return mapped ?? address;
  const [head = '', tail] = address.toLowerCase().split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const groups = tail === undefined ? left : [...left, ...Array(8 - left.length - right.length).fill('0'), ...right];
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}

/** The body stays unread, so the connection cannot carry another request: the caller is told. */
function refuse(c: Context, status: 413 | 429 | 503, error: string): Response {
  c.header('connection', 'close');
  return c.json({ error }, status);
}
