import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Answer } from '../ask.js';
import type { DataverseRequests } from './requests.js';

/** Query options, change tracking, batches, metadata; the numbers are sections of reference/dataverse-sales. */
export function testQueries({ ask, code, account, order }: DataverseRequests): void {
  describe('queries', () => {
    it('8: filter, functions, parents, lambda, order, top, count', async () => {
      const mark = randomUUID();
      const { salesorderid } = await order({ name: `Mark ${mark}` });
      const find = async (filter: string): Promise<string[]> => {
        const { status, body } = await ask('GET', `salesorders?$select=name&$filter=${encodeURIComponent(filter)}`);
        expect(status, JSON.stringify(body)).toBe(200);
        return body.value.map((row: { salesorderid: string }) => row.salesorderid);
      };
      expect(await find(`name eq 'MARK ${mark}'`)).toEqual([salesorderid]);
      expect(await find(`contains(name,'${mark}') and statecode eq 0`)).toEqual([salesorderid]);
      expect(await find(`contains(name,'${mark}') and startswith(customerid_account/name,'Test')`)).toEqual([
        salesorderid,
      ]);
      expect(await find(`contains(name,'${mark}') and order_details/any(d:d/quantity gt 1)`)).toEqual([salesorderid]);
      expect(await find(`contains(name,'${mark}') and order_details/all(d:d/quantity gt 5)`)).toEqual([]);
      expect(
        await find(
          `contains(name,'${mark}') and Microsoft.Dynamics.CRM.In(PropertyName='statecode',PropertyValues=['0','1'])`,
        ),
      ).toEqual([salesorderid]);
      expect(await find(`contains(name,'${mark}') and not (statecode eq 0)`)).toEqual([]);
      const { body } = await ask('GET', 'salesorders?$select=name&$orderby=createdon desc&$top=2&$count=true');
      expect(body.value).toHaveLength(2);
      expect(body['@odata.count']).toBeGreaterThan(1);
    });

    it('8: $skip is not supported, malformed filters are 400', async () => {
      for (const query of [
        '$skip=5',
        '$filter=name eq',
        '$filter=name%20=%20%27x%27',
        '$search=x',
        '$orderby=nickname',
      ]) {
        expect((await ask('GET', `accounts?${query}`)).status, query).toBe(400);
      }
    });

    it('10.3: unknown columns are 400 also where no row is found', async () => {
      const none = `accountid eq ${randomUUID()}`;
      for (const query of [
        '$select=bc_none',
        '$select=name,customerid',
        `$filter=${none} and bc_none eq 'x'`,
        `$filter=${none} and contains(bc_none,'x')`,
        `$filter=${none} and primarycontactid/bc_none eq 'x'`,
        `$filter=${none} and nobody/fullname eq 'x'`,
        `$filter=${none} and contact_customer_accounts/any(c:c/bc_none eq 'x')`,
        `$filter=${none} and nobodies/any(c:c/fullname eq 'x')`,
        `$filter=${none} and Microsoft.Dynamics.CRM.In(PropertyName='bc_none',PropertyValues=['x'])`,
        `$filter=${none}&$orderby=bc_none`,
        `$filter=${none}&$expand=primarycontactid($select=bc_none)`,
        `$filter=${none}&$expand=contact_customer_accounts($filter=bc_none eq 'x')`,
      ]) {
        const [first = '', ...more] = query.split('&');
        const path = `accounts?${[first.startsWith('$select') ? `${first}&$filter=${none}` : first, ...more].join('&')}`;
        const answer = await ask('GET', path);
        expect(answer.status, query).toBe(400);
        expect(code(answer), query).toBe('0x80060888');
      }
      expect((await ask('GET', `accounts/$count?$filter=bc_none eq 'x'`)).status).toBe(400);
    });

    // rappen/FetchXMLBuilder issue 753 and AleksandrRogov/DynamicsWebApi issue 121: what Dataverse answered
    it('8: a column is compared with a value of its own type, and `in` is none of the operators', async () => {
      const filtered = (filter: string) => ask('GET', `accounts?$select=name&$filter=${encodeURIComponent(filter)}`);
      for (const filter of [
        "statecode eq '0'",
        'name eq 5',
        "creditlimit gt '5'",
        "'0' eq statecode",
        "creditonhold eq 'true'",
        'creditonhold eq 1',
        "not (name eq 'x' or statecode ne '0')",
        'primarycontactid/lastname eq 5',
        "contact_customer_accounts/any(c:c/statecode eq '0')",
      ]) {
        const answer = await filtered(filter);
        expect(answer.status, filter).toBe(400);
        expect(answer.body.error.message, filter).toContain('incompatible types was detected');
      }
      for (const filter of ['creditlimit gt 5', 'creditlimit eq null', 'creditonhold ne true', 'name ne null'])
        expect((await filtered(filter)).status, filter).toBe(200);
      expect((await filtered("name in ('x','y')")).status).toBe(501);
    });

    // MicrosoftDocs/powerapps-docs, webapi/query/join-tables.md: up to 15 in a query, and each is a join
    it('8: a query has at most 15 expanded rows, those within others included', async () => {
      const six = (inner: string): string =>
        ['transactioncurrencyid', 'owninguser', 'createdby', 'modifiedby', 'ownerid', inner].join(',');
      const inner = (count: number): string =>
        ['createdby', 'modifiedby', 'transactioncurrencyid', 'owninguser', 'primarycontactid', 'parentaccountid']
          .concat(['masterid', 'territoryid', 'defaultpricelevelid', 'owningbusinessunit'])
          .slice(0, count)
          .join(',');
      const path = (count: number): string =>
        `salesorders?$select=name&$top=1&$expand=${six(`customerid_account($select=name;$expand=${inner(count)})`)}`;
      expect((await ask('GET', path(9))).status).toBe(200);
      expect((await ask('GET', path(10))).status).toBe(400);
    });

    // webapi/query/join-tables.md: the samples of a single and of a nested $expand
    it('8: etags of expanded rows: none behind a lookup, and none in a collection where something is nested', async () => {
      const made = await order();
      const path = `salesorders(${made.salesorderid})?$select=name`;
      const { body } = await ask(
        'GET',
        `${path}&$expand=customerid_account($select=name),order_details($select=quantity)`,
      );
      expect(body).toHaveProperty(['@odata.etag']);
      expect(body.customerid_account).not.toHaveProperty(['@odata.etag']);
      expect(body.order_details[0]).toHaveProperty(['@odata.etag']);
      const nested = await ask(
        'GET',
        `${path}&$expand=order_details($select=quantity;$expand=productid($select=name))`,
      );
      expect(nested.body.order_details[0]).not.toHaveProperty(['@odata.etag']);
    });

    // webapi/query/filter-rows.md, parameter aliases; microsoft/PowerApps-Samples, QueryDataSample.js
    it('parameter aliases stand for columns, values and arguments', async () => {
      const { accountid } = await account({ name: 'Alias (sample)' });
      const query =
        "$filter=contains(@p1,'(sample)') and @p2 eq @p3 and Microsoft.Dynamics.CRM.LastXHours(PropertyName=@p4,PropertyValue=@p5)&$orderby=@p1 desc";
      const { status, body } = await ask(
        'GET',
        `accounts?$select=name&${query}&@p1=name&@p2=accountid&@p3=${accountid}&@p4='createdon'&@p5='1'`,
      );
      expect(status, JSON.stringify(body)).toBe(200);
      expect(body.value).toMatchObject([{ name: 'Alias (sample)' }]);
      expect((await ask('GET', 'accounts?$filter=name eq @unknown')).status).toBe(400);
    });

    it('8: pages by maxpagesize, with opaque links', async () => {
      for (let index = 0; index < 5; index += 1) await account();
      const seen = new Set<string>();
      let next: string | undefined = 'accounts?$select=name&$orderby=accountid';
      let pages = 0;
      while (next !== undefined) {
        const { body }: Answer = await ask('GET', next, undefined, { prefer: 'odata.maxpagesize=7' });
        for (const row of body.value) seen.add(row.accountid);
        next = body['@odata.nextLink'];
        if (next) expect(next).toContain('$skiptoken=');
        pages += 1;
      }
      expect(pages).toBeGreaterThan(1);
      expect(String(seen.size)).toBe((await ask('GET', 'accounts/$count')).body);
    });

    it('8: $apply groups and sums', async () => {
      await order();
      const { body } = await ask(
        'GET',
        'salesorders?$apply=groupby((statecode),aggregate(totalamount with sum as total,$count as number))',
      );
      const active = body.value.find((row: { statecode: number }) => row.statecode === 0);
      expect(active.number).toBeGreaterThan(0);
      expect(active.total).toBeGreaterThan(0);
    });
  });

  describe('change tracking', () => {
    const TRACK = { prefer: 'odata.track-changes' };

    it('4: first everything with a link, then what changed, deletions at the end', async () => {
      const [kept, gone] = [await account(), await account()];
      const first = await ask('GET', 'accounts?$select=name', undefined, TRACK);
      expect(first.headers.get('preference-applied')).toContain('odata.track-changes');
      expect(first.body['@odata.context']).not.toContain('/$delta');
      await ask('PATCH', `accounts(${kept.accountid})`, { fax: '5' }, { 'if-match': '*' });
      await ask('DELETE', `accounts(${gone.accountid})`);
      const { body } = await ask('GET', first.body['@odata.deltaLink']);
      expect(body['@odata.context']).toMatch(/\/\$delta$/);
      expect(body.value.map((row: { accountid?: string; id?: string }) => row.accountid ?? row.id)).toEqual([
        kept.accountid,
        gone.accountid,
      ]);
      expect(body.value[1]).toMatchObject({
        reason: 'deleted',
        '@odata.context': expect.stringContaining('#accounts/$deletedEntity'),
      });
      expect((await ask('GET', body['@odata.deltaLink'])).body.value).toEqual([]);
    });

    it('4.5: pages of a delta; the link stands on the last one', async () => {
      const start = await ask('GET', 'contacts?$select=lastname', undefined, TRACK);
      for (let index = 0; index < 5; index += 1) await ask('POST', 'contacts', { lastname: `Delta ${index}` });
      const seen: string[] = [];
      let next: string | undefined = start.body['@odata.deltaLink'];
      let last: Answer['body'];
      while (next !== undefined) {
        last = (await ask('GET', next, undefined, { prefer: 'odata.maxpagesize=2' })).body;
        seen.push(...last.value.map((row: { lastname: string }) => row.lastname));
        next = last['@odata.nextLink'];
      }
      expect(seen).toEqual(['Delta 0', 'Delta 1', 'Delta 2', 'Delta 3', 'Delta 4']);
      expect(last['@odata.deltaLink']).toContain('$deltatoken=');
    });

    it('4.2: filter, order, expand and top are refused', async () => {
      for (const [option, value] of [
        ['$filter', 'statecode eq 0'],
        ['$orderby', 'name'],
        ['$expand', 'primarycontactid'],
        ['$top', '5'],
      ] as const) {
        const { status, body } = await ask('GET', `accounts?${option}=${encodeURIComponent(value)}`, undefined, TRACK);
        expect(status).toBe(400);
        expect(body.error.message).toBe(
          `The "${option}" query parameter isn't supported when Change Tracking is enabled.`,
        );
      }
    });
  });

  describe('$batch', () => {
    async function batch(parts: string, prefer?: string): Promise<{ status: number; text: string }> {
      const headers = { 'content-type': 'multipart/mixed; boundary="b1"', ...(prefer && { prefer }) };
      const { status, body } = await ask('POST', '$batch', `${parts}--b1--\r\n`, headers);
      return { status, text: body };
    }
    const http = (request: string, body = '', id?: string): string =>
      [
        'Content-Type: application/http',
        'Content-Transfer-Encoding: binary',
        ...(id ? [`Content-ID: ${id}`] : []),
        '',
        `${request} HTTP/1.1`,
        'Content-Type: application/json',
        '',
        body,
        '',
      ].join('\r\n');

    it('9: a change set is atomic, and $1 refers to what an earlier part created', async () => {
      const name = `Batch ${randomUUID()}`;
      const set = (second: string): string =>
        `--b1\r\nContent-Type: multipart/mixed; boundary="c1"\r\n\r\n--c1\r\n${http('POST /api/data/v9.2/accounts', JSON.stringify({ name }), '1')}--c1\r\n${second}--c1--\r\n`;
      const broken = await batch(set(http('POST /api/data/v9.2/contacts', '{"horn":"x"}', '2')));
      expect(broken.status).toBe(400);
      const find = async () =>
        (await ask('GET', `accounts?$filter=name eq '${name}'&$expand=contact_customer_accounts`)).body.value;
      expect(await find()).toEqual([]);
      const good = await batch(
        set(http('POST /api/data/v9.2/contacts', '{"lastname":"Ref","parentcustomerid_account@odata.bind":"$1"}', '2')),
      );
      expect(good.status).toBe(200);
      expect(good.text).toContain('HTTP/1.1 204 No Content');
      const [made] = await find();
      expect(made.contact_customer_accounts).toHaveLength(1);
    });

    // microsoft/PowerPlatform-DataverseClient-Python, src/PowerPlatform/Dataverse/data/_odata_base.py, _build_get_entity
    it('a request line may have blanks in its query', async () => {
      const query = "$select=LogicalName&$filter=LogicalName eq 'account'";
      const { text } = await batch(`--b1\r\n${http(`GET /api/data/v9.2/EntityDefinitions?${query}`)}`);
      expect(text).toContain('HTTP/1.1 200 OK');
      expect(text).toContain('"LogicalName":"account"');
    });

    it('9: stops at the first error, or goes on when asked to', async () => {
      const parts = `--b1\r\n${http('GET /api/data/v9.2/unicorns')}--b1\r\n${http('GET /api/data/v9.2/WhoAmI')}`;
      const stopped = await batch(parts);
      expect(stopped.status).toBe(404);
      expect(stopped.text).not.toContain('WhoAmIResponse');
      const whole = await batch(parts, 'odata.continue-on-error');
      expect(whole.status).toBe(200);
      expect(whole.text).toContain('WhoAmIResponse');
    });
  });

  describe('metadata', () => {
    it('11.1: definitions, columns, keys, change tracking', async () => {
      const { body } = await ask(
        'GET',
        "EntityDefinitions?$select=LogicalName,ChangeTrackingEnabled&$filter=LogicalName eq 'salesorder'",
      );
      expect(body.value).toMatchObject([{ LogicalName: 'salesorder', ChangeTrackingEnabled: true }]);
      const column = await ask(
        'GET',
        "EntityDefinitions(LogicalName='account')/Attributes(LogicalName='name')?$select=LogicalName,MaxLength",
      );
      expect(column.body).toMatchObject({ LogicalName: 'name', MaxLength: 160 });
      const csdl = await ask('GET', '$metadata');
      expect(csdl.body).toContain('EntityType Name="salesorder"');
    });
  });
}
