import { describe, expect, it } from 'vitest';
import type { Answer } from '../ask.js';
import type { BusinessCentralRequests } from './requests.js';

/** Query options and batches; the numbers are sections of reference/business-central. */
export function testQueries({ ask, at, key, code, createCustomer }: BusinessCentralRequests): void {
  describe('queries', () => {
    it('6.1: or over two fields is refused, over one it works', async () => {
      const [a, b] = [await createCustomer(), await createCustomer()];
      const { body } = await ask('GET', at(`customers?$filter=number eq '${a.number}' or number eq '${b.number}'`));
      expect(body.value).toHaveLength(2);
      const refused = await ask('GET', at(`customers?$filter=number eq '${a.number}' or city eq 'x'`));
      expect(refused.status).toBe(400);
      expect(refused.body.error.message).toContain("The 'OR' operator is not supported on distinct fields");
    });

    // MicrosoftDocs/dynamics365smb-devitpro-pb, dev-itpro/webservices/use-filter-expressions-in-odata-uris.md: `or` on the same
    // field, whatever compares it; `in` and nested functions from $schemaversion=2.1 on
    it('6.1: or joins functions of one field, too; in and nested functions are refused', async () => {
      const { number } = await createCustomer();
      const [start, end] = [number.slice(0, 9), number.slice(-5)];
      const filter = `endswith(number,'${end}') or number eq '${start}'`;
      const { status, body } = await ask('GET', at(`customers?$filter=${encodeURIComponent(filter)}`));
      expect(status, JSON.stringify(body)).toBe(200);
      expect(body.value.map((row: { number: string }) => row.number)).toContain(number);
      for (const refused of [
        `endswith(number,'${end}') or city eq 'x'`,
        `number in ('${number}','x')`,
        `contains(tolower(displayName),'x')`,
      ])
        expect((await ask('GET', at(`customers?$filter=${encodeURIComponent(refused)}`))).status, refused).toBe(400);
    });

    it('6.1: functions, order, top, count', async () => {
      const { number } = await createCustomer({ displayName: `Zz ${key()}` });
      const starts = await ask('GET', at(`customers?$filter=startswith(number,'${number.slice(0, 8)}')`));
      expect(starts.body.value.map((row: { number: string }) => row.number)).toContain(number);
      const { body } = await ask(
        'GET',
        at('customers?$orderby=displayName desc&$top=1&$count=true&$select=number,displayName'),
      );
      expect(body.value).toHaveLength(1);
      expect(body['@odata.count']).toBeGreaterThan(1);
      expect(Object.keys(body.value[0]).sort()).toEqual(['@odata.etag', 'displayName', 'number']);
      expect(Number((await ask('GET', at('customers/$count'))).body)).toBe(body['@odata.count']);
    });

    it('6.2: an over-long literal is a filter error, a star a wildcard', async () => {
      const { status, body } = await ask('GET', at(`customers?$filter=number eq '${'X'.repeat(21)}'`));
      expect(status).toBe(400);
      expect(code(body)).toBe('Application_FilterErrorException');
      const { number } = await createCustomer();
      const found = await ask('GET', at(`customers?$filter=number eq '${number.slice(0, 9)}*'`));
      expect(found.body.value.map((row: { number: string }) => row.number)).toContain(number);
    });

    it('6.3: pages by maxpagesize, with links to follow verbatim', async () => {
      for (let index = 0; index < 3; index += 1) await createCustomer();
      const seen: string[] = [];
      let next: string | undefined = at("customers?$select=number&$filter=startswith(number,'T')");
      let pages = 0;
      while (next !== undefined) {
        const { body }: Answer = await ask('GET', next, undefined, { prefer: 'odata.maxpagesize=2' });
        expect(body.value.length).toBeLessThanOrEqual(2);
        seen.push(...body.value.map((row: { number: string }) => row.number));
        next = body['@odata.nextLink'];
        if (next) expect(next).toMatch(/aid=FIN&\$skiptoken=/);
        pages += 1;
      }
      expect(pages).toBeGreaterThan(1);
      expect(new Set(seen).size).toBe(seen.length);
    });

    it('6.3: lastModifiedDateTime finds what changed', async () => {
      const before = new Date(Date.now() - 1_000).toISOString();
      const { id } = await createCustomer();
      const { body } = await ask(
        'GET',
        at(`customers?$filter=lastModifiedDateTime gt ${before}&$orderby=lastModifiedDateTime`),
      );
      expect(body.value.map((row: { id: string }) => row.id)).toContain(id);
    });

    // MicrosoftDocs/dynamics365smb-devitpro-pb, dev-itpro/webservices/use-filter-expressions-in-odata-uris.md: only strings are
    // delimited by quotation marks, and what has no AL approximation is an error
    it('6.2: a value is written as its field is typed', async () => {
      const { id, number, lastModifiedDateTime } = await createCustomer();
      const found = async (filter: string) => ask('GET', at(`customers?$filter=${encodeURIComponent(filter)}`));
      for (const filter of [
        'number eq 10000',
        `number eq ${id}`,
        'displayName gt 2026-01-31',
        'displayName eq true',
        `id eq '${id}'`,
        "creditLimit eq '0'",
        "taxLiable eq 'false'",
        'taxLiable eq 0',
        'blocked eq 0',
        `lastModifiedDateTime gt '${lastModifiedDateTime}'`,
        'lastModifiedDateTime gt 2026-02-30T00:00:00Z',
        "contains(creditLimit,'1')",
        "startswith(blocked,'S')",
        'startswith(number,1)',
        'startswith(number)',
        `contains('${number}',number)`,
        'tolower(displayName) eq 5',
      ]) {
        const { status, body } = await found(filter);
        expect(status, `${filter}: ${JSON.stringify(body)}`).toBe(400);
      }
      for (const filter of [
        `number eq '${number}'`,
        `'${number}' eq number`,
        `id eq ${id}`,
        `number eq '${number}' and creditLimit eq 0`,
        `number eq '${number}' and creditLimit lt 0.5`,
        `number eq '${number}' and taxLiable eq false`,
        `number eq '${number}' and lastModifiedDateTime ge ${lastModifiedDateTime}`,
        `number eq '${number}' and startswith(displayName,'Test')`,
      ]) {
        const { status, body } = await found(filter);
        expect(status, `${filter}: ${JSON.stringify(body)}`).toBe(200);
        expect(body.value, filter).toHaveLength(1);
      }
    });

    it('6.1: what no AL filter can say is refused', async () => {
      for (const filter of [
        "not startswith(number,'X')",
        "not (number eq 'X')",
        'length(number) eq 5',
        'number eq displayName',
        "'a' eq 'a'",
        'number',
        "'a'",
        'tolower(number)',
        "number eq 'X' and displayName",
      ])
        expect((await ask('GET', at(`customers?$filter=${encodeURIComponent(filter)}`))).status, filter).toBe(400);
    });

    // The pages of microsoft/BCApps show a variable there: APIV2Customers, APIV2Items, APIV2SalesInvoices.Page.al
    it('6.1: there is no filter and no order by a field without a column', async () => {
      for (const [set, name, value] of [
        ['customers', 'taxRegistrationNumber', "'DE1'"],
        ['customers', 'currencyCode', "'EUR'"],
        ['items', 'inventory', '0'],
        ['salesInvoices', 'remainingAmount', '0'],
        ['salesInvoices', 'currencyCode', "'EUR'"],
        ['companyInformation', 'picture', "'x'"],
      ]) {
        expect((await ask('GET', at(`${set}?$filter=${name} eq ${value}`))).status, `${set} ${name}`).toBe(400);
        expect((await ask('GET', at(`${set}?$orderby=${name}`))).status, `${set} ${name}`).toBe(400);
        expect((await ask('GET', at(`${set}?$top=1&$select=${name}`))).status, `${set} ${name}`).toBe(200);
      }
    });

    it('10.2: malformed filters and unknown names are 400', async () => {
      for (const filter of ['number eq', "number = 'x'", "nickname eq 'x'", "number eq 'x", 'contains(number']) {
        expect((await ask('GET', at(`customers?$filter=${encodeURIComponent(filter)}`))).status, filter).toBe(400);
      }
    });
  });

  describe('$batch', () => {
    const operation = (id: string, method: string, url: string, body?: object) => ({
      id,
      method,
      url,
      headers: { 'content-type': 'application/json', 'if-match': '*' },
      ...(body && { body }),
    });

    it('7: stops at the first failure, what came before stays', async () => {
      const { number } = await createCustomer();
      const batch = [
        operation('1', 'POST', at('customers'), { displayName: 'Batch one' }),
        operation('2', 'POST', at('customers'), { number, displayName: 'Duplicate' }),
        operation('3', 'POST', at('customers'), { displayName: 'Never' }),
      ];
      const { status, body } = await ask('POST', '$batch', { requests: batch });
      expect(status).toBe(200);
      expect(body.responses.map((one: { status: number }) => one.status)).toEqual([201, 400]);
      expect((await ask('GET', at(`customers(${body.responses[0].body.id})`))).status).toBe(200);
    });

    it('7: goes on when asked to', async () => {
      const batch = [operation('1', 'GET', at('unicorns')), operation('2', 'GET', at('customers?$top=1'))];
      const { body } = await ask('POST', '$batch', { requests: batch }, { prefer: 'odata.continue-on-error' });
      expect(body.responses.map((one: { status: number }) => one.status)).toEqual([404, 200]);
    });

    it('7: a snapshot rolls all back and still shows the 201', async () => {
      const batch = [
        operation('1', 'POST', at('customers'), { displayName: 'Snapshot' }),
        operation('2', 'POST', at('customers'), {}),
      ];
      const { body } = await ask('POST', '$batch', { requests: batch }, { isolation: 'snapshot' });
      expect(body.responses.map((one: { status: number }) => one.status)).toEqual([201, 400]);
      expect((await ask('GET', at(`customers(${body.responses[0].body.id})`))).status).toBe(404);
    });

    // reference/business-central 1.1: `?company=` stands for the company of whatever the request asks for.
    it('7: $batch?company= stands for the company of operations that name none', async () => {
      const company = at('').replace(/^companies\(|\)\/$/g, '');
      const batch = [operation('1', 'GET', 'customers?$top=1'), operation('2', 'GET', at('items?$top=1'))];
      const { status, body } = await ask('POST', `$batch?company=${company}`, { requests: batch });
      expect(status).toBe(200);
      expect(body.responses.map((one: { status: number }) => one.status)).toEqual([200, 200]);
    });

    it('7: 101 operations are too many', async () => {
      const batch = Array.from({ length: 101 }, (_none, index) =>
        operation(String(index), 'GET', at('customers?$top=1')),
      );
      const { status, body } = await ask('POST', '$batch', { requests: batch });
      expect([400, 500]).toContain(status);
      expect(body.error.message).toContain("A maximum number of '100'");
    });
  });
}
