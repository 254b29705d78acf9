import { type Context, Hono } from 'hono';
import type { Child } from 'hono/jsx';
import type { Logger } from 'pino';
import { RefusedError } from '../../deal/errors.js';
import type { SignedIn } from '../../identity/person.js';
import { toPerson } from '../../identity/person.js';
import type { FindAway } from '../api/problem.js';
import type { DeskEnv } from '../authentication/guard.js';
import { findIssuerProblem, type Issuer } from '../authentication/issuer.js';
import type { OneTimeLink } from '../authentication/one-time-link.js';
import { toReturnPath } from '../authentication/origin.js';
import type { Sessions } from '../authentication/sessions.js';
import type { Frame } from './frame.js';
import { Message } from './layout.js';

/** Signing in and out: at the issuer, or without one by a link that the process prints. */

export interface SignInOptions {
  readonly sessions: Sessions;
  /** Undefined: whoever reads what the process prints signs in with the link. */
  readonly issuer: Issuer | undefined;
  readonly link: OneTimeLink;
  /** Tells the person at the terminal. */
  readonly printLink: (url: string) => void;
  /** The trail holds who signed in, with which roles. */
  readonly recordSignIn: (signedIn: SignedIn) => Promise<void>;
  /** Who it is that signs in by the link. */
  readonly localName: string;
  /** Whose outage it is, where it is not the issuer's. */
  readonly findAway: FindAway;
  readonly frame: Frame;
  readonly log: Logger;
}

const CALLBACK = '/sign-in/callback';

export function createSignInRoutes(options: SignInOptions): Hono<DeskEnv> {
  const { sessions, issuer, link, frame, log } = options;
  const app = new Hono<DeskEnv>();
  const show = (c: Context<DeskEnv>, status: 200 | 401 | 403 | 502, title: string, content: Child) =>
    frame.show(c, { title, status }, <Message title={title}>{content}</Message>);
  const again = (
    <p>
      <a class="button primary" href="/sign-in">
        Sign in again
      </a>
    </p>
  );

  const notPossible = (c: Context<DeskEnv>, problem: string) =>
    show(
      c,
      502,
      'Signing in is not possible right now',
      <>
        <p>{problem} Nothing else is affected: deals go on.</p>
        {again}
      </>,
    );

  const begin = async (c: Context<DeskEnv>, signedIn: SignedIn, returnTo: string) => {
    if (toPerson(signedIn, 'desk').roles.length === 0) {
      return show(
        c,
        403,
        'You have no role here yet',
        <>
          <p>
            You signed in as <strong>{signedIn.name}</strong>, but nobody has given you a role in Dealbridge.
          </p>
          <p>
            Ask whoever manages Microsoft Entra for one of the app roles Viewer, Operator, Approver or Admin of this
            application; then sign in again.
          </p>
          {again}
        </>,
      );
    }
    await sessions.start(c, c.get('origin'), signedIn);
    await options.recordSignIn(signedIn);
    return c.redirect(returnTo, 303);
  };

  app.get('/sign-in', async (c) => {
    const returnTo = toReturnPath(c.req.query('to'));
    if (!issuer) {
      return show(
        c,
        401,
        'Sign in',
        <>
          <p>No issuer is configured, so the desk is open to this machine alone.</p>
          <p>
            Open the link that Dealbridge printed where it was started: in the terminal, or in the log of the starter.
            It works once, for fifteen minutes.
          </p>
          <form method="post" action="/sign-in/new-link">
            <button class="primary" type="submit">
              Print a new link
            </button>
          </form>
        </>,
      );
    }
    try {
      const { url, attempt } = await issuer.begin(`${c.get('origin')}${CALLBACK}`);
      sessions.saveAttempt(c, c.get('origin'), { ...attempt, returnTo });
      return c.redirect(url.href, 302);
    } catch (error) {
      if (options.findAway(error) !== undefined) throw error;
      log.error({ err: error }, 'the issuer cannot be asked');
      return notPossible(c, findIssuerProblem(error) ?? 'The issuer gives no answer that helps. Try again in a while.');
    }
  });

  app.get(CALLBACK, async (c) => {
    const attempt = sessions.takeAttempt(c, c.get('origin'), c.req.query('state') ?? '');
    const refused = c.req.query('error_description') ?? c.req.query('error');
    if (!issuer || !attempt || refused !== undefined) {
      return show(
        c,
        401,
        'You are not signed in',
        <>
          <p>{refused ?? 'The way back from the issuer took too long, or began in another browser.'}</p>
          {again}
        </>,
      );
    }
    try {
      // What the browser was sent to, whatever stands between it and us.
      const callback = new URL(`${c.get('origin')}${CALLBACK}${new URL(c.req.url).search}`);
      return await begin(c, await issuer.finish(callback, attempt), attempt.returnTo);
    } catch (error) {
      if (options.findAway(error) !== undefined) throw error;
      log.warn({ err: error }, 'a sign-in failed');
      const problem = findIssuerProblem(error);
      if (problem !== undefined) return notPossible(c, problem);
      const said = error instanceof RefusedError ? error.message : 'What the issuer answered cannot be believed.';
      return show(
        c,
        401,
        'You are not signed in',
        <>
          <p>{said}</p>
          {again}
        </>,
      );
    }
  });

  if (!issuer) {
    app.get('/sign-in/link/:token', (c) => {
      if (!link.take(c.req.param('token'))) {
        return show(
          c,
          401,
          'This link was used already, or is too old',
          <p>
            <a class="button primary" href="/sign-in">
              Get a new one
            </a>
          </p>,
        );
      }
      const { localName: name } = options;
      return begin(c, { subject: `this machine: ${name}`, name, roles: ['Admin'], isVerified: false }, '/');
    });
    app.post('/sign-in/new-link', (c) => {
      options.printLink(`${c.get('origin')}/sign-in/link/${link.renew()}`);
      return show(
        c,
        200,
        'A new link was printed',
        <p>It stands where Dealbridge was started: in the terminal, or in the log of the starter.</p>,
      );
    });
  }

  app.post('/sign-out', async (c) => {
    await sessions.end(c, c.get('origin'));
    return show(
      c,
      200,
      'You are signed out',
      <>
        <p>On a computer that others use, sign out of your Microsoft account as well.</p>
        {again}
      </>,
    );
  });
  return app;
}
