import type { Simulators } from '../../src/simulators/index.js';

/** What a seller does in Sales, through the simulator's own API. */
export function createSeller(simulators: Simulators) {
  const { dataverse, entra, tenant, dataverseApp } = simulators.connection;
  let token: string | undefined;

  async function call(path: string, body: object, method = 'POST'): Promise<Response> {
    token ??= await getToken();
    const response = await fetch(`${dataverse}/api/data/v9.2/${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'if-match': '*' },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response;
  }

  async function getToken(): Promise<string> {
    const form = new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: dataverseApp.clientId,
      client_secret: dataverseApp.clientSecret,
      scope: dataverseApp.scope,
    });
    const response = await fetch(`${entra}/${tenant}/oauth2/v2.0/token`, { method: 'POST', body: form });
    return ((await response.json()) as { access_token: string }).access_token;
  }

  return {
    call,
    winOpportunity: (id: string) =>
      call('WinOpportunity', {
        Status: 3,
        OpportunityClose: { subject: 'Won', 'opportunityid@odata.bind': `/opportunities(${id})` },
      }),
    winQuote: (id: string) =>
      call('WinQuote', { Status: 4, QuoteClose: { subject: 'Won', 'quoteid@odata.bind': `/quotes(${id})` } }),
    submitOrder: (id: string) => call(`salesorders(${id})`, { statecode: 1, statuscode: 3 }, 'PATCH'),
  };
}
