import { describe, expect, it } from 'vitest';
import type { BusinessCentralRequests } from './requests.js';

/** Posting, shipping, cancelling; the numbers are sections of reference/business-central. */
export function testActions({ ask, at, key, code, line, createInvoice, tenant }: BusinessCentralRequests): void {
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

    // SalesPost.Codeunit.al, CopyAndCheckItemCharge
    it('an item charge that nobody has assigned to other lines is not invoiced', async () => {
      const charge = { lineType: 'Charge', lineObjectNumber: 'FREIGHT', quantity: 1, unitPrice: 12 };
      const invoice = await createInvoice({}, [line(), charge]);
      const { status, body } = await ask('POST', at(`salesInvoices(${invoice.id})/Microsoft.NAV.post`));
      expect(status).toBe(400);
      expect(code(body)).toBe('Application_DialogException');
      expect(body.error.message).toContain('You must assign item charge FREIGHT if you want to invoice it.');
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
        customerNumber: tenant().customerNumber,
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
        customerNumber: tenant().customerNumber,
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

    const createQuote = async (fields: object = {}): Promise<{ id: string; externalDocumentNumber: string }> => {
      const { body } = await ask('POST', at('salesQuotes'), {
        customerNumber: tenant().customerNumber,
        externalDocumentNumber: key(),
        ...fields,
        salesQuoteLines: [line({ quantity: 3, unitPrice: 12.5 })],
      });
      return body;
    };

    for (const [action, set, lines, date] of [
      ['makeOrder', 'salesOrders', 'salesOrderLines', 'orderDate'],
      ['makeInvoice', 'salesInvoices', 'salesInvoiceLines', 'invoiceDate'],
    ] as const) {
      it(`4.9: ${action} makes a quote disappear, and its document has a new id, the key, the dates and the figures`, async () => {
        const quote = await createQuote({ documentDate: '2026-03-02', postingDate: '2026-03-05' });
        expect((await ask('POST', at(`salesQuotes(${quote.id})/Microsoft.NAV.${action}`))).status).toBe(204);
        expect((await ask('GET', at(`salesQuotes(${quote.id})`))).status).toBe(404);
        const filter = `$filter=externalDocumentNumber eq '${quote.externalDocumentNumber}'&$expand=${lines}`;
        const { body } = await ask('GET', at(`${set}?${filter}`));
        expect(body.value).toHaveLength(1);
        const [made] = body.value;
        expect(made.id).not.toBe(quote.id);
        expect(made).toMatchObject({
          [date]: '2026-03-02',
          postingDate: '2026-03-05',
          status: 'Draft',
          totalAmountExcludingTax: 37.5,
          [lines]: [{ sequence: 10_000, quantity: 3, unitPrice: 12.5 }],
        });
        // Nothing is left to convert.
        expect((await ask('POST', at(`salesQuotes(${quote.id})/Microsoft.NAV.${action}`))).status).toBe(404);
      });
    }

    it('4.9: a quote has no posting date, and converts after its last day of validity', async () => {
      const quote = await createQuote({ validUntilDate: '2020-01-31' });
      expect(quote).toMatchObject({ postingDate: '0001-01-01', validUntilDate: '2020-01-31', status: 'Draft' });
      expect((await ask('POST', at(`salesQuotes(${quote.id})/Microsoft.NAV.makeOrder`))).status).toBe(204);
      const filter = `$filter=externalDocumentNumber eq '${quote.externalDocumentNumber}'`;
      const { body } = await ask('GET', at(`salesOrders?${filter}`));
      expect(body.value[0].postingDate).not.toBe('0001-01-01');
    });
  });
}
