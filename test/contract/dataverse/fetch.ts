import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { type DataverseRequests, REPRESENTATION } from './requests.js';

/**
 * Queries in FetchXML. The sources are pages of MicrosoftDocs/powerapps-docs below
 * powerapps-docs/developer/data-platform/fetchxml.
 */
export function testFetch({ ask, code, account, tenant }: DataverseRequests): void {
  const fetchXml = (set: string, xml: string, headers: Record<string, string> = {}) =>
    ask('GET', `${set}?fetchXml=${encodeURIComponent(xml)}`, undefined, headers);
  const mark = randomUUID();
  let accounts: { accountid: string; name: string }[] = [];

  beforeAll(async () => {
    accounts = [];
    for (const [index, city] of ['Bremen', 'Kassel', 'Bremen'].entries())
      accounts.push(
        await account({ name: `${mark} ${index + 1}`, address1_city: city, creditlimit: (index + 1) * 100, fax: null }),
      );
    const bind = { 'parentcustomerid_account@odata.bind': `/accounts(${accounts[0]?.accountid})` };
    for (const lastname of ['Muster', 'Beispiel']) await ask('POST', 'contacts', { lastname, ...bind });
  });

  const named = `<condition attribute='name' operator='begins-with' value='${mark}'/>`;
  const names = (rows: { name: string }[]): string[] => rows.map(({ name }) => name.slice(mark.length + 1));

  describe('FetchXML', () => {
    // retrieve-data.md: the columns that were asked for and the key, and no property without a value
    it('gives the columns that it names, and nothing for what has no value', async () => {
      const { status, body } = await fetchXml(
        'accounts',
        `<fetch><entity name='account'><attribute name='name'/><attribute name='fax'/>
           <filter>${named}</filter><order attribute='name'/></entity></fetch>`,
      );
      expect(status, JSON.stringify(body)).toBe(200);
      expect(names(body.value)).toEqual(['1', '2', '3']);
      expect(Object.keys(body.value[0]).sort()).toEqual(['@odata.etag', 'accountid', 'name']);
    });

    // filter-rows.md, operators.md
    it('knows and, or and the operators', async () => {
      const find = async (conditions: string, type = 'and'): Promise<string[]> => {
        const { status, body } = await fetchXml(
          'accounts',
          `<fetch><entity name='account'><attribute name='name'/><filter>${named}<filter type='${type}'>${conditions}</filter></filter><order attribute='name'/></entity></fetch>`,
        );
        expect(status, JSON.stringify(body)).toBe(200);
        return names(body.value);
      };
      expect(await find("<condition attribute='address1_city' operator='eq' value='BREMEN'/>")).toEqual(['1', '3']);
      expect(await find("<condition attribute='address1_city' operator='ne' value='Bremen'/>")).toEqual(['2']);
      expect(await find("<condition attribute='creditlimit' operator='gt' value='150'/>")).toEqual(['2', '3']);
      expect(await find("<condition attribute='name' operator='like' value='%2'/>")).toEqual(['2']);
      expect(await find("<condition attribute='name' operator='not-like' value='%2'/>")).toEqual(['1', '3']);
      expect(await find("<condition attribute='fax' operator='null'/>")).toEqual(['1', '2', '3']);
      expect(
        await find(
          "<condition attribute='creditlimit' operator='between'><value>100</value><value>200</value></condition>",
        ),
      ).toEqual(['1', '2']);
      expect(
        await find("<condition attribute='address1_city' operator='in'><value>Kassel</value></condition>"),
      ).toEqual(['2']);
      expect(await find("<condition attribute='createdon' operator='today'/>")).toEqual(['1', '2', '3']);
      expect(await find("<condition attribute='createdon' operator='last-x-days' value='2'/>")).toHaveLength(3);
      expect(await find("<condition attribute='ownerid' operator='eq-userid'/>")).toEqual(['1', '2', '3']);
      const either =
        "<condition attribute='creditlimit' operator='eq' value='100'/><condition attribute='address1_city' operator='eq' value='Kassel'/>";
      expect(await find(either, 'or')).toEqual(['1', '2']);
    });

    // join-tables.md
    it('joins inner and outer, with the alias before the column', async () => {
      const query = (type: string) =>
        `<fetch><entity name='account'><attribute name='name'/><filter>${named}</filter><order attribute='name'/>
           <link-entity name='contact' from='parentcustomerid' to='accountid' link-type='${type}' alias='person'>
             <attribute name='lastname'/><order attribute='lastname'/></link-entity></entity></fetch>`;
      const inner = await fetchXml('accounts', query('inner'));
      expect(inner.body.value.map((row: Record<string, string>) => row['person.lastname'])).toEqual([
        'Beispiel',
        'Muster',
      ]);
      const outer = await fetchXml('accounts', query('outer'));
      expect(names(outer.body.value)).toEqual(['1', '1', '2', '3']);
      expect('person.lastname' in outer.body.value[2]).toBe(false);
      const missing = await fetchXml(
        'accounts',
        `<fetch><entity name='account'><attribute name='name'/><filter>${named}
           <condition entityname='person' attribute='contactid' operator='null'/></filter><order attribute='name'/>
           <link-entity name='contact' from='parentcustomerid' to='accountid' link-type='outer' alias='person'/></entity></fetch>`,
      );
      expect(names(missing.body.value)).toEqual(['2', '3']);
      const exists = await fetchXml(
        'accounts',
        `<fetch><entity name='account'><attribute name='name'/><filter>${named}</filter>
           <link-entity name='contact' from='parentcustomerid' to='accountid' link-type='exists'/></entity></fetch>`,
      );
      expect(names(exists.body.value)).toEqual(['1']);
    });

    // aggregate-data.md
    it('counts, sums and groups', async () => {
      const { status, body } = await fetchXml(
        'accounts',
        `<fetch aggregate='true'><entity name='account'>
           <attribute name='address1_city' alias='city' groupby='true'/>
           <attribute name='accountid' alias='number' aggregate='count'/>
           <attribute name='creditlimit' alias='total' aggregate='sum'/>
           <attribute name='creditlimit' alias='mean' aggregate='avg'/>
           <attribute name='creditlimit' alias='highest' aggregate='max'/>
           <filter>${named}</filter><order alias='city'/></entity></fetch>`,
      );
      expect(status, JSON.stringify(body)).toBe(200);
      expect(body.value).toEqual([
        { city: 'Bremen', number: 2, total: 400, mean: 200, highest: 300 },
        { city: 'Kassel', number: 1, total: 200, mean: 200, highest: 200 },
      ]);
    });

    // page-results.md: the cookie is asked for as an annotation, decoded twice and sent back
    it('pages with the cookie', async () => {
      const prefer = {
        prefer:
          'odata.include-annotations="Microsoft.Dynamics.CRM.fetchxmlpagingcookie,Microsoft.Dynamics.CRM.morerecords"',
      };
      const query = (page: number, cookie = '') =>
        `<fetch count='2' page='${page}'${cookie}><entity name='account'><attribute name='name'/><filter>${named}</filter><order attribute='name'/></entity></fetch>`;
      const first = await fetchXml('accounts', query(1), prefer);
      expect(names(first.body.value)).toEqual(['1', '2']);
      expect(first.headers.get('preference-applied')).toContain('fetchxmlpagingcookie');
      expect(first.body['@Microsoft.Dynamics.CRM.morerecords']).toBe(true);
      const outer = first.body['@Microsoft.Dynamics.CRM.fetchxmlpagingcookie'];
      const encoded = /pagingcookie="([^"]+)"/.exec(outer)?.[1] ?? '';
      const cookie = decodeURIComponent(decodeURIComponent(encoded));
      expect(cookie).toMatch(/^<cookie page="1"><name last="[^"]+ 2" first="[^"]+ 1" \/><accountid last="\{/);
      const escaped = cookie.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
      const second = await fetchXml('accounts', query(2, ` paging-cookie="${escaped}"`), prefer);
      expect(names(second.body.value)).toEqual(['3']);
      expect(second.body['@Microsoft.Dynamics.CRM.morerecords']).toBe(false);
      expect((await fetchXml('accounts', query(1))).body['@Microsoft.Dynamics.CRM.morerecords']).toBeUndefined();
    });

    // order-rows.md, fetch.md
    it('takes top, distinct and all-attributes', async () => {
      const top = await fetchXml(
        'accounts',
        `<fetch top='1'><entity name='account'><attribute name='name'/><filter>${named}</filter><order attribute='name' descending='true'/></entity></fetch>`,
      );
      expect(names(top.body.value)).toEqual(['3']);
      const all = await fetchXml(
        'accounts',
        `<fetch top='1'><entity name='account'><all-attributes/><filter>${named}</filter></entity></fetch>`,
      );
      expect(all.body.value[0]).toMatchObject({ creditlimit: expect.any(Number), _ownerid_value: expect.any(String) });
    });

    // web-service-error-codes: QueryBuilderNoEntity, QueryBuilderNoAttribute
    it('refuses what it does not know', async () => {
      const noEntity = await fetchXml('accounts', "<fetch><entity name='unicorn'/></fetch>");
      expect(noEntity.status).toBe(400);
      expect(code(noEntity)).toBe('0x80041102');
      const noColumn = await fetchXml(
        'accounts',
        "<fetch><entity name='account'><attribute name='horn'/></entity></fetch>",
      );
      expect(noColumn.status).toBe(400);
      expect(code(noColumn)).toBe('0x80041103');
      for (const xml of [
        '<fetch><entity',
        "<fetch><entity name='contact'/></fetch>",
        "<fetch top='1' count='2'><entity name='account'/></fetch>",
        "<fetch><entity name='account'><filter><condition attribute='name' operator='near' value='x'/></filter></entity></fetch>",
        "<fetch><entity name='account'><link-entity name='contact' from='parentcustomerid' to='accountid' link-type='sideways'/></entity></fetch>",
      ]) {
        expect((await fetchXml('accounts', xml)).status, xml).toBe(400);
      }
    });

    // fetchxml/select-columns.md, formatted values; fetchxml/join-tables.md, aliases
    it('shows formatted values under the alias of a link', async () => {
      const order = await ask(
        'POST',
        'salesorders',
        {
          name: mark,
          'customerid_account@odata.bind': `/accounts(${accounts[0]?.accountid})`,
          'transactioncurrencyid@odata.bind': `/transactioncurrencies(${tenant().product.currencyId})`,
        },
        REPRESENTATION,
      );
      expect(order.status, JSON.stringify(order.body)).toBe(201);
      const { body } = await fetchXml(
        'accounts',
        `<fetch><entity name='account'><attribute name='name'/><filter>${named}</filter>
           <link-entity name='salesorder' from='customerid' to='accountid' alias='o'><attribute name='statecode'/></link-entity></entity></fetch>`,
        { prefer: 'odata.include-annotations="OData.Community.Display.V1.FormattedValue"' },
      );
      expect(body.value[0]).toMatchObject({
        'o.statecode': 0,
        'o.statecode@OData.Community.Display.V1.FormattedValue': 'Active',
      });
    });
  });
}
