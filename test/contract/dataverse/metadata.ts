import { describe, expect, it } from 'vitest';
import type { DataverseRequests } from './requests.js';

/**
 * `$metadata` and the definitions of tables. The sources are pages of MicrosoftDocs/powerapps-docs below
 * powerapps-docs/developer/data-platform/webapi.
 */
export function testMetadata({ ask }: DataverseRequests): void {
  describe('$metadata', () => {
    const namesOf = (csdl: string, kind: string): Set<string> =>
      new Set([...csdl.matchAll(new RegExp(`<${kind} Name="(\\w+)"`, 'g'))].map(([, name]) => name ?? ''));

    // web-api-types-operations.md: every type stands in the document
    it('declares every type, set and message that it refers to', async () => {
      const { status, body: csdl } = await ask('GET', '$metadata');
      expect(status).toBe(200);
      const declared = new Set(['EntityType', 'ComplexType', 'EnumType'].flatMap((kind) => [...namesOf(csdl, kind)]));
      const referred = new Set(
        [
          ...csdl.matchAll(
            /(?:Type|BaseType|EntityType)="(?:Collection\()?(?:mscrm|Microsoft\.Dynamics\.CRM)\.(\w+)\)?"/g,
          ),
        ].map(([, name]) => name ?? ''),
      );
      expect([...referred].filter((name) => !declared.has(name))).toEqual([]);
      const sets = namesOf(csdl, 'EntitySet');
      const targets = [...csdl.matchAll(/NavigationPropertyBinding Path="\w+" Target="(\w+)"/g)].map(
        ([, set]) => set ?? '',
      );
      expect(targets.filter((set) => !sets.has(set))).toEqual([]);
      const messages = new Set([...namesOf(csdl, 'Action'), ...namesOf(csdl, 'Function')]);
      const imports = [...namesOf(csdl, 'ActionImport'), ...namesOf(csdl, 'FunctionImport')];
      expect(imports.filter((name) => !messages.has(name))).toEqual([]);
      expect([...sets]).toContain('territories');
      for (const name of ['WinOpportunity', 'ConvertQuoteToSalesOrder', 'WhoAmI', 'CreateMultiple'])
        expect([...messages]).toContain(name);
    });

    // web-api-navigation-properties.md: lookups, their navigation properties and partners
    it('ties a navigation property to its lookup and to its partner', async () => {
      const { body: csdl } = await ask('GET', '$metadata');
      const contact = /<EntityType Name="contact"[\s\S]*?<\/EntityType>/.exec(csdl)?.[0] ?? '';
      const nav = /<NavigationProperty Name="parentcustomerid_account"[\s\S]*?<\/NavigationProperty>/.exec(
        contact,
      )?.[0];
      expect(nav).toContain('Type="mscrm.account"');
      expect(nav).toContain('Partner="contact_customer_accounts"');
      expect(nav).toContain(
        '<ReferentialConstraint Property="_parentcustomerid_value" ReferencedProperty="accountid" />',
      );
    });

    // web-api-service-documents.md, metadata annotations
    it('tells what is computed when annotations are asked for', async () => {
      const { body: plain } = await ask('GET', '$metadata');
      expect(plain).not.toContain('Org.OData.Core.V1.Computed');
      const { body: annotated } = await ask('GET', '$metadata?annotations=true');
      expect(annotated).toMatch(
        /<Property Name="versionnumber" Type="Edm\.Int64"><Annotation Term="Org\.OData\.Core\.V1\.Computed" Bool="true" \/>/,
      );
    });

    // use-web-api-functions.md; RetrieveAvailableLanguages function
    it('RetrieveAvailableLanguages gives locales', async () => {
      const { status, body } = await ask('GET', 'RetrieveAvailableLanguages');
      expect(status).toBe(200);
      expect(body.LocaleIds).toContain(1033);
    });
  });

  describe('EntityDefinitions', () => {
    const account = "EntityDefinitions(LogicalName='account')";

    // query-metadata-web-api.md, use complex types and expand
    it('expands columns, keys and relationships, one table and all', async () => {
      const nested =
        'Attributes($select=LogicalName),Keys($select=LogicalName),OneToManyRelationships($select=SchemaName),ManyToOneRelationships($select=SchemaName,ReferencingAttribute),ManyToManyRelationships';
      const { status, body } = await ask('GET', `${account}?$select=LogicalName&$expand=${nested}`);
      expect(status, JSON.stringify(body)).toBe(200);
      expect(body.Attributes.map((one: { LogicalName: string }) => one.LogicalName)).toContain('name');
      expect(body.OneToManyRelationships.map((one: { SchemaName: string }) => one.SchemaName)).toContain(
        'contact_customer_accounts',
      );
      expect(
        body.ManyToOneRelationships.map((one: { ReferencingAttribute: string }) => one.ReferencingAttribute),
      ).toContain('primarycontactid');
      expect(body.ManyToManyRelationships).toContainEqual(
        expect.objectContaining({
          SchemaName: 'accountleads_association',
          IntersectEntityName: 'accountleads',
          Entity1LogicalName: 'account',
          Entity2LogicalName: 'lead',
        }),
      );
      const all = await ask('GET', 'EntityDefinitions?$select=LogicalName&$expand=Keys($select=LogicalName)');
      expect(all.body.value.every((one: { Keys: unknown }) => Array.isArray(one.Keys))).toBe(true);
    });

    // query-metadata-web-api.md, query RelationshipDefinitions
    it('lists relationships of all kinds, by name and by cast', async () => {
      const { body } = await ask('GET', "RelationshipDefinitions?$filter=SchemaName eq 'contactleads_association'");
      expect(body.value).toMatchObject([{ RelationshipType: 'ManyToManyRelationship' }]);
      const one = await ask('GET', "RelationshipDefinitions(SchemaName='account_primary_contact')");
      expect(one.body).toMatchObject({ ReferencingEntity: 'account', ReferencingAttribute: 'primarycontactid' });
      const cast = 'RelationshipDefinitions/Microsoft.Dynamics.CRM.OneToManyRelationshipMetadata?$select=SchemaName';
      expect((await ask('GET', cast)).body.value.length).toBeGreaterThan(100);
      expect((await ask('GET', "RelationshipDefinitions(SchemaName='no_such')")).status).toBe(404);
    });

    // query-metadata-web-api.md, query relationships; reference/dataverse-sales 11.1 for the labels
    it('gives relationships with their navigation properties, labels and names of collections', async () => {
      const { body } = await ask('GET', `${account}/OneToManyRelationships`);
      const contacts = body.value.find((one: { SchemaName: string }) => one.SchemaName === 'contact_customer_accounts');
      expect(contacts).toMatchObject({
        ReferencedEntity: 'account',
        ReferencedAttribute: 'accountid',
        ReferencingEntity: 'contact',
        ReferencingAttribute: 'parentcustomerid',
        ReferencingEntityNavigationPropertyName: 'parentcustomerid_account',
      });
      const { body: definition } = await ask('GET', account);
      expect(definition).toMatchObject({ EntitySetName: 'accounts', LogicalCollectionName: 'accounts' });
      expect(definition.DisplayName.UserLocalizedLabel.Label).toBe('Account');
      expect(definition.DisplayCollectionName.UserLocalizedLabel.Label).toBe('Accounts');
    });

    // microsoft/CDM, schemaDocuments/core/applicationCommon: Account, Contact; foundationCommon/crmCommon/sales: Order, Quote
    it('has the standard columns and the options of choices', async () => {
      const standard: Readonly<Record<string, readonly string[]>> = {
        account: [
          'donotemail',
          'industrycode',
          'marketcap',
          'preferredcontactmethodcode',
          'stockexchange',
          'ftpsiteurl',
        ],
        contact: ['nickname', 'governmentid', 'familystatuscode', 'preferredappointmentdaycode', 'annualincome'],
        opportunity: ['budgetstatus', 'customerpainpoints', 'presentproposal', 'timeline', 'stepname'],
        salesorder: ['onholdtime', 'billto_addressid', 'shipto_addressid', 'traversedpath'],
        quote: ['billto_addressid', 'closedon', 'traversedpath'],
        product: ['hierarchypath', 'iskit', 'validtodate'],
        // applicationCommon: Task, Email, PhoneCall, Appointment, Connection, User, Team, Territory; crmCommon: Lead
        lead: ['companyname', 'leadqualitycode', 'budgetamount_base', 'qualifyingopportunityid', 'need'],
        task: ['percentcomplete', 'scheduledend', 'prioritycode', 'actualdurationminutes', 'crmtaskassigneduniqueid'],
        email: ['directioncode', 'trackingtoken', 'messageid', 'torecipients', 'senton'],
        phonecall: ['phonenumber', 'leftvoicemail', 'directioncode'],
        appointment: ['location', 'isalldayevent', 'globalobjectid'],
        connection: ['record1id', 'record2id', 'record1roleid', 'effectivestart'],
        systemuser: ['address1_city', 'jobtitle', 'parentsystemuserid', 'azureactivedirectoryobjectid'],
        team: ['teamtype', 'administratorid', 'isdefault'],
        territory: ['managerid', 'exchangerate'],
      };
      for (const [table, names] of Object.entries(standard)) {
        const { body } = await ask('GET', `EntityDefinitions(LogicalName='${table}')/Attributes?$select=LogicalName`);
        const found = body.value.map((one: { LogicalName: string }) => one.LogicalName);
        expect(found, table).toEqual(expect.arrayContaining([...names]));
      }
      const { body: industry } = await ask(
        'GET',
        `${account}/Attributes(LogicalName='industrycode')/Microsoft.Dynamics.CRM.PicklistAttributeMetadata?$select=LogicalName&$expand=OptionSet`,
      );
      expect(industry.OptionSet.Options[0]).toMatchObject({
        Value: 1,
        Label: { UserLocalizedLabel: { Label: 'Accounting' } },
      });
      const made = await ask(
        'POST',
        'accounts?$select=industrycode',
        { name: 'Choice', industrycode: 1 },
        {
          prefer: 'return=representation,odata.include-annotations="*"',
        },
      );
      expect(made.body['industrycode@OData.Community.Display.V1.FormattedValue']).toBe('Accounting');
    });

    // query-metadata-web-api.md, casts of attributes
    it('casts attributes to one type', async () => {
      const { body } = await ask(
        'GET',
        `${account}/Attributes/Microsoft.Dynamics.CRM.LookupAttributeMetadata?$select=LogicalName,Targets`,
      );
      const lookup = body.value.find((one: { LogicalName: string }) => one.LogicalName === 'primarycontactid');
      expect(lookup.Targets).toEqual(['contact']);
    });

    // query-metadata-web-api.md, limitations: no $top, $skip, $orderby
    it('refuses the options that metadata does not take', async () => {
      for (const query of ['$top=1', '$orderby=LogicalName', '$skip=1', '$expand=Unicorns']) {
        expect((await ask('GET', `EntityDefinitions?${query}`)).status, query).toBe(400);
      }
      expect((await ask('GET', "EntityDefinitions(LogicalName='unicorn')")).status).toBe(404);
    });
  });
}
