import { createHash, X509Certificate } from 'node:crypto';
import { type Simulators, startSimulators } from '@dealbridge/simulators';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTokenSource } from '../../src/clients/entra/tokens.js';
import { createSigningCertificate } from '../support/signing-certificate.js';

let simulators: Simulators;
beforeAll(async () => {
  simulators = await startSimulators({ products: 5, accounts: 5, documents: 3 });
});
afterAll(() => simulators.stop());

async function ask(change: Record<string, string | undefined> = {}, tenant = simulators.connection.tenant) {
  const { entra, dataverseApp } = simulators.connection;
  const form = new URLSearchParams();
  const fields = {
    grant_type: 'client_credentials',
    client_id: dataverseApp.clientId,
    client_secret: dataverseApp.clientSecret,
    scope: dataverseApp.scope,
    ...change,
  };
  for (const [name, value] of Object.entries(fields)) if (value !== undefined) form.set(name, value);
  const response = await fetch(`${entra}/${tenant}/oauth2/v2.0/token`, { method: 'POST', body: form });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

const administer = (server: string, path: string, body: object) =>
  fetch(`${server}/_sim${path}`, { method: 'POST', body: JSON.stringify(body) });

describe('the token endpoint', () => {
  it('gives a signed token for the scope’s audience, by tenant id or domain', async () => {
    for (const tenant of [simulators.connection.tenant, 'nordwerk.onmicrosoft.com']) {
      const { status, body } = await ask({}, tenant);
      expect(status).toBe(200);
      expect(body).toMatchObject({ token_type: 'Bearer', expires_in: 3_599 });
      const claims = JSON.parse(Buffer.from(String(body['access_token']).split('.')[1] ?? '', 'base64url').toString());
      expect(claims).toMatchObject({ aud: simulators.connection.dataverse, tid: simulators.connection.tenant });
    }
  });

  const refusals: readonly (readonly [string, Record<string, string | undefined>, number, number])[] = [
    ['a wrong secret', { client_secret: 'wrong' }, 401, 7_000_215],
    ['no secret', { client_secret: undefined }, 401, 7_000_218],
    ['an unknown app', { client_id: '11111111-1111-4111-8111-111111111111' }, 400, 700_016],
    ['a scope without /.default', { scope: 'https://x/user_impersonation' }, 400, 1_002_012],
    ['a resource that is not there', { scope: 'https://nowhere.example.com/.default' }, 400, 500_011],
    ['another grant', { grant_type: 'password' }, 400, 70_003],
    ['a missing parameter', { scope: undefined }, 400, 900_144],
  ];
  for (const [what, change, status, code] of refusals) {
    it(`refuses ${what}: AADSTS${code}`, async () => {
      const answer = await ask(change);
      expect(answer.status).toBe(status);
      expect(answer.body['error_codes']).toEqual([code]);
      expect(answer.body['error_description']).toContain(`AADSTS${code}: `);
    });
  }

  it('refuses an unknown tenant: AADSTS90002', async () => {
    expect((await ask({}, '22222222-2222-4222-8222-222222222222')).body['error_codes']).toEqual([90_002]);
  });

  it('publishes its discovery document and keys', async () => {
    const { entra, tenant } = simulators.connection;
    const found = (await (await fetch(`${entra}/${tenant}/v2.0/.well-known/openid-configuration`)).json()) as Record<
      string,
      string
    >;
    expect(found['token_endpoint']).toBe(`${entra}/${tenant}/oauth2/v2.0/token`);
    const keys = (await (await fetch(found['jwks_uri'] ?? '')).json()) as { keys: unknown[] };
    expect(keys.keys).toHaveLength(1);
  });
});

describe('tokens', () => {
  const whoAmI = (token: string) =>
    fetch(`${simulators.connection.dataverse}/api/data/v9.2/WhoAmI`, { headers: { authorization: `Bearer ${token}` } });

  it('are refused when their audience or their signature is another, and after their time', async () => {
    const { body } = await ask();
    const token = String(body['access_token']);
    expect((await whoAmI(token)).status).toBe(200);
    const forged = `${token.slice(0, -4)}AAAA`;
    expect((await whoAmI(forged)).status).toBe(401);
    const { businessCentralApp: app } = simulators.connection;
    const other = await ask({ client_id: app.clientId, client_secret: app.clientSecret, scope: app.scope });
    expect((await whoAmI(String(other.body['access_token']))).status).toBe(401);
    simulators.clock.advance(3_600_000);
    expect((await whoAmI(token)).status).toBe(401);
  });

  it('a secret can be rotated: the old one is refused as expired', async () => {
    const { entra, dataverseApp: app } = simulators.connection;
    await administer(entra, '/apps', { clientId: app.clientId, clientSecret: 'the-second-secret' });
    expect((await ask({ client_secret: 'the-second-secret' })).status).toBe(200);
    await administer(entra, '/secrets/expire', { clientId: app.clientId, clientSecret: 'the-second-secret' });
    expect((await ask({ client_secret: 'the-second-secret' })).body['error_codes']).toEqual([7_000_222]);
  });

  it('MSAL gets one with a certificate, and not with a certificate that is not registered', async () => {
    const { certificate: pem, privateKey } = createSigningCertificate();
    const { tenant, entra, dataverseApp } = simulators.connection;
    const credential = {
      kind: 'certificate',
      thumbprintSha256: createHash('sha256').update(new X509Certificate(pem).raw).digest('hex'),
      privateKey,
    } as const;
    const source = createTokenSource(
      { tenantId: tenant, clientId: dataverseApp.clientId, scope: dataverseApp.scope, loginOrigin: entra },
      async () => [credential],
    );
    // The assertion carries real time; the clock of the simulators was moved by the tests before.
    simulators.clock.set(Date.now());
    await expect(source.getToken()).rejects.toMatchObject({ code: 'unauthorized' });
    await administer(entra, '/apps', { clientId: dataverseApp.clientId, certificate: pem });
    expect((await whoAmI(await source.getToken({ renew: true }))).status).toBe(200);
  });
});
