import { describe, expect, it } from 'vitest';
import type { BusinessCentralRequests } from './requests.js';

/** Invoices and orders and their lines; the numbers are sections of reference/business-central. */
export function testDocuments({ ask, at, key, line, createInvoice, tenant }: BusinessCentralRequests): void {
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
        customerNumber: tenant().customerNumber,
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
        { unitPrice: 99, quantity: 1, lineType: 'Item', lineObjectNumber: tenant().itemNumber },
      ]);
      expect(lost.salesInvoiceLines[0].unitPrice).not.toBe(99);
      expect(lost.salesInvoiceLines[0].quantity).toBe(1);
      const kept = await createInvoice({}, [
        { lineType: 'Item', lineObjectNumber: tenant().itemNumber, quantity: 1, unitPrice: 99 },
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
      expect(invoice.totalAmountIncludingTax).toBeCloseTo(invoice.totalAmountExcludingTax + invoice.totalTaxAmount, 10);
    });

    it('3.7: an invoice discount waits for the lines; PATCHed after them it is distributed', async () => {
      const early = await ask('POST', at('salesInvoices'), {
        customerNumber: tenant().customerNumber,
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

    // dynamics365smb-devitpro-pb, api-reference/v2.0/resources/dynamics_salesinvoice.md and dynamics_salesinvoiceline.md, navigation
    it('a document can be read with its customer and its lines’ items expanded', async () => {
      const invoice = await createInvoice();
      const { body } = await ask(
        'GET',
        at(
          `salesInvoices(${invoice.id})?$expand=customer($select=number),salesInvoiceLines($expand=item($select=number))&$select=number`,
        ),
      );
      expect(body.customer.number).toBe(tenant().customerNumber);
      expect(body.salesInvoiceLines[0].item.number).toBe(tenant().itemNumber);
      expect(body.status).toBeUndefined();
    });
  });
}
