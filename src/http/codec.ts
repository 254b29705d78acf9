import { defaultPayloadConverter, type Payload, type PayloadCodec } from '@temporalio/common';
import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import { cors } from 'hono/cors';
import type { Logger } from 'pino';
import { z } from 'zod';
import { toUserError } from '../operations/input-faults.js';
import { SealError } from '../secrets/key-ring.js';
import { parseForm } from './form.js';
import { isChunked } from './limits/bodies.js';
import type { Limits } from './limits/limits.js';
import { refuse } from './limits/refusals.js';
import { SESSION_SECONDS, type SignIn } from './sign-in.js';

/**
 * `POST /encode` and `/decode`: Temporal's remote codec protocol, for its Web UI and its command line. Whoever may call
 * it reads every payload: the command line sends the token each time, a browser signs in once at `/sign-in`.
 */
export interface CodecEndpointDependencies {
  readonly codec: PayloadCodec;
  readonly signIn: SignIn;
  /** The origin of the Web UI; without one no browser may ask. */
  readonly uiOrigin: string | undefined;
  /** Whether browsers reach us by https: what a request says of itself anybody can write. */
  readonly isHttps: boolean;
  /** Guesses are slowed; a body is read once the caller is known. */
  readonly limits: Pick<Limits, 'secrets' | 'largeBody'>;
  readonly log: Logger;
}

/** A page of history as the Web UI sends it, in base64. */
const MAX_BODY_BYTES = 16 * 1024 * 1024;

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

export function createCodecEndpoint(dependencies: CodecEndpointDependencies): Hono {
  const { codec, signIn, uiOrigin, limits, log } = dependencies;
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
    await next();
  });
  addSignIn(app, dependencies);
  app.use(async (c, next) => {
    if (limits.secrets.isBlocked(c)) return refuseGuess(c);
    if (await isSignedIn(c, signIn)) {
      limits.secrets.trust(c);
      return next();
    }
    if (tokenOf(c) !== undefined) limits.secrets.recordFailure(c, 'codec');
    c.header('www-authenticate', 'Bearer');
    return isChunked(c)
      ? refuse(c, 411, 'a body without Content-Length is refused')
      : refuse(c, 401, 'the bearer token is missing or wrong, and nobody has signed in');
  });
  app.use(limits.largeBody(MAX_BODY_BYTES));

  /**
   * One that does not open is answered with the reason in its place. Any status but 200 would hide all others of the page, and
   * Temporal's command line repeats a call whose codec failed until its deadline, and then shows that alone (the codes of
   * internal/common/retry/interceptor.go in temporalio/sdk-go, in whose order codecs come after the repeating).
   */
  const decodeEach = (payloads: readonly Payload[]): Promise<Payload[]> =>
    Promise.all(
      payloads.map(async (payload) => {
        try {
          const [opened = {}] = await codec.decode([payload]);
          return opened;
        } catch (error) {
          log.warn({ err: error }, 'a payload does not open');
          return toReason(error);
        }
      }),
    );

  for (const operation of ['encode', 'decode'] as const) {
    app.post(`/${operation}`, async (c) => {
      const body: unknown = await c.req.json().catch(() => undefined);
      if (body === undefined) return c.json({ error: 'body: expected JSON' }, 400);
      const parsed = request.safeParse(body);
      if (!parsed.success) return c.json({ error: toUserError(parsed.error, body, 'body').message }, 400);
      const { payloads: given } = parsed.data;
      const payloads = operation === 'encode' ? await codec.encode(given) : await decodeEach(given);
      log.info({ operation, payloads: payloads.length, namespace: c.req.header('x-namespace') }, 'codec');
      return c.json({ payloads: payloads.map(toJson) });
    });
  }
  return app;
}

const COOKIE = 'dealbridge-codec';
/** A form without script, style or frame. Browsers ask `form-action` for the redirect after it as well, to the Web UI. */
const toPagePolicy = (uiOrigin: string | undefined): string =>
  `default-src 'none'; form-action ${["'self'", ...(uiOrigin ? [uiOrigin] : [])].join(' ')}; frame-ancestors 'none'`;

function addSignIn(app: Hono, { signIn, uiOrigin, isHttps, limits: { secrets } }: CodecEndpointDependencies): void {
  const cookie = {
    httpOnly: true,
    // The Web UI is another origin of the same site; other sites do not get it sent along.
    sameSite: 'Strict',
    secure: isHttps,
    path: '/codec',
  } as const;
  const pagePolicy = toPagePolicy(uiOrigin);
  app.get('/sign-in', (c) => {
    c.header('content-security-policy', pagePolicy);
    const session = getCookie(c, COOKIE);
    if (session !== undefined && signIn.isSession(session))
      return c.html(toPage('You are signed in. <button formaction="/codec/sign-out">Sign out</button>'));
    return c.html(toPage(TOKEN_FIELD));
  });
  app.post('/sign-out', (c) => {
    c.header('content-security-policy', pagePolicy);
    deleteCookie(c, COOKIE, cookie);
    return c.redirect('/codec/sign-in', 303);
  });
  app.post(
    '/sign-in',
    bodyLimit({ maxSize: MAX_FORM_BYTES, onError: (c) => refuse(c, 413, 'too much') }),
    async (c) => {
      c.header('content-security-policy', pagePolicy);
      const token = await parseForm(c).then(
        (form) => form['token'],
        () => undefined,
      );
      if (secrets.isBlocked(c)) return refuseGuess(c);
      if (typeof token !== 'string' || !(await signIn.isToken(token))) {
        secrets.recordFailure(c, 'codec');
        return c.html(toPage(`<p>The token is wrong.</p>${TOKEN_FIELD}`), 401);
      }
      setCookie(c, COOKIE, signIn.createSession(), { ...cookie, maxAge: SESSION_SECONDS });
      return uiOrigin === undefined ? c.html(toPage('Signed in.')) : c.redirect(uiOrigin, 303);
    },
  );
}

const MAX_FORM_BYTES = 4_096;
const TOKEN_FIELD =
  '<label>Token <input name="token" type="password" autocomplete="off" required autofocus></label> <button>Sign in</button>';

function toPage(content: string): string {
  return `<!doctype html><html lang="en"><title>Dealbridge</title><h1>Read the payloads of Temporal</h1><form method="post">${content}</form></html>`;
}

async function isSignedIn(c: Context, signIn: SignIn): Promise<boolean> {
  const session = getCookie(c, COOKIE);
  if (session !== undefined && signIn.isSession(session)) return true;
  const token = tokenOf(c);
  return token !== undefined && signIn.isToken(token);
}

function tokenOf(c: Context): string | undefined {
  return /^Bearer +(\S+)$/i.exec(c.req.header('authorization') ?? '')?.[1];
}

function refuseGuess(c: Context): Response {
  c.header('retry-after', '1');
  return refuse(c, 429, 'too many wrong tokens from this address');
}

/** What is shown where the content would stand. */
function toReason(error: unknown): Payload {
  const reason = error instanceof SealError ? error.message : 'its content cannot be read';
  return defaultPayloadConverter.toPayload(`this payload does not open: ${reason}`) ?? {};
}

function toJson({ metadata, data }: Payload): { metadata: Record<string, string>; data: string } {
  const entries = Object.entries(metadata ?? {}).map(([key, value]) => [key, Buffer.from(value).toString('base64')]);
  return { metadata: Object.fromEntries(entries), data: Buffer.from(data ?? []).toString('base64') };
}
