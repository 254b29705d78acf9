import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { BusinessCentralRequests } from './requests.js';

/**
 * What a line refuses and in which words. The sources are pages of microsoft/BCApps below
 * src/Apps/W1/APIV2/app/src/pages and their tests below src/Apps/W1/APIV2/test/src.
 */
export function testLines({ ask, at, key, code, line, createInvoice, tenant }: BusinessCentralRequests): void {
  const anyEtag = { 'if-match': '*' };

  async function createOrder(lines: object[] = [line()]) {
    const { status, body } = await ask('POST', at('salesOrders?$expand=salesOrderLines'), {
      customerNumber: tenant().customerNumber,
      externalDocumentNumber: key(),
      salesOrderLines: lines,
    });
    expect(status, JSON.stringify(body)).toBe(201);
    return body;
  }

  async function createItemWithVariant(): Promise<{ itemNumber: string; itemId: string; variantId: string }> {
    const number = `V${key().slice(0, 12)}`;
    const { body: item } = await ask('POST', at('items'), { number, displayName: `Item ${number}` });
    const made = await ask('POST', at(`items(${item.id})/itemVariants`), { code: 'RED', description: 'Red' });
    expect(made.status, JSON.stringify(made.body)).toBe(201);
    return { itemNumber: number, itemId: item.id, variantId: made.body.id };
  }

  describe('lines', () => {
    // APIV2SalesOrderLinesE2E.Codeunit.al, TestModifyOrderLineFailsOnSequenceIdOrDocumentIdChange
    it('the document of a line cannot be changed, its own id is tolerated', async () => {
      const order = await createOrder();
      const path = at(`salesOrders(${order.id})/salesOrderLines(${order.salesOrderLines[0].id})`);
      const refused = await ask('PATCH', path, { documentId: randomUUID() }, anyEtag);
      expect(refused.status).toBe(400);
      expect(code(refused.body)).toBe('Application_DialogException');
      expect(refused.body.error.message).toContain('The value for "documentId" cannot be modified.');
      expect((await ask('PATCH', path, { documentId: order.id }, anyEtag)).status).toBe(200);
    });

    // The labels of APIV2SalesOrderLines.Page.al and APIV2SalesInvoiceLines.Page.al differ.
    it('a sequence is refused in the words of the document', async () => {
      const order = await createOrder();
      const invoice = await createInvoice();
      const ofOrder = await ask(
        'PATCH',
        at(`salesOrders(${order.id})/salesOrderLines(${order.salesOrderLines[0].id})`),
        { sequence: 10_001 },
        anyEtag,
      );
      expect(ofOrder.body.error.message).toContain('The value for sequence cannot be modified.');
      const ofInvoice = await ask(
        'PATCH',
        at(`salesInvoices(${invoice.id})/salesInvoiceLines(${invoice.salesInvoiceLines[0].id})`),
        { sequence: 10_001 },
        anyEtag,
      );
      expect(ofInvoice.body.error.message).toContain('The value for "sequence" cannot be modified.');
    });

    // APIV2SalesOrderLinesE2E.Codeunit.al, TestPostOrderLineWithItemVariant and TestPostOrderLineWithWrongItemVariant
    it('a variant has to be one of the item', async () => {
      const order = await createOrder();
      const [own, other] = [await createItemWithVariant(), await createItemWithVariant()];
      const path = at(`salesOrders(${order.id})/salesOrderLines`);
      const good = await ask('POST', path, { itemId: own.itemId, quantity: 1, itemVariantId: own.variantId });
      expect(good.status, JSON.stringify(good.body)).toBe(201);
      expect(good.body.itemVariantId).toBe(own.variantId);
      const wrong = await ask('POST', path, { itemId: own.itemId, quantity: 1, itemVariantId: other.variantId });
      expect(wrong.status).toBe(400);
      expect(code(wrong.body)).toBe('Internal_InvalidTableRelation');
      expect(wrong.body.error.message).toContain('that cannot be found in the related table (Item Variant).');
    });

    // SalesInvoiceLineAggregate.Table.al: the location is a table relation.
    it('a location that does not exist is no row of its table', async () => {
      const order = await createOrder();
      const { status, body } = await ask('POST', at(`salesOrders(${order.id})/salesOrderLines`), {
        ...line(),
        locationId: randomUUID(),
      });
      expect(status).toBe(400);
      expect(body.error.message).toContain('that cannot be found in the related table (Location).');
    });

    // APIV2SalesOrders.Page.al and APIV2SalesInvoices.Page.al have the same labels.
    it('a customer is called by its part in the document', async () => {
      for (const set of ['salesOrders', 'salesInvoices', 'salesQuotes', 'salesCreditMemos']) {
        const unknown = await ask('POST', at(set), { customerId: randomUUID() });
        expect(unknown.body.error.message, set).toContain('The sell-to customer cannot be found.');
        const payer = await ask('POST', at(set), {
          customerNumber: tenant().customerNumber,
          billToCustomerId: randomUUID(),
        });
        expect(payer.body.error.message, set).toContain('The bill-to customer cannot be found.');
        const both = await ask('POST', at(set), {
          customerId: (await ask('GET', at(`customers?$filter=number eq '${tenant().customerNumber}'`))).body.value[0]
            .id,
          customerNumber: 'NOBODY',
        });
        expect(both.status, set).toBe(400);
        expect(both.body.error.message, set).toMatch(
          /The sell-to customer (values do not match to a specific Customer|cannot be found)\./,
        );
      }
    });

    // APIV2SalesCreditMemos.Page.al: PostedCreditMemoActionErr, AlreadyCancelledErr
    it('a credit memo is refused in words of its own', async () => {
      const { body: memo } = await ask('POST', at('salesCreditMemos'), {
        customerNumber: tenant().customerNumber,
        salesCreditMemoLines: [line()],
      });
      for (const action of ['cancel', 'cancelAndSend', 'send']) {
        const { status, body } = await ask('POST', at(`salesCreditMemos(${memo.id})/Microsoft.NAV.${action}`));
        expect(status, action).toBe(400);
        expect(body.error.message, action).toContain('The action can be applied to a posted credit memo only.');
      }
      expect((await ask('POST', at(`salesCreditMemos(${memo.id})/Microsoft.NAV.post`))).status).toBe(204);
      expect((await ask('POST', at(`salesCreditMemos(${memo.id})/Microsoft.NAV.cancel`))).status).toBe(204);
      const again = await ask('POST', at(`salesCreditMemos(${memo.id})/Microsoft.NAV.cancel`));
      expect(again.body.error.message).toContain(
        'The credit memo cannot be cancelled because it has already been canceled.',
      );
    });
  });

  describe('values of enums', () => {
    // APIV2DocumentAttachE2E.Codeunit.al sends and filters by Format(…), that is with blanks: 'Sales Invoice'.
    it('a value with blanks is written with blanks or encoded', async () => {
      for (const type of ['Non-Inventory', 'Non_x002D_Inventory']) {
        const number = `E${key().slice(0, 12)}`;
        const { status, body } = await ask('POST', at('items'), { number, displayName: number, type });
        expect(status, JSON.stringify(body)).toBe(201);
        expect(body.type).toBe('Non_x002D_Inventory');
        const found = await ask('GET', at(`items?$filter=type eq '${type}' and number eq '${number}'`));
        expect(found.body.value, type).toHaveLength(1);
      }
    });

    // BCApps, src/Apps/W1/APIV2/app/src/pages/APIV2Customers.Page.al: blocked is an enum whose first value is a blank
    it('a blank value is filtered by a blank', async () => {
      const { body: encoded } = await ask('GET', at("customers?$filter=blocked eq '_x0020_'&$top=3&$select=number"));
      const { body: blank } = await ask('GET', at("customers?$filter=blocked eq ' '&$top=3&$select=number"));
      expect(blank.value.length).toBeGreaterThan(0);
      expect(blank.value.map((one: { number: string }) => one.number)).toEqual(
        encoded.value.map((one: { number: string }) => one.number),
      );
    });
  });
}
