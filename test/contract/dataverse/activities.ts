import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type DataverseRequests, REPRESENTATION } from './requests.js';

/**
 * Leads, activities, connections and rows that have many of each other. The sources are pages of
 * MicrosoftDocs/powerapps-docs below powerapps-docs/developer/data-platform.
 */
export function testActivities({ ask, account }: DataverseRequests): void {
  async function make(set: string, body: object): Promise<Record<string, string>> {
    const made = await ask('POST', set, body, REPRESENTATION);
    expect(made.status, JSON.stringify(made.body)).toBe(201);
    return made.body;
  }

  describe('activities', () => {
    // webapi/create-entity-web-api.md, create related table rows in one operation; the entity page task.md
    it('come with the row that they regard, with state, type and the way back', async () => {
      const subject = randomUUID();
      const { accountid } = await make('accounts', { name: 'Regarded', Account_Tasks: [{ subject, prioritycode: 2 }] });
      const { body } = await ask(
        'GET',
        `accounts(${accountid})?$select=name&$expand=Account_Tasks($select=subject,statecode,statuscode,activitytypecode)`,
      );
      expect(body.Account_Tasks).toMatchObject([{ subject, statecode: 0, statuscode: 2, activitytypecode: 'task' }]);
      const path = `tasks?$filter=regardingobjectid_account_task/accountid eq ${accountid}&$expand=regardingobjectid_account_task($select=name)`;
      const tasks = (await ask('GET', path)).body.value;
      expect(tasks).toMatchObject([{ subject, regardingobjectid_account_task: { name: 'Regarded' } }]);
      const id = tasks[0].activityid;
      expect((await ask('PATCH', `tasks(${id})`, { statecode: 1 })).status).toBe(204);
      expect((await ask('GET', `tasks(${id})`)).body.statuscode).toBe(5);
    });

    // the entity page account.md, contact_customer_accounts and Account_Tasks: Delete: Cascade
    it('go with the row that they regard, as contacts go with their account', async () => {
      const { accountid } = await make('accounts', {
        name: 'Gone',
        Account_Tasks: [{ subject: 'Of it' }],
        contact_customer_accounts: [{ lastname: 'Of it', Contact_Tasks: [{ subject: 'Of the contact' }] }],
      });
      const { body } = await ask('GET', `accounts(${accountid})?$select=name&$expand=contact_customer_accounts`);
      const [{ contactid }] = body.contact_customer_accounts;
      const tasks = `tasks?$filter=_regardingobjectid_value eq ${accountid} or _regardingobjectid_value eq ${contactid}`;
      expect((await ask('GET', tasks)).body.value).toHaveLength(2);
      expect((await ask('DELETE', `accounts(${accountid})`)).status).toBe(204);
      expect((await ask('GET', `contacts(${contactid})`)).status).toBe(404);
      expect((await ask('GET', tasks)).body.value).toEqual([]);
    });

    // email-activity-entities.md, with activity parties; the entity page activityparty.md
    it('have parties, each with its part', async () => {
      const { accountid } = await account();
      const email = await make('emails', {
        subject: 'Hello',
        'regardingobjectid_account_email@odata.bind': `/accounts(${accountid})`,
        email_activity_parties: [{ 'partyid_account@odata.bind': `/accounts(${accountid})`, participationtypemask: 2 }],
      });
      const { body } = await ask('GET', `emails(${email['activityid']})/email_activity_parties`);
      expect(body.value).toMatchObject([{ participationtypemask: 2, _partyid_value: accountid }]);
      const back = await ask('GET', `accounts(${accountid})/account_activity_parties?$select=_activityid_value`);
      expect(back.body.value).toMatchObject([{ _activityid_value: email['activityid'] }]);
    });

    // the entity page phonecall.md and appointment.md
    it('phone calls and appointments have statuses of their own', async () => {
      expect(await make('phonecalls', { subject: 'Call', phonenumber: '1' })).toMatchObject({ statuscode: 1 });
      const appointment = await make('appointments', { subject: 'Meet', location: 'Hall' });
      const scheduled = { statecode: 3, statuscode: 5 };
      expect((await ask('PATCH', `appointments(${appointment['activityid']})`, scheduled)).status).toBe(204);
      const wrong = await ask('PATCH', `appointments(${appointment['activityid']})`, { statecode: 3, statuscode: 1 });
      expect(wrong.body.error?.code).toBe('0x80048408');
    });

    // the entity page connection.md
    it('a connection joins two rows and bears the name of the second', async () => {
      const { accountid } = await account();
      const lead = await make('leads', { firstname: 'Ada', lastname: 'L', subject: 'Interested' });
      const connection = await make('connections', {
        'record1id_account@odata.bind': `/accounts(${accountid})`,
        'record2id_lead@odata.bind': `/leads(${lead['leadid']})`,
      });
      expect(connection).toMatchObject({ name: 'Ada L', _record2id_value: lead['leadid'] });
      const { body } = await ask('GET', `accounts(${accountid})/account_connections1?$select=name`);
      expect(body.value).toMatchObject([{ name: 'Ada L' }]);
    });
  });

  describe('many to many', () => {
    // webapi/associate-disassociate-entities-using-web-api.md, collection-valued navigation properties
    it('rows are joined, read, expanded and filtered from both sides, and parted', async () => {
      const { accountid } = await account();
      const { leadid } = await make('leads', { lastname: randomUUID(), subject: 'Many' });
      const path = `accounts(${accountid})/accountleads_association`;
      const body = { '@odata.id': `leads(${leadid})` };
      expect((await ask('POST', `${path}/$ref`, body)).status).toBe(204);
      expect((await ask('POST', `${path}/$ref`, body)).status).toBe(204);
      expect((await ask('GET', `${path}?$select=subject`)).body.value).toMatchObject([{ subject: 'Many' }]);
      expect((await ask('GET', `${path}/$count`)).body).toBe('1');
      const back = `leads(${leadid})?$select=subject&$expand=accountleads_association($select=name)`;
      expect((await ask('GET', back)).body.accountleads_association).toMatchObject([{ accountid }]);
      const any = `leads?$filter=accountleads_association/any(a:a/accountid eq ${accountid})`;
      expect((await ask('GET', any)).body.value).toHaveLength(1);
      expect((await ask('GET', 'accountleadscollection')).status).toBe(200);
      expect((await ask('DELETE', `${path}(${leadid})/$ref`)).status).toBe(204);
      expect((await ask('GET', path)).body.value).toEqual([]);
    });
  });

  describe('a collection of related rows', () => {
    // webapi/query/overview.md: it is read like a set: pages, aggregates, counts
    it('pages, counts and aggregates', async () => {
      const contacts = [1, 2, 3].map((annualincome) => ({ lastname: `N${annualincome}`, annualincome }));
      const { accountid } = await make('accounts', { name: 'Many', contact_customer_accounts: contacts });
      const path = `accounts(${accountid})/contact_customer_accounts`;
      const paged = { prefer: 'odata.maxpagesize=2' };
      const first = (await ask('GET', `${path}?$select=lastname`, undefined, paged)).body;
      expect(first.value).toHaveLength(2);
      const second = (await ask('GET', first['@odata.nextLink'], undefined, paged)).body;
      expect(second.value).toHaveLength(1);
      const { body } = await ask('GET', `${path}?$apply=aggregate(annualincome with sum as total)`);
      expect(body.value).toMatchObject([{ total: 6 }]);
    });
  });

  describe('predefined queries', () => {
    // webapi/retrieve-and-execute-predefined-queries.md
    it('of the organization and of a user find their rows, page by page', async () => {
      const views = await ask('GET', "savedqueries?$select=savedqueryid&$filter=name eq 'Active Accounts'");
      const id = views.body.value[0].savedqueryid;
      const paged = { prefer: 'odata.maxpagesize=3' };
      const first = (await ask('GET', `accounts?savedQuery=${id}`, undefined, paged)).body;
      expect(first.value).toHaveLength(3);
      const second = (await ask('GET', first['@odata.nextLink'], undefined, paged)).body;
      expect(second.value[0].accountid).not.toBe(first.value[0].accountid);
      const lastname = randomUUID();
      await make('contacts', { lastname });
      const query = await make('userqueries', {
        name: 'Mine',
        querytype: 0,
        returnedtypecode: 'contact',
        fetchxml: `<fetch><entity name='contact'><attribute name='lastname' /><filter><condition attribute='lastname' operator='eq' value='${lastname}' /></filter></entity></fetch>`,
      });
      const found = await ask('GET', `contacts?userQuery=${query['userqueryid']}`);
      expect(found.body.value).toMatchObject([{ lastname }]);
      expect((await ask('GET', `accounts?userQuery=${query['userqueryid']}`)).status).toBe(400);
      expect((await ask('GET', `accounts?savedQuery=${randomUUID()}`)).status).toBe(404);
    });
  });
}
