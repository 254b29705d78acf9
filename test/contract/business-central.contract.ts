import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/**
 * What any Business Central must do for our client and others; the numbers are sections of reference/business-central.
 */

export interface BusinessCentralUnderTest {
  /** `…/{tenant}/{environment}/api/v2.0` */
  readonly root: string;
  readonly companyId: string;
  readonly token: string;
  /** An item that can be sold and a customer that can be sold to. */
  readonly itemNumber: string;
  readonly customerNumber: string;
  close(): Promise<void>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: an answer of any shape is what a contract test looks into
  readonly body: any;
}

export type Ask = (method: string, path: string, body?: unknown, headers?: Record<string, string>) => Promise<Answer>;

export function createAsk(base: string, token: string): Ask {
  return async (method, path, body, headers = {}) => {
    const response = await fetch(/^https?:/.test(path) ? path : `${base}/${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        'accept-language': 'en-US',
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = /json/.test(response.headers.get('content-type') ?? '');
    return {
      status: response.status,
      headers: response.headers,
      body: isJson && text !== '' ? JSON.parse(text) : text,
    };
  };
}

const ZERO = '00000000-0000-0000-0000-000000000000';

export function testBusinessCentral(name: string, open: () => Promise<BusinessCentralUnderTest>): void {
  describe(`Business Central: ${name}`, () => {
    let bc: BusinessCentralUnderTest;
    let ask: Ask;
    let company: string;

    beforeAll(async () => {
      bc = await open();
      company = `companies(${bc.companyId})`;
      ask = createAsk(bc.root, bc.token);
    });
    afterAll(() => bc?.close());

    const at = (path: string): string => `${company}/${path}`;
    const key = (): string => randomUUID().replaceAll('-', '').toUpperCase();
    const code = (body: { error: { code: string } }): string => body.error.code;
    const line = (more: object = {}) => ({
      lineType: 'Item',
      lineObjectNumber: bc.itemNumber,
      quantity: 2,
      unitPrice: 10,
      ...more,
    });

    async function createInvoice(more: object = {}, lines: object[] = [line()]): Promise<Answer['body']> {
      const { status, body } = await ask('POST', at('salesInvoices?$expand=salesInvoiceLines'), {
        customerNumber: bc.customerNumber,
        ...more,
        salesInvoiceLines: lines,
      });
      expect(status, JSON.stringify(body)).toBe(201);
      return body;
    }

    async function createCustomer(more: object = {}): Promise<Answer['body']> {
      const number = `T${key().slice(0, 12)}`;
      const { status, body } = await ask('POST', at('customers'), { number, displayName: `Test ${number}`, ...more });
      expect(status, JSON.stringify(body)).toBe(201);
      return body;
    }

    describe('URLs, companies, errors', () => {
      it('1.1: companies are listed, with context and without a page link', async () => {
        const { status, body } = await ask('GET', 'companies');
        expect(status).toBe(200);
        expect(body['@odata.context']).toContain('$metadata#companies');
        expect(body.value.map((row: { id: string }) => row.id)).toContain(bc.companyId);
      });

      it('1.1: an entity set is also reached with ?company=', async () => {
        const { status, body } = await ask('GET', `customers?company=${bc.companyId}&$top=1`);
        expect(status).toBe(200);
        expect(body.value).toHaveLength(1);
      });

      it('1.1: $metadata is EDMX and knows the entities', async () => {
        const { status, body } = await ask('GET', '$metadata');
        expect(status).toBe(200);
        expect(body).toContain('<edmx:Edmx');
        expect(body).toContain('EntityType Name="salesInvoice"');
      });

      it('1.3: a missing token is 401 with the error envelope', async () => {
        const response = await fetch(`${bc.root}/companies`);
        expect(response.status).toBe(401);
        const body = (await response.json()) as { error: { code: string; message: string } };
        expect(body.error.code).toBe('Authentication_InvalidCredentials');
        expect(body.error.message).toMatch(/ {2}CorrelationId: {2}[0-9a-f-]{36}\.$/);
      });

      it('1.3: an unknown company is Internal_CompanyNotFound', async () => {
        const { status, body } = await ask('GET', `companies(${randomUUID()})/customers`);
        expect([404, 400]).toContain(status);
        expect(code(body)).toBe('Internal_CompanyNotFound');
      });

      it('10.2: an unknown set is BadRequest_ResourceNotFound', async () => {
        const { status, body } = await ask('GET', at('unicorns'));
        expect(status).toBe(404);
        expect(code(body)).toBe('BadRequest_ResourceNotFound');
      });

      it('10.2: an unknown id is 404, a malformed one too', async () => {
        expect((await ask('GET', at(`customers(${randomUUID()})`))).status).toBe(404);
        expect((await ask('GET', at('customers(abc)'))).status).toBe(404);
      });

      it('2.1: companies take no POST', async () => {
        const { status, body } = await ask('POST', 'companies', { name: 'X' });
        expect(status).toBe(405);
        expect(code(body)).toBe('BadRequest_MethodNotAllowed');
      });
    });

    describe('master data', () => {
      it('2.0: absent values are never null, codes come back in upper case', async () => {
        const number = `t${key().slice(0, 10).toLowerCase()}`;
        const customer = await createCustomer({ number, displayName: 'Mixed Case' });
        expect(customer).toMatchObject({
          number: number.toUpperCase(),
          displayName: 'Mixed Case',
          blocked: '_x0020_',
          addressLine2: '',
          shipmentMethodId: ZERO,
          creditLimit: 0,
        });
        expect(customer['@odata.etag']).toMatch(/^W\/"/);
      });

      it('2.2: a display name is required and may not be blank', async () => {
        const missing = await ask('POST', at('customers'), {});
        expect(missing.status).toBe(400);
        expect(missing.body.error.message).toContain('A "displayName" must be provided.');
        const blank = await ask('POST', at('customers'), { displayName: '' });
        expect(blank.body.error.message).toContain('The blank "displayName" is not allowed.');
      });

      it('2.0: too long, unknown, of a wrong type, no option: each its own refusal', async () => {
        const long = await ask('POST', at('customers'), { displayName: 'x'.repeat(101) });
        expect(code(long.body)).toBe('Application_StringExceededLength');
        expect(long.body.error.message).toContain(
          'The length of the string is 101, but it must be less than or equal to 100 characters.',
        );
        const unknown = await ask('POST', at('customers'), { displayName: 'x', nickname: 'y' });
        expect(code(unknown.body)).toBe('BadRequest');
        expect(unknown.body.error.message).toContain("'nickname' does not exist on type 'Microsoft.NAV.customer'");
        const wrong = await ask('POST', at('customers'), { displayName: 5 });
        expect(wrong.body.error.message).toContain('Invalid Request Body');
        const option = await ask('POST', at('customers'), { displayName: 'x', type: 'Robot' });
        expect(code(option.body)).toBe('Unknown');
        expect(option.body.error.message).toContain("'Robot' is not an option");
      });

      it('10.2: a number that exists is Internal_EntityWithSameKeyExists', async () => {
        const { number } = await createCustomer();
        const { status, body } = await ask('POST', at('customers'), { number, displayName: 'Again' });
        expect([400, 409]).toContain(status);
        expect(code(body)).toBe('Internal_EntityWithSameKeyExists');
      });

      it('2.2: the local currency is read back with its code, an unknown one refused', async () => {
        const { body: setup } = await ask('GET', at('generalLedgerSetup'));
        const lcy = setup.value[0].localCurrencyCode;
        expect((await createCustomer({ currencyCode: lcy })).currencyCode).toBe(lcy);
        const { body } = await ask('POST', at('customers'), { displayName: 'x', currencyCode: 'QQQ' });
        expect(body.error.message).toContain('The "currencyCode" does not match to a Currency.');
      });

      it('3.4: an id cannot be chosen', async () => {
        const { status, body } = await ask('POST', at('customers'), { id: randomUUID(), displayName: 'x' });
        expect(status).toBe(400);
        expect(body.error.message).toMatch(/read-only/i);
      });
    });

    it('2.8: a payment journal takes payments below it', async () => {
      const code = key().slice(0, 10);
      const { status, body } = await ask('POST', at('customerPaymentJournals'), { code, displayName: 'Test' });
      expect(status, JSON.stringify(body)).toBe(201);
      const path = at(`customerPaymentJournals(${body.id})/customerPayments`);
      const payment = await ask('POST', path, {
        customerNumber: bc.customerNumber,
        amount: -12.5,
        postingDate: '2031-01-31',
      });
      expect(payment.status, JSON.stringify(payment.body)).toBe(201);
      expect((await ask('GET', path)).body.value).toMatchObject([{ journalId: body.id, amount: -12.5 }]);
    });

    describe('concurrency', () => {
      it('5: a PATCH without If-Match is refused, a stale one 409, a fresh one answers the whole with a new etag', async () => {
        const customer = await createCustomer();
        const path = at(`customers(${customer.id})`);
        const without = await ask('PATCH', path, { city: 'Bremen' });
        expect(without.status).toBe(400);
        expect(code(without.body)).toBe('BadRequest_InvalidToken');
        const fresh = await ask('PATCH', path, { city: 'Bremen' }, { 'if-match': customer['@odata.etag'] });
        expect(fresh.status).toBe(200);
        expect(fresh.body.city).toBe('Bremen');
        expect(fresh.body['@odata.etag']).not.toBe(customer['@odata.etag']);
        const stale = await ask('PATCH', path, { city: 'Kassel' }, { 'if-match': customer['@odata.etag'] });
        expect(stale.status).toBe(409);
        expect(code(stale.body)).toBe('Request_EntityChanged');
        expect((await ask('PATCH', path, { city: 'Kassel' }, { 'if-match': '*' })).status).toBe(200);
        expect((await ask('DELETE', path, undefined, { 'if-match': '*' })).status).toBe(204);
        expect((await ask('GET', path)).status).toBe(404);
      });
    });

    describe('documents', () => {
      it('3.6: a deep insert makes header and lines at once; sequences are 10000, 20000, …', async () => {
        const invoice = await createInvoice({}, [
          line(),
          line({ quantity: 3 }),
          { lineType: 'Comment', description: 'as agreed' },
        ]);
        expect(invoice.status).toBe('Draft');
        expect(invoice.salesInvoiceLines.map((one: { sequence: number }) => one.sequence)).toEqual([
          10_000, 20_000, 30_000,
        ]);
        expect(invoice.totalAmountExcludingTax).toBe(50);
      });

      it('3.1: a line that is refused takes the header with it', async () => {
        const externalDocumentNumber = key();
        const { status, body } = await ask('POST', at('salesInvoices'), {
          customerNumber: bc.customerNumber,
          externalDocumentNumber,
          salesInvoiceLines: [line(), line({ lineObjectNumber: 'NO-SUCH-ITEM' })],
        });
        expect(status).toBe(400);
        expect(body.error.message).toContain('Item does not exist.');
        const { body: found } = await ask(
          'GET',
          at(`salesInvoices?$filter=externalDocumentNumber eq '${externalDocumentNumber}'`),
        );
        expect(found.value).toEqual([]);
      });

      it('2.8: a customer is required', async () => {
        const { body } = await ask('POST', at('salesInvoices'), { salesInvoiceLines: [] });
        expect(body.error.message).toContain('A "customerNumber" or a "customerId" must be provided.');
      });

      it('3.5 and 11.5: externalDocumentNumber is upper case, filterable and not unique', async () => {
        const externalDocumentNumber = key().toLowerCase();
        await createInvoice({ externalDocumentNumber });
        await createInvoice({ externalDocumentNumber });
        const { body } = await ask(
          'GET',
          at(`salesInvoices?$filter=externalDocumentNumber eq '${externalDocumentNumber.toUpperCase()}'`),
        );
        expect(body.value).toHaveLength(2);
        expect(body.value[0].externalDocumentNumber).toBe(externalDocumentNumber.toUpperCase());
      });

      it('3.2: a price before the item is lost, after it it stays', async () => {
        const lost = await createInvoice({}, [
          { unitPrice: 99, quantity: 1, lineType: 'Item', lineObjectNumber: bc.itemNumber },
        ]);
        expect(lost.salesInvoiceLines[0].unitPrice).not.toBe(99);
        expect(lost.salesInvoiceLines[0].quantity).toBe(1);
        const kept = await createInvoice({}, [
          { lineType: 'Item', lineObjectNumber: bc.itemNumber, quantity: 1, unitPrice: 99 },
        ]);
        expect(kept.salesInvoiceLines[0].unitPrice).toBe(99);
      });

      it('2.9: a sequence that is taken is refused; an explicit one is kept', async () => {
        const invoice = await createInvoice({}, [line({ sequence: 500 })]);
        expect(invoice.salesInvoiceLines[0].sequence).toBe(500);
        const { status, body } = await ask(
          'POST',
          at(`salesInvoices(${invoice.id})/salesInvoiceLines`),
          line({ sequence: 500 }),
        );
        expect(status).toBe(400);
        expect(body.error.message).toContain('You cannot insert a line because a line already exists.');
      });

      it('11.6: line amount, discount and totals', async () => {
        const invoice = await createInvoice({}, [line({ quantity: 3, unitPrice: 33.33, discountAmount: 5 })]);
        const [one] = invoice.salesInvoiceLines;
        expect(one.amountExcludingTax).toBe(94.99);
        expect(one.discountPercent).toBeCloseTo(5.00050005, 4);
        expect(invoice.totalAmountIncludingTax).toBeCloseTo(
          invoice.totalAmountExcludingTax + invoice.totalTaxAmount,
          10,
        );
      });

      it('3.7: an invoice discount waits for the lines; PATCHed after them it is distributed', async () => {
        const early = await ask('POST', at('salesInvoices'), {
          customerNumber: bc.customerNumber,
          discountAmount: 5,
          salesInvoiceLines: [line()],
        });
        expect(early.status).toBe(400);
        expect(early.body.error.message).toContain('Cannot apply an invoice discount');
        const invoice = await createInvoice();
        const { body } = await ask(
          'PATCH',
          at(`salesInvoices(${invoice.id})?$expand=salesInvoiceLines`),
          { discountAmount: 5 },
          { 'if-match': '*' },
        );
        expect(body.discountAmount).toBe(5);
        expect(body.totalAmountExcludingTax).toBe(15);
        expect(body.salesInvoiceLines[0].invoiceDiscountAllocation).toBe(5);
      });

      it('2.0: number and status are read-only, the stored value is tolerated', async () => {
        const invoice = await createInvoice();
        const path = at(`salesInvoices(${invoice.id})`);
        const { status, body } = await ask('PATCH', path, { number: 'X-1' }, { 'if-match': '*' });
        expect(status).toBe(400);
        expect(body.error.message).toMatch(/read-only/);
        expect((await ask('PATCH', path, { number: invoice.number }, { 'if-match': '*' })).status).toBe(200);
      });

      it('2.9: the flat set of lines wants a document', async () => {
        const invoice = await createInvoice();
        const without = await ask('GET', at('salesInvoiceLines'));
        expect(without.body.error.message).toContain('You must specify an Id or a Document Id to get the lines.');
        const { body } = await ask('GET', at(`salesInvoiceLines?$filter=documentId eq ${invoice.id}`));
        expect(body.value).toHaveLength(1);
      });

      it('3.8: another currency by PATCH makes the lines anew', async () => {
        const { body: currencies } = await ask('GET', at('currencies?$top=1'));
        const invoice = await createInvoice();
        const { body } = await ask(
          'PATCH',
          at(`salesInvoices(${invoice.id})?$expand=salesInvoiceLines`),
          { currencyCode: currencies.value[0].code === invoice.currencyCode ? '' : currencies.value[0].code },
          { 'if-match': '*' },
        );
        expect(body.salesInvoiceLines[0].id).not.toBe(invoice.salesInvoiceLines[0].id);
      });

      it('a document can be read with its customer and its lines’ items expanded', async () => {
        const invoice = await createInvoice();
        const { body } = await ask(
          'GET',
          at(
            `salesInvoices(${invoice.id})?$expand=customer($select=number),salesInvoiceLines($expand=item($select=number))&$select=number`,
          ),
        );
        expect(body.customer.number).toBe(bc.customerNumber);
        expect(body.salesInvoiceLines[0].item.number).toBe(bc.itemNumber);
        expect(body.status).toBeUndefined();
      });
    });

    describe('actions', () => {
      it('4.3: post keeps the id, changes number and line ids, answers 204; a second post says draft only', async () => {
        const invoice = await createInvoice();
        const action = at(`salesInvoices(${invoice.id})/Microsoft.NAV.post`);
        const { status, body } = await ask('POST', action);
        expect(status).toBe(204);
        expect(body).toBe('');
        const { body: posted } = await ask('GET', at(`salesInvoices(${invoice.id})?$expand=salesInvoiceLines`));
        expect(posted.number).not.toBe(invoice.number);
        expect(['Open', 'Paid']).toContain(posted.status);
        expect(posted.remainingAmount).toBe(posted.totalAmountIncludingTax);
        expect(posted.salesInvoiceLines[0].id).not.toBe(invoice.salesInvoiceLines[0].id);
        expect(posted.salesInvoiceLines[0].sequence).toBe(10_000);
        const again = await ask('POST', action, {});
        expect(again.status).toBe(400);
        expect(code(again.body)).toBe('Application_DialogException');
        expect(again.body.error.message).toContain('The action can be applied to a draft invoice only.');
      });

      it('4.2: actions compare If-Match when it is sent, and are not case-sensitive', async () => {
        const invoice = await createInvoice();
        const stale = await ask('POST', at(`salesInvoices(${invoice.id})/Microsoft.NAV.post`), undefined, {
          'if-match': 'W/"c3RhbGU="',
        });
        expect(stale.status).toBe(409);
        expect((await ask('POST', at(`salesInvoices(${invoice.id})/microsoft.nav.POST`))).status).toBe(204);
      });

      it('4.1: an action that does not exist is no resource', async () => {
        const invoice = await createInvoice();
        const { status } = await ask('POST', at(`salesInvoices(${invoice.id})/Microsoft.NAV.release`));
        expect(status).toBe(404);
      });

      it('4.3: an invoice without lines cannot be posted', async () => {
        const invoice = await createInvoice({}, []);
        const { body } = await ask('POST', at(`salesInvoices(${invoice.id})/Microsoft.NAV.post`));
        expect(body.error.message).toContain('Please add at least one line item to the invoice.');
      });

      it('4.6: a posted invoice takes a due date and no line', async () => {
        const invoice = await createInvoice();
        await ask('POST', at(`salesInvoices(${invoice.id})/Microsoft.NAV.post`));
        const dueDate = '2099-12-31';
        expect(
          (await ask('PATCH', at(`salesInvoices(${invoice.id})`), { dueDate }, { 'if-match': '*' })).body.dueDate,
        ).toBe(dueDate);
        const { body } = await ask('POST', at(`salesInvoices(${invoice.id})/salesInvoiceLines`), line());
        expect(body.error.message).toContain('The invoice has been posted and can no longer be modified.');
      });

      it('4.7: cancel is for posted invoices, once, and leaves a credit memo', async () => {
        const invoice = await createInvoice();
        const action = at(`salesInvoices(${invoice.id})/Microsoft.NAV.cancel`);
        expect((await ask('POST', action)).body.error.message).toContain(
          'The action can be applied to a posted invoice only.',
        );
        await ask('POST', at(`salesInvoices(${invoice.id})/Microsoft.NAV.post`));
        expect((await ask('POST', action)).status).toBe(204);
        const { body } = await ask('GET', at(`salesInvoices(${invoice.id})`));
        expect(body).toMatchObject({ status: 'Canceled', remainingAmount: 0 });
        const { body: memos } = await ask('GET', at(`salesCreditMemos?$filter=invoiceNumber eq '${body.number}'`));
        expect(memos.value).toHaveLength(1);
        expect((await ask('POST', action)).body.error.message).toContain('already been canceled');
      });

      it('4.4: a fully posted order is gone, its invoice refers to it', async () => {
        const { body: order } = await ask('POST', at('salesOrders'), {
          customerNumber: bc.customerNumber,
          externalDocumentNumber: key(),
          salesOrderLines: [line()],
        });
        expect((await ask('POST', at(`salesOrders(${order.id})/Microsoft.NAV.shipAndInvoice`))).status).toBe(204);
        expect((await ask('GET', at(`salesOrders(${order.id})`))).status).toBe(404);
        const { body: invoices } = await ask('GET', at(`salesInvoices?$filter=orderId eq ${order.id}`));
        expect(invoices.value).toHaveLength(1);
        expect(invoices.value[0]).toMatchObject({
          orderNumber: order.number,
          externalDocumentNumber: order.externalDocumentNumber,
        });
        const { body: shipments } = await ask('GET', at(`salesShipments?$filter=orderNumber eq '${order.number}'`));
        expect(shipments.value).toHaveLength(1);
      });

      it('4.4: a partly posted order stays released, and the next call posts the rest', async () => {
        const { body: order } = await ask('POST', at('salesOrders?$expand=salesOrderLines'), {
          customerNumber: bc.customerNumber,
          salesOrderLines: [line({ quantity: 5 })],
        });
        const lineAt = at(`salesOrders(${order.id})/salesOrderLines(${order.salesOrderLines[0].id})`);
        expect((await ask('PATCH', lineAt, { shipQuantity: 2, invoiceQuantity: 2 }, { 'if-match': '*' })).status).toBe(
          200,
        );
        await ask('POST', at(`salesOrders(${order.id})/Microsoft.NAV.shipAndInvoice`));
        const { body: rest } = await ask('GET', at(`salesOrders(${order.id})?$expand=salesOrderLines`));
        expect(rest.status).toBe('Open');
        expect(rest.salesOrderLines[0]).toMatchObject({ shippedQuantity: 2, invoicedQuantity: 2 });
        const edit = await ask('PATCH', lineAt, { quantity: 9 }, { 'if-match': '*' });
        expect(code(edit.body)).toBe('Application_FieldValidationException');
        expect(edit.body.error.message).toContain("Status must be equal to 'Open' in Sales Header");
        await ask('POST', at(`salesOrders(${order.id})/Microsoft.NAV.shipAndInvoice`));
        const { body: invoices } = await ask('GET', at(`salesInvoices?$filter=orderId eq ${order.id}&$orderby=number`));
        expect(invoices.value.map((one: { totalAmountExcludingTax: number }) => one.totalAmountExcludingTax)).toEqual([
          20, 30,
        ]);
      });

      it('4.1: a quote becomes an order and disappears', async () => {
        const { body: quote } = await ask('POST', at('salesQuotes'), {
          customerNumber: bc.customerNumber,
          externalDocumentNumber: key(),
          salesQuoteLines: [line()],
        });
        expect((await ask('POST', at(`salesQuotes(${quote.id})/Microsoft.NAV.makeOrder`))).status).toBe(204);
        expect((await ask('GET', at(`salesQuotes(${quote.id})`))).status).toBe(404);
        const { body } = await ask(
          'GET',
          at(`salesOrders?$filter=externalDocumentNumber eq '${quote.externalDocumentNumber}'`),
        );
        expect(body.value).toHaveLength(1);
      });
    });

    describe('queries', () => {
      it('6.1: or over two fields is refused, over one it works', async () => {
        const [a, b] = [await createCustomer(), await createCustomer()];
        const { body } = await ask('GET', at(`customers?$filter=number eq '${a.number}' or number eq '${b.number}'`));
        expect(body.value).toHaveLength(2);
        const refused = await ask('GET', at(`customers?$filter=number eq '${a.number}' or city eq 'x'`));
        expect(refused.status).toBe(400);
        expect(refused.body.error.message).toContain("The 'OR' operator is not supported on distinct fields");
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

      it('7: 101 operations are too many', async () => {
        const batch = Array.from({ length: 101 }, (_none, index) =>
          operation(String(index), 'GET', at('customers?$top=1')),
        );
        const { status, body } = await ask('POST', '$batch', { requests: batch });
        expect([400, 500]).toContain(status);
        expect(body.error.message).toContain("A maximum number of '100'");
      });
    });
  });
}
