/**
 * The documents that Entra publishes, field by field as it serves them: of version 2.0 as in panva/wellknown
 * (issuers/entra-common), of version 1.0 as in AzureAD/MSIdentityTools (tests/Get-MsIdOpenIdProviderConfiguration). Only
 * the scheme and the host are ours.
 */

/** Authorities that name no tenant; their documents leave it open in the issuer. */
export const ANY_TENANT: ReadonlySet<string> = new Set(['common', 'organizations']);

const CREDENTIALS = ['client_secret_post', 'private_key_jwt', 'client_secret_basic'];

export interface Authority {
  readonly host: string;
  /** What stands in the address: the tenant's id, or one of those that name none. */
  readonly path: string;
}

/** What stands for the tenant in the documents of an authority that names none. */
function tenantOf({ path }: Authority): string {
  return ANY_TENANT.has(path) ? '{tenantid}' : path;
}

export function issuerOf(authority: Authority): string {
  return `http://${authority.host}/${tenantOf(authority)}/v2.0`;
}

export function discoveryV2(authority: Authority): object {
  const origin = `http://${authority.host}/${authority.path}`;
  return {
    token_endpoint: `${origin}/oauth2/v2.0/token`,
    token_endpoint_auth_methods_supported: CREDENTIALS,
    jwks_uri: `${origin}/discovery/v2.0/keys`,
    ...COMMON,
    response_types_supported: ['code', 'id_token', 'code id_token', 'id_token token'],
    scopes_supported: ['openid', 'profile', 'email', 'offline_access'],
    issuer: issuerOf(authority),
    request_uri_parameter_supported: false,
    userinfo_endpoint: 'https://graph.microsoft.com/oidc/userinfo',
    authorization_endpoint: `${origin}/oauth2/v2.0/authorize`,
    device_authorization_endpoint: `${origin}/oauth2/v2.0/devicecode`,
    http_logout_supported: true,
    frontchannel_logout_supported: true,
    end_session_endpoint: `${origin}/oauth2/v2.0/logout`,
    claims_supported: [
      ...CLAIMS,
      ...['acr', 'nonce', 'preferred_username', 'name', 'tid', 'ver', 'at_hash', 'c_hash', 'email'],
    ],
    ...cloudOf(authority),
  };
}

export function discoveryV1(authority: Authority): object {
  const origin = `http://${authority.host}/${authority.path}`;
  return {
    token_endpoint: `${origin}/oauth2/token`,
    token_endpoint_auth_methods_supported: CREDENTIALS,
    jwks_uri: `http://${authority.host}/common/discovery/keys`,
    ...COMMON,
    response_types_supported: ['code', 'id_token', 'code id_token', 'token id_token', 'token'],
    scopes_supported: ['openid'],
    issuer: issuerOfV1(tenantOf(authority)),
    microsoft_multi_refresh_token: true,
    authorization_endpoint: `${origin}/oauth2/authorize`,
    device_authorization_endpoint: `${origin}/oauth2/devicecode`,
    http_logout_supported: true,
    frontchannel_logout_supported: true,
    end_session_endpoint: `${origin}/oauth2/logout`,
    claims_supported: [...CLAIMS, ...['acr', 'amr', 'nonce', 'email', 'given_name', 'family_name', 'nickname']],
    check_session_iframe: `${origin}/oauth2/checksession`,
    userinfo_endpoint: `${origin}/openid/userinfo`,
    ...cloudOf(authority),
  };
}

/** Of tokens of version 1.0, whatever the host is. */
export function issuerOfV1(tenant: string): string {
  return `https://sts.windows.net/${tenant}/`;
}

const COMMON = {
  response_modes_supported: ['query', 'fragment', 'form_post'],
  subject_types_supported: ['pairwise'],
  id_token_signing_alg_values_supported: ['RS256'],
};

const CLAIMS = [
  ...['sub', 'iss', 'cloud_instance_name', 'cloud_instance_host_name', 'cloud_graph_host_name', 'msgraph_host'],
  ...['aud', 'exp', 'iat', 'auth_time'],
];

function cloudOf({ host, path }: Authority): object {
  return {
    kerberos_endpoint: `http://${host}/${path}/kerberos`,
    tenant_region_scope: ANY_TENANT.has(path) ? null : 'EU',
    cloud_instance_name: 'microsoftonline.com',
    cloud_graph_host_name: 'graph.windows.net',
    msgraph_host: 'graph.microsoft.com',
    rbac_url: 'https://pas.windows.net',
  };
}

/** What MSAL asks before it trusts an authority. */
export function instances(host: string, query: URLSearchParams): object {
  const tenant = /^https?:\/\/[^/]+\/([^/]+)/.exec(query.get('authorization_endpoint') ?? '')?.[1] ?? 'common';
  return {
    tenant_discovery_endpoint: `http://${host}/${tenant}/v2.0/.well-known/openid-configuration`,
    'api-version': '1.1',
    metadata: [{ preferred_network: host, preferred_cache: host, aliases: [host] }],
  };
}
