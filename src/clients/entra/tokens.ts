import type {
  ConfidentialClientApplication,
  INetworkModule,
  NetworkRequestOptions,
  NetworkResponse,
} from '@azure/msal-node';
import { request } from 'undici';
import { InternalError } from '../../deal/errors.js';
import { TOKEN_LIMIT_MS } from '../../deal/time-limits.js';
import type { Credential } from '../../secrets/credential.js';
import { observeRequest } from '../../telemetry/requests.js';
import { RemoteApiError } from '../errors.js';
import { toFailureCode } from '../http/egress.js';
import { readTextAtMost } from '../http/read-at-most.js';
import { readRetryAfter } from '../http/retry-after.js';

/** Hands out a bearer token for one API, renewed before it expires. */
export interface TokenSource {
  getToken(options?: { readonly renew?: boolean }): Promise<string>;
}

export interface AppRegistration {
  readonly tenantId: string;
  readonly clientId: string;
  readonly scope: string;
  /** Origin of the token endpoint; a plain-http one is a simulator's, which MSAL would refuse by itself. */
  readonly loginOrigin: string;
}

export type AppCredential = Credential;

/**
 * The credentials of one app registration that may be valid now, the newest first. It is asked for every new token, so
 * that a secret can be exchanged while everything runs.
 */
export type CredentialProvider = () => Promise<readonly AppCredential[]>;

export interface Token {
  readonly value: string;
  readonly expiresAt: Date;
}

/** A token has some kilobytes. */
const MAX_ANSWER_MIB = 1;
const RENEW_BEFORE_MS = 5 * 60_000;
/** The code of Entra for a secret or certificate that it does not take. */
const REFUSED_CREDENTIAL = 'invalid_client';

export function createTokenSource(registration: AppRegistration, findCredentials: CredentialProvider): TokenSource {
  let token: Token | undefined;
  let asking: Promise<Token> | undefined;
  return {
    async getToken({ renew = false } = {}) {
      if (!renew && token && token.expiresAt.getTime() - Date.now() > RENEW_BEFORE_MS) return token.value;
      // Whoever needs a token meanwhile waits for this one.
      asking ??= askWithAny(registration, findCredentials).finally(() => {
        asking = undefined;
      });
      try {
        token = await asking;
      } catch (error) {
        // Until it expires the one in hand serves; only whoever was refused with it needs another.
        if (renew || !token || token.expiresAt.getTime() <= Date.now()) throw error;
      }
      return token.value;
    },
  };
}

/** While a secret is exchanged the new one may not be known to Entra yet, or the old one not any more. */
async function askWithAny(registration: AppRegistration, findCredentials: CredentialProvider): Promise<Token> {
  const tried = new Set<string>();
  let refusal: RemoteApiError | undefined;
  // A second reading finds what was set while the first was refused.
  for (let reading = 1; reading <= 2; reading += 1) {
    for (const credential of await findCredentials()) {
      const name = JSON.stringify(credential);
      if (tried.has(name)) continue;
      tried.add(name);
      try {
        return await requestToken(registration, credential);
      } catch (error) {
        if (!(error instanceof RemoteApiError) || !error.facts.remoteCode?.startsWith(REFUSED_CREDENTIAL)) throw error;
        refusal ??= error;
      }
    }
  }
  throw refusal ?? new RemoteApiError('entra', 'unauthorized', 'ask for a token', { remoteCode: 'no_credential' });
}

/** One request to Entra. @throws RemoteApiError */
export async function requestToken(registration: AppRegistration, credential: AppCredential): Promise<Token> {
  let answer: Answer | undefined;
  let failure: string | undefined;
  const note: Note = {
    answered: (came) => {
      answer = came;
    },
    failed: (code) => {
      failure = code;
    },
  };
  try {
    const application = await createApplication(registration, credential, note);
    const result = await application.acquireTokenByClientCredential({ scopes: [registration.scope] });
    if (!result?.accessToken) throw new InternalError('expected a token in the answer of Entra, got none');
    return { value: result.accessToken, expiresAt: result.expiresOn ?? new Date() };
  } catch (error) {
    throw toTokenError(error, answer, failure);
  }
}

/** What MSAL does not tell of an error: it makes the same of a refusal and of a server that is busy, and one code of all failures. */
interface Note {
  answered(answer: Answer): void;
  failed(code: string | undefined): void;
}

interface Answer {
  readonly status: number;
  readonly retryAfterMs: number | undefined;
}

async function createApplication(
  registration: AppRegistration,
  credential: AppCredential,
  note: Note,
): Promise<ConfidentialClientApplication> {
  // A sixth of the modules of the command line, most of whose commands ask for no token.
  const { ConfidentialClientApplication } = await import('@azure/msal-node');
  const simulated = registration.loginOrigin.startsWith('http://');
  const loginHost = new URL(registration.loginOrigin).host;
  const authority = `https://${loginHost}/${registration.tenantId}`;
  return new ConfidentialClientApplication({
    auth: {
      clientId: registration.clientId,
      authority,
      ...(credential.kind === 'secret'
        ? { clientSecret: credential.secret }
        : { clientCertificate: { thumbprintSha256: credential.thumbprintSha256, privateKey: credential.privateKey } }),
      ...(simulated && { knownAuthorities: [loginHost], authorityMetadata: toAuthorityMetadata(authority) }),
    },
    system: { networkClient: createNetwork(simulated ? registration.loginOrigin : undefined, note) },
  });
}

/** MSAL wants an https authority; with the metadata given it asks nobody and sends one POST to the token endpoint. */
function toAuthorityMetadata(authority: string): string {
  return JSON.stringify({
    issuer: `${authority}/v2.0`,
    authorization_endpoint: `${authority}/oauth2/v2.0/authorize`,
    token_endpoint: `${authority}/oauth2/v2.0/token`,
    jwks_uri: `${authority}/discovery/v2.0/keys`,
  });
}

/** MSAL's own network interface on undici; `plainOrigin` takes the place of the https origin. */
function createNetwork(plainOrigin: string | undefined, note: Note): INetworkModule {
  const send = async <T>(
    method: 'GET' | 'POST',
    url: string,
    options?: NetworkRequestOptions,
  ): Promise<NetworkResponse<T>> => {
    const target = new URL(url);
    const address = plainOrigin ? new URL(target.pathname + target.search, plainOrigin) : target;
    // Without the trace's headers: a token is of no deal, and serves all of an hour.
    const response = await observeRequest({ system: 'entra', method, path: 'token' }, () =>
      request(address, {
        method,
        headers: options?.headers ?? {},
        body: options?.body ?? null,
        signal: AbortSignal.timeout(TOKEN_LIMIT_MS),
      }),
    ).catch((error: unknown) => {
      note.failed(toFailureCode(error));
      throw error;
    });
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(response.headers)) headers[name] = String(value);
    note.answered({ status: response.statusCode, retryAfterMs: readRetryAfter(response.headers) });
    const text = await readTextAtMost(response, MAX_ANSWER_MIB * 1024 * 1024);
    if (text === undefined) {
      note.failed(`ANSWER_OVER_${MAX_ANSWER_MIB}_MIB`);
      throw new InternalError(`the answer of Entra has more than ${MAX_ANSWER_MIB} MiB`);
    }
    return { headers, body: JSON.parse(text) as T, status: response.statusCode };
  };
  return {
    sendGetRequestAsync: (url, options) => send('GET', url, options),
    sendPostRequestAsync: (url, options) => send('POST', url, options),
  };
}

function toTokenError(error: unknown, answer: Answer | undefined, failure: string | undefined): RemoteApiError {
  const code = textOf(error, 'errorCode');
  if (answer && isPassing(answer.status)) {
    return new RemoteApiError('entra', answer.status === 429 ? 'throttled' : 'unavailable', 'ask for a token', {
      status: answer.status,
      remoteCode: code,
      retryAfterMs: answer.retryAfterMs,
    });
  }
  const number = textOf(error, 'errorNo');
  // Any other answer of Entra is final until somebody corrects the registration; no answer at all is a passing fault.
  const isAnswer = code !== undefined && code !== 'network_error' && code !== 'no_network_connectivity';
  return new RemoteApiError('entra', isAnswer ? 'unauthorized' : 'unavailable', 'ask for a token', {
    remoteCode: number === undefined ? (isAnswer ? code : (failure ?? code)) : `${code} AADSTS${number}`,
  });
}

/** Entra is busy or broken: nothing is wrong with the registration, and nobody has to correct it. */
function isPassing(status: number): boolean {
  return status === 408 || status === 429 || status >= 500;
}

function textOf(error: unknown, key: string): string | undefined {
  const value: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, key) : undefined;
  return value === undefined || value === '' ? undefined : String(value);
}
