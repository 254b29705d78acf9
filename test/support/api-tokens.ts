import type { Simulators } from '@dealbridge/simulators';
import { ROLES, type Role } from '../../src/identity/permissions.js';

/** A token of the simulated issuer for each role, and for an app that has none. */
export async function takeTokens(simulators: Simulators): Promise<ReadonlyMap<Role | 'none', string>> {
  const { entra, tenant, deskApp } = simulators.connection;
  const tokens = new Map<Role | 'none', string>();
  for (const role of [...ROLES, 'none'] as const) {
    const clientId = `0e0e0000-0000-4000-8000-0000000000${tokens.size}0`;
    const app = { clientId, clientSecret: 'a-secret', ...(role !== 'none' && { role }) };
    await fetch(`${entra}/_sim/apps`, { method: 'POST', body: JSON.stringify(app) });
    const form = { grant_type: 'client_credentials', client_id: clientId, client_secret: 'a-secret' };
    const body = new URLSearchParams({ ...form, scope: deskApp.scope });
    const answer = await fetch(`${entra}/${tenant}/oauth2/v2.0/token`, { method: 'POST', body });
    tokens.set(role, ((await answer.json()) as { access_token: string }).access_token);
  }
  return tokens;
}
