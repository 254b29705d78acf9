import { createHash, randomBytes } from 'node:crypto';
import type { Context } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import { z } from 'zod';
import type { SignedIn } from '../../identity/person.js';
import type { SessionLedger } from '../../ledger/desk/sessions.js';
import type { KeyRing } from '../../secrets/key-ring.js';
import { SealError } from '../../secrets/key-ring.js';
import type { SignInAttempt } from './issuer.js';
import { isThisMachine } from './origin.js';

/** The cookies of the desk: sealed, so that nobody but us can make one, and never readable by a script. */

export interface Session {
  readonly signedIn: SignedIn;
  /** Comes back with every request that changes something: another site cannot know it. */
  readonly csrfToken: string;
}

export interface Sessions {
  start(c: Context, origin: string, signedIn: SignedIn): Promise<void>;
  find(c: Context, origin: string): Promise<Session | undefined>;
  end(c: Context, origin: string): Promise<void>;
  /** What the way back from the issuer is compared with. Several tabs may be on their way at once. */
  saveAttempt(c: Context, origin: string, attempt: SignInAttempt & { readonly returnTo: string }): void;
  /** Once. @param state as it came back */
  takeAttempt(c: Context, origin: string, state: string): (SignInAttempt & { readonly returnTo: string }) | undefined;
}

/** A page that looks for news by itself says so, and does not keep its session alive. */
export const BACKGROUND_HEADER = 'x-dealbridge-background';

const ATTEMPT_SECONDS = 600;
/** Whoever begins again and again has all cookies sent along, and a request has only so much room for them. */
const MAX_ATTEMPTS = 10;
const attemptContent = z.object({
  state: z.string(),
  nonce: z.string(),
  verifier: z.string(),
  returnTo: z.string(),
  expiresAt: z.number(),
});

export function createSessions(ring: KeyRing, ledger: SessionLedger, now: () => Date): Sessions {
  const seal = (text: string, purpose: string): string => ring.seal(Buffer.from(text), purpose).toString('base64url');
  const open = (text: string | undefined, purpose: string): string | undefined => {
    if (text === undefined) return undefined;
    try {
      return ring.open(Buffer.from(text, 'base64url'), purpose).toString();
    } catch (error) {
      if (error instanceof SealError) return undefined;
      throw error;
    }
  };
  const set = (c: Context, origin: string, name: string, value: string, maxAge?: number): void =>
    setCookie(c, name, value, {
      ...toAttributes(origin),
      // Links in mails and in Dynamics open the desk signed in; what changes something is guarded by the token as well.
      sameSite: 'Lax',
      ...(maxAge !== undefined && { maxAge }),
    });
  const readId = (c: Context, origin: string): string | undefined =>
    open(getCookie(c, toCookieName('session', origin)), PURPOSES.session);

  return {
    async start(c, origin, signedIn) {
      const id = randomBytes(32).toString('base64url');
      await ledger.start(hash('session', id), signedIn);
      set(c, origin, toCookieName('session', origin), seal(id, PURPOSES.session));
    },
    async find(c, origin) {
      const id = readId(c, origin);
      if (id === undefined) return undefined;
      const isActivity = c.req.header(BACKGROUND_HEADER) === undefined && !c.req.path.endsWith('/events');
      const signedIn = await ledger.find(hash('session', id), isActivity);
      return signedIn && { signedIn, csrfToken: hash('csrf', id) };
    },
    async end(c, origin) {
      const id = readId(c, origin);
      if (id !== undefined) await ledger.end(hash('session', id));
      deleteCookie(c, toCookieName('session', origin), toAttributes(origin));
    },
    saveAttempt(c, origin, attempt) {
      const expiresAt = now().getTime() + ATTEMPT_SECONDS * 1_000;
      const begun = Object.keys(getCookie(c)).filter((name) => name.startsWith(toAttemptName('', origin)));
      if (begun.length >= MAX_ATTEMPTS) for (const name of begun) deleteCookie(c, name, toAttributes(origin));
      const value = seal(JSON.stringify({ ...attempt, expiresAt }), PURPOSES.attempt);
      set(c, origin, toAttemptName(attempt.state, origin), value, ATTEMPT_SECONDS);
    },
    takeAttempt(c, origin, state) {
      const name = toAttemptName(state, origin);
      const text = open(getCookie(c, name), PURPOSES.attempt);
      if (text === undefined) return undefined;
      deleteCookie(c, name, toAttributes(origin));
      const { expiresAt, ...attempt } = attemptContent.parse(JSON.parse(text));
      return expiresAt > now().getTime() ? attempt : undefined;
    },
  };
}

type Kind = 'session' | 'attempt';

const PURPOSES: Readonly<Record<Kind, string>> = { session: 'desk session', attempt: 'desk sign-in' };

/** With this prefix a browser takes the cookie from this host alone, over https, for all paths. */
function toCookieName(kind: Kind, origin: string): string {
  const name = kind === 'session' ? 'dealbridge-desk' : 'dealbridge-sign-in';
  return isThisMachine(origin) ? name : `__Host-${name}`;
}

/** Two tabs that begin at once know nothing of each other, so each attempt has a cookie of its own. */
function toAttemptName(state: string, origin: string): string {
  return `${toCookieName('attempt', origin)}-${state}`;
}

function toAttributes(origin: string) {
  return { httpOnly: true, secure: !isThisMachine(origin), path: '/' } as const;
}

function hash(purpose: string, id: string): string {
  return createHash('sha256').update(`${purpose} ${id}`).digest('base64url');
}
