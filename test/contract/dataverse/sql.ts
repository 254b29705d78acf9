import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { DataverseRequests } from './requests.js';

/**
 * `?sql=`: MicrosoftDocs/powerapps-docs, developer/data-platform/sdk-python/query; microsoft/PowerPlatform-DataverseClient-Python,
 * examples/advanced/sql_examples.py, whose head lists what the endpoint takes and what it refuses.
 */
export function testSql({ ask, account }: DataverseRequests): void {
  const sql = async (text: string, set = 'accounts') => ask('GET', `${set}?sql=${encodeURIComponent(text)}`);
  async function rows(text: string): Promise<Record<string, unknown>[]> {
    const { status, body } = await sql(text);
    expect(status, JSON.stringify(body)).toBe(200);
    return body.value;
  }

  /** Three accounts of a city of their own, the first of them with two contacts. */
  async function seed(): Promise<string> {
    const city = randomUUID();
    const [first] = [
      await account({ name: 'A', address1_city: city, numberofemployees: 1 }),
      await account({ name: 'B', address1_city: city, numberofemployees: 2 }),
      await account({ name: 'C', address1_city: city, numberofemployees: 9, fax: '1' }),
    ];
    for (const lastname of ['One', 'Two'])
      await ask('POST', 'contacts', {
        lastname,
        'parentcustomerid_account@odata.bind': `/accounts(${first.accountid})`,
      });
    return city;
  }

  describe('sql', () => {
    it('selects columns, by conditions, in an order', async () => {
      const city = await seed();
      const of = `FROM account WHERE address1_city = '${city}'`;
      expect(await rows(`SELECT TOP 2 name, numberofemployees ${of} ORDER BY numberofemployees DESC`)).toEqual([
        { name: 'C', numberofemployees: 9 },
        { name: 'B', numberofemployees: 2 },
      ]);
      const names = async (condition: string): Promise<unknown[]> =>
        (await rows(`SELECT name AS n ${of} AND ${condition} ORDER BY name`)).map(({ n }) => n);
      expect(await names('numberofemployees BETWEEN 1 AND 2')).toEqual(['A', 'B']);
      expect(await names("name IN ('A', 'C')")).toEqual(['A', 'C']);
      expect(await names("name NOT IN ('A')")).toEqual(['B', 'C']);
      expect(await names("(name LIKE 'A%' OR 5 < numberofemployees)")).toEqual(['A', 'C']);
      expect(await names('fax IS NULL')).toEqual(['A', 'B']);
      expect(await names('fax IS NOT NULL')).toEqual(['C']);
      expect(await rows(`SELECT name ${of} ORDER BY name OFFSET 1 ROWS FETCH NEXT 1 ROWS ONLY`)).toEqual([
        { name: 'B' },
      ]);
      expect(await rows(`SELECT DISTINCT address1_city ${of}`)).toEqual([{ address1_city: city }]);
    });

    it('joins tables, and keeps what has no partner when it is LEFT', async () => {
      const city = await seed();
      const select = (kind: string): string =>
        `SELECT a.name, c.lastname FROM account a ${kind} JOIN contact c ON a.accountid = c.parentcustomerid WHERE a.address1_city = '${city}' ORDER BY a.name, c.lastname`;
      const inner = [
        { name: 'A', lastname: 'One' },
        { name: 'A', lastname: 'Two' },
      ];
      expect(await rows(select('INNER'))).toEqual(inner);
      expect(await rows(select('LEFT'))).toEqual([
        ...inner,
        { name: 'B', lastname: null },
        { name: 'C', lastname: null },
      ]);
      const owners = `SELECT su.fullname FROM account a JOIN systemuser su ON a.ownerid = su.systemuserid WHERE a.address1_city = '${city}'`;
      expect(await rows(owners)).toHaveLength(3);
    });

    it('aggregates, by groups', async () => {
      const city = await seed();
      const of = `FROM account WHERE address1_city = '${city}'`;
      expect(
        await rows(
          `SELECT COUNT(*) AS n, SUM(numberofemployees) AS s, AVG(numberofemployees) AS m, MIN(numberofemployees) AS lo, MAX(numberofemployees) AS hi ${of}`,
        ),
      ).toEqual([{ n: 3, s: 12, m: 4, lo: 1, hi: 9 }]);
      const grouped = `SELECT a.name, COUNT(c.contactid) AS contacts FROM account a LEFT JOIN contact c ON a.accountid = c.parentcustomerid WHERE a.address1_city = '${city}' GROUP BY a.name ORDER BY a.name`;
      expect(await rows(grouped)).toEqual([
        { name: 'A', contacts: 2 },
        { name: 'B', contacts: 0 },
        { name: 'C', contacts: 0 },
      ]);
    });

    it('refuses what the endpoint refuses', async () => {
      for (const text of [
        'SELECT * FROM account',
        'DELETE FROM account',
        'SELECT name FROM account UNION SELECT name FROM account',
        'SELECT name, COUNT(*) FROM account',
        'SELECT address1_city, COUNT(*) FROM account GROUP BY address1_city HAVING COUNT(*) > 1',
        'SELECT name FROM account WHERE accountid IN (SELECT parentcustomerid FROM contact)',
        'SELECT a.name FROM account a RIGHT JOIN contact c ON a.accountid = c.parentcustomerid',
        'SELECT UPPER(name) FROM account',
        'SELECT TOP 5001 name FROM account',
        'SELECT absent FROM account',
        'SELECT name FROM absent',
        'SELECT lastname FROM contact',
      ])
        expect((await sql(text)).status, text).toBe(400);
    });
  });

  // microsoft/PowerPlatform-DataverseClient-Python, src/PowerPlatform/Dataverse/data/_odata_base.py, BulkDelete; delete-data-bulk.md
  it('BulkDelete takes the rows of its queries and answers with a job', async () => {
    const { accountid } = await account();
    const { status, body } = await ask('POST', 'BulkDelete', {
      JobName: 'Test',
      SendEmailNotification: false,
      ToRecipients: [],
      CCRecipients: [],
      RecurrencePattern: '',
      StartDateTime: '2026-01-01T00:00:00Z',
      QuerySet: [
        {
          '@odata.type': 'Microsoft.Dynamics.CRM.QueryExpression',
          EntityName: 'account',
          ColumnSet: { AllColumns: false, Columns: [] },
          Criteria: {
            FilterOperator: 'And',
            Conditions: [
              { AttributeName: 'accountid', Operator: 'In', Values: [{ Value: accountid, Type: 'System.Guid' }] },
            ],
          },
        },
      ],
    });
    expect(status, JSON.stringify(body)).toBe(200);
    expect((await ask('GET', `asyncoperations(${body.JobId})`)).body).toMatchObject({ statecode: 3, statuscode: 30 });
    expect((await ask('GET', `accounts(${accountid})`)).status).toBe(404);
    expect((await ask('POST', 'BulkDelete', { QuerySet: [] })).status).toBe(400);
  });

  // query-schema-definitions.md
  it('RetrieveMetadataChanges gives the columns that are asked for', async () => {
    const equals = (name: string, value: string) => ({
      Conditions: [{ PropertyName: name, ConditionOperator: 'Equals', Value: { Type: 'System.String', Value: value } }],
    });
    const query = {
      Properties: { PropertyNames: ['LogicalName', 'Attributes'] },
      Criteria: equals('LogicalName', 'account'),
      AttributeQuery: {
        Properties: { PropertyNames: ['LogicalName', 'MaxLength'] },
        Criteria: equals('LogicalName', 'name'),
      },
    };
    const path = (text: string): string => `RetrieveMetadataChanges(Query=@p1)?@p1=${encodeURIComponent(text)}`;
    const { status, body } = await ask('GET', path(JSON.stringify(query)));
    expect(status, JSON.stringify(body)).toBe(200);
    expect(body.EntityMetadata).toHaveLength(1);
    expect(body.EntityMetadata[0]).toMatchObject({
      LogicalName: 'account',
      Attributes: [{ LogicalName: 'name', MaxLength: 160 }],
    });
    expect((await ask('GET', path('nothing'))).status).toBe(400);
    expect((await ask('GET', path(JSON.stringify({ ...query, LabelQuery: {} })))).status).toBe(400);
  });
}
