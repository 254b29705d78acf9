import { createHash, X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { EntraRequests } from './requests.js';

const GRANT = 'entra-docs, docs/identity-platform/v2-oauth2-client-creds-grant-flow.md';
const CERTIFICATES = 'entra-docs, docs/identity-platform/certificate-credentials.md';
const ERRORS = 'entra-docs, docs/identity-platform/reference-error-codes.md';
const MOCKS = 'microsoft-authentication-library-for-dotnet, MockHelpers.cs';

/** How an app shows who it is; each case names the page or the file that says so. */
export function testCredentials({ tenant, signing, token, assertion, withAssertion, endpoint }: EntraRequests): void {
  const basic = (id: string, secret: string): Record<string, string> => ({
    authorization: `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}`,
  });

  describe('credentials of an app', () => {
    it(`client_secret_post gives a Bearer token and how long it lasts (${GRANT})`, async () => {
      const { status, body, headers } = await token();
      expect(status).toBe(200);
      expect(body).toMatchObject({ token_type: 'Bearer', access_token: expect.any(String) });
      expect(body.ext_expires_in).toBe(body.expires_in);
      expect(headers.get('cache-control')).toContain('no-store');
      expect(body).not.toHaveProperty('refresh_token');
    });

    it(`client_secret_basic does, too, by RFC 6749, 2.3.1 (${GRANT})`, async () => {
      const { clientId, clientSecret } = tenant();
      const none = { client_id: undefined, client_secret: undefined };
      expect((await token(none, basic(clientId, clientSecret))).status).toBe(200);
      const wrong = await token(none, basic(clientId, 'a+wrong secret'));
      expect(wrong.status).toBe(401);
      expect(wrong.body).toMatchObject({ error: 'invalid_client', error_codes: [7_000_215] });
    });

    it(`an error says code, ids, moment and page (${ERRORS})`, async () => {
      const { body } = await token({ client_secret: 'wrong' });
      expect(Object.keys(body)).toEqual([
        'error',
        'error_description',
        'error_codes',
        'timestamp',
        'trace_id',
        'correlation_id',
        'error_uri',
      ]);
      expect(body.timestamp).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ$/);
      for (const part of [body.trace_id, body.correlation_id, body.timestamp])
        expect(body.error_description).toContain(part);
      expect(body.error_uri).toMatch(/\/error\?code=7000215$/);
    });

    for (const algorithm of ['PS256', 'RS256'] as const) {
      it(`an assertion of a registered certificate, ${algorithm}, by its SHA-256 thumbprint (${CERTIFICATES})`, async () => {
        const { status, body } = await withAssertion(await assertion({ algorithm }));
        expect(status, JSON.stringify(body)).toBe(200);
      });
    }

    it('an assertion that names the certificate by x5t, SHA-1 (entra-docs before 2025: same page)', async () => {
      const raw = new X509Certificate(signing().certificate).raw;
      const x5t = createHash('sha1').update(raw).digest('base64url');
      const header = { 'x5t#S256': undefined, x5t };
      expect((await withAssertion(await assertion({ header, algorithm: 'RS256' }))).status).toBe(200);
    });

    it(`an assertion may be used until it expires (${CERTIFICATES})`, async () => {
      const once = await assertion();
      expect((await withAssertion(once)).status).toBe(200);
      expect((await withAssertion(once)).status).toBe(200);
    });

    it(`50027: what is no JWT is an invalid request (${MOCKS})`, async () => {
      const { status, body } = await withAssertion('no.jwt');
      expect(status).toBe(400);
      expect(body).toMatchObject({ error: 'invalid_request', error_codes: [50_027] });
      expect(body.error_description).toContain('AADSTS50027: JWT token is invalid or malformed.');
    });

    it(`5002723: the header names no certificate (${MOCKS})`, async () => {
      const { body } = await withAssertion(await assertion({ header: { 'x5t#S256': undefined } }));
      expect(body).toMatchObject({ error: 'invalid_client', error_codes: [5_002_723] });
    });

    it(`5002738: an algorithm that is not taken (${MOCKS})`, async () => {
      const [, claims] = (await assertion()).split('.');
      const header = Buffer.from(JSON.stringify({ alg: 'HS256', typ: 'JWT', 'x5t#S256': 'AAAA' })).toString(
        'base64url',
      );
      const { body } = await withAssertion(`${header}.${claims}.AAAA`);
      expect(body).toMatchObject({ error: 'invalid_client', error_codes: [5_002_738] });
      expect(body.error_description).toContain("'HS256' is not a supported signature algorithm.");
    });

    for (const field of ['iss', 'aud']) {
      it(`90014: '${field}' is missing (${MOCKS})`, async () => {
        const { body } = await withAssertion(await assertion({ claims: { [field]: undefined } }));
        expect(body).toMatchObject({ error: 'invalid_request', error_codes: [90_014] });
        expect(body.error_description).toContain(`The required field '${field}' is missing from the credential.`);
      });
    }

    it('700027: a certificate that is not registered, by its thumbprint (AADSTS700027 at login.microsoftonline.com/error)', async () => {
      const header = { 'x5t#S256': Buffer.from('another certificate').toString('base64url') };
      const { status, body } = await withAssertion(await assertion({ header }));
      expect(status).toBe(401);
      expect(body).toMatchObject({ error: 'invalid_client', error_codes: [700_027] });
      expect(body.error_description).toContain('[Reason - The key was not found., Thumbprint of key used by client: ');
    });

    it(`700027: a signature of another text (${ERRORS})`, async () => {
      const [head, , signature] = (await assertion()).split('.');
      const [, claims] = (await assertion({ claims: { jti: 'another' } })).split('.');
      const { body } = await withAssertion(`${head}.${claims}.${signature}`);
      expect(body).toMatchObject({ error: 'invalid_client', error_codes: [700_027] });
    });

    it(`700021: an assertion of another app (${MOCKS})`, async () => {
      const other = '11111111-1111-4111-8111-111111111111';
      const { body } = await withAssertion(await assertion({ claims: { iss: other, sub: other } }));
      expect(body).toMatchObject({ error: 'invalid_client', error_codes: [700_021] });
      expect(body.error_description).toContain("doesn't match 'client_id' parameter.");
    });

    it(`700024: an assertion that has expired says from when to when it was good (${MOCKS})`, async () => {
      const { body } = await withAssertion(await assertion({ claims: { nbf: 1_516_239_022, exp: 1_516_239_322 } }));
      expect(body).toMatchObject({ error: 'invalid_client', error_codes: [700_024] });
      expect(body.error_description).toContain(
        'assertion valid from 2018-01-18T01:30:22.0000000Z, expiry time of assertion 2018-01-18T01:35:22.0000000Z.',
      );
    });

    it('700023: an assertion for another endpoint (learn.microsoft.com, azure/developer/java/sdk/troubleshooting-authentication-service-principal)', async () => {
      const aud = 'https://login.example.com/oauth2/v2.0/token';
      const { body } = await withAssertion(await assertion({ claims: { aud } }));
      expect(body).toMatchObject({ error: 'invalid_client', error_codes: [700_023] });
    });

    it('5002741: two audiences (zitadel/oidc#887)', async () => {
      const aud = [endpoint(), `${tenant().origin}/${tenant().tenant}/v2.0`];
      const { body } = await withAssertion(await assertion({ claims: { aud } }));
      expect(body).toMatchObject({ error_codes: [5_002_741] });
      expect(body.error_description).toContain('2 audience values provided, maximum allowed is 1.');
    });

    it(`an assertion without its type is incomplete (${GRANT})`, async () => {
      const { status, body } = await token({ client_secret: undefined, client_assertion: await assertion() });
      expect(status).toBe(400);
      expect(body).toMatchObject({ error: 'invalid_request', error_codes: [900_144] });
    });

    it('50059: /common names no tenant in which an app without a person could be (active-directory-dotnetcore-daemon-v2)', async () => {
      const { status, body } = await token({}, {}, `${tenant().origin}/common/oauth2/v2.0/token`);
      expect(status).toBe(400);
      expect(body).toMatchObject({ error: 'invalid_request', error_codes: [50_059] });
    });

    it('version 1.0 takes a resource and says numbers as texts (learn.microsoft.com, azuread-dev/v1-oauth2-client-creds-grant-flow)', async () => {
      const resource = tenant().scope.slice(0, -'/.default'.length);
      const at = `${tenant().origin}/${tenant().tenant}/oauth2/token`;
      const { status, body } = await token({ scope: undefined, resource }, {}, at);
      expect(status, JSON.stringify(body)).toBe(200);
      expect(body).toMatchObject({ token_type: 'Bearer', resource });
      expect(Number(body.expires_on) - Number(body.not_before)).toBeGreaterThanOrEqual(Number(body.expires_in));
      expect(typeof body.expires_in).toBe('string');
    });
  });
}
