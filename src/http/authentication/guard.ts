import type { Context, MiddlewareHandler } from 'hono';
import { secureHeaders } from 'hono/secure-headers';
import { type Person, toPerson } from '../../identity/person.js';
import { parseForm } from '../form.js';
import { findOrigin } from './origin.js';
import { isSameSecret } from './same-secret.js';
import type { Session, Sessions } from './sessions.js';

/** What stands before every page and route of the desk: whose address it is, who asks, and whether they meant it. */

export interface DeskEnv {
  Variables: {
    /** The address under which the browser reached us. */
    origin: string;
    session: Session | undefined;
    /** Of a page or route behind the sign-in. */
    person: Person;
    /** Asked by what goes on after its request: a session may end meanwhile, and a token expire. */
    isStillSignedIn: () => Promise<boolean>;
  };
}

/** Nothing runs or is shown that does not come from here as a file: no inline script, no inline style, no other host. */
export function guardContent(): MiddlewareHandler {
  return secureHeaders({
    contentSecurityPolicy: {
      defaultSrc: ["'none'"],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'"],
      imgSrc: ["'self'"],
      connectSrc: ["'self'"],
      formAction: ["'self'"],
      frameAncestors: ["'none'"],
      baseUri: ["'none'"],
    },
    // With `no-referrer`, the default here, a browser sends a form with the origin `null`, and the guard refuses it.
    referrerPolicy: 'same-origin',
    xFrameOptions: 'DENY',
  });
}

/** Another name that somebody has put on our address is none of ours: its pages could read what we answer. */
export function guardHost(publicUrl: string | undefined): MiddlewareHandler<DeskEnv> {
  return async (c, next) => {
    const origin = findOrigin(c.req.header('host'), publicUrl);
    if (origin === undefined) return c.text('This address is not one of the desk: DESK_PUBLIC_URL names it.', 421);
    c.set('origin', origin);
    return next();
  };
}

const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);
const CSRF_FIELD = 'csrf';
export const CSRF_HEADER = 'x-csrf-token';

/** Finds the session; a request that changes something must come from a page of ours and carry the session's token. */
export function guardSession(
  sessions: Sessions,
  refuse: (c: Context<DeskEnv>, message: string) => Response | Promise<Response>,
): MiddlewareHandler<DeskEnv> {
  return async (c, next) => {
    const session = await sessions.find(c, c.get('origin'));
    c.set('session', session);
    if (session) c.set('person', toPerson(session.signedIn, 'desk'));
    c.set('isStillSignedIn', async () => (await sessions.find(c, c.get('origin'))) !== undefined);
    if (session && !SAFE_METHODS.has(c.req.method)) {
      const from = c.req.header('origin');
      const isFromHere =
        from === undefined ? c.req.header('sec-fetch-site') === 'same-origin' : from === c.get('origin');
      if (!isFromHere) return refuse(c, 'The request does not come from a page of the desk.');
      if (!isSameSecret(await readToken(c), session.csrfToken))
        return refuse(c, 'The page is too old or not one of the desk: load it again.');
    }
    return next();
  };
}

const FORM = /^(application\/x-www-form-urlencoded|multipart\/form-data)\b/;

async function readToken(c: Context): Promise<string> {
  const header = c.req.header(CSRF_HEADER);
  if (header !== undefined) return header;
  if (!FORM.test(c.req.header('content-type') ?? '')) return '';
  const field = (await parseForm(c))[CSRF_FIELD];
  return typeof field === 'string' ? field : '';
}
