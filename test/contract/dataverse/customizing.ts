import { describe, expect, it } from 'vitest';
import type { DataverseRequests } from './requests.js';

/**
 * Tables, columns, relationships and keys that a client makes. The sources are pages of MicrosoftDocs/powerapps-docs below
 * powerapps-docs/developer/data-platform.
 */
export function testCustomizing({ ask, code, account, tenant }: DataverseRequests): void {
  const label = (text: string) => ({
    '@odata.type': 'Microsoft.Dynamics.CRM.Label',
    LocalizedLabels: [{ '@odata.type': 'Microsoft.Dynamics.CRM.LocalizedLabel', Label: text, LanguageCode: 1033 }],
  });
  const column = (kind: string, name: string, more: object = {}) => ({
    '@odata.type': `Microsoft.Dynamics.CRM.${kind}AttributeMetadata`,
    SchemaName: name,
    DisplayName: label(name),
    RequiredLevel: { Value: 'None' },
    ...more,
  });
  // The same names in every run, so that two organizations can be compared; each is deleted again.
  let count = 0;
  const unique = (): string => {
    count += 1;
    return `new_Trial${count}`;
  };

  async function table(more: object = {}): Promise<{ name: string; id: string; set: string }> {
    const name = unique();
    const made = await ask('POST', 'EntityDefinitions', {
      '@odata.type': 'Microsoft.Dynamics.CRM.EntityMetadata',
      SchemaName: name,
      DisplayName: label('Bank Account'),
      DisplayCollectionName: label('Bank Accounts'),
      OwnershipType: 'UserOwned',
      IsActivity: false,
      HasActivities: false,
      HasNotes: false,
      Attributes: [column('String', `${name}_Name`, { MaxLength: 100, IsPrimaryName: true })],
      ...more,
    });
    expect(made.status, JSON.stringify(made.body)).toBe(204);
    const id = /EntityDefinitions\(([0-9a-f-]+)\)$/.exec(made.headers.get('odata-entityid') ?? '')?.[1] ?? '';
    const { body } = await ask('GET', `EntityDefinitions(${id})?$select=LogicalName,EntitySetName`);
    expect(body.LogicalName).toBe(name.toLowerCase());
    return { name: name.toLowerCase(), id, set: body.EntitySetName };
  }
  const idOf = (url: string | null): string => /\(([0-9a-f-]+)\)$/.exec(url ?? '')?.[1] ?? '';

  describe("tables of one's own", () => {
    // webapi/create-update-entity-definitions-using-web-api.md
    it('a table is made, filled, told in the metadata and deleted', async () => {
      const { name, id, set } = await table();
      const { body: definition } = await ask('GET', `EntityDefinitions(${id})`);
      expect(definition).toMatchObject({
        IsCustomEntity: true,
        PrimaryIdAttribute: `${name}id`,
        PrimaryNameAttribute: `${name}_name`,
      });
      expect(definition.DisplayName.UserLocalizedLabel.Label).toBe('Bank Account');
      const row = await ask('POST', set, { [`${name}_name`]: 'First' }, { prefer: 'return=representation' });
      expect(row.status, JSON.stringify(row.body)).toBe(201);
      expect(row.body.statecode).toBe(0);
      const { body: csdl } = await ask('GET', '$metadata');
      expect(csdl).toContain(`<EntitySet Name="${set}"`);
      expect((await ask('DELETE', `EntityDefinitions(${id})`)).status).toBe(204);
      expect((await ask('GET', set)).status).toBe(404);
      expect((await ask('GET', `EntityDefinitions(${id})`)).status).toBe(404);
    });

    // the same page: the properties that are required
    it('a definition without a prefix, a label or a primary name is refused, and so is a second of its name', async () => {
      const post = (body: object) => ask('POST', 'EntityDefinitions', body);
      const good = {
        SchemaName: unique(),
        DisplayName: label('x'),
        DisplayCollectionName: label('xs'),
        Attributes: [column('String', 'new_Name', { IsPrimaryName: true })],
      };
      for (const broken of [
        { ...good, SchemaName: 'BankAccount' },
        { ...good, DisplayCollectionName: undefined },
        { ...good, Attributes: [column('Integer', 'new_Number')] },
      ])
        expect((await post(broken)).status).toBe(400);
      const { name, id } = await table();
      expect((await post({ ...good, SchemaName: name })).status).toBe(400);
      await ask('DELETE', `EntityDefinitions(${id})`);
      expect((await ask('DELETE', "EntityDefinitions(LogicalName='account')")).status).toBe(400);
    });

    // webapi/create-update-column-definitions-using-web-api.md
    it('columns are added, changed as a whole by PUT, and deleted', async () => {
      const { name, id, set } = await table();
      const columns = `EntityDefinitions(${id})/Attributes`;
      const options = [
        { Value: 1, Label: label('North') },
        { Value: 2, Label: label('South') },
      ];
      for (const made of [
        column('Integer', 'new_Count'),
        column('Money', 'new_Balance', { PrecisionSource: 2 }),
        column('DateTime', 'new_Checked', { Format: 'DateOnly' }),
        column('Picklist', 'new_Region', { OptionSet: { IsGlobal: false, Options: options } }),
      ])
        expect((await ask('POST', columns, made)).status).toBe(204);
      const row = await ask(
        'POST',
        set,
        { [`${name}_name`]: 'One', new_count: 3, new_region: 2, new_checked: '2026-01-31' },
        { prefer: 'return=representation,odata.include-annotations="*"' },
      );
      expect(row.body).toMatchObject({ new_count: 3, new_checked: '2026-01-31' });
      expect(row.body['new_region@OData.Community.Display.V1.FormattedValue']).toBe('South');
      const count = `${columns}(LogicalName='new_count')`;
      const { body: full } = await ask('GET', `${count}/Microsoft.Dynamics.CRM.IntegerAttributeMetadata`);
      expect(full.SchemaName).toBe('new_Count');
      const changed = {
        ...full,
        '@odata.type': 'Microsoft.Dynamics.CRM.IntegerAttributeMetadata',
        DisplayName: label('How many'),
      };
      expect((await ask('PUT', `${columns}(${full.MetadataId})`, changed)).status).toBe(204);
      expect((await ask('GET', count)).body.DisplayName.UserLocalizedLabel.Label).toBe('How many');
      expect((await ask('PATCH', count, {})).status).toBe(405);
      expect((await ask('DELETE', `${columns}(${full.MetadataId})`)).status).toBe(204);
      expect((await ask('GET', count)).status).toBe(404);
      expect((await ask('GET', `${set}?$select=new_count`)).status).toBe(400);
      await ask('DELETE', `EntityDefinitions(${id})`);
    });

    // define-alternate-keys-entity.md; webapi/retrieve-entity-using-web-api.md, by an alternate key
    it('a key is made, found by, and deleted', async () => {
      const { name, id, set } = await table();
      const keys = `EntityDefinitions(LogicalName='${name}')/Keys`;
      const made = await ask('POST', keys, { SchemaName: 'new_ByName', KeyAttributes: [`${name}_name`] });
      expect(made.status).toBe(204);
      expect(made.headers.get('odata-entityid')).toContain(`/EntityDefinitions(LogicalName='${name}')/Keys(`);
      expect((await ask('PATCH', `${set}(${name}_name='A')`, {})).status).toBe(204);
      expect((await ask('GET', `${set}(${name}_name='A')`)).status).toBe(200);
      expect((await ask('DELETE', `${keys}(${idOf(made.headers.get('odata-entityid'))})`)).status).toBe(204);
      expect((await ask('GET', keys)).body.value).toEqual([]);
      await ask('DELETE', `EntityDefinitions(${id})`);
    });
  });

  describe("relationships of one's own", () => {
    // webapi/create-update-entity-relationships-using-web-api.md, one-to-many
    it('a lookup is made with its relationship, which says what a deletion does', async () => {
      const { name, id, set } = await table();
      const schemaName = `new_account_${name}`;
      const made = await ask('POST', 'RelationshipDefinitions', {
        '@odata.type': 'Microsoft.Dynamics.CRM.OneToManyRelationshipMetadata',
        SchemaName: schemaName,
        ReferencedEntity: 'account',
        ReferencedAttribute: 'accountid',
        ReferencingEntity: name,
        CascadeConfiguration: {
          Assign: 'NoCascade',
          Delete: 'Restrict',
          Merge: 'NoCascade',
          Reparent: 'NoCascade',
          Share: 'NoCascade',
          Unshare: 'NoCascade',
        },
        Lookup: column('Lookup', 'new_OwnerAccount'),
      });
      expect(made.status, JSON.stringify(made.body)).toBe(204);
      const one = await ask('GET', `RelationshipDefinitions(SchemaName='${schemaName}')`);
      expect(one.body).toMatchObject({
        ReferencingAttribute: 'new_owneraccount',
        ReferencingEntityNavigationPropertyName: 'new_OwnerAccount',
        CascadeConfiguration: { Delete: 'Restrict' },
      });
      const { accountid } = await account();
      const row = await ask('POST', set, {
        [`${name}_name`]: 'Of it',
        'new_OwnerAccount@odata.bind': `/accounts(${accountid})`,
      });
      expect(row.status, JSON.stringify(row.body)).toBe(204);
      expect((await ask('GET', `accounts(${accountid})/${schemaName}`)).body.value).toHaveLength(1);
      const kept = await ask('DELETE', `accounts(${accountid})`);
      expect([kept.status, code(kept)]).toEqual([405, '0x80040227']);
      expect((await ask('DELETE', `RelationshipDefinitions(${idOf(made.headers.get('odata-entityid'))})`)).status).toBe(
        204,
      );
      expect((await ask('GET', `${set}?$select=_new_owneraccount_value`)).status).toBe(400);
      expect((await ask('DELETE', `accounts(${accountid})`)).status).toBe(204);
      await ask('DELETE', `EntityDefinitions(${id})`);
    });

    // the same page, many-to-many; webapi/associate-disassociate-entities-using-web-api.md
    it('two tables get many of each other, by $ref', async () => {
      const { name, id, set } = await table();
      const schemaName = `new_contacts_${name}`;
      const made = await ask('POST', 'RelationshipDefinitions', {
        '@odata.type': 'Microsoft.Dynamics.CRM.ManyToManyRelationshipMetadata',
        SchemaName: schemaName,
        IntersectEntityName: schemaName,
        Entity1LogicalName: 'contact',
        Entity2LogicalName: name,
      });
      expect(made.status, JSON.stringify(made.body)).toBe(204);
      const row = idOf((await ask('POST', set, { [`${name}_name`]: 'Shared' })).headers.get('odata-entityid'));
      const contact = idOf((await ask('POST', 'contacts', { lastname: 'Sharing' })).headers.get('odata-entityid'));
      const path = `contacts(${contact})/${schemaName}`;
      expect((await ask('POST', `${path}/$ref`, { '@odata.id': `${tenant().root}/${set}(${row})` })).status).toBe(204);
      expect((await ask('GET', path)).body.value).toMatchObject([{ [`${name}id`]: row }]);
      expect((await ask('GET', `${set}(${row})/${schemaName}`)).body.value).toMatchObject([{ contactid: contact }]);
      expect((await ask('DELETE', `RelationshipDefinitions(${idOf(made.headers.get('odata-entityid'))})`)).status).toBe(
        204,
      );
      expect((await ask('GET', path)).status).toBe(404);
      await ask('DELETE', `EntityDefinitions(${id})`);
    });

    // entity-relationship-metadata.md: IsCustomizable of system relationships
    it('those of the platform stay', async () => {
      expect((await ask('DELETE', "RelationshipDefinitions(SchemaName='accountleads_association')")).status).toBe(400);
    });
  });

  describe('file columns', () => {
    // file-column-data.md
    it('a file goes up whole and in chunks, and down whole and in a range', async () => {
      const { name, id, set } = await table();
      expect(
        (await ask('POST', `EntityDefinitions(${id})/Attributes`, column('File', 'new_Paper', { MaxSizeInKB: 1 })))
          .status,
      ).toBe(204);
      const row = `${set}(${idOf((await ask('POST', set, { [`${name}_name`]: 'With a file' })).headers.get('odata-entityid'))})`;
      const binary = { 'content-type': 'application/octet-stream', 'x-ms-file-name': 'a.txt' };
      expect((await ask('PATCH', `${row}/new_paper`, 'hello', binary)).status).toBe(204);
      expect((await ask('GET', row)).body).toMatchObject({
        new_paper: expect.stringMatching(/^[0-9a-f-]{36}$/),
        new_paper_name: 'a.txt',
      });
      const part = await ask('GET', `${row}/new_paper/$value`, undefined, { range: 'bytes=1-3' });
      expect([part.status, part.body]).toEqual([206, 'ell']);
      expect((await ask('PATCH', `${row}/new_paper`, 'again', { ...binary, 'if-none-match': 'null' })).status).toBe(
        412,
      );
      const large = await ask('PATCH', `${row}/new_paper`, 'x'.repeat(1_025), binary);
      expect([large.status, code(large)]).toEqual([400, '0x80044a02']);
      const begun = await ask('PATCH', `${row}/new_paper?x-ms-file-name=b.txt`, '', {
        'x-ms-transfer-mode': 'chunked',
      });
      expect([begun.status, begun.headers.get('x-ms-chunk-size')]).toEqual([200, '4194304']);
      const to = begun.headers.get('location') ?? '';
      const send = (text: string, range: string) =>
        ask('PATCH', to, text, { ...binary, 'x-ms-file-name': 'b.txt', 'content-range': range });
      expect((await send('abc', 'bytes 0-2/5')).status).toBe(206);
      expect((await send('de', 'bytes 3-4/5')).status).toBe(204);
      expect((await ask('GET', `${row}/new_paper/$value`)).body).toBe('abcde');
      expect((await ask('DELETE', `${row}/new_paper`)).status).toBe(204);
      expect((await ask('GET', `${row}/new_paper`)).status).toBe(204);
      await ask('DELETE', `EntityDefinitions(${id})`);
    });
  });
}
