import { describe, expect, it } from 'vitest';
import type { DataverseRequests } from './requests.js';

/** Opportunities, quotes and orders, and how they end; the numbers are sections of reference/dataverse-sales. */
export function testDocuments({ ask, code, line, order, quote, opportunity }: DataverseRequests): void {
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

    // ce/developer/reference/entities/invoice.md and invoicedetail.md: MinValue 0
    it('discounts and freight are never below zero', async () => {
      const made = await order();
      const path = `salesorders(${made.salesorderid})`;
      for (const column of ['discountamount', 'discountpercentage', 'freightamount'])
        expect(code(await ask('PATCH', path, { [column]: -1 }, { 'if-match': '*' })), column).toBe('0x80044330');
      const { body } = await ask('GET', `${path}?$expand=order_details`);
      const ofLine = `salesorderdetails(${body.order_details[0].salesorderdetailid})`;
      const refused = await ask('PATCH', ofLine, { manualdiscountamount: -1 }, { 'if-match': '*' });
      expect(code(refused)).toBe('0x80044330');
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

    // reference/dataverse-sales 12, trap 17
    it('10.3: no document is made for a customer that is inactive, and none is given to one; old ones stay', async () => {
      const made = await order();
      const other = await order();
      const inactive = `accounts(${made._customerid_value})`;
      expect((await ask('PATCH', inactive, { statecode: 1, statuscode: 2 }, { 'if-match': '*' })).status).toBe(204);
      const customer = { 'customerid_account@odata.bind': `/${inactive}` };
      for (const set of ['opportunities', 'quotes', 'salesorders', 'invoices'])
        expect(code(await ask('POST', set, { name: 'Test', ...customer })), set).toBe('0x80040517');
      const given = await ask('PATCH', `salesorders(${other.salesorderid})`, customer, { 'if-match': '*' });
      expect(code(given)).toBe('0x80040517');
      const path = `salesorders(${made.salesorderid})`;
      expect((await ask('PATCH', path, { description: 'x' }, { 'if-match': '*' })).status).toBe(204);
    });

    it('10.3: what a line and a product are refused at first, they are refused later, too', async () => {
      const { salesorderid } = await order();
      const { body } = await ask('GET', `salesorders(${salesorderid})?$expand=order_details`);
      const path = `salesorderdetails(${body.order_details[0].salesorderdetailid})`;
      const change = async (values: object) => code(await ask('PATCH', path, values, { 'if-match': '*' }));
      expect(await change({ quantity: 1.23456 })).toBe('0x80043b07');
      expect(await change({ productdescription: 'x' })).toBe('0x80043afb');
      expect(await change({ 'uomid@odata.bind': null })).toBe('0x80043b0d');
      const products = await ask('GET', 'products?$select=productnumber&$top=2');
      const [first, second] = products.body.value;
      const taken = { productnumber: second.productnumber };
      const renumbered = await ask('PATCH', `products(${first.productid})`, taken, { 'if-match': '*' });
      expect(code(renumbered)).toBe('0x80043b06');
    });

    it('10.3: a write-in has no unit', async () => {
      const { salesorderid } = await order();
      const answer = await ask('POST', 'salesorderdetails', {
        'salesorderid@odata.bind': `/salesorders(${salesorderid})`,
        'uomid@odata.bind': line()['uomid@odata.bind'],
        isproductoverridden: true,
        productdescription: 'x',
        quantity: 1,
      });
      expect(code(answer)).toBe('0x80043afa');
    });

    it('2.13: state and status belong together', async () => {
      const { salesorderid } = await order();
      expect(
        code(await ask('PATCH', `salesorders(${salesorderid})`, { statecode: 1, statuscode: 1 }, { 'if-match': '*' })),
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
      expect(code(await ask('POST', 'WinOpportunity', won('opportunity', 'OpportunityClose', opportunityid, 3)))).toBe(
        '0x80040515',
      );
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
        code(await ask('PATCH', `salesorders(${salesorderid})`, { statecode: 2, statuscode: 4 }, { 'if-match': '*' })),
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
}
