import { randomUUID } from 'node:crypto';
import type { SimClock } from '../kernel/clock.js';
import { type SimRequest, type SimResponse, type SimServer, startSimServer } from '../kernel/server.js';
import { findAssertionProblem, withoutScheme } from './assertion.js';
import { APPLICATION_PERMISSION, type TokenAuthority } from './authority.js';
import { SignIns, signedOut } from './sign-in.js';
import { apiOf, type OwnApi, toAppToken, toUserTokens } from './user-tokens.js';
import { DOMAIN } from './users.js';

export interface SimApp {
  readonly clientId: string;
  clientSecret: string;
  /** Where people who signed in are sent back to. */
  readonly redirectUris?: readonly string[];
}

export interface EntraOptions {
  readonly port: number;
  readonly host?: string | undefined;
  readonly publicHost?: string | undefined;
  readonly clock: SimClock;
  readonly authority: TokenAuthority;
  readonly tenant: string;
  readonly apps: SimApp[];
  /** The resources that tokens can be had for, once they are known. */
  readonly audiences: () => readonly string[];
}

/** What is known of an app besides the secret that it was registered with. */
interface Registration {
  readonly secrets: Set<string>;
  readonly expiredSecrets: Set<string>;
  readonly certificates: string[];
  readonly redirectUris: string[];
  /** App roles of other apps that this one was given. */
  readonly roles: Set<string>;
  /** Whether an administrator has consented to what it asks for. */
  hasConsent: boolean;
}

interface Entra {
  readonly options: EntraOptions;
  readonly signIns: SignIns;
  readonly registrations: Map<string, Registration>;
}

/** A tenant: people sign in, apps get tokens with secret or certificate, errors are AADSTS codes. */
export function startEntra(options: EntraOptions): Promise<SimServer> {
  const entra: Entra = { options, signIns: new SignIns(options.clock), registrations: new Map() };
  for (const app of options.apps) {
    const registration = register(entra, app.clientId);
    registration.secrets.add(app.clientSecret);
    registration.hasConsent = true;
    registration.redirectUris.push(...(app.redirectUris ?? []));
  }
  return startSimServer({
    name: 'entra',
    port: options.port,
    host: options.host,
    publicHost: options.publicHost,
    clock: options.clock,
    handle: (request) => handle(entra, request),
    admin: {
      'GET /apps': () =>
        [...entra.registrations].map(([clientId, app]) => ({
          clientId,
          secrets: app.secrets.size,
          certificates: app.certificates.length,
        })),
      /** Registers an app, or another secret, certificate (PEM), redirect URI or app role for one. */
      'POST /apps': (body) => {
        const { clientId, clientSecret, certificate, redirectUri, role } = body as {
          clientId: string;
          clientSecret?: string;
          certificate?: string;
          redirectUri?: string;
          role?: string;
        };
        const app = register(entra, clientId);
        if (clientSecret) app.secrets.add(clientSecret);
        if (certificate) app.certificates.push(certificate);
        if (redirectUri) app.redirectUris.push(redirectUri);
        if (role) app.roles.add(role);
        return { clientId };
      },
      /** An administrator consents: tokens for Business Central bear the permission from now on. */
      'POST /consent': (body) => {
        const { clientId } = body as { clientId: string };
        register(entra, clientId).hasConsent = true;
        return { clientId };
      },
      'POST /secrets/expire': (body) => {
        const { clientId, clientSecret } = body as { clientId: string; clientSecret: string };
        const app = register(entra, clientId);
        app.expiredSecrets.add(clientSecret);
        return { expired: app.secrets.delete(clientSecret) };
      },
      'POST /lifetime': (body) => {
        options.authority.lifetimeS = Number((body as { seconds: number }).seconds);
        return { seconds: options.authority.lifetimeS };
      },
    },
  });
}

function register(entra: Entra, clientId: string): Registration {
  const known = entra.registrations.get(clientId);
  if (known) return known;
  const made: Registration = {
    secrets: new Set(),
    expiredSecrets: new Set(),
    certificates: [],
    redirectUris: [],
    roles: new Set(),
    hasConsent: false,
  };
  entra.registrations.set(clientId, made);
  return made;
}

function handle(entra: Entra, request: SimRequest): SimResponse {
  const { options } = entra;
  const [path = '', query = ''] = request.rawUrl.split('?');
  const [, tenant = '', ...rest] = path.split('/');
  const route = `${request.method} ${rest.join('/')}`;
  const host = request.headers['host'] ?? 'login.microsoftonline.com';
  if (path === '/common/discovery/instance') return { status: 200, body: instances(host, new URLSearchParams(query)) };
  if (route === 'GET discovery/v2.0/keys') return { status: 200, body: options.authority.jwks() };
  if (!isTenant(options, tenant)) {
    return refuse(
      entra,
      400,
      'invalid_tenant',
      90002,
      `Tenant '${tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud. Check with your subscription administrator, this may happen if there are no active subscriptions for the tenant.`,
    );
  }
  if (route === 'GET v2.0/.well-known/openid-configuration')
    return { status: 200, body: discovery(host, options.tenant) };
  if (rest.join('/') === 'oauth2/v2.0/authorize') return authorize(entra, request, new URLSearchParams(query));
  if (route === 'GET oauth2/v2.0/logout') return signedOut();
  if (rest.join('/') !== 'oauth2/v2.0/token') return { status: 404, body: '' };
  if (request.method !== 'POST')
    return refuse(
      entra,
      400,
      'invalid_request',
      900561,
      `The endpoint only accepts POST requests. Received a ${request.method} request.`,
    );
  return grant(entra, new URLSearchParams(request.body.toString('utf8')), host, tenant);
}

function authorize(
  { signIns, registrations }: Entra,
  { method, body }: SimRequest,
  query: URLSearchParams,
): SimResponse {
  const clientId = query.get('client_id') ?? '';
  const app = registrations.get(clientId);
  const form = new URLSearchParams(method === 'POST' ? body.toString('utf8') : '');
  return signIns.authorize(app && { clientId, redirectUris: app.redirectUris }, query, form);
}

function isTenant(options: EntraOptions, tenant: string): boolean {
  return tenant.toLowerCase() === options.tenant || tenant.toLowerCase() === DOMAIN;
}

function grant(entra: Entra, form: URLSearchParams, host: string, tenant: string): SimResponse {
  const { options, registrations } = entra;
  const isOfPerson = form.get('grant_type') === 'authorization_code';
  for (const name of ['grant_type', 'client_id', isOfPerson ? 'code' : 'scope']) {
    if (!form.get(name))
      return refuse(
        entra,
        400,
        'invalid_request',
        900144,
        `The request body must contain the following parameter: '${name}'.`,
      );
  }
  if (!isOfPerson && form.get('grant_type') !== 'client_credentials') {
    return refuse(
      entra,
      400,
      'unsupported_grant_type',
      70003,
      `The app requested an unsupported grant type '${form.get('grant_type')}'.`,
    );
  }
  const clientId = form.get('client_id') ?? '';
  const app = registrations.get(clientId);
  if (!app) {
    return refuse(
      entra,
      400,
      'unauthorized_client',
      700016,
      `Application with identifier '${clientId}' was not found in the directory '${tenant}'. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You may have sent your authentication request to the wrong tenant.`,
    );
  }
  const refusal = checkCredential(entra, form, clientId, app, [
    `${host}/${tenant}/oauth2/v2.0/token`,
    `${host}/${tenant}/v2.0`,
  ]);
  if (refusal) return refusal;
  const ownApi: OwnApi = {
    authority: options.authority,
    issuer: issuerOf(host, options.tenant),
    tenant: options.tenant,
    clientId,
  };
  if (isOfPerson) {
    const redeemed = entra.signIns.redeem(clientId, form);
    if ('error' in redeemed) return refuse(entra, 400, redeemed.error, redeemed.code, redeemed.text);
    return { status: 200, headers: NOT_STORED, body: toUserTokens(ownApi, redeemed) };
  }
  const scopes = (form.get('scope') ?? '').split(' ').filter((scope) => scope !== '');
  const scope = scopes.find((part) => part.endsWith('/.default'));
  if (!scope) {
    return refuse(
      entra,
      400,
      'invalid_scope',
      1002012,
      `The provided value for scope ${scopes.join(' ')} is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI).`,
    );
  }
  const api = apiOf(scope);
  if (api !== undefined && registrations.has(api)) {
    const expires = { expires_in: options.authority.lifetimeS, ext_expires_in: options.authority.lifetimeS };
    const token = toAppToken(ownApi, api, [...app.roles]);
    return { status: 200, headers: NOT_STORED, body: { token_type: 'Bearer', ...expires, access_token: token } };
  }
  const audience = scope.slice(0, -'/.default'.length).replace(/\/$/, '');
  if (!options.audiences().includes(audience)) {
    return refuse(
      entra,
      400,
      'invalid_resource',
      500011,
      `The resource principal named ${audience} was not found in the tenant named ${tenant}. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant.`,
    );
  }
  const roles = app.hasConsent ? [APPLICATION_PERMISSION] : [];
  const { token, expiresInS } = options.authority.issue(audience, clientId, options.tenant, roles);
  const body = { token_type: 'Bearer', expires_in: expiresInS, ext_expires_in: expiresInS, access_token: token };
  return { status: 200, headers: NOT_STORED, body };
}

const NOT_STORED = { 'cache-control': 'no-store, no-cache', pragma: 'no-cache' };

const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

function checkCredential(
  entra: Entra,
  form: URLSearchParams,
  clientId: string,
  app: Registration,
  audiences: readonly string[],
): SimResponse | undefined {
  const secret = form.get('client_secret');
  const assertion = form.get('client_assertion');
  if (assertion) {
    if (form.get('client_assertion_type') !== ASSERTION_TYPE) {
      return refuse(
        entra,
        400,
        'invalid_request',
        900144,
        "The request body must contain the following parameter: 'client_assertion_type'.",
      );
    }
    const problem = findAssertionProblem({
      assertion,
      clientId,
      audiences: audiences.map(withoutScheme),
      certificates: app.certificates,
      now: entra.options.clock.now(),
    });
    if (!problem) return undefined;
    const [code, text] = ASSERTION_ERRORS[problem];
    return refuse(entra, 401, 'invalid_client', code, text);
  }
  if (secret === null) {
    return refuse(
      entra,
      401,
      'invalid_client',
      7000218,
      "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
    );
  }
  if (app.secrets.has(secret)) return undefined;
  if (app.expiredSecrets.has(secret)) {
    return refuse(
      entra,
      401,
      'invalid_client',
      7000222,
      `The provided client secret keys for app '${clientId}' are expired. Visit the Azure portal to create new keys for your app, or consider using certificate credentials for added security.`,
    );
  }
  return refuse(
    entra,
    401,
    'invalid_client',
    7000215,
    `Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '${clientId}'.`,
  );
}

const ASSERTION_ERRORS = {
  malformed: [50027, 'JWT token is invalid or malformed.'],
  expired: [700024, 'Client assertion is not within its valid time range.'],
  audience: [700023, 'Client assertion audience claim does not match Realm issuer.'],
  subject: [700021, 'Client assertion application identifier does not match client_id parameter.'],
  'unknown-certificate': [
    700027,
    'The certificate with identifier used to sign the client assertion is not registered on application.',
  ],
  signature: [700027, 'Client assertion failed signature validation.'],
} as const;

function refuse(entra: Entra, status: number, error: string, code: number, text: string): SimResponse {
  const traceId = randomUUID();
  const correlationId = randomUUID();
  const timestamp = entra.options.clock.date().toISOString().replace('T', ' ').slice(0, 19);
  return {
    status,
    body: {
      error,
      error_description: `AADSTS${code}: ${text} Trace ID: ${traceId} Correlation ID: ${correlationId} Timestamp: ${timestamp}Z`,
      error_codes: [code],
      timestamp: `${timestamp}Z`,
      trace_id: traceId,
      correlation_id: correlationId,
      error_uri: `https://login.microsoftonline.com/error?code=${code}`,
    },
  };
}

function issuerOf(host: string, tenant: string): string {
  return `http://${host}/${tenant}/v2.0`;
}

function discovery(host: string, tenant: string): object {
  const origin = `http://${host}/${tenant}`;
  return {
    token_endpoint: `${origin}/oauth2/v2.0/token`,
    token_endpoint_auth_methods_supported: ['client_secret_post', 'private_key_jwt', 'client_secret_basic'],
    jwks_uri: `${origin}/discovery/v2.0/keys`,
    response_modes_supported: ['query', 'fragment', 'form_post'],
    subject_types_supported: ['pairwise'],
    id_token_signing_alg_values_supported: ['RS256'],
    response_types_supported: ['code', 'id_token', 'code id_token', 'id_token token'],
    scopes_supported: ['openid', 'profile', 'email', 'offline_access'],
    issuer: issuerOf(host, tenant),
    authorization_endpoint: `${origin}/oauth2/v2.0/authorize`,
    end_session_endpoint: `${origin}/oauth2/v2.0/logout`,
    claims_supported: ['sub', 'iss', 'aud', 'exp', 'iat', 'nonce', 'preferred_username', 'name', 'tid', 'ver'],
    tenant_region_scope: 'EU',
    cloud_instance_name: 'microsoftonline.com',
  };
}

function instances(host: string, query: URLSearchParams): object {
  const tenant = /^https?:\/\/[^/]+\/([^/]+)/.exec(query.get('authorization_endpoint') ?? '')?.[1] ?? 'common';
  return {
    tenant_discovery_endpoint: `http://${host}/${tenant}/v2.0/.well-known/openid-configuration`,
    'api-version': '1.1',
    metadata: [{ preferred_network: host, preferred_cache: host, aliases: [host] }],
  };
}
