import { randomUUID } from 'node:crypto';
import type { SimClock } from '../kernel/clock.js';
import { type SimRequest, type SimResponse, type SimServer, startSimServer } from '../kernel/server.js';
import type { TokenAuthority } from './authority.js';

export interface SimApp {
  readonly clientId: string;
  readonly clientSecret: string;
}

export interface EntraOptions {
  readonly port: number;
  readonly host?: string | undefined;
  readonly publicHost?: string | undefined;
  readonly clock: SimClock;
  readonly authority: TokenAuthority;
  readonly tenant: string;
  readonly apps: readonly SimApp[];
  /** The resources that tokens can be had for, once they are known. */
  readonly audiences: () => readonly string[];
}

/** The token endpoint of a tenant: client credentials with a secret, errors as AADSTS codes. */
export function startEntra(options: EntraOptions): Promise<SimServer> {
  return startSimServer({
    name: 'entra',
    port: options.port,
    host: options.host,
    publicHost: options.publicHost,
    clock: options.clock,
    handle: (request) => handle(options, request),
  });
}

function handle(options: EntraOptions, request: SimRequest): SimResponse {
  const [path = ''] = request.rawUrl.split('?');
  const [, tenant = '', ...rest] = path.split('/');
  const route = `${request.method} ${rest.join('/')}`;
  if (route === 'GET discovery/v2.0/keys') return { status: 200, body: options.authority.jwks() };
  if (route === 'GET v2.0/.well-known/openid-configuration') return { status: 200, body: discovery(request, tenant) };
  if (route !== 'POST oauth2/v2.0/token') return { status: 404, body: '' };
  if (tenant !== options.tenant) {
    return refuse(options, 400, 'invalid_request', 90002, `Tenant '${tenant}' not found.`);
  }
  return grant(options, new URLSearchParams(request.body.toString('utf8')));
}

function grant(options: EntraOptions, form: URLSearchParams): SimResponse {
  if (form.get('grant_type') !== 'client_credentials') {
    return refuse(
      options,
      400,
      'unsupported_grant_type',
      70003,
      `The app requested an unsupported grant type '${form.get('grant_type')}'.`,
    );
  }
  const clientId = form.get('client_id') ?? '';
  const app = options.apps.find((other) => other.clientId === clientId);
  if (!app) {
    return refuse(
      options,
      400,
      'unauthorized_client',
      700016,
      `Application with identifier '${clientId}' was not found in the directory.`,
    );
  }
  if (form.get('client_secret') !== app.clientSecret) {
    return refuse(options, 401, 'invalid_client', 7000215, 'Invalid client secret provided.');
  }
  const scope = form
    .get('scope')
    ?.split(' ')
    .find((part) => part.endsWith('/.default'));
  if (!scope) return refuse(options, 400, 'invalid_scope', 1002012, 'The provided value for scope is not valid.');
  const audience = scope.slice(0, -'/.default'.length);
  if (!options.audiences().includes(audience)) {
    return refuse(
      options,
      400,
      'invalid_resource',
      500011,
      `The resource principal named ${audience} was not found in the tenant.`,
    );
  }
  const { token, expiresInS } = options.authority.issue(audience, clientId, options.tenant);
  return {
    status: 200,
    body: { token_type: 'Bearer', expires_in: expiresInS, ext_expires_in: expiresInS, access_token: token },
  };
}

function refuse(options: EntraOptions, status: number, error: string, code: number, text: string): SimResponse {
  const traceId = randomUUID();
  const correlationId = randomUUID();
  const timestamp = options.clock.date().toISOString().replace('T', ' ').slice(0, 19);
  return {
    status,
    body: {
      error,
      error_description: `AADSTS${code}: ${text} Trace ID: ${traceId} Correlation ID: ${correlationId} Timestamp: ${timestamp}Z`,
      error_codes: [code],
      timestamp: `${timestamp}Z`,
      trace_id: traceId,
      correlation_id: correlationId,
    },
  };
}

function discovery(request: SimRequest, tenant: string): object {
  const origin = `http://${request.headers['host']}`;
  return {
    issuer: `${origin}/${tenant}/v2.0`,
    token_endpoint: `${origin}/${tenant}/oauth2/v2.0/token`,
    authorization_endpoint: `${origin}/${tenant}/oauth2/v2.0/authorize`,
    jwks_uri: `${origin}/${tenant}/discovery/v2.0/keys`,
  };
}
