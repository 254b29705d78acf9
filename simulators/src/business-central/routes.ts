import type { SimRequest, SimResponse } from '../kernel/server.js';
import type { Segment } from '../odata/path.js';
import { act } from './actions.js';
import { count, headers, type Place, page, partOf, single, sourceOf } from './answers.js';
import { parentTypeOf, pdfContent, routeStream, toPdfDocument } from './attachments.js';
import { deleteDocument } from './deletion.js';
import { addDimensions, dimensionsOf, patchDimension } from './dimensions.js';
import { ENTITIES, type Entity, entityOf, type Field } from './entities.js';
import { BcError, dialog, noSegment, notAllowed } from './errors.js';
import { createDocument, patchDocument } from './headers.js';
import { KIND_BY_LINE_SET, KIND_BY_SET, type Kind } from './kinds.js';
import { addLine, deleteLine, findLine, patchLine } from './lines.js';
import { checkMethod, createMaster, deleteMaster, patchMaster, readBody } from './masters.js';
import type { Row, SalesDocument } from './store.js';
import type { Switches } from './switches.js';
import { computeTotals } from './totals.js';
import { findOption } from './values.js';

/** The resources below a company. */
export function routeCompany(place: Place, segments: readonly Segment[], switches: Switches): SimResponse {
  const [set, ...rest] = segments;
  if (!set) throw noSegment('');
  if (switches.denied.includes(`${set.name}:${place.request.method}`)) {
    throw new BcError(
      switches.permissionStatus,
      'Authorization_RequestDenied',
      'Sorry, the current permissions prevented the action. (TableData 36 Sales Header Insert: Base Application)',
    );
  }
  const kind = KIND_BY_SET.get(set.name);
  if (kind) return routeDocuments(place, kind, set, rest, switches);
  const lineKind = KIND_BY_LINE_SET.get(set.name);
  if (lineKind) return routeFlatLines(place, lineKind, set, rest);
  if (set.name === 'dimensionSetLines' && method(place.request) === 'GET') return routeFlatDimensions(place);
  if (set.name === 'pdfDocument') return routeFlatPdf(place);
  if (set.name === 'dimensionSetLines' || set.name === 'contactsInformation') {
    throw dialog('You must get to the parent first to get to the dimension set line.');
  }
  if (!ENTITIES.has(set.name) || set.name === 'subscriptions' || set.name === 'companies') throw noSegment(set.name);
  return routeMasters(place, set, rest, switches);
}

function method(request: SimRequest): 'GET' | 'POST' | 'PATCH' | 'DELETE' {
  const { method: verb } = request;
  if (verb === 'GET' || verb === 'POST' || verb === 'PATCH' || verb === 'DELETE') return verb;
  throw notAllowed(verb.toLowerCase());
}

const body = (request: SimRequest): Record<string, unknown> => readBody(request.body.toString('utf8'));

/** reference/business-central 5: a PATCH needs If-Match, the others are compared when it is sent; stale is 409. */
export function checkMatch(request: SimRequest, row: Row, isNeeded = request.method === 'PATCH'): void {
  const wanted = request.headers['if-match'];
  if (
    (wanted === undefined && isNeeded) ||
    (wanted !== undefined && wanted !== '*' && !/^(?:W\/)?".*"$/.test(wanted))
  ) {
    throw new BcError(
      400,
      'BadRequest_InvalidToken',
      'Could not validate the client concurrency token required by the service. Please provide a valid token in the client request.',
    );
  }
  if (wanted !== undefined && wanted !== '*' && wanted !== row['@odata.etag']) {
    throw new BcError(409, 'Request_EntityChanged', 'Another user has already changed the record.');
  }
}

const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

function keyOf(segment: Segment): string {
  const key = segment.key ?? segment.keys?.['id'];
  if (key === undefined || !GUID.test(key))
    throw new BcError(404, 'BadRequest_NotFound', 'Bad Request - Error in query syntax');
  return key.toLowerCase();
}

export function unknown(entity: Entity, id: string, switches: Switches): BcError {
  const text = `The ${entity.table} does not exist. Identification fields and values: SystemId='{${id.toUpperCase()}}'`;
  return new BcError(404, switches.unknownIdCode, text);
}

function routeMasters(place: Place, set: Segment, rest: readonly Segment[], switches: Switches): SimResponse {
  const { company, request } = place;
  const entity = entityOf(set.name);
  const verb = method(request);
  const [next, after] = rest;
  if (set.key === undefined && set.keys === undefined) {
    if (next?.name === '$count') return count(sourceOf(company, set.name), place.options);
    if (next) throw noSegment(next.name);
    checkMethod(entity, verb);
    if (verb === 'GET') return page(place, sourceOf(company, set.name));
    if (verb !== 'POST') throw notAllowed(verb.toLowerCase());
    const row = company.transact(() => createMaster(company, set.name, body(request)));
    return single(place, entity, row, 201);
  }
  const id = keyOf(set);
  const row = company.find(set.name, id);
  if (!row) throw unknown(entity, id, switches);
  if (next) return routeMasterPart(place, entity, row, next, after);
  checkMethod(entity, verb);
  if (verb === 'GET') return single(place, entity, row);
  checkMatch(request, row);
  if (verb === 'PATCH') {
    company.transact(() => patchMaster(company, set.name, row, body(request)));
    return single(place, entity, row);
  }
  if (verb !== 'DELETE') throw notAllowed('insert');
  company.transact(() => deleteMaster(company, set.name, row));
  return { status: 204 };
}

function routeMasterPart(
  place: Place,
  entity: Entity,
  row: Row,
  next: Segment,
  after: Segment | undefined,
  document?: SalesDocument,
): SimResponse {
  const { company, request } = place;
  const link = entity.links[next.name];
  if (link) {
    const target = company.find(link.set, String(row[link.via]));
    if (!target) return { status: 204 };
    return single(place, entityOf(link.set), target);
  }
  if (entity.fields.get(next.name)?.kind === 'stream') {
    if (request.method !== 'GET' && request.method !== 'PATCH') throw notAllowed(request.method.toLowerCase());
    if (request.method === 'PATCH') checkMatch(request, row, false);
    return routeStream(company, row, entity.set, next.name, request);
  }
  if (entity.fields.has(next.name)) {
    return { status: 200, body: { '@odata.context': place.context, value: row[next.name] }, headers: headers() };
  }
  const part = partOf(company, entity, row, next.name, document);
  if (!part) throw noSegment(next.name);
  if (part.entity.set === 'pdfDocument' && after !== undefined) {
    if (after.name !== 'pdfDocumentContent' && after.name !== '$value') throw noSegment(after.name);
    return pdfContent(company, part.rows[0] as Row, request);
  }
  if (part.isSingle) return single(place, part.entity, part.rows[0] as Row);
  // APIV2DimensionSetLines.Page.al, SaveDimensions: it has a branch for each kind of document, posted invoices among them, and
  // none for shipments.
  if (part.entity.set === 'dimensionSetLines' && method(request) !== 'GET')
    throw dialog(
      `Parent with ID ${String(row['id'])} does not exist or dimension set lines are read only for parent type Sales Shipment.`,
    );
  if (next.key !== undefined) {
    const child = part.rows.find((one) => one['id'] === keyOf(next));
    if (!child) throw new BcError(404, 'Internal_RecordNotFound', `The ${part.entity.table} does not exist.`);
    const verb = method(request);
    if (after) return routeMasterPart(place, part.entity, child, after, undefined);
    if (verb === 'GET') return single(place, part.entity, child);
    checkMethod(part.entity, verb);
    checkMatch(request, child);
    if (verb === 'DELETE') {
      company.remove(part.entity.set, child);
      return { status: 204 };
    }
    company.transact(() => patchMaster(company, part.entity.set, child, body(request)));
    return single(place, part.entity, child);
  }
  const source = { entity: part.entity, rows: part.rows };
  if (after?.name === '$count') return count(source, place.options);
  if (method(request) === 'GET') return page(place, source);
  checkMethod(part.entity, method(request));
  if (method(request) !== 'POST') throw notAllowed(request.method.toLowerCase());
  const parent = parentOf(next.name, entity, row);
  const made = company.transact(() => createMaster(company, part.entity.set, body(request), parent));
  return single(place, part.entity, made, 201);
}

/** What a nested POST takes from its path. */
function parentOf(part: string, entity: Entity, row: Row): Record<string, string> {
  const id = String(row['id']);
  switch (part) {
    case 'defaultDimensions':
      return { parentId: id, parentType: entity.set === 'items' ? 'Item' : 'Customer' };
    case 'documentAttachments':
      return { parentId: id, parentType: parentTypeOf(entity.set) };
    case 'itemVariants':
      return { itemId: id, itemNumber: String(row['number']) };
    case 'customerPayments':
      return { journalId: id };
    default:
      return {};
  }
}

function routeDocuments(
  place: Place,
  kind: Kind,
  set: Segment,
  rest: readonly Segment[],
  switches: Switches,
): SimResponse {
  const { company, request } = place;
  const entity = entityOf(kind.set);
  const documents = company.documents[kind.kind];
  const verb = method(request);
  const documentOf = (row: Row): SalesDocument | undefined => documents.get(String(row['id']));
  const patched = switches.expandsPatch ? place : { ...place, options: { ...place.options, expand: [] } };
  const [next, ...after] = rest;
  if (set.key === undefined && set.keys === undefined) {
    if (next?.name === '$count') return count(sourceOf(company, kind.set), place.options);
    if (next) throw noSegment(next.name);
    if (verb === 'GET') return page(place, sourceOf(company, kind.set), documentOf);
    if (verb !== 'POST') throw notAllowed(verb.toLowerCase());
    const document = company.transact(() => createDocument(company, kind.kind, body(request)));
    return single(place, entity, document.row, 201, document);
  }
  const id = keyOf(set);
  const document = documents.get(id);
  if (!document) throw unknown(entity, id, switches);
  if (next) return routeDocumentPart(place, document, kind, next, after, switches);
  if (verb === 'GET') {
    const answer = single(place, entity, document.row, 200, document);
    // The discount is recalculated when a draft is read (reference/business-central 11.4), so the etag that was shown
    // is stale.
    if (switches.getMovesEtag && !document.isPosted) computeTotals(company, document);
    return answer;
  }
  checkMatch(request, document.row);
  if (verb === 'PATCH') {
    company.transact(() => patchDocument(company, document, body(request)));
    return single(patched, entity, document.row, 200, document);
  }
  if (verb !== 'DELETE') throw notAllowed('insert');
  company.transact(() => deleteDocument(company, document));
  return { status: 204 };
}

function routeDocumentPart(
  place: Place,
  document: SalesDocument,
  kind: Kind,
  next: Segment,
  after: readonly Segment[],
  switches: Switches,
): SimResponse {
  const { company, request } = place;
  const entity = entityOf(kind.set);
  if (next.name.toLowerCase().startsWith('microsoft.nav.')) {
    if (request.method !== 'POST') throw notAllowed(request.method.toLowerCase());
    checkMatch(request, document.row);
    const status = company.transact(() => act(company, document, next.name));
    return { status: status === 200 ? switches.shippedOnlyStatus : status };
  }
  if (next.name === kind.lineSet) return routeLines(place, document, kind, next, after);
  if (next.name === 'dimensionSetLines') return routeDimensions(place, document, String(document.row['id']), next);
  return routeMasterPart(place, entity, document.row, next, after[0], document);
}

function routeLines(
  place: Place,
  document: SalesDocument,
  kind: Kind,
  set: Segment,
  after: readonly Segment[],
): SimResponse {
  const { company, request } = place;
  const entity = entityOf(kind.lineSet);
  const verb = method(request);
  if (set.key === undefined) {
    const source = { entity, rows: document.lines };
    if (after[0]?.name === '$count') return count(source, place.options);
    if (verb === 'GET') return page(place, source, () => document);
    if (verb !== 'POST') throw notAllowed(verb.toLowerCase());
    return insertLine(place, document, entity, body(request));
  }
  const line = findLine(document, keyOf(set));
  const [next] = after;
  if (next?.name === 'dimensionSetLines') return routeDimensions(place, document, line.id, next);
  if (next) return routeMasterPart(place, entity, line, next, undefined);
  if (verb === 'GET') return single(place, entity, line, 200, document);
  checkMatch(request, line);
  if (verb === 'DELETE') {
    company.transact(() => deleteLine(company, document, line));
    return { status: 204 };
  }
  if (verb !== 'PATCH') throw notAllowed('insert');
  company.transact(() => patchLine(company, document, line, body(request)));
  return single(place, entity, document.lines.find((one) => one.id === line.id) ?? line, 200, document);
}

function insertLine(
  place: Place,
  document: SalesDocument,
  entity: Entity,
  given: Record<string, unknown>,
): SimResponse {
  const { company } = place;
  const line = company.transact(() => {
    company.protect(document);
    const made = addLine(company, document, given);
    computeTotals(company, document);
    return made;
  });
  return single(place, entity, line, 201, document);
}

/** The flat sets need a document: by filter, by a line's id, or by `documentId` in the body. */
function routeFlatLines(place: Place, kind: Kind, set: Segment, rest: readonly Segment[]): SimResponse {
  const { company, request, options } = place;
  const documents = company.documents[kind.kind];
  if (set.key !== undefined) {
    const id = keyOf(set);
    for (const document of documents.values()) {
      if (document.lines.some((line) => line.id === id)) return routeLines(place, document, kind, set, rest);
    }
    throw new BcError(404, 'Internal_RecordNotFound', 'The Sales Line does not exist.');
  }
  if (method(request) === 'POST') {
    const { documentId, ...given } = body(request);
    const document = documents.get(String(documentId).toLowerCase());
    if (!document) throw dialog('You must specify an Id or a Document Id to get the lines.');
    return insertLine(place, document, entityOf(kind.lineSet), given);
  }
  const { filter } = options;
  const wanted = filter && equalTo(filter, 'documentId');
  const document = wanted === undefined ? undefined : documents.get(wanted);
  if (wanted === undefined) throw dialog('You must specify an Id or a Document Id to get the lines.');
  return page(place, { entity: entityOf(kind.lineSet), rows: document?.lines ?? [] }, () => document);
}

/** What a filter says that a field is equal to. */
function equalTo(filter: NonNullable<Place['options']['filter']>, field: string): string | undefined {
  if (filter.kind === 'logic' && filter.op === 'and')
    return equalTo(filter.left, field) ?? equalTo(filter.right, field);
  if (filter.kind !== 'compare' || filter.op !== 'eq' || filter.left.kind !== 'path' || filter.right.kind !== 'literal')
    return undefined;
  return filter.left.path[0] === field ? String(filter.right.value).toLowerCase() : undefined;
}

/** `dimensionSetLines?$filter=parentId eq … and parentType eq …` (APIV2DimensionSetLines.Page.al, OnFindRecord). */
function routeFlatDimensions(place: Place): SimResponse {
  const { company, options } = place;
  const parentId = options.filter && equalTo(options.filter, 'parentId');
  if (parentId === undefined) throw dialog('You must get to the parent first to get to the dimension set line.');
  const entity = entityOf('dimensionSetLines');
  for (const documents of Object.values(company.documents)) {
    for (const document of documents.values()) {
      if (document.row['id'] === parentId || document.lines.some(({ id }) => id === parentId))
        return page(place, { entity, rows: dimensionsOf(document, parentId) });
    }
  }
  return page(place, { entity, rows: company.shipmentDimensions.get(parentId) ?? [] });
}

/** `pdfDocument?$filter=parentId eq … and parentType eq …` (APIV2PDFDocument.Page.al, OnFindRecord). */
function routeFlatPdf(place: Place): SimResponse {
  const { company, options, request } = place;
  if (method(request) !== 'GET') throw notAllowed(request.method.toLowerCase());
  const entity = entityOf('pdfDocument');
  const type = options.filter && equalTo(options.filter, 'parentType');
  const id = options.filter && (equalTo(options.filter, 'parentId') ?? equalTo(options.filter, 'id'));
  if (type === undefined) throw dialog('You must specify a parentType in the request body.');
  if (id === undefined) throw dialog('You must specify a parentId in the request body.');
  const parentType = findOption(entity.fields.get('parentType') as Field, type);
  for (const kind of KIND_BY_SET.values()) {
    const document = kind.parentType === parentType ? company.documents[kind.kind].get(id) : undefined;
    if (document) return page(place, { entity, rows: [toPdfDocument(kind.set, document.row, document)] });
  }
  const shipment = parentType === parentTypeOf('salesShipments') ? company.find('salesShipments', id) : undefined;
  return page(place, { entity, rows: shipment ? [toPdfDocument('salesShipments', shipment, undefined)] : [] });
}

function routeDimensions(place: Place, document: SalesDocument, parentId: string, set: Segment): SimResponse {
  const { company, request } = place;
  const entity = entityOf('dimensionSetLines');
  const rows = dimensionsOf(document, parentId);
  const verb = method(request);
  if (set.key === undefined) {
    if (verb === 'GET') return page(place, { entity, rows });
    if (verb !== 'POST') throw notAllowed(verb.toLowerCase());
    company.protect(document);
    return single(place, entity, addDimensions(company, document, parentId, body(request)), 201);
  }
  const row = rows.find((one) => one['id'] === keyOf(set));
  if (!row) throw new BcError(404, 'Internal_RecordNotFound', 'The Dimension Set Entry does not exist.');
  if (verb === 'GET') return single(place, entity, row);
  checkMatch(request, row);
  if (verb === 'DELETE') {
    document.dimensions.set(
      parentId,
      rows.filter((one) => one !== row),
    );
    return { status: 204 };
  }
  if (verb !== 'PATCH') throw notAllowed('insert');
  patchDimension(company, row, body(request));
  return single(place, entity, row);
}
