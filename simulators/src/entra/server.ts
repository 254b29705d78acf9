import type { SimClock } from '../kernel/clock.js';
import { type SimRequest, type SimResponse, type SimServer, startSimServer } from '../kernel/server.js';
import type { TokenAuthority } from './authority.js';
import { ANY_TENANT, discoveryV1, discoveryV2, instances, issuerOf } from './discovery.js';
import { refuse } from './refusals.js';
import { Registrations, type SimApp } from './registrations.js';
import { SignIns, signedOut } from './sign-in.js';
import { grantToken, type TokenEndpoint } from './token-endpoint.js';
import { DOMAIN } from './users.js';

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

/** A tenant: people sign in, apps get tokens with secret or certificate, errors are AADSTS codes. */
export function startEntra(options: EntraOptions): Promise<SimServer> {
  const { clock, authority, tenant, audiences } = options;
  const registrations = new Registrations(options.apps);
  const entra: TokenEndpoint = {
    clock,
    authority,
    tenant,
    audiences,
    registrations,
    signIns: new SignIns(clock),
  };
  return startSimServer({
    name: 'entra',
    port: options.port,
    host: options.host,
    publicHost: options.publicHost,
    clock,
    handle: (request) => handle(entra, request),
    admin: {
      'GET /apps': () =>
        [...registrations.all].map(([clientId, app]) => ({
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
        const app = registrations.register(clientId);
        if (clientSecret) app.secrets.add(clientSecret);
        if (certificate) app.certificates.push(certificate);
        if (redirectUri) app.redirectUris.push(redirectUri);
        if (role) app.roles.add(role);
        return { clientId };
      },
      /** An administrator consents: tokens for Business Central bear the permission from now on. */
      'POST /consent': (body) => {
        const { clientId } = body as { clientId: string };
        registrations.register(clientId).hasConsent = true;
        return { clientId };
      },
      'POST /secrets/expire': (body) => {
        const { clientId, clientSecret } = body as { clientId: string; clientSecret: string };
        const app = registrations.register(clientId);
        app.expiredSecrets.add(clientSecret);
        return { expired: app.secrets.delete(clientSecret) };
      },
      /** Another key signs; with `emergency` the ones before are published no more. */
      'POST /keys/rotate': (body) => ({
        keys: authority.rotate((body as { emergency?: boolean }).emergency === true),
      }),
      'POST /lifetime': (body) => {
        authority.lifetimeS = Number((body as { seconds: number }).seconds);
        return { seconds: authority.lifetimeS };
      },
    },
  });
}

function handle(entra: TokenEndpoint, request: SimRequest): SimResponse {
  const [path = '', query = ''] = request.rawUrl.split('?');
  const [, tenant = '', ...rest] = path.split('/');
  const route = rest.join('/');
  const host = request.headers['host'] ?? 'login.microsoftonline.com';
  if (path === '/common/discovery/instance') return { status: 200, body: instances(host, new URLSearchParams(query)) };
  if (!isTenant(entra, tenant)) {
    const text = `Tenant '${tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud. Check with your subscription administrator, this may happen if there are no active subscriptions for the tenant.`;
    return refuse(entra.clock, 400, { error: 'invalid_tenant', code: 90_002, text });
  }
  const published = request.method === 'GET' ? publish(entra, host, tenant, route) : undefined;
  if (published) return { status: 200, headers: PUBLISHED, body: published };
  if (route === 'oauth2/v2.0/authorize') return authorize(entra, request, new URLSearchParams(query));
  if (request.method === 'GET' && route === 'oauth2/v2.0/logout') return signedOut();
  if (route === 'oauth2/v2.0/token') return grantToken(entra, request, { host, tenant, version: 2 });
  if (route === 'oauth2/token') return grantToken(entra, request, { host, tenant, version: 1 });
  return { status: 404, body: '' };
}

/** As recorded in the tests of Azure/azure-sdk-for-js (sdk/identity/identity/recordings). */
const PUBLISHED = { 'cache-control': 'max-age=86400, private', 'access-control-allow-origin': '*' };

/** A tenant that is asked for by its domain is named by its id in what comes back. */
function publish(entra: TokenEndpoint, host: string, tenant: string, route: string): object | undefined {
  const authority = { host, path: ANY_TENANT.has(tenant) ? tenant : entra.tenant };
  switch (route) {
    case 'v2.0/.well-known/openid-configuration':
      return discoveryV2(authority);
    case '.well-known/openid-configuration':
      return discoveryV1(authority);
    case 'discovery/v2.0/keys':
      return entra.authority.jwks(issuerOf(authority));
    case 'discovery/keys':
      return entra.authority.jwks();
    default:
      return undefined;
  }
}

function authorize(
  { signIns, registrations }: TokenEndpoint,
  { method, body }: SimRequest,
  query: URLSearchParams,
): SimResponse {
  const clientId = query.get('client_id') ?? '';
  const app = registrations.all.get(clientId);
  const form = new URLSearchParams(method === 'POST' ? body.toString('utf8') : '');
  return signIns.authorize(app && { clientId, redirectUris: app.redirectUris }, query, form);
}

function isTenant({ tenant }: TokenEndpoint, asked: string): boolean {
  return [tenant, DOMAIN].includes(asked.toLowerCase()) || ANY_TENANT.has(asked);
}
