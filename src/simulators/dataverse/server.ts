import { randomUUID } from 'node:crypto';
import { readBearer, type TokenAuthority } from '../entra/authority.js';
import type { SimClock } from '../kernel/clock.js';
import { guidFrom } from '../kernel/random.js';
import { type SimRequest, type SimResponse, type SimServer, startSimServer } from '../kernel/server.js';
import { ODataSyntaxError } from '../odata/lexer.js';
import { parsePath, type Segment } from '../odata/path.js';
import { parseQuery, type QueryOptions } from '../odata/query.js';
import type { Distributor } from '../seed/distributor.js';
import { runAction, type SalesEvent } from './actions.js';
import { seedSales } from './seed.js';
import { DataverseError, type Row, Store } from './store.js';
import { LINES, TABLE_BY_NAME, TABLE_BY_SET, type Table } from './tables.js';
import { type WebhookRegistration, Webhooks } from './webhooks.js';
import { fromWire, selectRows, toJsonText, toWire, type WireOptions } from './wire.js';

export interface DataverseOptions {
  readonly port: number;
  readonly host?: string | undefined;
  readonly publicHost?: string | undefined;
  readonly clock: SimClock;
  readonly authority: TokenAuthority;
  readonly tenant: string;
  readonly distributor: Distributor;
  /** The app registration that has an Application User here. */
  readonly clientId: string;
}

export interface DataverseSim extends SimServer {
  readonly store: Store;
  readonly webhooks: Webhooks;
}

const API = /^\/api\/data\/v9\.[012]\/?/;
const PAGE = 5_000;

export async function startDataverse(options: DataverseOptions): Promise<DataverseSim> {
  const store = new Store(options.clock);
  const organizationId = guidFrom(`${options.tenant}/organization`);
  store.userId = guidFrom(`${options.tenant}/application user`);
  seedSales(store, options.distributor);
  store.insert(TABLE_BY_NAME.get('systemuser') as Table, {
    systemuserid: store.userId,
    fullname: 'Dealbridge',
    applicationid: options.clientId,
    isdisabled: false,
  });
  const seller = guidFrom(`${options.tenant}/seller`);
  const webhooks = new Webhooks({ organizationId, userId: seller, host: 'nordwerk.crm4.dynamics.com' });
  const context: Context = { options, store, webhooks, organizationId, origin: '' };
  const server = await startSimServer({
    name: 'dataverse',
    port: options.port,
    host: options.host,
    publicHost: options.publicHost,
    clock: options.clock,
    handle: (request) => handle(context, request),
    admin: {
      'POST /webhooks': (body) => {
        webhooks.registrations.push(body as WebhookRegistration);
        return { registered: webhooks.registrations.length };
      },
      'GET /webhooks/deliveries': () => webhooks.deliveries,
    },
  });
  context.origin = server.origin;
  return { ...server, store, webhooks };
}

interface Context {
  readonly options: DataverseOptions;
  readonly store: Store;
  readonly webhooks: Webhooks;
  readonly organizationId: string;
  origin: string;
}

function handle(context: Context, request: SimRequest): SimResponse {
  const claims = readBearer(context.options.authority, request.headers['authorization'], context.origin);
  if (!claims) {
    const challenge = `Bearer authorization_uri=https://login.microsoftonline.com/${context.options.tenant}/oauth2/authorize, resource_id=${context.origin}/`;
    return { status: 401, headers: { 'www-authenticate': challenge }, body: '' };
  }
  try {
    if (claims.appid !== context.options.clientId) {
      throw new DataverseError(403, '0x80072560', 'The user is not a member of the organization.');
    }
    return route(context, request);
  } catch (error) {
    if (error instanceof DataverseError)
      return answer(error.status, { error: { code: error.code, message: error.message } });
    if (error instanceof ODataSyntaxError)
      return answer(400, { error: { code: '0x80060888', message: error.message } });
    throw error;
  }
}

function route(context: Context, request: SimRequest): SimResponse {
  const [path = '', query = ''] = request.rawUrl.split('?', 2);
  if (!API.test(path))
    throw new DataverseError(404, '0x8006088a', `Resource not found for the segment '${path.split('/')[1] ?? ''}'.`);
  const segments = parsePath(path.replace(API, ''));
  const options = parseQuery(query);
  if (options.skip !== undefined)
    throw new DataverseError(400, '0x80060888', 'The query parameter $skip is not supported.');
  const [first, second] = segments;
  if (!first)
    return answer(200, {
      '@odata.context': `${api(context)}/$metadata`,
      value: [...TABLE_BY_SET.keys()].map((name) => ({ name, kind: 'EntitySet', url: name })),
    });
  if (first.name === 'WhoAmI') return whoAmI(context);
  const table = TABLE_BY_SET.get(first.name);
  if (!table) {
    if (request.method === 'POST' && segments.length === 1) return act(context, first.name, readJson(request));
    throw new DataverseError(404, '0x8006088a', `Resource not found for the segment '${first.name}'.`);
  }
  if (second) return property(context, request, table, first, second);
  const annotations = prefers(request, /odata\.include-annotations/);
  const wire: WireOptions = { store: context.store, annotations };
  if (first.key === undefined && first.keys === undefined) {
    if (request.method === 'GET') return list(context, table, options, wire, request);
    if (request.method === 'POST') return create(context, request, table, options, wire);
  } else {
    const id = keyOf(context, table, first);
    if (request.method === 'GET')
      return answer(200, {
        '@odata.context': `${api(context)}/$metadata#${table.set}/$entity`,
        ...toWire(table, context.store.get(table, id), options, wire),
      });
    if (request.method === 'PATCH') return patch(context, request, table, id, options, wire);
    if (request.method === 'DELETE') return remove(context, request, table, id);
  }
  throw new DataverseError(
    405,
    '0x80060888',
    `The requested resource does not support http method '${request.method}'.`,
  );
}

function api(context: Context): string {
  return `${context.origin}/api/data/v9.2`;
}

function answer(status: number, body?: object, headers: Record<string, string> = {}): SimResponse {
  return {
    status,
    headers: {
      'odata-version': '4.0',
      'content-type': 'application/json; odata.metadata=minimal',
      'x-ms-service-request-id': randomUUID(),
      'x-ms-dop-hint': '4',
      ...headers,
    },
    ...(body !== undefined && { body: toJsonText(body) }),
  };
}

function whoAmI(context: Context): SimResponse {
  return answer(200, {
    '@odata.context': `${api(context)}/$metadata#Microsoft.Dynamics.CRM.WhoAmIResponse`,
    BusinessUnitId: guidFrom(`${context.organizationId}/business unit`),
    UserId: context.store.userId,
    OrganizationId: context.organizationId,
  });
}

function act(context: Context, name: string, body: Record<string, unknown>): SimResponse {
  const done = runAction(context.store, name, body);
  if (!done) throw new DataverseError(404, '0x8006088a', `Resource not found for the segment '${name}'.`);
  for (const event of done.events) context.webhooks.announce(event);
  if (!done.created) return answer(204);
  const { table, row } = done.created;
  const columns = (body['ColumnSet'] as { AllColumns?: boolean; Columns?: string[] } | undefined) ?? {
    AllColumns: true,
  };
  const query: QueryOptions = columns.AllColumns
    ? { other: {} }
    : { select: (columns.Columns ?? []).filter((column) => column in table.columns), other: {} };
  const wire = toWire(table, row, query, { store: context.store, annotations: false });
  return answer(200, {
    '@odata.context': `${api(context)}/$metadata#${table.set}/$entity`,
    '@odata.type': `#Microsoft.Dynamics.CRM.${table.name}`,
    ...wire,
  });
}

function list(
  context: Context,
  table: Table,
  options: QueryOptions,
  wire: WireOptions,
  request: SimRequest,
): SimResponse {
  const found = selectRows(table, context.store.all(table.name), options, wire);
  const wanted = Number(/odata\.maxpagesize=(\d+)/.exec(request.headers['prefer'] ?? '')?.[1] ?? PAGE);
  const size = Math.min(options.top ?? wanted, PAGE);
  const from = Number(options.other['$skiptoken'] ?? 0);
  const page = found.slice(from, from + size);
  const isCut = options.top === undefined && found.length > from + size;
  const next = new URLSearchParams(request.rawUrl.split('?', 2)[1] ?? '');
  next.set('$skiptoken', String(from + size));
  return answer(200, {
    '@odata.context': `${api(context)}/$metadata#${table.set}`,
    ...(options.count && { '@odata.count': Math.min(found.length, PAGE) }),
    value: page.map((row) => toWire(table, row, options, wire)),
    ...(isCut && { '@odata.nextLink': `${api(context)}/${table.set}?${next}` }),
  });
}

function create(
  context: Context,
  request: SimRequest,
  table: Table,
  options: QueryOptions,
  wire: WireOptions,
): SimResponse {
  const { values, nested } = fromWire(table, readJson(request));
  // One transaction: everything is read and checked before the first row is inserted.
  const children = nested.flatMap((part) =>
    part.rows.map((row) => ({ ...part, values: fromWire(part.table, row).values })),
  );
  if (table.name === 'invoice') values['invoicenumber'] ??= `INV-${String(Date.now()).slice(-6)}`;
  const row = context.store.insert(table, { pricingerrorcode: 0, ...values });
  const id = String(row[table.id]);
  for (const child of children)
    context.store.insert(child.table, { pricingerrorcode: 0, ...child.values, [child.via]: id });
  if (LINES[table.name]) context.store.computeTotals(table, row);
  recomputeParent(context.store, table, row);
  announce(context, { message: 'Create', table: table.name, recordId: id });
  const location = `${api(context)}/${table.set}(${id})`;
  if (!prefers(request, /return=representation/))
    return answer(204, undefined, { 'odata-entityid': location, location });
  const body = {
    '@odata.context': `${api(context)}/$metadata#${table.set}/$entity`,
    ...toWire(table, row, options, wire),
  };
  return answer(201, body, { location, 'preference-applied': 'return=representation' });
}

function patch(
  context: Context,
  request: SimRequest,
  table: Table,
  id: string,
  options: QueryOptions,
  wire: WireOptions,
): SimResponse {
  const { values } = fromWire(table, readJson(request));
  const row = context.store.find(table.name, id);
  if (!row) {
    if (request.headers['if-match'] !== undefined) context.store.get(table, id);
    return create(
      context,
      {
        ...request,
        body: Buffer.from(JSON.stringify({ ...JSON.parse(request.body.toString('utf8')), [table.id]: id })),
      },
      table,
      options,
      wire,
    );
  }
  checkMatch(request, row);
  checkChange(table, row, values);
  context.store.update(row, values);
  if (LINES[table.name]) context.store.computeTotals(table, row);
  recomputeParent(context.store, table, row);
  announce(context, { message: 'Update', table: table.name, recordId: id, attributes: Object.keys(values) });
  const location = `${api(context)}/${table.set}(${id})`;
  if (!prefers(request, /return=representation/)) return answer(204, undefined, { 'odata-entityid': location });
  return answer(200, {
    '@odata.context': `${api(context)}/$metadata#${table.set}/$entity`,
    ...toWire(table, row, options, wire),
  });
}

function remove(context: Context, request: SimRequest, table: Table, id: string): SimResponse {
  checkMatch(request, context.store.get(table, id));
  context.store.remove(table, id);
  return answer(204);
}

function property(context: Context, request: SimRequest, table: Table, first: Segment, second: Segment): SimResponse {
  if (first.key === undefined && second.name === '$count') {
    return {
      status: 200,
      headers: { 'content-type': 'text/plain' },
      body: String([...context.store.all(table.name)].length),
    };
  }
  const row = context.store.get(table, keyOf(context, table, first));
  if (request.method !== 'GET' || !(second.name in table.columns)) {
    throw new DataverseError(404, '0x80060888', `Resource not found for the segment '${second.name}'.`);
  }
  return answer(200, { value: row[second.name] ?? null });
}

function keyOf(context: Context, table: Table, segment: Segment): string {
  if (segment.key !== undefined) return segment.key.toLowerCase();
  for (const row of context.store.all(table.name)) {
    if (Object.entries(segment.keys ?? {}).every(([column, value]) => row[column] === value))
      return String(row[table.id]);
  }
  throw new DataverseError(
    404,
    '0x80060891',
    `A record with the specified key values does not exist in ${table.name} entity`,
  );
}

/** Reference 7.1: a weak etag, `*` for "it must exist". */
function checkMatch(request: SimRequest, row: Row): void {
  const wanted = request.headers['if-match'];
  if (wanted !== undefined && wanted !== '*' && wanted !== `W/"${row['versionnumber']}"`) {
    throw new DataverseError(
      412,
      '0x80060882',
      "The version of the existing record doesn't match the RowVersion property provided.",
    );
  }
  if (request.headers['if-none-match'] === '*') {
    throw new DataverseError(412, '0x80040237', 'A record with matching key values already exists.');
  }
}

/** States that a PATCH must not set, and records that are read-only (reference 3.4 and 3.5). */
function checkChange(table: Table, row: Row, values: Row): void {
  const isStateOnly = Object.keys(values).every((name) => name === 'statecode' || name === 'statuscode');
  if (table.name === 'opportunity' && (values['statecode'] === 1 || values['statecode'] === 2)) {
    throw new DataverseError(400, '0x80100005', 'Use the Win or Lose message to close an opportunity.');
  }
  const isLocked = row['statecode'] !== 0 && ['quote', 'salesorder', 'invoice'].includes(table.name);
  if (isLocked && !isStateOnly) throw new DataverseError(400, '0x8004022E', 'Cannot update a read-only entity.');
}

function recomputeParent(store: Store, table: Table, row: Row): void {
  for (const [parent, lines] of Object.entries(LINES)) {
    if (lines.table !== table.name) continue;
    const header = store.find(parent, String(row[lines.via]));
    if (header) store.computeTotals(TABLE_BY_NAME.get(parent) as Table, header);
  }
}

const WATCHED = new Set(['opportunity', 'quote', 'salesorder']);

/** The steps that reference 5.2 recommends: Create of an order, Update where state or status was sent. */
function announce(context: Context, event: SalesEvent): void {
  if (!WATCHED.has(event.table)) return;
  if (event.message === 'Create' && event.table !== 'salesorder') return;
  if (event.message === 'Update' && !event.attributes?.some((name) => name === 'statecode' || name === 'statuscode'))
    return;
  context.webhooks.announce(event);
}

function prefers(request: SimRequest, what: RegExp): boolean {
  return what.test(request.headers['prefer'] ?? '');
}

function readJson(request: SimRequest): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(request.body.toString('utf8') || '{}');
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed))
      return parsed as Record<string, unknown>;
  } catch {
    // Falls through to the answer that Dataverse gives to every unreadable body.
  }
  throw new DataverseError(400, '0x80048d19', "Error identified in Payload provided by the user for Entity :''");
}
