import type { Connection } from '@dealbridge/simulators';
import { createTokenSource, type TokenSource } from '../../src/clients/entra/tokens.js';

/** A token of the simulated Entra, as any client would ask for it. */
export async function getToken(
  { entra, tenant }: Pick<Connection, 'entra' | 'tenant'>,
  app: Connection['dataverseApp'],
): Promise<string> {
  const form = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: app.clientId,
    client_secret: app.clientSecret,
    scope: app.scope,
  });
  const response = await fetch(`${entra}/${tenant}/oauth2/v2.0/token`, { method: 'POST', body: form });
  if (!response.ok) throw new Error(`no token: ${response.status} ${await response.text()}`);
  return ((await response.json()) as { access_token: string }).access_token;
}

/** What our own clients are given to reach a simulator. */
export function createSimulatedTokens(connection: Connection, app: Connection['dataverseApp']): TokenSource {
  const { clientId, clientSecret, scope } = app;
  return createTokenSource(
    { tenantId: connection.tenant, clientId, scope, loginOrigin: connection.entra },
    async () => [{ kind: 'secret', secret: clientSecret }],
  );
}
