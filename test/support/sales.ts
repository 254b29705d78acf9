import type { Simulators } from '@dealbridge/simulators';
import { getToken } from './tokens.js';

/** What a seller does in Sales, through the simulator's own API. */
export function createSeller(simulators: Simulators) {
  const { dataverse, dataverseApp, salesPersonId } = simulators.connection;
  let token: string | undefined;

  async function call(path: string, body: object, method = 'POST'): Promise<Response> {
    token ??= await getToken(simulators.connection, dataverseApp);
    const response = await fetch(`${dataverse}/api/data/v9.2/${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        'if-match': '*',
        // Without it the change would be our own Application User's.
        mscrmcallerid: salesPersonId,
      },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response;
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
    cancelOrder: (id: string) =>
      call('CancelSalesOrder', {
        Status: 4,
        OrderClose: { subject: 'Cancelled', 'salesorderid@odata.bind': `/salesorders(${id})` },
      }),
    reopenOpportunity: (id: string) => call(`opportunities(${id})`, { statecode: 0, statuscode: 1 }, 'PATCH'),
    deleteRecord: (set: string, id: string) => call(`${set}(${id})`, {}, 'DELETE'),
    submitOrder: (id: string) => call(`salesorders(${id})`, { statecode: 1, statuscode: 3 }, 'PATCH'),
  };
}
