import type { Payload, PayloadCodec } from '@temporalio/common';
import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { cors } from 'hono/cors';
import type { Logger } from 'pino';
import { z } from 'zod';

/**
 * `POST /encode` and `/decode`: Temporal's remote codec protocol, for its Web UI and its command line. Whoever may call
 * it reads every payload, so it asks each caller who he is.
 */
export interface CodecEndpointDependencies {
  readonly codec: PayloadCodec;
  /** The bearer token of the caller; compared in constant time. */
  readonly isSignedIn: (token: string) => Promise<boolean>;
  /** The origin of the Web UI; without one no browser may ask. */
  readonly uiOrigin: string | undefined;
  readonly log: Logger;
}

/** A page of history as the Web UI sends it, in base64. */
const LARGEST_BODY = 16 * 1024 * 1024;

const base64 = z.string().transform((text) => Buffer.from(text, 'base64'));
const request = z.object({
  // The command line leaves an empty list out.
  payloads: z
    .array(
      z.object({ metadata: z.record(z.string(), base64).nullish(), data: base64.nullish() }).transform(
        ({ metadata, data }): Payload => ({
          metadata: metadata ?? {},
          data: data ?? Buffer.alloc(0),
        }),
      ),
    )
    .default([]),
});

export function createCodecEndpoint({ codec, isSignedIn, uiOrigin, log }: CodecEndpointDependencies): Hono {
  const app = new Hono();
  if (uiOrigin !== undefined) {
    // The exact origin: with credentials no browser takes `*`.
    app.use(
      cors({
        origin: uiOrigin,
        credentials: true,
        allowMethods: ['POST', 'OPTIONS'],
        allowHeaders: ['content-type', 'x-namespace', 'authorization', 'authorization-extras'],
        maxAge: 600,
      }),
    );
  }
  app.use(async (c, next) => {
    c.header('cache-control', 'no-store');
    const token = /^Bearer +(\S+)$/i.exec(c.req.header('authorization') ?? '')?.[1] ?? '';
    if (await isSignedIn(token)) return next();
    c.header('www-authenticate', 'Bearer');
    return refuseUnread(c, 401, 'the bearer token is missing or wrong');
  });
  app.use(bodyLimit({ maxSize: LARGEST_BODY, onError: (c) => refuseUnread(c, 413, 'a body over 16 MiB is refused') }));

  for (const operation of ['encode', 'decode'] as const) {
    app.post(`/${operation}`, async (c) => {
      const body: unknown = await c.req.json().catch(() => undefined);
      const parsed = request.safeParse(body);
      if (!parsed.success) return c.json({ error: 'the body is no {"payloads":[{"metadata":{},"data":""}]}' }, 400);
      try {
        const payloads = await codec[operation](parsed.data.payloads);
        log.info({ operation, payloads: payloads.length, namespace: c.req.header('x-namespace') }, 'codec');
        return c.json({ payloads: payloads.map(toJson) });
      } catch (error) {
        log.warn({ err: error, operation }, 'codec refused');
        return c.json({ error: `a payload cannot be ${operation}d: unknown key, or changed since it was sealed` }, 400);
      }
    });
  }
  return app;
}

function toJson({ metadata, data }: Payload): { metadata: Record<string, string>; data: string } {
  const entries = Object.entries(metadata ?? {}).map(([key, value]) => [key, Buffer.from(value).toString('base64')]);
  return { metadata: Object.fromEntries(entries), data: Buffer.from(data ?? []).toString('base64') };
}

/** The body stays unread, so the connection cannot carry another request: the caller is told. */
function refuseUnread(c: Context, status: 401 | 413, error: string): Response {
  c.header('connection', 'close');
  return c.json({ error }, status);
}
