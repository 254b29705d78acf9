import { type Simulators, startSimulators } from '@dealbridge/simulators';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { getToken } from '../support/tokens.js';

let simulators: Simulators;
beforeAll(async () => {
  simulators = await startSimulators({ products: 5, accounts: 5, documents: 3 });
});
afterAll(() => simulators.stop());

async function get(path: string, headers: Record<string, string> = {}): Promise<Response> {
  const { connection } = simulators;
  const token = await getToken(connection, connection.dataverseApp);
  return fetch(`${connection.dataverse}/api/data/v9.2/${path}`, {
    headers: { authorization: `Bearer ${token}`, ...headers },
  });
}

describe('the roles of the Application User', () => {
  it('are told by RetrieveUserPrivileges, without what is denied', async () => {
    simulators.dataverse.switches.denied = ['invoice:Create'];
    const { UserId: id } = (await (await get('WhoAmI')).json()) as { UserId: string };
    const answer = await get(`systemusers(${id})/Microsoft.Dynamics.CRM.RetrieveUserPrivileges()`);
    const { RolePrivileges } = (await answer.json()) as { RolePrivileges: { PrivilegeName: string; Depth: string }[] };
    const names = RolePrivileges.map(({ PrivilegeName }) => PrivilegeName);
    expect(names).toEqual(expect.arrayContaining(['prvReadSalesOrder', 'prvCreateNote', 'prvWriteInvoice']));
    expect(names).not.toContain('prvCreateInvoice');
  });

  it('13.14: with less than organization depth rows are read and changes are not', async () => {
    simulators.dataverse.switches.denied = ['account:OrganizationRead'];
    expect((await get('accounts?$top=1')).status).toBe(200);
    const tracked = await get('accounts?$select=name', { prefer: 'odata.track-changes' });
    expect(tracked.status).toBe(403);
    expect(((await tracked.json()) as { error: { code: string } }).error.code).toBe('0x80040220');
    expect((await get('contacts?$select=fullname', { prefer: 'odata.track-changes' })).status).toBe(200);
    simulators.dataverse.switches.denied = [];
  });
});

describe('the Date of an answer', () => {
  it('follows the simulated clock', async () => {
    simulators.clock.advance(3_600_000);
    for (const origin of [simulators.connection.dataverse, simulators.connection.entra]) {
      const told = Date.parse((await fetch(origin)).headers.get('date') ?? '');
      expect(Math.abs(told - simulators.clock.now())).toBeLessThan(10_000);
    }
  });
});
