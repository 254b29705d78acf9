import { createHash, randomBytes, randomUUID } from 'node:crypto';
import type { SimClock } from '../kernel/clock.js';
import type { SimResponse } from '../kernel/server.js';
import { type SimUser, USERS } from './users.js';

/** `/authorize`: a page on which one of the tenant's people is chosen, and the code that the app redeems afterwards. */

export interface SignInApp {
  readonly clientId: string;
  /** Of the platform "Web". The port does not count for this machine, as with the real one. */
  readonly redirectUris: readonly string[];
}

interface Granted {
  readonly clientId: string;
  readonly redirectUri: string;
  readonly user: SimUser;
  readonly scope: string;
  readonly nonce: string | undefined;
  readonly challenge: string | undefined;
  readonly expiresAt: number;
}

export interface Redeemed {
  readonly user: SimUser;
  readonly scope: string;
  readonly nonce: string | undefined;
}

/** An AADSTS code with its text. */
export interface SignInRefusal {
  readonly error: string;
  readonly code: number;
  readonly text: string;
}

/** Ten minutes, as the real codes last at most. */
const CODE_LIFETIME_MS = 600_000;

export class SignIns {
  private readonly codes = new Map<string, Granted>();
  private readonly clock: SimClock;

  constructor(clock: SimClock) {
    this.clock = clock;
  }

  /** GET shows whom one can be; POST, or a `login_hint` that names somebody, signs in. */
  authorize(app: SignInApp | undefined, query: URLSearchParams, form: URLSearchParams): SimResponse {
    const redirectUri = query.get('redirect_uri') ?? '';
    if (!app) return page(400, 'Sign in', '<p>AADSTS700016: the application was not found in the directory.</p>');
    if (!app.redirectUris.some((known) => isSameAddress(known, redirectUri))) {
      const text = `AADSTS50011: The redirect URI '${redirectUri}' specified in the request does not match the redirect URIs configured for the application '${app.clientId}'.`;
      return page(400, 'Sign in', `<p>${escapeHtml(text)}</p>`);
    }
    const state = query.get('state');
    const back = (answer: Readonly<Record<string, string>>): SimResponse => {
      const to = new URL(redirectUri);
      for (const [name, value] of Object.entries({ ...answer, ...(state !== null && { state }) }))
        to.searchParams.set(name, value);
      return { status: 302, headers: { location: to.href, 'cache-control': 'no-store' }, body: '' };
    };
    if (query.get('response_type') !== 'code') {
      const text = `AADSTS70011: The provided value for the input parameter 'response_type' is not valid.`;
      return back({ error: 'unsupported_response_type', error_description: text });
    }
    const wanted = form.get('user') ?? query.get('login_hint');
    if (wanted === null) return choose(query);
    const user = USERS.find(({ userName }) => userName === wanted);
    if (!user) return choose(query);
    if (form.get('user') === null && query.get('prompt') === 'select_account') return choose(query);
    const code = randomBytes(32).toString('base64url');
    this.codes.set(code, {
      clientId: app.clientId,
      redirectUri,
      user,
      scope: query.get('scope') ?? '',
      nonce: query.get('nonce') ?? undefined,
      challenge: query.get('code_challenge') ?? undefined,
      expiresAt: this.clock.now() + CODE_LIFETIME_MS,
    });
    return back({ code, session_state: randomUUID() });
  }

  /** A code counts once. */
  redeem(clientId: string, form: URLSearchParams): Redeemed | SignInRefusal {
    const code = form.get('code') ?? '';
    const granted = this.codes.get(code);
    this.codes.delete(code);
    const refused = (number: number, text: string): SignInRefusal => ({ error: 'invalid_grant', code: number, text });
    if (!granted || granted.clientId !== clientId)
      return refused(54005, 'OAuth2 Authorization code was already redeemed, please retry with a new valid code.');
    if (granted.expiresAt <= this.clock.now()) {
      const text = 'The provided authorization code or refresh token has expired due to inactivity.';
      return refused(70008, text);
    }
    if (granted.redirectUri !== form.get('redirect_uri'))
      return refused(50011, `The redirect URI '${form.get('redirect_uri')}' does not match the one of the request.`);
    if (granted.challenge !== undefined && toChallenge(form.get('code_verifier') ?? '') !== granted.challenge)
      return refused(
        501481,
        'The Code_Verifier does not match the code_challenge supplied in the authorization request.',
      );
    return granted;
  }
}

function toChallenge(verifier: string): string {
  return createHash('sha256').update(verifier).digest('base64url');
}

const THIS_MACHINE = new Set(['localhost', '127.0.0.1']);

function isSameAddress(known: string, asked: string): boolean {
  if (!URL.canParse(asked)) return false;
  const [left, right] = [new URL(known), new URL(asked)];
  if (!THIS_MACHINE.has(right.hostname)) return left.href === right.href;
  return THIS_MACHINE.has(left.hostname) && left.pathname === right.pathname && left.protocol === right.protocol;
}

function choose(query: URLSearchParams): SimResponse {
  const people = USERS.map(
    ({ name, userName, roles, groups }) =>
      `<li><button name="user" value="${escapeHtml(userName)}">${escapeHtml(name)}</button> ${escapeHtml(describe(roles, groups))}</li>`,
  ).join('\n');
  return page(
    200,
    'Pick an account',
    `<p>This is the simulated Entra: nobody is asked for a password.</p>
<form method="post" action="?${escapeHtml(query.toString())}"><ul>${people}</ul></form>`,
  );
}

function describe(roles: readonly string[], groups: readonly string[]): string {
  if (roles.length > 0) return roles.join(', ');
  return groups.length > 0 ? 'member of the group of approvers' : 'without a role';
}

function page(status: number, title: string, content: string): SimResponse {
  return {
    status,
    headers: { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' },
    body: `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title><h1>${title}</h1>${content}</html>`,
  };
}

export function signedOut(): SimResponse {
  return page(200, 'You signed out of your account', '<p>Close all browser windows.</p>');
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
