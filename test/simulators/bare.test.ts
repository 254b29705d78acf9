import { type Simulators, startSimulators } from '@dealbridge/simulators';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { getToken } from '../support/tokens.js';

/** A new organization and a new company: what a person has to do first, and what Dataverse says of customizations. */

let simulators: Simulators;
beforeAll(async () => {
  simulators = await startSimulators({ isBare: true });
});
afterAll(() => simulators?.stop());

async function tell(origin: string, path: string, body: object): Promise<void> {
  expect((await fetch(`${origin}/_sim${path}`, { method: 'POST', body: JSON.stringify(body) })).status).toBe(200);
}

async function ask(method: string, path: string, body?: object, headers: Record<string, string> = {}) {
  const { dataverse, dataverseApp } = simulators.connection;
  const response = await fetch(`${dataverse}/api/data/v9.2/${path}`, {
    method,
    headers: {
      authorization: `Bearer ${await getToken(simulators.connection, dataverseApp)}`,
      'content-type': 'application/json',
      ...headers,
    },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
}

async function askCompany(): Promise<number> {
  const { businessCentral, tenant, environment, businessCentralApp } = simulators.connection;
  const authorization = `Bearer ${await getToken(simulators.connection, businessCentralApp)}`;
  const url = `${businessCentral}/v2.0/${tenant}/${environment}/api/v2.0/companies`;
  return (await fetch(url, { headers: { authorization } })).status;
}

describe('what only a person can do', () => {
  it('registers the app, before which Entra knows none', async () => {
    const { entra, dataverseApp, businessCentralApp } = simulators.connection;
    await expect(getToken(simulators.connection, dataverseApp)).rejects.toThrow('700016');
    await tell(entra, '/apps', dataverseApp);
    await tell(entra, '/apps', businessCentralApp);
    await getToken(simulators.connection, dataverseApp);
  });

  it('adds the Application User, before which every call is refused', async () => {
    expect((await ask('GET', 'WhoAmI')).body.error.code).toBe('0x80072560');
    await tell(simulators.connection.dataverse, '/switches', { applicationUser: 'ok' });
    expect((await ask('GET', 'WhoAmI')).status).toBe(200);
  });

  it('consents, and enters the app in Business Central: one of the two is not enough', async () => {
    const { entra, businessCentral, businessCentralApp } = simulators.connection;
    expect(await askCompany()).toBe(401);
    await tell(businessCentral, '/switches', { application: 'enabled' });
    expect(await askCompany()).toBe(401);
    await tell(entra, '/consent', { clientId: businessCentralApp.clientId });
    expect(await askCompany()).toBe(200);
  });
});

// reference/dataverse-sales 11
describe('customizations', () => {
  const account = "EntityDefinitions(LogicalName='account')";
  const publishing = (table: string) => ({
    ParameterXml: `<importexportxml><entities><entity>${table}</entity></entities></importexportxml>`,
  });

  it('replace a definition as a whole, and are seen once they are published', async () => {
    expect((await ask('PATCH', account, { ChangeTrackingEnabled: true })).status).toBe(405);
    expect((await ask('PUT', account, { ChangeTrackingEnabled: true })).status).toBe(400);
    const { body } = await ask('GET', account);
    expect(body.ChangeTrackingEnabled).toBe(false);
    expect((await ask('PUT', account, { ...body, ChangeTrackingEnabled: true })).status).toBe(204);
    expect((await ask('GET', account)).body.ChangeTrackingEnabled).toBe(false);
    await ask('POST', 'PublishXml', publishing('contact'));
    expect((await ask('GET', account)).body.ChangeTrackingEnabled).toBe(false);
    await ask('POST', 'PublishXml', publishing('account'));
    expect((await ask('GET', account)).body.ChangeTrackingEnabled).toBe(true);
  });

  it('keep a column that a form shows, and the publisher of a solution', async () => {
    const column = { '@odata.type': 'Microsoft.Dynamics.CRM.StringAttributeMetadata', SchemaName: 'x_a', MaxLength: 9 };
    await ask('POST', 'publishers', { uniquename: 'x', friendlyname: 'X', customizationprefix: 'x' });
    const [publisher] = (await ask('GET', "publishers?$filter=uniquename eq 'x'")).body.value;
    const bind = { 'publisherid@odata.bind': `/publishers(${publisher.publisherid})` };
    await ask('POST', 'solutions', { uniquename: 'S', friendlyname: 'S', version: '1.0.0.0', ...bind });
    const inSolution = { 'MSCRM.SolutionUniqueName': 'S' };
    expect((await ask('POST', `${account}/Attributes`, { ...column, SchemaName: 'xx_a' }, inSolution)).status).toBe(
      204,
    );
    const unknown = { 'MSCRM.SolutionUniqueName': 'None' };
    const [form] = (await ask('GET', "systemforms?$filter=objecttypecode eq 'account' and type eq 2")).body.value;
    const control = '<control id="xx_a" datafieldname="xx_a" /></cell></row></rows>';
    const formxml = form.formxml.replace('</cell></row></rows>', `</cell></row><row><cell>${control}`);
    expect((await ask('PATCH', `systemforms(${form.formid})`, { formxml }, unknown)).status).toBe(404);
    const missing = formxml.replaceAll('xx_a', 'xx_missing');
    expect((await ask('PATCH', `systemforms(${form.formid})`, { formxml: missing }, inSolution)).status).toBe(400);
    expect((await ask('PATCH', `systemforms(${form.formid})`, { formxml }, inSolution)).status).toBe(204);
    await ask('POST', 'PublishAllXml', {});
    const refused = await ask('DELETE', `${account}/Attributes(LogicalName='xx_a')`);
    expect(refused.body.error.code).toBe('0x8004F01F');
    expect((await ask('DELETE', `publishers(${publisher.publisherid})`)).body.error.code).toBe('0x8004F01F');
    const { body } = await ask('POST', 'ExportSolution', { SolutionName: 'S', Managed: false });
    const file = Buffer.from(body.ExportSolutionFile, 'base64').toString('latin1');
    expect(file).toContain('<LogicalName>xx_a</LogicalName>');
    expect(file).toContain('<UniqueName>S</UniqueName>');
  });

  it('never tell the key of a webhook', async () => {
    await ask('POST', 'serviceendpoints', {
      name: 'w',
      contract: 8,
      url: 'https://x',
      authtype: 5,
      authvalue: 'secret',
    });
    const { body } = await ask('GET', 'serviceendpoints?$select=name,authvalue');
    expect(JSON.stringify(body)).not.toContain('secret');
  });
});
