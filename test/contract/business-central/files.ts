import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { BusinessCentralRequests } from './requests.js';

/**
 * Attachments, documents as PDF, shipments. The sources are files of microsoft/BCApps: pages below
 * src/Apps/W1/APIV2/app/src/pages, their tests below src/Apps/W1/APIV2/test/src.
 */
export function testFiles({
  ask,
  at,
  key,
  line,
  createInvoice,
  createCustomer,
  tenant,
}: BusinessCentralRequests): void {
  async function bytesOf(url: string): Promise<{ status: number; type: string | null; text: string }> {
    const { token } = tenant();
    const response = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
    return { status: response.status, type: response.headers.get('content-type'), text: await response.text() };
  }

  describe('attachments', () => {
    // APIV2DocumentAttachE2E.Codeunit.al: TestCreateAttachment (the row, then its content), CreateAttachmentsURLWithFilter
    it('a row is made first, its content is PATCHed, and a filter by parent finds it', async () => {
      const { body: order } = await ask('POST', at('salesOrders'), { customerNumber: tenant().customerNumber });
      const made = await ask('POST', at('documentAttachments'), {
        parentId: order.id,
        parentType: 'Sales Order',
        fileName: 'terms.txt',
      });
      expect(made.status, JSON.stringify(made.body)).toBe(201);
      expect(made.body).toMatchObject({ parentType: 'Sales_x0020_Order', fileName: 'terms.txt', byteSize: 0 });
      const link = made.body['attachmentContent@odata.mediaReadLink'];
      expect(link).toContain(`documentAttachments(${made.body.id})/attachmentContent`);
      expect((await bytesOf(link)).status).toBe(204);
      const written = await ask('PATCH', at(`documentAttachments(${made.body.id})/attachmentContent`), 'net 30', {
        'content-type': 'application/octet-stream',
        'if-match': '*',
      });
      expect(written.status).toBe(204);
      expect(written.body).toBe('');
      expect(await bytesOf(link)).toEqual({ status: 200, type: 'application/octet-stream', text: 'net 30' });
      const { body: found } = await ask(
        'GET',
        at(`documentAttachments?$filter=parentId eq ${order.id} and parentType eq 'Sales Order'`),
      );
      expect(found.value).toMatchObject([{ id: made.body.id }]);
      const { body: expanded } = await ask('GET', at(`salesOrders(${order.id})?$expand=documentAttachments`));
      expect(expanded.documentAttachments.map((one: { id: string }) => one.id)).toEqual([made.body.id]);
      const gone = await ask('DELETE', at(`documentAttachments(${made.body.id})`), undefined, { 'if-match': '*' });
      expect(gone.status).toBe(204);
      expect((await ask('GET', at(`documentAttachments(${made.body.id})`))).status).toBe(404);
    });

    // OData 4.0, part 1, 8.2.1
    it('content is bytes, which a client that takes JSON alone does not get', async () => {
      const { body: order } = await ask('POST', at('salesOrders'), { customerNumber: tenant().customerNumber });
      const url = at(`salesOrders(${order.id})/pdfDocument/pdfDocumentContent`);
      expect((await ask('GET', url, undefined, { accept: 'application/json' })).status).toBe(406);
      for (const accept of ['*/*', 'application/octet-stream', 'application/json, text/plain, */*'])
        expect((await ask('GET', url, undefined, { accept })).status).toBe(200);
    });

    // GraphMgtAttachmentBuffer.Codeunit.al, TransferDocAttachmentToBuffer: of a single one the content is loaded instead
    it('sizes are told of several files, and of a single one none', async () => {
      const { body: order } = await ask('POST', at('salesOrders'), { customerNumber: tenant().customerNumber });
      const list = at(`salesOrders(${order.id})/documentAttachments`);
      const sizes = async (): Promise<number[]> => {
        const { body } = await ask('GET', `${list}?$select=id,fileName,byteSize`);
        return body.value.map((one: { byteSize: number }) => one.byteSize);
      };
      const attach = async (fileName: string, content: string): Promise<string> => {
        const { body } = await ask('POST', at('documentAttachments'), {
          ...{ fileName, parentId: order.id, parentType: 'Sales Order' },
        });
        await ask('PATCH', at(`documentAttachments(${body.id})/attachmentContent`), content, {
          'content-type': 'application/octet-stream',
          'if-match': '*',
        });
        return body.id;
      };
      const id = await attach('terms.txt', 'net 30');
      expect(await sizes()).toEqual([0]);
      expect((await ask('GET', at(`documentAttachments(${id})`))).body).toMatchObject({ byteSize: 0 });
      await attach('more.txt', 'net');
      expect((await sizes()).sort()).toEqual([3, 6]);
      expect((await ask('GET', at(`documentAttachments(${id})`))).body).toMatchObject({ byteSize: 0 });
    });

    // DocumentAttachment.Table.al: "File Extension" is Text[30]
    it('what stands behind the last dot of a name has at most 30 characters', async () => {
      const { body: order } = await ask('POST', at('salesOrders'), { customerNumber: tenant().customerNumber });
      const attach = (fileName: string) =>
        ask('POST', at('documentAttachments'), { fileName, parentId: order.id, parentType: 'Sales Order' });
      expect((await attach(`terms.${'x'.repeat(30)}`)).status).toBe(201);
      expect(await attach(`terms.${'x'.repeat(31)}`)).toMatchObject({
        status: 400,
        body: { error: { code: 'Application_StringExceededLength' } },
      });
    });

    // APIV2Customers.Page.al and APIV2Items.Page.al have the part; dynamics_documentattachment_create.md sends the content.
    it('a master takes one below its own address, with the content in base64', async () => {
      const { id } = await createCustomer();
      const { status, body } = await ask('POST', at(`customers(${id})/documentAttachments`), {
        fileName: 'hello.txt',
        attachmentContent: Buffer.from('hello').toString('base64'),
      });
      expect(status, JSON.stringify(body)).toBe(201);
      expect(body).toMatchObject({ parentId: id, parentType: 'Customer', byteSize: 5 });
      expect((await bytesOf(body['attachmentContent@odata.mediaReadLink'])).text).toBe('hello');
    });

    // GraphMgtAttachmentBuffer.Codeunit.al: DocumentIDorTypeNotSpecifiedForAttachmentsErr, DocumentDoesNotExistErr
    it('a parent is needed and has to exist', async () => {
      const none = await ask('POST', at('documentAttachments'), { fileName: 'x.txt' });
      expect(none.status).toBe(400);
      const unknown = await ask('POST', at('documentAttachments'), {
        parentId: randomUUID(),
        parentType: 'Customer',
        fileName: 'x.txt',
      });
      expect(unknown.status).toBe(400);
    });
  });

  describe('documents as PDF', () => {
    // APIV2PDFDocumentE2E.Codeunit.al: TestGetPDFSalesInvoice, TestGetPDFSalesOrder, TestGetPDFSalesQuote
    it('drafts of invoices, orders and quotes are rendered', async () => {
      for (const set of ['salesInvoices', 'salesOrders', 'salesQuotes']) {
        const { body } = await ask('POST', at(set), { customerNumber: tenant().customerNumber });
        const { status, body: pdf } = await ask('GET', at(`${set}(${body.id})/pdfDocument`));
        expect(status, set).toBe(200);
        expect(pdf).toMatchObject({ id: body.id, parentId: body.id });
        const link = pdf['pdfDocumentContent@odata.mediaReadLink'];
        expect(link).toContain(`${set}(${body.id})/pdfDocument/pdfDocumentContent`);
        const content = await bytesOf(link);
        expect(content).toMatchObject({ status: 200, type: 'application/octet-stream' });
        expect(content.text).toMatch(/^%PDF-/);
      }
    });

    // APIV2PDFDocumentE2E.Codeunit.al: TestGetPDFSalesCreditMemo; SalesCrMemoPDFDocHandler.Codeunit.al has the text.
    it('a credit memo is rendered when it is posted', async () => {
      const { body: memo } = await ask('POST', at('salesCreditMemos'), {
        customerNumber: tenant().customerNumber,
        salesCreditMemoLines: [line()],
      });
      const path = at(`salesCreditMemos(${memo.id})/pdfDocument/pdfDocumentContent`);
      const refused = await ask('GET', path);
      expect(refused.status).toBe(400);
      expect(refused.body.error.message).toMatch(
        /You must post sales credit memo .* before generating the PDF document/,
      );
      await ask('POST', at(`salesCreditMemos(${memo.id})/Microsoft.NAV.post`));
      expect((await ask('GET', path)).status).toBe(200);
    });

    // APIV2PDFDocument.Page.al, OnFindRecord: MissingParentTypeErr, MissingParentIdErr
    it('the set of its own wants both sides of the parent', async () => {
      const invoice = await createInvoice();
      const noType = await ask('GET', at(`pdfDocument?$filter=parentId eq ${invoice.id}`));
      expect(noType.body.error.message).toContain('You must specify a parentType in the request body.');
      const noId = await ask('GET', at("pdfDocument?$filter=parentType eq 'Sales Invoice'"));
      expect(noId.body.error.message).toContain('You must specify a parentId in the request body.');
      const { body } = await ask(
        'GET',
        at(`pdfDocument?$filter=parentId eq ${invoice.id} and parentType eq 'Sales Invoice'`),
      );
      expect(body.value).toMatchObject([{ parentId: invoice.id }]);
    });
  });

  describe('shipments', () => {
    // APIV2SalesShipments.Page.al: customerId, billToCustomerId and the parts
    it('a shipment names its customers, its lines, its PDF and the dimensions of its order', async () => {
      const { body: order } = await ask('POST', at('salesOrders'), {
        customerNumber: tenant().customerNumber,
        externalDocumentNumber: key(),
        salesOrderLines: [line()],
      });
      const { body: dimensions } = await ask('GET', at('dimensions?$expand=dimensionValues'));
      const [dimension] = dimensions.value;
      const set = await ask('POST', at(`salesOrders(${order.id})/dimensionSetLines`), {
        code: dimension.code,
        valueCode: dimension.dimensionValues[0].code,
      });
      expect(set.status, JSON.stringify(set.body)).toBe(201);
      expect((await ask('POST', at(`salesOrders(${order.id})/Microsoft.NAV.shipAndInvoice`))).status).toBe(204);
      const { body } = await ask(
        'GET',
        at(`salesShipments?$filter=orderNumber eq '${order.number}'&$expand=salesShipmentLines,dimensionSetLines`),
      );
      const [shipment] = body.value;
      expect(shipment).toMatchObject({
        customerId: order.customerId,
        billToCustomerId: order.billToCustomerId,
        salesShipmentLines: [{ quantity: 2 }],
        dimensionSetLines: [{ code: dimension.code }],
      });
      expect((await ask('GET', at(`salesShipments(${shipment.id})/pdfDocument/pdfDocumentContent`))).status).toBe(200);
      expect((await ask('PATCH', at(`salesShipments(${shipment.id})`), { email: 'x@example.com' })).status).toBe(405);
    });
  });

  describe('dimensions of a document', () => {
    // APIV2DimSetLinesE2E.Codeunit.al, TestGetDimSetLines: the flat set with parentId and parentType
    it('are found in the flat set by their parent', async () => {
      const { body: order } = await ask('POST', at('salesOrders'), { customerNumber: tenant().customerNumber });
      const { body: dimensions } = await ask('GET', at('dimensions?$expand=dimensionValues'));
      const [dimension] = dimensions.value;
      await ask('POST', at(`salesOrders(${order.id})/dimensionSetLines`), {
        code: dimension.code,
        valueCode: dimension.dimensionValues[0].code,
      });
      const { body } = await ask(
        'GET',
        at(`dimensionSetLines?$filter=parentId eq ${order.id} and parentType eq 'Sales Order'`),
      );
      expect(body.value).toMatchObject([{ code: dimension.code, parentId: order.id }]);
      const without = await ask('GET', at('dimensionSetLines'));
      expect(without.body.error.message).toContain(
        'You must get to the parent first to get to the dimension set line.',
      );
    });
  });
}
