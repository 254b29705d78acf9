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
  });
}
