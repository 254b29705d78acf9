import { describe, expect, it } from 'vitest';
import type { BusinessCentralRequests } from './requests.js';

/** What a body may hold: JSON values of the fields' own types; the numbers are sections of reference/business-central. */
export function testValues({
  ask,
  at,
  key,
  code,
  line,
  createInvoice,
  createCustomer,
  tenant,
}: BusinessCentralRequests): void {
  const anyEtag = { 'if-match': '*' };

  async function refused(method: string, path: string, body: object): Promise<void> {
    const answer = await ask(method, at(path), body, method === 'PATCH' ? anyEtag : {});
    expect(answer.status, `${method} ${path} ${JSON.stringify(body)}: ${JSON.stringify(answer.body)}`).toBe(400);
    expect(code(answer.body), JSON.stringify(body)).toBe('BadRequest');
  }

  describe('values', () => {
    // OData 4.0, JSON format, 7.1: an Edm.Decimal is a JSON number unless the Content-Type says IEEE754Compatible=true
    it('2.0: a decimal is a JSON number, not text', async () => {
      const invoice = await createInvoice();
      const { id } = await createCustomer();
      const number = `D${key().slice(0, 12)}`;
      await refused('POST', 'customers', { displayName: number, creditLimit: '100' });
      await refused('PATCH', `customers(${id})`, { creditLimit: '100.5' });
      await refused('POST', 'items', { number, displayName: number, unitPrice: '12.5' });
      await refused('PATCH', `salesInvoices(${invoice.id})`, { discountAmount: '1' });
      await refused('POST', `salesInvoices(${invoice.id})/salesInvoiceLines`, line({ quantity: '2' }));
      await refused('PATCH', `salesInvoices(${invoice.id})/salesInvoiceLines(${invoice.salesInvoiceLines[0].id})`, {
        unitPrice: '9.99',
      });
      for (const kind of ['Order', 'Quote', 'Invoice', 'CreditMemo'])
        await refused('POST', `sales${kind}s`, {
          customerNumber: tenant().customerNumber,
          [`sales${kind}Lines`]: [line({ unitPrice: '10' })],
        });
      await refused('PATCH', `customers(${id})`, { creditLimit: 1e30 });
      const { body } = await ask('PATCH', at(`customers(${id})`), { creditLimit: 100.5 }, anyEtag);
      expect(body.creditLimit).toBe(100.5);
    });

    // OData 4.0, ABNF: dateValue is a day, and one of the calendar
    it('2.0: a date is a day that exists, without a time', async () => {
      const { id } = await createInvoice();
      for (const day of [
        '2026-02-30',
        '2026-13-01',
        '2025-02-29',
        '0000-01-01',
        '2026-01-31T00:00:00Z',
        '31.01.2026',
        '',
      ])
        await refused('PATCH', `salesInvoices(${id})`, { invoiceDate: day });
      await refused('POST', 'salesOrders', {
        customerNumber: tenant().customerNumber,
        requestedDeliveryDate: '2026-06-31',
      });
      await refused('POST', 'salesQuotes', { customerNumber: tenant().customerNumber, validUntilDate: '2026-04-31' });
      await refused('POST', `salesInvoices(${id})/salesInvoiceLines`, line({ shipmentDate: '2026-11-31' }));
      const { body } = await ask('PATCH', at(`salesInvoices(${id})`), { invoiceDate: '2028-02-29' }, anyEtag);
      expect(body.invoiceDate).toBe('2028-02-29');
    });

    it('2.0: an integer is one of 32 bits', async () => {
      const { id } = await createInvoice();
      for (const sequence of [2_147_483_648, -2_147_483_649, 1.5, '10000'])
        await refused('POST', `salesInvoices(${id})/salesInvoiceLines`, line({ sequence }));
      const { status, body } = await ask(
        'POST',
        at(`salesInvoices(${id})/salesInvoiceLines`),
        line({ sequence: 2_147_483_647 }),
      );
      expect(status, JSON.stringify(body)).toBe(201);
    });

    it('3.6: what is nested is an array of objects', async () => {
      const { id } = await createInvoice();
      const { customerNumber } = tenant();
      for (const wrong of [{ code: 'X' }, 'X', 5, null, ['X'], [null], [[]]]) {
        await refused('POST', 'salesInvoices', { customerNumber, dimensionSetLines: wrong });
        await refused('POST', 'salesInvoices', { customerNumber, salesInvoiceLines: wrong });
        await refused('POST', `salesInvoices(${id})/salesInvoiceLines`, line({ dimensionSetLines: wrong }));
        await refused('POST', 'salesOrders', {
          customerNumber,
          salesOrderLines: [line({ dimensionSetLines: wrong })],
        });
        await refused('POST', 'customers', { displayName: key(), defaultDimensions: wrong });
        await refused('POST', 'items', { displayName: key(), defaultDimensions: wrong });
      }
    });

    // The part is one of APIV2Customers.Page.al and APIV2Items.Page.al of microsoft/BCApps, of no other page that is served here.
    it('3.6: default dimensions are nested in customers and items alone', async () => {
      for (const set of ['contacts', 'salespeoplePurchasers', 'disputeStatus'])
        await refused('POST', set, { displayName: key(), defaultDimensions: [] });
    });
  });
}
