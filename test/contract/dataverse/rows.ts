import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type DataverseRequests, REPRESENTATION } from './requests.js';

/** Requests, answers, concurrency, keys; the numbers are sections of reference/dataverse-sales. */
export function testRows({ ask, made, code, account, order, quote, tenant }: DataverseRequests): void {
  describe('requests and answers', () => {
    it('1.4: WhoAmI', async () => {
      const { status, body, headers } = await ask('GET', 'WhoAmI');
      expect(status).toBe(200);
      expect(body).toMatchObject({
        UserId: expect.any(String),
        OrganizationId: expect.any(String),
        BusinessUnitId: expect.any(String),
      });
      expect(headers.get('odata-version')).toBe('4.0');
      expect(headers.get('x-ms-service-request-id')).toBeTruthy();
    });

    it('1.5: no token is 401 with the authority in the challenge', async () => {
      const response = await fetch(`${tenant().root}/WhoAmI`);
      expect(response.status).toBe(401);
      expect(response.headers.get('www-authenticate')).toContain('authorization_uri=');
    });

    it('7.2: a create answers 204 with the id, with representation 201 and the row', async () => {
      const plain = await ask('POST', 'accounts', { name: 'Plain' });
      expect(plain.status).toBe(204);
      expect(plain.headers.get('odata-entityid')).toMatch(/\/accounts\([0-9a-f-]{36}\)$/);
      const shown = await ask('POST', 'accounts?$select=name', { name: 'Shown' }, REPRESENTATION);
      expect(shown.status).toBe(201);
      expect(shown.headers.get('preference-applied')).toContain('return=representation');
      expect(Object.keys(shown.body).sort()).toEqual(['@odata.context', '@odata.etag', 'accountid', 'name']);
    });

    it('10.3: unknown columns, wrong types, too long texts, unknown sets and rows', async () => {
      expect(code(await ask('POST', 'accounts', { name: 'x', nickname: 'y' }))).toBe('0x80048d19');
      expect(code(await ask('POST', 'accounts', { name: 5 }))).toBe('0x80048d19');
      expect(code(await ask('POST', 'accounts', { name: 'x'.repeat(161) }))).toBe('0x80044331');
      expect(code(await ask('GET', 'accounts?$select=nickname'))).toBe('0x80060888');
      expect((await ask('GET', 'unicorns')).status).toBe(404);
      const missing = await ask('GET', `accounts(${randomUUID()})`);
      expect(missing.status).toBe(404);
      expect(code(missing)).toBe('0x80040217');
    });

    it('2.12: a lookup is bound by its exact navigation name only', async () => {
      const { accountid } = await account();
      expect(
        code(
          await ask('POST', 'contacts', { lastname: 'x', 'parentcustomerid@odata.bind': `/accounts(${accountid})` }),
        ),
      ).toBe('0x80048d19');
      const good = await ask(
        'POST',
        'contacts',
        { firstname: 'Ada', lastname: 'Muster', 'parentcustomerid_account@odata.bind': `/accounts(${accountid})` },
        REPRESENTATION,
      );
      expect(good.body._parentcustomerid_value).toBe(accountid);
      expect(good.body.fullname).toBe('Ada Muster');
    });

    it('2.12: annotations come when they are asked for', async () => {
      const { salesorderid } = await order();
      const path = `salesorders(${salesorderid})?$select=_customerid_value,statecode`;
      const plain = await ask('GET', path);
      expect(Object.keys(plain.body).filter((key) => key.includes('_customerid_value@'))).toEqual([]);
      const { body } = await ask('GET', path, undefined, { prefer: 'odata.include-annotations="*"' });
      expect(body['_customerid_value@Microsoft.Dynamics.CRM.lookuplogicalname']).toBe('account');
      expect(body['_customerid_value@Microsoft.Dynamics.CRM.associatednavigationproperty']).toBe('customerid_account');
      expect(body['statecode@OData.Community.Display.V1.FormattedValue']).toBe('Active');
    });

    it('8: money keeps its four decimals on the wire', async () => {
      const { salesorderid } = await order();
      const response = await fetch(`${tenant().root}/salesorders(${salesorderid})?$select=totalamount`, {
        headers: { authorization: `Bearer ${tenant().token}` },
      });
      expect(await response.text()).toContain('"totalamount":21.0000');
    });
  });

  describe('concurrency, keys, upsert', () => {
    it('7.1: a stale etag is 412, a PATCH bumps it, If-None-Match on the same gives 304', async () => {
      const row = await account();
      const path = `accounts(${row.accountid})`;
      expect((await ask('GET', path, undefined, { 'if-none-match': row['@odata.etag'] })).status).toBe(304);
      expect((await ask('PATCH', path, { fax: '1' }, { 'if-match': row['@odata.etag'] })).status).toBe(204);
      const stale = await ask('PATCH', path, { fax: '2' }, { 'if-match': row['@odata.etag'] });
      expect(stale.status).toBe(412);
      expect(code(stale)).toBe('0x80060882');
    });

    it('7.1: a PATCH of an unknown GUID creates, unless If-Match says that it must exist', async () => {
      const id = randomUUID();
      const refused = await ask('PATCH', `accounts(${id})`, { name: 'x' }, { 'if-match': '*' });
      expect(refused.status).toBe(404);
      expect(code(refused)).toBe('0x80040217');
      expect((await ask('PATCH', `accounts(${id})`, { name: 'x' })).status).toBe(204);
      made(`accounts(${id})`);
      expect((await ask('GET', `accounts(${id})`)).body.name).toBe('x');
      expect((await ask('PATCH', `accounts(${id})`, { name: 'y' }, { 'if-none-match': '*' })).status).toBe(412);
    });

    it('7.2: a second DELETE is 404', async () => {
      const { accountid } = await account();
      expect((await ask('DELETE', `accounts(${accountid})`)).status).toBe(204);
      expect((await ask('DELETE', `accounts(${accountid})`)).status).toBe(404);
    });

    // MicrosoftDocs/dynamics-365-customer-engagement, ce/developer/reference/entities/account.md and opportunity.md;
    // MicrosoftDocs/powerapps-docs, developer/data-platform/reference/entities/connection.md: CascadeConfiguration, Delete
    it('an account takes along its contacts, opportunities, quotes, activities and connections', async () => {
      const { accountid } = await account();
      const customer = { 'customerid_account@odata.bind': `/accounts(${accountid})` };
      const bodies: Readonly<Record<string, object>> = {
        contacts: { lastname: 'Gone', 'parentcustomerid_account@odata.bind': `/accounts(${accountid})` },
        opportunities: { name: 'Gone', ...customer },
        tasks: { subject: 'Gone', 'regardingobjectid_account_task@odata.bind': `/accounts(${accountid})` },
        annotations: { subject: 'Gone', 'objectid_account@odata.bind': `/accounts(${accountid})` },
        connections: {
          'record1id_account@odata.bind': `/accounts(${accountid})`,
          'record2id_account@odata.bind': `/accounts(${accountid})`,
        },
      };
      const made: string[] = [];
      for (const [set, body] of Object.entries(bodies)) {
        const { status, headers } = await ask('POST', set, body);
        expect(status, set).toBe(204);
        made.push(headers.get('odata-entityid') ?? '');
      }
      const { quoteid, _customerid_value: customerId } = await quote();
      expect((await ask('DELETE', `accounts(${customerId})`)).status).toBe(204);
      expect((await ask('GET', `quotes(${quoteid})`)).status).toBe(404);
      expect((await ask('DELETE', `accounts(${accountid})`)).status).toBe(204);
      for (const url of made) expect((await ask('GET', url)).status, url).toBe(404);
    });

    // powerapps-docs, developer/data-platform/reference/entities/account.md: account_primary_contact, account_parent_account
    it('what only points at a row loses the link', async () => {
      const parent = await account();
      const { accountid } = await account({ 'parentaccountid@odata.bind': `/accounts(${parent.accountid})` });
      const { headers } = await ask('POST', 'contacts', { lastname: 'Gone' });
      const contactid = /\(([0-9a-f-]+)\)$/.exec(headers.get('odata-entityid') ?? '')?.[1];
      const path = `accounts(${accountid})`;
      await ask('PATCH', path, { 'primarycontactid@odata.bind': `/contacts(${contactid})` });
      expect((await ask('DELETE', `contacts(${contactid})`)).status).toBe(204);
      expect((await ask('DELETE', `accounts(${parent.accountid})`)).status).toBe(204);
      const { body } = await ask('GET', path);
      expect([body._primarycontactid_value, body._parentaccountid_value]).toEqual([null, null]);
    });

    // ce/developer/reference/entities/salesorder.md: opportunity_sales_orders and order_customer_accounts, Restrict
    it('2.17: an account that an order refers to cannot be deleted', async () => {
      const { _customerid_value: id } = await order();
      const answer = await ask('DELETE', `accounts(${id})`);
      expect(answer.status).toBe(405);
      expect(code(answer)).toBe('0x80040227');
    });
  });
}
