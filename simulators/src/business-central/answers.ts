import { randomUUID } from 'node:crypto';
import type { SimRequest, SimResponse } from '../kernel/server.js';
import type { ExpandItem, QueryOptions } from '../odata/query.js';
import { asRead, toPdfDocument } from './attachments.js';
import { dimensionsOf } from './dimensions.js';
import { type Entity, entityOf } from './entities.js';
import { BcError } from './errors.js';
import { KIND_BY_LINE_SET, KIND_BY_SET } from './kinds.js';
import { findPage, MAX_PAGE_SIZE, type Source } from './query.js';
import type { Company, Row, SalesDocument } from './store.js';
import { toWire } from './values.js';

/** How rows become answers: contexts, expanded parts, pages. */

const TYPE = 'application/json; odata.metadata=minimal; odata.streaming=true; IEEE754Compatible=false';

export function headers(extra: Readonly<Record<string, string>> = {}): Record<string, string> {
  return { 'content-type': TYPE, 'odata-version': '4.0', 'request-id': randomUUID(), ...extra };
}

export interface Place {
  readonly company: Company;
  readonly request: SimRequest;
  readonly options: QueryOptions;
  /** URL of the service root and of the collection, for contexts and links. */
  readonly root: string;
  readonly context: string;
  /** The most entities in one answer. */
  readonly pageSize: number;
}

export function single(place: Place, entity: Entity, row: Row, status = 200, document?: SalesDocument): SimResponse {
  const { options } = place;
  for (const name of options.select ?? []) checkProperty(entity, name);
  const wire = {
    '@odata.context': `${place.context}/$entity`,
    ...expanded(place, entity, place.request.method === 'GET' ? asRead(entity.set, row, 1) : row, options, document),
  };
  const prefer = place.request.headers['prefer'] ?? '';
  if (status === 201 && /return-no-content|return=minimal/i.test(prefer))
    return { status: 204, headers: { 'request-id': randomUUID() } };
  return { status, body: wire, headers: headers() };
}

export function page(place: Place, source: Source, documentOf?: (row: Row) => SalesDocument | undefined): SimResponse {
  const { options, request } = place;
  for (const option of Object.keys(options.other)) {
    if (/^\$(search|apply|compute)$/.test(option)) {
      throw new BcError(400, 'BadRequest_InvalidRequestUrl', `The query option '${option}' is not supported.`);
    }
  }
  const wanted = /odata\.maxpagesize=(\d+)/i.exec(request.headers['prefer'] ?? '')?.[1];
  if (wanted !== undefined && Number(wanted) > place.pageSize) {
    throw new BcError(413, 'BadRequest', `The page size must not exceed ${place.pageSize}.`);
  }
  const size = Number(wanted ?? place.pageSize) || place.pageSize;
  const found = findPage(source, options, size);
  const all = source.entity.set === 'documentAttachments' ? countOf(source, options) : found.rows.length;
  const value = found.rows.map((one) => {
    const row = asRead(source.entity.set, one, all);
    return expanded(place, source.entity, row, options, documentOf?.(row));
  });
  const body: Record<string, unknown> = { '@odata.context': place.context };
  if (found.count !== undefined) body['@odata.count'] = found.count;
  body['value'] = value;
  if (found.skipToken !== undefined) body['@odata.nextLink'] = nextLink(place, found.skipToken, found.rows.length);
  return { status: 200, body, headers: headers() };
}

/** The same URL with a token; a `$top` over the page shrinks by what was given. */
function nextLink(place: Place, token: string, given: number): string {
  const { request, options, root } = place;
  const [path = '', query = ''] = request.rawUrl.split('?', 2);
  const kept = query
    .split('&')
    .filter((part) => part !== '' && !/^(?:aid=|\$skiptoken=|%24skiptoken=|\$skip=|%24skip=)/i.test(part))
    .map((part) => (/^(?:\$|%24)top=/i.test(part) ? `$top=${(options.top ?? 0) - given}` : part));
  return `${new URL(root).origin}${path}?${[...kept, 'aid=FIN', `$skiptoken=${token}`].join('&')}`;
}

function countOf(source: Source, options: QueryOptions): number {
  const { top: _top, skip: _skip, ...rest } = options;
  return findPage(source, { ...rest, count: true }, 0).count ?? 0;
}

export function count(source: Source, options: QueryOptions): SimResponse {
  return {
    status: 200,
    body: String(countOf(source, options)),
    headers: { ...headers(), 'content-type': 'text/plain' },
  };
}

function checkProperty(entity: Entity, name: string): void {
  if (entity.fields.has(name) || name in entity.links || entity.parts.includes(name)) return;
  throw new BcError(
    400,
    'BadRequest',
    `Could not find a property named '${name}' on type 'Microsoft.NAV.${entity.type}'.`,
  );
}

function expanded(
  place: Place,
  entity: Entity,
  row: Row,
  options: QueryOptions,
  document?: SalesDocument,
): Record<string, unknown> {
  const wire = toWire(entity, row, options.select, addressOf(place, entity, row));
  for (const item of options.expand ?? []) wire[item.nav] = expand(place, entity, row, item, document);
  return wire;
}

/** Where a row's streams hang; what is rendered hangs below the document that it shows. */
function addressOf({ root, company }: Place, entity: Entity, row: Row): string {
  const below = row['parentSet'] === undefined ? entity.set : `${row['parentSet']}(${row['id']})/${entity.set}`;
  const key = row['parentSet'] === undefined ? `(${row['id']})` : '';
  return `${root}/companies(${company.id})/${below}${key}`;
}

function expand(place: Place, entity: Entity, row: Row, item: ExpandItem, document?: SalesDocument): unknown {
  const { nav, options } = item;
  const { company } = place;
  const link = entity.links[nav];
  if (link) {
    const target = company.find(link.set, String(row[link.via]));
    return target ? expanded(place, entityOf(link.set), target, options) : null;
  }
  const part = partOf(company, entity, row, nav, document);
  if (!part) {
    throw new BcError(
      400,
      'BadRequest',
      `Could not find a property named '${nav}' on type 'Microsoft.NAV.${entity.type}'.`,
    );
  }
  if (part.isSingle) {
    const [first] = part.rows;
    return first ? expanded(place, part.entity, first, options) : null;
  }
  const { rows } = findPage({ entity: part.entity, rows: part.rows }, options, MAX_PAGE_SIZE);
  return rows.map((one) => expanded(place, part.entity, asRead(part.entity.set, one, rows.length), options, document));
}

export interface Part {
  readonly entity: Entity;
  readonly rows: readonly Row[];
  readonly isSingle: boolean;
}

/** The rows below an entity: lines, dimensions, financial details. */
export function partOf(
  company: Company,
  entity: Entity,
  row: Row,
  name: string,
  document?: SalesDocument,
): Part | undefined {
  if (!entity.parts.includes(name)) return undefined;
  const id = String(row['id']);
  const many = (set: string, rows: readonly Row[]): Part => ({ entity: entityOf(set), rows, isSingle: false });
  const where = (set: string, via: string): Part =>
    many(
      set,
      [...company.all(set)].filter((one) => one[via] === id),
    );
  switch (name) {
    case 'dimensionSetLines':
      return many(name, document ? dimensionsOf(document, id) : (company.shipmentDimensions.get(id) ?? []));
    case 'defaultDimensions':
    case 'documentAttachments':
      return where(name, 'parentId');
    case 'pdfDocument':
      return { entity: entityOf(name), rows: [toPdfDocument(entity.set, row, document)], isSingle: true };
    case 'customerPayments':
      return where(name, 'journalId');
    case 'itemVariants':
      return where(name, 'itemId');
    case 'dimensionValues':
      return where(name, 'dimensionId');
    case 'salesShipmentLines':
      return where(name, 'documentId');
    case 'contactsInformation':
      return many(name, contactsOf(company, row));
    case 'customerFinancialDetail':
      return { entity: entityOf('customerFinancialDetails'), rows: [financesOf(company, row)], isSingle: true };
    default:
      return document && KIND_BY_LINE_SET.has(name) ? many(name, document.lines) : undefined;
  }
}

function contactsOf(company: Company, customer: Row): Row[] {
  const found: Row[] = [];
  const own = company.companyContacts.get(String(customer['id']));
  for (const contact of company.all('contacts')) {
    if (contact['id'] !== own) continue;
    found.push({
      contactId: contact['id'] ?? '',
      contactNumber: contact['number'] ?? '',
      contactName: contact['displayName'] ?? '',
      contactType: contact['type'] ?? '',
      relatedId: customer['id'] ?? '',
      relatedType: 'Customer',
    });
  }
  return found;
}

function financesOf(company: Company, customer: Row): Row {
  let [balance, sales, overdue] = [0, 0, 0];
  const today = company.clock.today();
  for (const { row, isPosted } of company.invoices.values()) {
    if (!isPosted || row['billToCustomerId'] !== customer['id']) continue;
    balance += Number(row['remainingAmount']);
    sales += Number(row['totalAmountExcludingTax']);
    if (String(row['dueDate']) < today) overdue += Number(row['remainingAmount']);
  }
  return {
    id: customer['id'] ?? '',
    number: customer['number'] ?? '',
    balance: balance.toFixed(2),
    totalSalesExcludingTax: sales.toFixed(2),
    overdueAmount: overdue.toFixed(2),
    '@odata.etag': customer['@odata.etag'] ?? '',
  };
}

export function sourceOf(company: Company, set: string): Source {
  const kind = KIND_BY_SET.get(set);
  if (kind) return { entity: entityOf(set), rows: rowsOf(company.documents[kind.kind].values()) };
  return { entity: entityOf(set), rows: company.all(set), byNumber: (number) => company.findByNumber(set, number) };
}

function* rowsOf(documents: Iterable<SalesDocument>): Iterable<Row> {
  for (const document of documents) yield document.row;
}
