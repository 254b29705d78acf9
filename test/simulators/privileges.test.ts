import { type Simulators, startSimulators } from '@dealbridge/simulators';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { getToken } from '../support/tokens.js';

let simulators: Simulators;
beforeAll(async () => {
  simulators = await startSimulators({ products: 5, accounts: 5, documents: 3 });
});
afterAll(() => simulators.stop());

async function get(path: string, headers: Record<string, string> = {}): Promise<Response> {
  return send('GET', path, undefined, headers);
}

async function send(
  method: string,
  path: string,
  body?: object,
  headers: Record<string, string> = {},
): Promise<Response> {
  const { connection } = simulators;
  const token = await getToken(connection, connection.dataverseApp);
  return fetch(`${connection.dataverse}/api/data/v9.2/${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, ...headers },
    ...(body && { body: JSON.stringify(body) }),
  });
}

async function errorOf(answer: Response): Promise<{ code: string; message: string }> {
  return ((await answer.json()) as { error: { code: string; message: string } }).error;
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

describe('a privilege that is missing', () => {
  const deny = (...denied: string[]): void => {
    simulators.dataverse.switches.denied = denied;
  };
  afterEach(() => deny());

  // reference/dataverse-sales 12, trap 32
  it('refuses what expands rows of its table, at every depth', async () => {
    deny('product:Read');
    for (const path of [
      'productpricelevels?$select=amount&$expand=productid($select=name)',
      'salesorders?$select=name&$expand=order_details($select=quantity;$expand=productid($select=name))',
    ]) {
      const answer = await get(path);
      expect(answer.status, path).toBe(403);
      const { code, message } = await errorOf(answer);
      expect(code).toBe('0x80040220');
      expect(message).toContain('prvReadProduct');
    }
    deny('account:Read');
    expect((await get('contacts?$select=fullname&$expand=parentcustomerid_account($select=name)')).status).toBe(403);
    expect((await get('contacts?$select=fullname')).status).toBe(200);
  });

  it('of a document holds for its lines, which have none of their own', async () => {
    deny('salesorder:Read');
    const answer = await get('salesorderdetails?$select=quantity');
    expect(answer.status).toBe(403);
    expect((await errorOf(answer)).message).toContain('prvReadSalesOrder');
  });

  // MicrosoftDocs/power-platform, admin/how-record-access-determined.md: Append of a note and Append To of an opportunity
  it('refuses a row that refers to another one: Append on the one, Append To on the other', async () => {
    const { value } = (await (await get('opportunities?$select=name&$top=1')).json()) as {
      value: { opportunityid: string }[];
    };
    const note = {
      subject: 'Note',
      'objectid_opportunity@odata.bind': `/opportunities(${value[0]?.opportunityid})`,
    };
    for (const [denied, privilege] of [
      ['annotation:Append', 'prvAppendNote'],
      ['opportunity:AppendTo', 'prvAppendToOpportunity'],
    ] as const) {
      deny(denied);
      const answer = await send('POST', 'annotations', note);
      expect(answer.status, denied).toBe(403);
      expect((await errorOf(answer)).message).toContain(privilege);
      expect((await send('POST', 'annotations', { subject: 'Alone' })).status).toBe(204);
    }
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
