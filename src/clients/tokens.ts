import {
  ConfidentialClientApplication,
  type INetworkModule,
  type NetworkRequestOptions,
  type NetworkResponse,
} from '@azure/msal-node';
import { request } from 'undici';
import { RemoteApiError } from './errors.js';

/** Hands out a bearer token for one API; the cache and the renewal before expiry are MSAL's. */
export interface TokenSource {
  getToken(options?: { readonly renew?: boolean }): Promise<string>;
}

export interface AppRegistration {
  readonly tenantId: string;
  readonly clientId: string;
  readonly credential: AppCredential;
  readonly scope: string;
  /** Origin of the token endpoint; a plain-http one is a simulator's, which MSAL would refuse by itself. */
  readonly loginOrigin: string;
}

export type AppCredential =
  | { readonly kind: 'secret'; readonly secret: string }
  | { readonly kind: 'certificate'; readonly thumbprintSha256: string; readonly privateKey: string };

const TOKEN_TIMEOUT_MS = 20_000;

export function createTokenSource(registration: AppRegistration): TokenSource {
  let application = createApplication(registration);
  return {
    async getToken({ renew = false } = {}) {
      if (renew) application = createApplication(registration);
      try {
        const result = await application.acquireTokenByClientCredential({ scopes: [registration.scope] });
        if (!result?.accessToken) throw new TypeError('the answer held no token');
        return result.accessToken;
      } catch (error) {
        throw toTokenError(error);
      }
    },
  };
}

function createApplication(registration: AppRegistration): ConfidentialClientApplication {
  const { credential } = registration;
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
    system: { networkClient: createNetwork(simulated ? registration.loginOrigin : undefined) },
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
function createNetwork(plainOrigin: string | undefined): INetworkModule {
  const send = async <T>(
    method: 'GET' | 'POST',
    url: string,
    options?: NetworkRequestOptions,
  ): Promise<NetworkResponse<T>> => {
    const target = new URL(url);
    const address = plainOrigin ? new URL(target.pathname + target.search, plainOrigin) : target;
    const response = await request(address, {
      method,
      headers: options?.headers ?? {},
      body: options?.body ?? null,
      headersTimeout: TOKEN_TIMEOUT_MS,
      bodyTimeout: TOKEN_TIMEOUT_MS,
    });
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(response.headers)) headers[name] = String(value);
    return { headers, body: (await response.body.json()) as T, status: response.statusCode };
  };
  return {
    sendGetRequestAsync: (url, options) => send('GET', url, options),
    sendPostRequestAsync: (url, options) => send('POST', url, options),
  };
}

function toTokenError(error: unknown): RemoteApiError {
  const code =
    typeof error === 'object' && error !== null && 'errorCode' in error ? String(error.errorCode) : undefined;
  // An answer of Entra is final until somebody corrects the registration; no answer at all is a passing fault.
  const isAnswer = code !== undefined && code !== 'network_error' && code !== 'no_network_connectivity';
  return new RemoteApiError('entra', isAnswer ? 'unauthorized' : 'unavailable', 'ask for a token', {
    remoteCode: code,
  });
}
