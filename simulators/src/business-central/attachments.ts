import type { SimRequest, SimResponse } from '../kernel/server.js';
import { BcError, dialog } from './errors.js';
import { KIND_BY_SET } from './kinds.js';
import type { Company, Row, SalesDocument } from './store.js';
import { checkLength } from './values.js';

/**
 * Files of documents and masters, documents as PDF, and the streams of both (reference/business-central 2.8;
 * microsoft/BCApps: APIV2DocumentAttachments.Page.al, APIV2PDFDocument.Page.al).
 */

const PARENT_TYPES: Readonly<Record<string, string>> = {
  customers: 'Customer',
  items: 'Item',
  salesShipments: 'Sales_x0020_Shipment',
};

/** How enum 135 calls the rows of a set. */
export function parentTypeOf(set: string): string {
  return KIND_BY_SET.get(set)?.parentType ?? PARENT_TYPES[set] ?? '_x0020_';
}

function hasParent(company: Company, type: string, id: string): boolean {
  const kind = [...KIND_BY_SET.values()].find(({ parentType }) => parentType === type);
  if (kind) return company.documents[kind.kind].has(id);
  const set = Object.keys(PARENT_TYPES).find((one) => PARENT_TYPES[one] === type);
  return set !== undefined && company.find(set, id) !== undefined;
}

/** Checks a new attachment's parent and takes its content out of the row. */
export function openAttachment(company: Company, given: Row): Buffer | undefined {
  const type = String(given['parentType'] ?? '_x0020_');
  if (type === '_x0020_' || given['parentId'] === undefined)
    throw dialog('You must specify a document id and a document type to get the attachments.');
  if (!hasParent(company, type, String(given['parentId']))) throw dialog('No document with the specified ID exists.');
  if (!given['fileName']) given['fileName'] = 'filename.txt';
  checkExtension(String(given['fileName']));
  const { attachmentContent } = given;
  delete given['attachmentContent'];
  return typeof attachmentContent === 'string' ? Buffer.from(attachmentContent, 'base64') : undefined;
}

/** What stands behind the last dot has a field of its own (microsoft/BCApps: DocumentAttachment.Table.al, "File Extension"). */
function checkExtension(fileName: string): void {
  const dot = fileName.lastIndexOf('.');
  if (dot >= 0) checkLength(fileName.slice(dot + 1), 30);
}

/**
 * The size is told of each of several files; of a single one, whether it is listed or asked for by its id, its content is
 * loaded instead, and the size stays 0 (microsoft/BCApps: GraphMgtAttachmentBuffer.Codeunit.al, TransferDocAttachmentToBuffer).
 */
export function asRead(set: string, row: Row, found: number): Row {
  return set === 'documentAttachments' && found === 1 ? { ...row, byteSize: 0 } : row;
}

/** The document as PDF, rendered when it is asked for; an unposted credit memo is refused. */
export function toPdfDocument(set: string, row: Row, document: SalesDocument | undefined): Row {
  const id = String(row['id']);
  if (document?.kind === 'creditMemo' && !document.isPosted)
    throw dialog(`You must post sales credit memo ${id} before generating the PDF document.`);
  return { id, parentId: id, parentType: parentTypeOf(set), parentSet: set, number: row['number'] ?? '' };
}

const OCTETS = { 'content-type': 'application/octet-stream' };

/** A stream is bytes and no JSON: 406 when `Accept` does not take them (OData 4.0, part 1, 8.2.1). */
function checkAccept({ headers }: SimRequest): void {
  const ranges = (headers['accept'] ?? '*/*')
    .split(',')
    .map((range) => range.split(';')[0]?.trim().toLowerCase() ?? '');
  if (ranges.some((range) => /^(?:\*\/\*|application\/(?:\*|octet-stream|pdf))$/.test(range))) return;
  throw new BcError(406, 'BadRequest', `The content is not available as '${headers['accept']}'.`);
}

/** A test may leave a document of its own, for one of another size. */
export function pdfContent(company: Company, pdf: Row, request: SimRequest): SimResponse {
  checkAccept(request);
  const own = company.streams.get(`${String(pdf['id'])}/pdfDocumentContent`);
  if (own) return { status: 200, body: own, headers: OCTETS };
  const text = `%PDF-1.4\n% ${String(pdf['number'])}\n%%EOF\n`;
  return { status: 200, body: Buffer.from(text), headers: OCTETS };
}

/** GET and PATCH of a stream; one that was never written has no content. */
export function routeStream(company: Company, row: Row, set: string, field: string, request: SimRequest): SimResponse {
  const key = `${String(row['id'])}/${field}`;
  if (request.method === 'GET') {
    checkAccept(request);
    const content = company.streams.get(key);
    return content ? { status: 200, body: content, headers: OCTETS } : { status: 204 };
  }
  const before = company.streams.get(key);
  company.streams.set(key, Buffer.from(request.body));
  company.remember(() => {
    if (before) company.streams.set(key, before);
    else company.streams.delete(key);
  });
  company.change(set, row, 'byteSize' in row ? { byteSize: request.body.length } : {});
  return { status: 204 };
}
