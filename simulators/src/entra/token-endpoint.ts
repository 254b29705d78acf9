import type { SimClock } from '../kernel/clock.js';
import type { SimRequest, SimResponse } from '../kernel/server.js';
import { APPLICATION_PERMISSION, type TokenAuthority } from './authority.js';
import { findCredentialProblem, withBasic } from './credentials.js';
import { ANY_TENANT, issuerOf } from './discovery.js';
import { missingParameter, type Refusal, refuse } from './refusals.js';
import type { Registration, Registrations } from './registrations.js';
import type { SignIns } from './sign-in.js';
import { apiOf, type OwnApi, toAppToken, toUserTokens } from './user-tokens.js';

export interface TokenEndpoint {
  readonly clock: SimClock;
  readonly authority: TokenAuthority;
  readonly tenant: string;
  readonly signIns: SignIns;
  readonly registrations: Registrations;
  /** The resources that tokens can be had for, once they are known. */
  readonly audiences: () => readonly string[];
}

/** How the endpoint was asked. */
export interface TokenPlace {
  readonly host: string;
  /** As it stands in the address: an id, a domain, or `common`. */
  readonly tenant: string;
  /** 1 takes a `resource`, 2 a `scope`. */
  readonly version: 1 | 2;
}

const NOT_STORED = { 'cache-control': 'no-store, no-cache', pragma: 'no-cache' };

export function grantToken(endpoint: TokenEndpoint, request: SimRequest, place: TokenPlace): SimResponse {
  const { clock, registrations } = endpoint;
  if (request.method !== 'POST') {
    const text = `The endpoint only accepts POST requests. Received a ${request.method} request.`;
    return refuse(clock, 400, { error: 'invalid_request', code: 900_561, text });
  }
  const form = withBasic(new URLSearchParams(request.body.toString('utf8')), request.headers['authorization']);
  const problem = findFormProblem(form, place);
  if (problem) return refuse(clock, 400, problem);
  const clientId = form.get('client_id') ?? '';
  const app = registrations.all.get(clientId);
  if (!app) {
    const text = `Application with identifier '${clientId}' was not found in the directory '${place.tenant}'. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You may have sent your authentication request to the wrong tenant.`;
    return refuse(clock, 400, { error: 'unauthorized_client', code: 700_016, text });
  }
  const refused = findCredentialProblem({ form, clientId, app, audiences: audiencesOf(place), now: clock.now() });
  if (refused) return refuse(clock, refused.status, refused);
  if (isOfPerson(form)) return redeemCode(endpoint, form, clientId, place);
  return place.version === 1 ? grantV1(endpoint, form, clientId, app) : grantV2(endpoint, form, clientId, app, place);
}

function isOfPerson(form: URLSearchParams): boolean {
  return form.get('grant_type') === 'authorization_code';
}

function findFormProblem(form: URLSearchParams, { tenant, version }: TokenPlace): Refusal | undefined {
  const what = version === 1 ? 'resource' : 'scope';
  for (const name of ['grant_type', 'client_id', isOfPerson(form) ? 'code' : what]) {
    if (!form.get(name)) return missingParameter(`'${name}'`);
  }
  if (!isOfPerson(form) && form.get('grant_type') !== 'client_credentials') {
    const text = `The app requested an unsupported grant type '${form.get('grant_type')}'.`;
    return { error: 'unsupported_grant_type', code: 70_003, text };
  }
  if (isOfPerson(form) || !ANY_TENANT.has(tenant)) return undefined;
  const text = 'No tenant-identifying information found in either the request or implied by any provided credentials.';
  return { error: 'invalid_request', code: 50_059, text };
}

/** What an assertion may call the one that it is meant for: the endpoint that was asked, or the issuer. */
function audiencesOf({ host, tenant, version }: TokenPlace): readonly string[] {
  const endpoint = version === 1 ? 'oauth2/token' : 'oauth2/v2.0/token';
  return [`${host}/${tenant}/${endpoint}`, `${host}/${tenant}/v2.0`];
}

function ownApiOf({ authority, tenant }: TokenEndpoint, clientId: string, { host }: TokenPlace): OwnApi {
  return { authority, issuer: issuerOf({ host, path: tenant }), tenant, clientId };
}

function redeemCode(endpoint: TokenEndpoint, form: URLSearchParams, clientId: string, place: TokenPlace): SimResponse {
  const redeemed = endpoint.signIns.redeem(clientId, form);
  if ('error' in redeemed) return refuse(endpoint.clock, 400, redeemed);
  return { status: 200, headers: NOT_STORED, body: toUserTokens(ownApiOf(endpoint, clientId, place), redeemed) };
}

function grantV2(
  endpoint: TokenEndpoint,
  form: URLSearchParams,
  clientId: string,
  app: Registration,
  place: TokenPlace,
): SimResponse {
  const { clock, authority, registrations } = endpoint;
  const scopes = (form.get('scope') ?? '').split(' ').filter((scope) => scope !== '');
  const scope = scopes.find((part) => part.endsWith('/.default'));
  if (!scope) {
    const text = `The provided value for scope ${scopes.join(' ')} is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI).`;
    return refuse(clock, 400, { error: 'invalid_scope', code: 1_002_012, text });
  }
  const api = apiOf(scope);
  const expires = { expires_in: authority.lifetimeS, ext_expires_in: authority.lifetimeS };
  if (api !== undefined && registrations.all.has(api)) {
    const token = toAppToken(ownApiOf(endpoint, clientId, place), api, [...app.roles]);
    return { status: 200, headers: NOT_STORED, body: { token_type: 'Bearer', ...expires, access_token: token } };
  }
  const audience = toAudience(scope.slice(0, -'/.default'.length));
  if (!endpoint.audiences().includes(audience)) return refuse(clock, 400, noResource(audience, place.tenant));
  const token = issue(endpoint, audience, clientId, app);
  return { status: 200, headers: NOT_STORED, body: { token_type: 'Bearer', ...expires, access_token: token } };
}

/** Numbers are texts here, and the moments are said besides (learn.microsoft.com, azuread-dev/v1-oauth2-client-creds-grant-flow). */
function grantV1(endpoint: TokenEndpoint, form: URLSearchParams, clientId: string, app: Registration): SimResponse {
  const { clock, authority } = endpoint;
  const audience = toAudience(form.get('resource') ?? '');
  if (!endpoint.audiences().includes(audience)) return refuse(clock, 400, noResource(audience, endpoint.tenant));
  const lifetime = String(authority.lifetimeS);
  const now = Math.floor(clock.now() / 1_000);
  const body = {
    token_type: 'Bearer',
    expires_in: lifetime,
    ext_expires_in: lifetime,
    expires_on: String(now + authority.lifetimeS),
    not_before: String(now),
    resource: audience,
    access_token: issue(endpoint, audience, clientId, app),
  };
  return { status: 200, headers: NOT_STORED, body };
}

function issue({ authority, tenant }: TokenEndpoint, audience: string, clientId: string, app: Registration): string {
  return authority.issue(audience, clientId, tenant, app.hasConsent ? [APPLICATION_PERMISSION] : []);
}

function toAudience(resource: string): string {
  return resource.replace(/\/$/, '');
}

function noResource(audience: string, tenant: string): Refusal {
  const text = `The resource principal named ${audience} was not found in the tenant named ${tenant}. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant.`;
  return { error: 'invalid_resource', code: 500_011, text };
}
