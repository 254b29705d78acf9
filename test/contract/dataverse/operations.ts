import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type DataverseRequests, REPRESENTATION } from './requests.js';

/**
 * Associations, nulls, bulk messages and what is refused. The sources are pages of MicrosoftDocs/powerapps-docs below
 * powerapps-docs/developer/data-platform.
 */
export function testOperations({ ask, made, code, account, tenant }: DataverseRequests): void {
  async function contact(more: object = {}): Promise<string> {
    const { status, body } = await ask('POST', 'contacts', { lastname: randomUUID(), ...more }, REPRESENTATION);
    expect(status, JSON.stringify(body)).toBe(201);
    return body.contactid;
  }

  describe('associations', () => {
    // webapi/associate-disassociate-entities-using-web-api.md
    it('a collection takes and gives back a row by $ref', async () => {
      const { accountid } = await account();
      const contactid = await contact();
      const path = `accounts(${accountid})/contact_customer_accounts`;
      const added = await ask('POST', `${path}/$ref`, { '@odata.id': `${tenant().root}/contacts(${contactid})` });
      expect(added.status, JSON.stringify(added.body)).toBe(204);
      expect((await ask('GET', `contacts(${contactid})`)).body._parentcustomerid_value).toBe(accountid);
      const { body } = await ask('GET', `${path}/$ref`);
      expect(body['@odata.context']).toContain('$metadata#Collection($ref)');
      expect(body.value).toEqual([{ '@odata.id': expect.stringContaining(`/contacts(${contactid})`) }]);
      expect((await ask('DELETE', `${path}(${contactid})/$ref`)).status).toBe(204);
      expect((await ask('GET', `contacts(${contactid})`)).body._parentcustomerid_value).toBeNull();
      // microsoft/PowerApps-Samples, dataverse/webapi/JS/SPASample/src/scripts/DataverseWebAPI.js, Associate: two slashes
      const again = await ask('POST', `${path}/$ref`, { '@odata.id': `${tenant().root}//contacts(${contactid})` });
      expect(again.status, JSON.stringify(again.body)).toBe(204);
      const byId = `${path}/$ref?$id=${tenant().root}/contacts(${contactid})`;
      expect((await ask('DELETE', byId)).status).toBe(204);
      expect((await ask('GET', `${path}/$ref`)).body.value).toEqual([]);
    });

    // the same page, single-valued navigation properties
    it('a single property is set, shown and cleared by $ref', async () => {
      const { accountid } = await account();
      const contactid = await contact();
      const path = `accounts(${accountid})/primarycontactid/$ref`;
      expect((await ask('PUT', path, { '@odata.id': `${tenant().root}/contacts(${contactid})` })).status).toBe(204);
      const { body } = await ask('GET', path);
      expect(body['@odata.context']).toContain('$metadata#$ref');
      expect(body['@odata.id']).toContain(`/contacts(${contactid})`);
      expect((await ask('DELETE', path)).status).toBe(204);
      expect((await ask('GET', path)).status).toBe(204);
      expect((await ask('PUT', path, {})).status).toBe(400);
      expect((await ask('PUT', path, { '@odata.id': `contacts(${randomUUID()})` })).status).toBe(404);
    });

    // webapi/associate-disassociate-entities-using-web-api.md, disassociate with a single-valued navigation property
    it('a lookup is cleared by null under its navigation name', async () => {
      const { accountid } = await account();
      const contactid = await contact();
      const path = `accounts(${accountid})`;
      await ask('PATCH', path, { 'primarycontactid@odata.bind': `/contacts(${contactid})` });
      expect((await ask('GET', path)).body._primarycontactid_value).toBe(contactid);
      expect((await ask('PATCH', path, { primarycontactid: null })).status).toBe(204);
      expect((await ask('GET', path)).body._primarycontactid_value).toBeNull();
    });

    // webapi/create-entity-web-api.md, create related table rows in one operation
    it('a create brings the row of a single property along', async () => {
      const lastname = randomUUID();
      const { body } = await ask(
        'POST',
        'accounts?$select=name,_primarycontactid_value',
        { name: 'With a contact', primarycontactid: { firstname: 'Ada', lastname } },
        REPRESENTATION,
      );
      const { body: made } = await ask('GET', `contacts(${body._primarycontactid_value})?$select=lastname`);
      expect(made.lastname).toBe(lastname);
    });
  });

  describe('properties', () => {
    // webapi/retrieve-entity-using-web-api.md; OData 4.0 part 1, 11.2.3
    it('one without a value has no content', async () => {
      const { accountid } = await account({ fax: '1' });
      expect((await ask('GET', `accounts(${accountid})/fax`)).body.value).toBe('1');
      expect((await ask('DELETE', `accounts(${accountid})/fax`)).status).toBe(204);
      const empty = await ask('GET', `accounts(${accountid})/fax`);
      expect(empty.status).toBe(204);
      expect(empty.body).toBe('');
      expect((await ask('GET', `accounts(${accountid})/fax/$value`)).status).toBe(204);
    });
  });

  describe('bulk messages', () => {
    const target = (more: object) => ({ '@odata.type': 'Microsoft.Dynamics.CRM.account', ...more });
    const send = (name: string, targets: object[]) =>
      ask('POST', `accounts/Microsoft.Dynamics.CRM.${name}`, { Targets: targets });

    // bulk-operations.md
    it('CreateMultiple answers with the ids, UpdateMultiple with none', async () => {
      const made = await send('CreateMultiple', [target({ name: 'One' }), target({ name: 'Two' })]);
      expect(made.status, JSON.stringify(made.body)).toBe(200);
      expect(made.body['@odata.context']).toContain('Microsoft.Dynamics.CRM.CreateMultipleResponse');
      const [one, two] = made.body.Ids;
      const changed = await send('UpdateMultiple', [
        target({ accountid: one, fax: '11' }),
        target({ accountid: two, fax: '22' }),
      ]);
      expect(changed.status).toBe(204);
      expect((await ask('GET', `accounts(${two})`)).body).toMatchObject({ name: 'Two', fax: '22' });
    });

    // bulk-operations.md, UpsertMultiple; use-upsert-insert-update-record.md
    it('UpsertMultiple changes what is there and creates what is not', async () => {
      const { accountid } = await account();
      const fresh = randomUUID();
      const done = await send('UpsertMultiple', [
        target({ '@odata.id': `accounts(${accountid})`, fax: '33' }),
        target({ accountid: fresh, name: 'Fresh' }),
      ]);
      expect(done.status, JSON.stringify(done.body)).toBe(204);
      made(`accounts(${fresh})`);
      expect((await ask('GET', `accounts(${accountid})`)).body.fax).toBe('33');
      expect((await ask('GET', `accounts(${fresh})`)).body.name).toBe('Fresh');
    });

    // bulk-operations.md, no partial success on standard tables; code of a payload without a type: reference/dataverse-sales 10
    it('all is done or nothing, and each target names its type', async () => {
      const name = randomUUID();
      const failed = await send('CreateMultiple', [target({ name }), target({ name: 'x'.repeat(200) })]);
      expect(failed.status).toBe(400);
      expect((await ask('GET', `accounts?$filter=name eq '${name}'`)).body.value).toEqual([]);
      expect(code(await send('CreateMultiple', [{ name }]))).toBe('0x80048d19');
      expect((await send('CreateMultiple', [])).status).toBe(400);
      expect((await send('UpdateMultiple', [target({ accountid: randomUUID(), fax: '1' })])).status).toBe(404);
    });
  });

  describe('formats and preferences', () => {
    // OData JSON format 4.0, 3.1 and 4.5; the full form is the one of webapi/compose-http-requests-handle-errors.md
    it('odata.metadata=none leaves the control information out, full adds types and links', async () => {
      const { accountid } = await account({ creditlimit: 12.5 });
      const path = `accounts(${accountid})?$select=name,creditlimit`;
      const none = await ask('GET', path, undefined, { accept: 'application/json;odata.metadata=none' });
      expect(none.headers.get('content-type')).toContain('odata.metadata=none');
      expect(Object.keys(none.body).filter((name) => name.includes('@odata.'))).toEqual([]);
      expect(none.body).toMatchObject({ accountid, creditlimit: 12.5 });
      const full = await ask('GET', `accounts(${accountid})`, undefined, {
        accept: 'application/json;odata.metadata=full',
      });
      expect(full.headers.get('content-type')).toContain('odata.metadata=full');
      expect(full.body).toMatchObject({
        '@odata.type': '#Microsoft.Dynamics.CRM.account',
        '@odata.id': expect.stringContaining(`/accounts(${accountid})`),
        '@odata.editLink': `accounts(${accountid})`,
        'accountid@odata.type': '#Guid',
        'creditlimit@odata.type': '#Decimal',
        'createdon@odata.type': '#DateTimeOffset',
        'versionnumber@odata.type': '#Int64',
        'primarycontactid@odata.navigationLink': expect.stringContaining('/primarycontactid'),
        'primarycontactid@odata.associationLink': expect.stringContaining('/primarycontactid/$ref'),
      });
    });

    // OData 4.0, part 1, 8.2.1
    it('an Accept that takes no JSON is refused, before anything is written', async () => {
      const name = randomUUID();
      const accept = 'application/atom+xml';
      expect((await ask('POST', 'accounts', { name }, { accept })).status).toBe(406);
      expect((await ask('GET', `accounts?$filter=name eq '${name}'`)).body.value).toEqual([]);
      for (const taken of ['*/*', 'application/*', 'text/html, application/json;q=0.5'])
        expect((await ask('GET', 'accounts?$top=1', undefined, { accept: taken })).status, taken).toBe(200);
      expect((await ask('GET', 'accounts/$count', undefined, { accept: 'text/plain' })).status).toBe(200);
    });

    // OData JSON format 4.0, 3.2
    it('IEEE754Compatible=true makes text of decimals and 64-bit integers', async () => {
      const { accountid } = await account({ creditlimit: 12.5, numberofemployees: 7 });
      const { body, headers } = await ask(
        'GET',
        `accounts(${accountid})?$select=creditlimit,numberofemployees,versionnumber`,
        undefined,
        { accept: 'application/json;IEEE754Compatible=true' },
      );
      expect(headers.get('content-type')).toContain('IEEE754Compatible=true');
      expect(body.creditlimit).toBe('12.5000');
      expect(body.versionnumber).toMatch(/^\d+$/);
      expect(body.numberofemployees).toBe(7);
    });

    // webapi/compose-http-requests-handle-errors.md, Preference-Applied
    it('each preference that was followed is said', async () => {
      const { accountid } = await account();
      const annotated = { prefer: 'odata.include-annotations="*"' };
      for (const path of [
        `accounts(${accountid})`,
        'accounts?$top=1',
        `accounts(${accountid})/contact_customer_accounts`,
        `accounts(${accountid})/ownerid`,
      ]) {
        const { status, headers } = await ask('GET', path, undefined, annotated);
        expect(status, path).toBe(200);
        expect(headers.get('preference-applied'), path).toBe(annotated.prefer);
      }
      const paged = { prefer: 'odata.maxpagesize=2' };
      expect((await ask('GET', 'accounts', undefined, paged)).headers.get('preference-applied')).toBe(paged.prefer);
      const both = { prefer: 'return=representation,odata.include-annotations="*"' };
      const patched = await ask('PATCH', `accounts(${accountid})`, { fax: '1' }, both);
      expect(patched.headers.get('preference-applied')).toBe(both.prefer);
    });
  });

  describe('what is not served', () => {
    // webapi/query/overview.md lists the options; OData 4.0, part 1, 11.2.1: a service fails on options that it does not support
    it('is refused, never dropped', async () => {
      for (const path of [
        'accounts?partitionId=1',
        'accounts?$compute=revenue mul 2 as twice',
        'accounts?$expand=primarycontactid($levels=2)',
        'accounts?$expand=contact_customer_accounts($skip=1)',
      ]) {
        expect((await ask('GET', path)).status, path).toBe(400);
      }
    });

    // webapi/use-web-api-functions.md: functions by GET; OData 4.0, part 1, 11.5.3
    it('a function takes GET only', async () => {
      for (const name of ['WhoAmI', 'RetrieveVersion']) expect((await ask('POST', name, {})).status, name).toBe(405);
    });
  });
}
