import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, type Ask, createAsk } from './business-central.contract.js';

/**
 * What any Dataverse with Sales must do for our client and others; the numbers are sections of
 * reference/dataverse-sales.
 */

export interface DataverseUnderTest {
  /** `https://…/api/data/v9.2` */
  readonly root: string;
  readonly token: string;
  /** An active product with its unit, price list and currency. */
  readonly product: {
    readonly id: string;
    readonly unitId: string;
    readonly priceListId: string;
    readonly currencyId: string;
  };
  close(): Promise<void>;
}

export function testDataverse(name: string, open: () => Promise<DataverseUnderTest>): void {
  describe(`Dataverse: ${name}`, () => {
    let dv: DataverseUnderTest;
    let ask: Ask;
    beforeAll(async () => {
      dv = await open();
      ask = createAsk(dv.root, dv.token);
    });
    afterAll(() => dv?.close());

    const REPRESENTATION = { prefer: 'return=representation' };
    const code = ({ body }: Answer): string => body.error.code.toLowerCase();

    async function account(more: object = {}): Promise<Answer['body']> {
      const { status, body } = await ask('POST', 'accounts', { name: `Test ${randomUUID()}`, ...more }, REPRESENTATION);
      expect(status, JSON.stringify(body)).toBe(201);
      return body;
    }

    const line = (more: object = {}) => ({
      quantity: 2,
      priceperunit: 10.5,
      ispriceoverridden: true,
      'productid@odata.bind': `/products(${dv.product.id})`,
      'uomid@odata.bind': `/uoms(${dv.product.unitId})`,
      ...more,
    });

    async function document(set: string, details: string, more: object = {}): Promise<Answer['body']> {
      const { accountid } = await account();
      const { status, body } = await ask(
        'POST',
        set,
        {
          name: 'Test',
          'customerid_account@odata.bind': `/accounts(${accountid})`,
          'pricelevelid@odata.bind': `/pricelevels(${dv.product.priceListId})`,
          'transactioncurrencyid@odata.bind': `/transactioncurrencies(${dv.product.currencyId})`,
          [details]: [line()],
          ...more,
        },
        REPRESENTATION,
      );
      expect(status, JSON.stringify(body)).toBe(201);
      return body;
    }
    const order = (more: object = {}) => document('salesorders', 'order_details', more);
    const quote = (more: object = {}) => document('quotes', 'quote_details', more);
    const opportunity = (more: object = {}) => document('opportunities', 'product_opportunities', more);

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
        const response = await fetch(`${dv.root}/WhoAmI`);
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
        expect(body['_customerid_value@Microsoft.Dynamics.CRM.associatednavigationproperty']).toBe(
          'customerid_account',
        );
        expect(body['statecode@OData.Community.Display.V1.FormattedValue']).toBe('Active');
      });

      it('8: money keeps its four decimals on the wire', async () => {
        const { salesorderid } = await order();
        const response = await fetch(`${dv.root}/salesorders(${salesorderid})?$select=totalamount`, {
          headers: { authorization: `Bearer ${dv.token}` },
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
        expect((await ask('GET', `accounts(${id})`)).body.name).toBe('x');
        expect((await ask('PATCH', `accounts(${id})`, { name: 'y' }, { 'if-none-match': '*' })).status).toBe(412);
      });

      it('7.2: a second DELETE is 404', async () => {
        const { accountid } = await account();
        expect((await ask('DELETE', `accounts(${accountid})`)).status).toBe(204);
        expect((await ask('DELETE', `accounts(${accountid})`)).status).toBe(404);
      });

      it('2.17: an account that an order refers to cannot be deleted', async () => {
        const { _customerid_value: id } = await order();
        const answer = await ask('DELETE', `accounts(${id})`);
        expect(answer.status).toBe(405);
        expect(code(answer)).toBe('0x80040227');
      });
    });

    describe('documents', () => {
      it('2.16: totals follow lines, discounts, freight and tax', async () => {
        const body = await order({
          discountamount: 1,
          discountpercentage: 10,
          freightamount: 4,
          order_details: [line({ quantity: 3, manualdiscountamount: 1.5, tax: 2 })],
        });
        expect(body).toMatchObject({
          totallineitemamount: 30,
          totallineitemdiscountamount: 1.5,
          totaldiscountamount: 4,
          totalamountlessfreight: 26,
          totaltax: 2,
          totalamount: 32,
        });
      });

      it('13: a line that changes moves the header and its etag', async () => {
        const made = await order();
        const { body } = await ask('GET', `salesorders(${made.salesorderid})?$expand=order_details`);
        await ask(
          'PATCH',
          `salesorderdetails(${body.order_details[0].salesorderdetailid})`,
          { quantity: 5 },
          { 'if-match': '*' },
        );
        const { body: after } = await ask('GET', `salesorders(${made.salesorderid})?$select=totalamount`);
        expect(after.totalamount).toBe(52.5);
        expect(after['@odata.etag']).not.toBe(body['@odata.etag']);
      });

      it('2.4: a write-in has a text and no product', async () => {
        const good = await order({
          order_details: [
            { isproductoverridden: true, productdescription: 'Special work', quantity: 1, priceperunit: 5 },
          ],
        });
        expect(good.totalamount).toBe(5);
        const { status, body } = await ask('POST', 'salesorderdetails', {
          ...line(),
          'salesorderid@odata.bind': `/salesorders(${good.salesorderid})`,
          isproductoverridden: true,
          productdescription: 'x',
        });
        expect(status).toBe(400);
        expect(body.error.code.toLowerCase()).toBe('0x80043afb');
      });

      it('3.4 and 3.5: an order is submitted by PATCH and read-only from then on, its lines too', async () => {
        const { salesorderid } = await order();
        const path = `salesorders(${salesorderid})`;
        const { body } = await ask('GET', `${path}?$expand=order_details`);
        expect((await ask('PATCH', path, { statecode: 1, statuscode: 3 }, { 'if-match': '*' })).status).toBe(204);
        expect(code(await ask('PATCH', path, { description: 'x' }, { 'if-match': '*' }))).toBe('0x8004022e');
        const detail = `salesorderdetails(${body.order_details[0].salesorderdetailid})`;
        expect(code(await ask('PATCH', detail, { quantity: 9 }, { 'if-match': '*' }))).toBe('0x80043b09');
        expect(code(await ask('DELETE', path))).toBe('0x80040228');
        expect((await ask('PATCH', path, { statecode: 0, statuscode: 1 }, { 'if-match': '*' })).status).toBe(204);
      });

      it('2.13: state and status belong together', async () => {
        const { salesorderid } = await order();
        expect(
          code(
            await ask('PATCH', `salesorders(${salesorderid})`, { statecode: 1, statuscode: 1 }, { 'if-match': '*' }),
          ),
        ).toBe('0x80048408');
      });
    });

    describe('lifecycle', () => {
      const won = (table: string, parameter: string, id: string, status: number) => ({
        Status: status,
        [parameter]: {
          subject: 'Won',
          [`${table}id@odata.bind`]: `/${table === 'opportunity' ? 'opportunities' : `${table}s`}(${id})`,
        },
      });

      it('3.3: an opportunity is won by action, once, and leaves a close activity and no order', async () => {
        const { opportunityid } = await opportunity();
        const path = `opportunities(${opportunityid})`;
        expect(code(await ask('PATCH', path, { statecode: 1, statuscode: 3 }, { 'if-match': '*' }))).toBe('0x80100005');
        expect(
          (await ask('POST', 'WinOpportunity', won('opportunity', 'OpportunityClose', opportunityid, 3))).status,
        ).toBe(204);
        const { body } = await ask(
          'GET',
          `${path}?$select=statecode,statuscode,actualclosedate&$expand=Opportunity_OpportunityClose,opportunity_sales_orders`,
        );
        expect(body).toMatchObject({ statecode: 1, statuscode: 3 });
        expect(body.Opportunity_OpportunityClose.map((one: { statecode: number }) => one.statecode)).toEqual([1]);
        expect(body.opportunity_sales_orders).toEqual([]);
        expect(
          code(await ask('POST', 'WinOpportunity', won('opportunity', 'OpportunityClose', opportunityid, 3))),
        ).toBe('0x80040515');
        // Reopened: the activity is canceled.
        expect((await ask('PATCH', path, { statecode: 0, statuscode: 1 }, { 'if-match': '*' })).status).toBe(204);
        const { body: again } = await ask('GET', `${path}?$expand=Opportunity_OpportunityClose`);
        expect(again.Opportunity_OpportunityClose[0].statecode).toBe(2);
      });

      it('3.1: quote → activate → win → convert: the order has its lines, locked prices and its origin', async () => {
        const { quoteid } = await quote();
        expect(code(await ask('POST', 'WinQuote', won('quote', 'QuoteClose', quoteid, 4)))).toBe('0x80048408');
        await ask('PATCH', `quotes(${quoteid})`, { statecode: 1, statuscode: 2 }, { 'if-match': '*' });
        expect((await ask('POST', 'WinQuote', won('quote', 'QuoteClose', quoteid, -1))).status).toBe(204);
        const { status, body } = await ask('POST', 'ConvertQuoteToSalesOrder', {
          QuoteId: quoteid,
          ColumnSet: { AllColumns: false, Columns: ['salesorderid', 'ordernumber'] },
        });
        expect(status).toBe(200);
        expect(body.ordernumber).toMatch(/^ORD-/);
        const { body: made } = await ask('GET', `salesorders(${body.salesorderid})?$expand=order_details`);
        expect(made).toMatchObject({ _quoteid_value: quoteid, ispricelocked: true, totalamount: 21 });
        expect(made.order_details).toHaveLength(1);
      });

      it('3.3: a closed quote is revised: same number, next revision', async () => {
        const { quoteid, quotenumber } = await quote();
        await ask('PATCH', `quotes(${quoteid})`, { statecode: 1, statuscode: 2 }, { 'if-match': '*' });
        const { body } = await ask('POST', 'ReviseQuote', { QuoteId: quoteid, ColumnSet: { AllColumns: true } });
        expect(body).toMatchObject({ quotenumber, revisionnumber: 1, statecode: 0 });
        expect((await ask('GET', `quotes(${quoteid})`)).body).toMatchObject({ statecode: 3, statuscode: 7 });
      });

      it('3.4: an order is canceled and fulfilled by action only', async () => {
        const { salesorderid } = await order();
        expect(
          code(
            await ask('PATCH', `salesorders(${salesorderid})`, { statecode: 2, statuscode: 4 }, { 'if-match': '*' }),
          ),
        ).toBe('0x80100005');
        const close = {
          Status: 100_001,
          OrderClose: { subject: 'Done', 'salesorderid@odata.bind': `/salesorders(${salesorderid})` },
        };
        expect((await ask('POST', 'salesorders/Microsoft.Dynamics.CRM.FulfillSalesOrder', close)).status).toBe(204);
        expect((await ask('GET', `salesorders(${salesorderid})`)).body).toMatchObject({
          statecode: 3,
          statuscode: 100_001,
        });
        const other = await order();
        const cancel = {
          Status: 4,
          OrderClose: { subject: 'No', 'salesorderid@odata.bind': `/salesorders(${other.salesorderid})` },
        };
        expect((await ask('POST', 'CancelSalesOrder', cancel)).status).toBe(204);
      });
    });

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
          const { status, body } = await ask(
            'GET',
            `accounts?${option}=${encodeURIComponent(value)}`,
            undefined,
            TRACK,
          );
          expect(status).toBe(400);
          expect(body.error.message).toBe(
            `The "${option}" query parameter isn't supported when Change Tracking is enabled.`,
          );
        }
      });
    });

    describe('$batch', () => {
      async function batch(parts: string, prefer?: string): Promise<{ status: number; text: string }> {
        const response = await fetch(`${dv.root}/$batch`, {
          method: 'POST',
          headers: {
            authorization: `Bearer ${dv.token}`,
            'content-type': 'multipart/mixed; boundary="b1"',
            ...(prefer && { prefer }),
          },
          body: `${parts}--b1--\r\n`,
        });
        return { status: response.status, text: await response.text() };
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
        const broken = await batch(set(http('POST /api/data/v9.2/contacts', '{"nickname":"x"}', '2')));
        expect(broken.status).toBe(400);
        const find = async () =>
          (await ask('GET', `accounts?$filter=name eq '${name}'&$expand=contact_customer_accounts`)).body.value;
        expect(await find()).toEqual([]);
        const good = await batch(
          set(
            http('POST /api/data/v9.2/contacts', '{"lastname":"Ref","parentcustomerid_account@odata.bind":"$1"}', '2'),
          ),
        );
        expect(good.status).toBe(200);
        expect(good.text).toContain('HTTP/1.1 204 No Content');
        const [made] = await find();
        expect(made.contact_customer_accounts).toHaveLength(1);
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
  });
}
