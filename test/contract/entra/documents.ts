import { createHash, createPublicKey, X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { EntraRequests } from './requests.js';

const WELL_KNOWN = 'panva/wellknown, issuers/entra-common/entra-common.mjs';
const OF_VERSION_1 = 'AzureAD/MSIdentityTools, tests/Get-MsIdOpenIdProviderConfiguration';

/** What Entra publishes of itself. */
export function testDocuments({ tenant, token, get }: EntraRequests): void {
  describe('published documents', () => {
    it(`the document of /common leaves the tenant open, with these fields in this order (${WELL_KNOWN})`, async () => {
      const { status, body, headers } = await get('common/v2.0/.well-known/openid-configuration');
      expect(status).toBe(200);
      expect(headers.get('content-type')).toContain('application/json');
      expect(Object.keys(body)).toEqual([
        ...['token_endpoint', 'token_endpoint_auth_methods_supported', 'jwks_uri', 'response_modes_supported'],
        ...['subject_types_supported', 'id_token_signing_alg_values_supported', 'response_types_supported'],
        ...['scopes_supported', 'issuer', 'request_uri_parameter_supported', 'userinfo_endpoint'],
        ...['authorization_endpoint', 'device_authorization_endpoint', 'http_logout_supported'],
        ...['frontchannel_logout_supported', 'end_session_endpoint', 'claims_supported', 'kerberos_endpoint'],
        ...['tenant_region_scope', 'cloud_instance_name', 'cloud_graph_host_name', 'msgraph_host', 'rbac_url'],
      ]);
      expect(body.issuer).toMatch(/\/\{tenantid\}\/v2\.0$/);
      expect(body.tenant_region_scope).toBeNull();
      expect(body.token_endpoint_auth_methods_supported).toEqual([
        'client_secret_post',
        'private_key_jwt',
        'client_secret_basic',
      ]);
      expect(body.claims_supported).toHaveLength(19);
    });

    it(`the document of a tenant names it everywhere (${WELL_KNOWN}; recordings of azure-sdk-for-js)`, async () => {
      const { tenant: id, origin } = tenant();
      const { body } = await get(`${id}/v2.0/.well-known/openid-configuration`);
      expect(body.issuer).toBe(`${origin}/${id}/v2.0`);
      expect(body.token_endpoint).toBe(`${origin}/${id}/oauth2/v2.0/token`);
      expect(body.authorization_endpoint).toBe(`${origin}/${id}/oauth2/v2.0/authorize`);
      expect(body.jwks_uri).toBe(`${origin}/${id}/discovery/v2.0/keys`);
      expect(body.request_uri_parameter_supported).toBe(false);
    });

    it(`the document of version 1.0 has another issuer and its own endpoints (${OF_VERSION_1})`, async () => {
      const { tenant: id, origin } = tenant();
      const { body } = await get(`${id}/.well-known/openid-configuration`);
      expect(body).toMatchObject({
        issuer: `https://sts.windows.net/${id}/`,
        token_endpoint: `${origin}/${id}/oauth2/token`,
        jwks_uri: `${origin}/common/discovery/keys`,
        microsoft_multi_refresh_token: true,
        scopes_supported: ['openid'],
      });
      const { body: common } = await get('common/.well-known/openid-configuration');
      expect(common.issuer).toBe('https://sts.windows.net/{tenantid}/');
    });

    it(`a key comes with its certificate, named by the SHA-1 thumbprint, and without alg (${WELL_KNOWN})`, async () => {
      const { body } = await get(`${tenant().tenant}/discovery/v2.0/keys`);
      for (const key of body.keys) {
        expect(Object.keys(key)).toEqual(['kty', 'use', 'kid', 'x5t', 'n', 'e', 'x5c', 'issuer']);
        const certificate = new X509Certificate(Buffer.from(key.x5c[0], 'base64'));
        expect(createHash('sha1').update(certificate.raw).digest('base64url')).toBe(key.x5t);
        expect(key.kid).toBe(key.x5t);
        const { kty, n, e } = key;
        expect(certificate.publicKey.equals(createPublicKey({ key: { kty, n, e }, format: 'jwk' }))).toBe(true);
      }
    });

    it('the header of a token names its key by kid, and by x5t in version 1.0 (entra-docs, access-tokens.md)', async () => {
      const { body } = await get(`${tenant().tenant}/discovery/v2.0/keys`);
      const { body: granted } = await token();
      const head = JSON.parse(Buffer.from(granted.access_token.split('.')[0], 'base64url').toString());
      expect(head).toMatchObject({ typ: 'JWT', alg: 'RS256' });
      expect(body.keys.map((key: { kid: string }) => key.kid)).toContain(head.kid);
    });

    it('90002: a tenant that does not exist has no document (entra-docs, reference-error-codes.md)', async () => {
      const { status, body } = await get('22222222-2222-4222-8222-222222222222/v2.0/.well-known/openid-configuration');
      expect(status).toBe(400);
      expect(body).toMatchObject({ error: 'invalid_tenant', error_codes: [90_002] });
    });
  });
}
