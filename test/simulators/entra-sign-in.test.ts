import { createHash } from 'node:crypto';
import { type Simulators, startSimulators } from '@dealbridge/simulators';
import { APPROVERS_GROUP } from '@dealbridge/simulators/entra/users.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

let simulators: Simulators;
beforeAll(async () => {
  simulators = await startSimulators({ products: 5, accounts: 5, documents: 3 });
});
afterAll(() => simulators.stop());

const VERIFIER = 'a-verifier-that-is-longer-than-forty-three-characters';
const CALLBACK = 'http://127.0.0.1:12345/sign-in/callback';

function askTo(change: Record<string, string> = {}): URL {
  const { entra, tenant, deskApp } = simulators.connection;
  const url = new URL(`${entra}/${tenant}/oauth2/v2.0/authorize`);
  const query = {
    client_id: deskApp.clientId,
    response_type: 'code',
    redirect_uri: CALLBACK,
    scope: 'openid profile',
    state: 'the-state',
    nonce: 'the-nonce',
    code_challenge: createHash('sha256').update(VERIFIER).digest('base64url'),
    code_challenge_method: 'S256',
    ...change,
  };
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return url;
}

async function signIn(user: string, change: Record<string, string> = {}): Promise<URL> {
  const answer = await fetch(askTo(change), {
    method: 'POST',
    body: new URLSearchParams({ user: `${user}@nordwerk.onmicrosoft.com` }),
    redirect: 'manual',
  });
  expect(answer.status).toBe(302);
  return new URL(answer.headers.get('location') ?? '');
}

async function redeem(code: string, change: Record<string, string> = {}) {
  const { entra, tenant, deskApp } = simulators.connection;
  const form = new URLSearchParams({
    grant_type: 'authorization_code',
    client_id: deskApp.clientId,
    client_secret: deskApp.clientSecret,
    redirect_uri: CALLBACK,
    code,
    code_verifier: VERIFIER,
    ...change,
  });
  const answer = await fetch(`${entra}/${tenant}/oauth2/v2.0/token`, { method: 'POST', body: form });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

const claimsOf = (token: unknown): Record<string, unknown> =>
  JSON.parse(Buffer.from(String(token).split('.')[1] ?? '', 'base64url').toString());

describe('signing in at the simulated Entra', () => {
  it('shows the people of the tenant, and nobody is asked for a password', async () => {
    const page = await (await fetch(askTo())).text();
    expect(page).toContain('Paula Stein');
    expect(page).toContain('Approver');
  });

  it('sends the person back with a code that is worth an id token with name and roles', async () => {
    const back = await signIn('paula.stein');
    expect(`${back.origin}${back.pathname}`).toBe(CALLBACK);
    expect(back.searchParams.get('state')).toBe('the-state');
    const { status, body } = await redeem(back.searchParams.get('code') ?? '');
    expect(status).toBe(200);
    const { entra, tenant, deskApp } = simulators.connection;
    expect(claimsOf(body['id_token'])).toMatchObject({
      iss: `${entra}/${tenant}/v2.0`,
      aud: deskApp.clientId,
      nonce: 'the-nonce',
      name: 'Paula Stein',
      preferred_username: 'paula.stein@nordwerk.onmicrosoft.com',
      roles: ['Approver'],
      tid: tenant,
      ver: '2.0',
    });
  });

  it('gives groups to whoever has no role of his own', async () => {
    const { body } = await redeem((await signIn('greta.holm')).searchParams.get('code') ?? '');
    const claims = claimsOf(body['id_token']);
    expect(claims['groups']).toEqual([APPROVERS_GROUP]);
    expect(claims).not.toHaveProperty('roles');
  });

  it('takes a code once, with its verifier and its address', async () => {
    const code = async () => (await signIn('adam.roth')).searchParams.get('code') ?? '';
    const used = await code();
    expect((await redeem(used)).status).toBe(200);
    expect((await redeem(used)).body).toMatchObject({ error: 'invalid_grant', error_codes: [54_005] });
    expect((await redeem(await code(), { code_verifier: 'another' })).body['error_codes']).toEqual([501_481]);
    expect((await redeem(await code(), { redirect_uri: 'http://localhost/x' })).body['error_codes']).toEqual([50_011]);
    expect((await redeem(await code(), { client_secret: 'wrong' })).body['error_codes']).toEqual([7_000_215]);
  });

  it('sends nobody to an address that is not registered', async () => {
    const answer = await fetch(askTo({ redirect_uri: 'https://evil.example.com/sign-in/callback' }));
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain('AADSTS50011');
  });

  it('gives an app a token of version 2.0 for the API of the desk, with the app roles that it has', async () => {
    const { entra, tenant, deskApp, dataverseApp } = simulators.connection;
    const role = JSON.stringify({ clientId: dataverseApp.clientId, role: 'Operator' });
    await fetch(`${entra}/_sim/apps`, { method: 'POST', body: role });
    const form = new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: dataverseApp.clientId,
      client_secret: dataverseApp.clientSecret,
      scope: deskApp.scope,
    });
    const answer = await fetch(`${entra}/${tenant}/oauth2/v2.0/token`, { method: 'POST', body: form });
    const { access_token: token } = (await answer.json()) as Record<string, unknown>;
    expect(claimsOf(token)).toMatchObject({
      iss: `${entra}/${tenant}/v2.0`,
      aud: deskApp.clientId,
      azp: dataverseApp.clientId,
      roles: ['Operator'],
    });
  });
});
