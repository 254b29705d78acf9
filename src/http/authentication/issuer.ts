import { createRemoteJWKSet, errors, jwtVerify } from 'jose';
import {
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  ClientError,
  ClientSecretPost,
  type Configuration,
  calculatePKCECodeChallenge,
  discovery,
  None,
  ResponseBodyError,
  randomNonce,
  randomPKCECodeVerifier,
  randomState,
} from 'openid-client';
import { RefusedError } from '../../deal/errors.js';
import type { SignedIn } from '../../identity/person.js';
import { type Claims, type RoleNames, toRoles } from '../../identity/roles.js';

/** The issuer that says who somebody is: Entra, or any other that knows OpenID Connect. */

export interface IssuerSettings {
  /** `https://login.microsoftonline.com/<tenant>/v2.0`. */
  readonly url: string;
  readonly clientId: string;
  /** Without one the desk is a public client, which PKCE alone protects. */
  readonly findClientSecret: () => Promise<string | undefined>;
  /** For whom an access token must be meant. */
  readonly audiences: readonly string[];
  readonly roleNames: RoleNames;
}

/** What is remembered between the way to the issuer and the way back; it stands sealed in a cookie. */
export interface SignInAttempt {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
}

export interface Issuer {
  begin(redirectUri: string): Promise<{ readonly url: URL; readonly attempt: SignInAttempt }>;
  /** @throws RefusedError when the issuer's answer cannot be believed */
  finish(callback: URL, attempt: SignInAttempt): Promise<SignedIn>;
  /** Of a caller of the API. @throws RefusedError */
  readToken(token: string): Promise<SignedIn>;
}

/** An issuer that does not answer must not hold a page for long. */
const TIMEOUT_SECONDS = 15;
/** The clocks of two machines are never the same; a sign-in is given as much (openid-client). */
const CLOCK_TOLERANCE_SECONDS = 30;

export function createIssuer({ url, clientId, findClientSecret, audiences, roleNames }: IssuerSettings): Issuer {
  let found: Promise<Configuration> | undefined;
  let foundWith: string | undefined;
  /** Asked when it is first needed, so that the desk starts without the issuer; a failure is not remembered. */
  const configure = async (): Promise<Configuration> => {
    const clientSecret = await findClientSecret();
    // A new secret counts from the next sign-in on.
    if (clientSecret !== foundWith) found = undefined;
    foundWith = clientSecret;
    found ??= discovery(
      new URL(url),
      clientId,
      undefined,
      clientSecret === undefined ? None() : ClientSecretPost(clientSecret),
      {
        timeout: TIMEOUT_SECONDS,
        // The settings refuse an http issuer that is not on this machine.
        ...(url.startsWith('http:') && { execute: [allowInsecureRequests] }),
      },
    ).catch((error: unknown) => {
      found = undefined;
      throw error;
    });
    return found;
  };
  let keys: ReturnType<typeof createRemoteJWKSet> | undefined;

  return {
    async begin(redirectUri) {
      const configuration = await configure();
      const attempt = { state: randomState(), nonce: randomNonce(), verifier: randomPKCECodeVerifier() };
      const to = buildAuthorizationUrl(configuration, {
        redirect_uri: redirectUri,
        scope: 'openid profile email',
        state: attempt.state,
        nonce: attempt.nonce,
        code_challenge: await calculatePKCECodeChallenge(attempt.verifier),
        code_challenge_method: 'S256',
      });
      return { url: to, attempt };
    },
    async finish(callback, { state, nonce, verifier }) {
      const configuration = await configure();
      const tokens = await authorizationCodeGrant(configuration, callback, {
        expectedState: state,
        expectedNonce: nonce,
        pkceCodeVerifier: verifier,
        idTokenExpected: true,
      });
      const claims = tokens.claims();
      if (!claims) throw new RefusedError('the issuer gave no id token');
      return toSignedIn(claims, roleNames);
    },
    async readToken(token) {
      const { issuer, jwks_uri: address } = (await configure()).serverMetadata();
      if (address === undefined) throw new RefusedError('the issuer publishes no keys');
      keys ??= createRemoteJWKSet(new URL(address));
      try {
        const { payload } = await jwtVerify(token, keys, {
          issuer,
          audience: [...audiences],
          algorithms: ['RS256', 'PS256', 'ES256'],
          requiredClaims: ['exp', 'sub'],
          clockTolerance: CLOCK_TOLERANCE_SECONDS,
        });
        return toSignedIn(payload, roleNames);
      } catch (error) {
        if (!(error instanceof errors.JOSEError) || isOfKeys(error)) throw error;
        throw new RefusedError(`the token is not taken: ${error.message}`);
      }
    },
  };
}

/** Why nobody can sign in for now, where it is not for whoever tries: in words for a page, with whom to ask. */
export function findIssuerProblem(error: unknown): string | undefined {
  if (error instanceof ResponseBodyError && error.error === 'invalid_client')
    return 'The issuer refuses the client secret of the desk. Ask whoever runs Dealbridge for a new one (`dealbridge credentials set desk`).';
  // What the network throws, as `fetch` does.
  const isAway = error instanceof TypeError || (error instanceof ClientError && NO_ANSWER.has(error.code ?? ''));
  return isAway ? 'The issuer gives no answer that helps. Try again in a while.' : undefined;
}

/** No answer in time, or one of something in between, such as a page of a proxy or a status of its own. */
const NO_ANSWER: ReadonlySet<string> = new Set([
  'OAUTH_TIMEOUT',
  'OAUTH_RESPONSE_IS_NOT_CONFORM',
  'OAUTH_RESPONSE_IS_NOT_JSON',
  'OAUTH_PARSE_ERROR',
]);

/** The keys did not come, or are none: nothing is known of the token. */
function isOfKeys({ code }: errors.JOSEError): boolean {
  return OF_KEYS.has(code);
}

/** The first is what an answer gives that is not 200 or no JSON. */
const OF_KEYS: ReadonlySet<string> = new Set([errors.JOSEError.code, errors.JWKSTimeout.code, errors.JWKSInvalid.code]);

/** As decisions read it (I10): a longer name is refused there. */
const MAX_NAME_LENGTH = 100;

/** The name that the trail keeps: two people may share the first part, nobody shares the second. */
function toSignedIn(claims: Claims, roleNames: RoleNames): SignedIn {
  const text = (claim: string): string | undefined => {
    const value = claims[claim];
    return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;
  };
  const subject = text('oid') ?? text('sub');
  if (subject === undefined) throw new RefusedError('the issuer does not say who it is: neither oid nor sub');
  const unique = text('preferred_username') ?? text('upn') ?? text('email');
  const app = text('azp') ?? text('appid');
  const name = text('name') ?? (unique === undefined && app !== undefined ? `app ${app}` : undefined);
  const shown = name !== undefined && unique !== undefined ? `${name} (${unique})` : (name ?? unique ?? subject);
  return {
    subject,
    name: shown.length > MAX_NAME_LENGTH ? (unique ?? subject).slice(0, MAX_NAME_LENGTH) : shown,
    roles: toRoles(claims, roleNames),
    isVerified: true,
  };
}
