import { startSimulators } from '@dealbridge/simulators';
import { expect, it } from 'vitest';
import { getToken } from '../support/tokens.js';

it('a reset leaves nothing of what clients made: tables, columns, relationships', async () => {
  const { connection, stop } = await startSimulators({ products: 2, accounts: 2, documents: 2 });
  const root = `${connection.dataverse}/api/data/v9.2`;
  const token = await getToken(connection, connection.dataverseApp);
  const ask = (method: string, path: string, body?: object): Promise<Response> =>
    fetch(`${root}/${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    });
  const label = { LocalizedLabels: [{ Label: 'x', LanguageCode: 1033 }] };
  const column = (kind: string, SchemaName: string, more: object = {}) => ({
    '@odata.type': `Microsoft.Dynamics.CRM.${kind}AttributeMetadata`,
    SchemaName,
    ...more,
  });
  const made = [
    await ask('POST', 'EntityDefinitions', {
      SchemaName: 'new_Gone',
      DisplayName: label,
      DisplayCollectionName: label,
      HasNotes: true,
      Attributes: [column('String', 'new_Name', { IsPrimaryName: true })],
    }),
    await ask('POST', "EntityDefinitions(LogicalName='account')/Attributes", column('File', 'new_Paper')),
    await ask('POST', 'RelationshipDefinitions', {
      '@odata.type': 'Microsoft.Dynamics.CRM.OneToManyRelationshipMetadata',
      SchemaName: 'new_gone_accounts',
      ReferencedEntity: 'new_gone',
      ReferencingEntity: 'account',
      Lookup: column('Lookup', 'new_GoneId'),
    }),
    await ask('POST', 'RelationshipDefinitions', {
      '@odata.type': 'Microsoft.Dynamics.CRM.ManyToManyRelationshipMetadata',
      SchemaName: 'new_contacts_gone',
      IntersectEntityName: 'new_contacts_gone',
      Entity1LogicalName: 'contact',
      Entity2LogicalName: 'new_gone',
    }),
  ];
  expect(made.map(({ status }) => status)).toEqual([204, 204, 204, 204]);
  const columns = 'accounts?$select=_new_goneid_value,new_paper,new_paper_name';
  expect((await ask('GET', columns)).status).toBe(200);

  await fetch(`${connection.dataverse}/_sim/reset`, { method: 'POST' });
  expect((await ask('GET', "EntityDefinitions(LogicalName='new_gone')")).status).toBe(404);
  for (const name of ['_new_goneid_value', 'new_paper', 'new_paper_name'])
    expect((await ask('GET', `accounts?$select=${name}`)).status, name).toBe(400);
  const csdl = await (await ask('GET', '$metadata')).text();
  expect(csdl).not.toMatch(/new_/);
  expect((await ask('GET', 'accounts')).status).toBe(200);
  await stop();
});
