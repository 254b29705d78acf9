import { readBearer, type TokenAuthority } from '../entra/authority.js';
import type { SimClock } from '../kernel/clock.js';
import { guidFrom } from '../kernel/random.js';
import { type SimRequest, type SimResponse, type SimServer, startSimServer } from '../kernel/server.js';
import { matches, orderOf, pathsOf } from '../odata/filter.js';
import { ODataSyntaxError } from '../odata/lexer.js';
import { parsePath, type Segment } from '../odata/path.js';
import { parseQuery, type QueryOptions } from '../odata/query.js';
import type { Distributor } from '../seed/distributor.js';
import { createAdmin } from './admin.js';
import { BcError } from './errors.js';
import { cancelInvoice, createInvoice, deleteInvoice, patchInvoice, postInvoice } from './invoices.js';
import { createMaster, patchMaster } from './masters.js';
import { seedCompany } from './seed.js';
import { Company, type Invoice, type Row, SETS } from './store.js';

export interface BusinessCentralOptions {
  readonly port: number;
  readonly host?: string | undefined;
  readonly publicHost?: string | undefined;
  readonly clock: SimClock;
  readonly authority: TokenAuthority;
  readonly tenant: string;
  readonly environment: string;
  readonly distributor: Distributor;
  /** The app registration that is enabled in this environment. */
  readonly clientId: string;
}

export interface BusinessCentralSim extends SimServer {
  readonly company: Company;
}

export const AUDIENCE = 'https://api.businesscentral.dynamics.com';
const PAGE = 20_000;

export async function startBusinessCentral(options: BusinessCentralOptions): Promise<BusinessCentralSim> {
  const { companyName } = options.distributor;
  const company = new Company(guidFrom(`company/${companyName}`), companyName, options.clock);
  seedCompany(company, options.distributor);
  const server = await startSimServer({
    name: 'business-central',
    port: options.port,
    host: options.host,
    publicHost: options.publicHost,
    clock: options.clock,
    handle: (request) => handle(options, company, request),
    admin: createAdmin(company),
  });
  return { ...server, company };
}

function handle(options: BusinessCentralOptions, company: Company, request: SimRequest): SimResponse {
  try {
    const claims = readBearer(options.authority, request.headers['authorization'], AUDIENCE);
    if (!claims || claims.appid !== options.clientId) {
      throw new BcError(401, 'Authentication_InvalidCredentials', 'The server has rejected the client credentials.');
    }
    return route(options, company, request);
  } catch (error) {
    if (error instanceof BcError) return { status: error.status, body: error.toBody() };
    if (error instanceof ODataSyntaxError) {
      return { status: 400, body: new BcError(400, 'BadRequest_InvalidRequestUrl', error.message).toBody() };
    }
    throw error;
  }
}

/** `/v2.0/{tenant}/{environment}/api/v2.0/…` and the same without the tenant. */
function route(options: BusinessCentralOptions, company: Company, request: SimRequest): SimResponse {
  const [path = '', query = ''] = request.rawUrl.split('?', 2);
  const parts = path.split('/').map((part) => safelyDecoded(part));
  const apiAt = parts.indexOf('api');
  if (parts[1] !== 'v2.0' || apiAt < 3 || parts[apiAt + 1] !== 'v2.0') throw notFound(parts.at(-1) ?? '');
  if (parts[apiAt - 1] !== options.environment)
    throw new BcError(404, 'NoEnvironment', `Environment '${parts[apiAt - 1]}' does not exist.`);
  const segments = parsePath(
    path
      .split('/')
      .slice(apiAt + 2)
      .join('/'),
  );
  const queryOptions = parseQuery(query);
  const [first, ...rest] = segments;
  if (first?.name !== 'companies') throw notFound(first?.name ?? '');
  const wire = {
    id: company.id,
    name: company.name,
    displayName: company.name,
    systemVersion: '28.0',
    businessProfileId: '',
  };
  if (first.key === undefined) {
    if (request.method !== 'GET')
      throw new BcError(405, 'BadRequest_MethodNotAllowed', 'Entity does not support insert.');
    return ok({ value: [wire] });
  }
  if (first.key.toLowerCase() !== company.id)
    throw new BcError(404, 'Internal_CompanyNotFound', `The company '${first.key}' cannot be found.`);
  const [set, next] = rest;
  if (!set) return ok(wire);
  if (set.name === 'salesInvoices') return routeInvoices(company, request, set, next, queryOptions);
  if (set.name === 'generalLedgerSetup') return ok({ value: [{ ...company.setup, localCurrencyCode: 'EUR' }] });
  if ((SETS as readonly string[]).includes(set.name)) return routeMasters(company, request, set, queryOptions);
  throw notFound(set.name);
}

function routeMasters(company: Company, request: SimRequest, set: Segment, options: QueryOptions): SimResponse {
  const isWritable = set.name === 'customers' || set.name === 'items';
  if (set.key === undefined) {
    if (request.method === 'GET') return list(company.all(set.name), options);
    if (request.method === 'POST' && isWritable) {
      return { status: 201, body: createMaster(company, set.name as 'customers', readJson(request)) };
    }
    throw new BcError(405, 'BadRequest_MethodNotAllowed', 'The verb is not allowed on this page.');
  }
  const row = company.find(set.name, set.key);
  if (!row) throw new BcError(404, 'Internal_RecordNotFound', `The record in ${set.name} does not exist.`);
  if (request.method === 'GET') return ok(row);
  checkMatch(request, row, request.method === 'PATCH');
  if (request.method === 'PATCH' && isWritable) return ok(patchMaster(company, set.name, row, readJson(request)));
  if (request.method === 'DELETE' && isWritable) {
    company.sets.get(set.name)?.delete(String(row['id']));
    return { status: 204 };
  }
  throw new BcError(405, 'BadRequest_MethodNotAllowed', 'The verb is not allowed on this page.');
}

function routeInvoices(
  company: Company,
  request: SimRequest,
  set: Segment,
  next: Segment | undefined,
  options: QueryOptions,
): SimResponse {
  if (set.key === undefined) {
    if (request.method === 'POST')
      return {
        status: 201,
        body: toJsonText(toWire(createInvoice(company, readJson(request)), options)),
        headers: JSON_TYPE,
      };
    if (request.method === 'GET') return listInvoices(company, options);
    throw new BcError(405, 'BadRequest_MethodNotAllowed', 'The verb is not allowed on this page.');
  }
  const invoice = company.invoices.get(set.key.toLowerCase());
  if (!invoice) throw new BcError(404, 'BadRequest_NotFound', 'The Sales Invoice does not exist.');
  if (next?.name === 'salesInvoiceLines') return ok({ value: invoice.lines });
  if (next) return actOn(company, request, invoice, next.name);
  if (request.method === 'GET') return { status: 200, body: toJsonText(toWire(invoice, options)), headers: JSON_TYPE };
  checkMatch(request, invoice.row, request.method === 'PATCH');
  if (request.method === 'PATCH') {
    patchInvoice(company, invoice, readJson(request));
    return { status: 200, body: toJsonText(toWire(invoice, options)), headers: JSON_TYPE };
  }
  if (request.method === 'DELETE') {
    deleteInvoice(company, invoice);
    return { status: 204 };
  }
  throw new BcError(405, 'BadRequest_MethodNotAllowed', 'The verb is not allowed on this page.');
}

function actOn(company: Company, request: SimRequest, invoice: Invoice, name: string): SimResponse {
  const action = /^microsoft\.nav\.(post|cancel)$/i.exec(name)?.[1]?.toLowerCase();
  if (request.method !== 'POST' || !action) throw notFound(name);
  checkMatch(request, invoice.row, false);
  if (action === 'post') postInvoice(company, invoice);
  else cancelInvoice(company, invoice);
  return { status: 204 };
}

function list(rows: Iterable<Row>, options: QueryOptions): SimResponse {
  const found = select([...rows], options, (row) => row);
  return ok({ value: found.slice(options.skip ?? 0, (options.skip ?? 0) + Math.min(options.top ?? PAGE, PAGE)) });
}

function listInvoices(company: Company, options: QueryOptions): SimResponse {
  const found = select([...company.invoices.values()], options, (invoice) => invoice.row);
  const page = found.slice(options.skip ?? 0, (options.skip ?? 0) + Math.min(options.top ?? PAGE, PAGE));
  return {
    status: 200,
    body: toJsonText({ value: page.map((invoice) => toWire(invoice, options)) }),
    headers: JSON_TYPE,
  };
}

function select<T>(all: readonly T[], options: QueryOptions, rowOf: (item: T) => Row): T[] {
  const { filter, orderby } = options;
  let found = [...all];
  if (filter) {
    if (filter.kind === 'logic' && filter.op === 'or' && new Set(pathsOf(filter)).size > 1) {
      throw new BcError(
        400,
        'BadRequest_InvalidRequestUrl',
        "The 'OR' operator is not supported on distinct fields on an OData filter.",
      );
    }
    found = found.filter((item) =>
      matches(filter, { resolve: (path) => rowOf(item)[path.join('/')] ?? null, caseSensitive: false }),
    );
  }
  for (const { path, descending } of [...(orderby ?? [])].reverse()) {
    const name = path.join('/');
    found.sort((a, b) => (descending ? -1 : 1) * orderOf(rowOf(a)[name] ?? '', rowOf(b)[name] ?? '', true));
  }
  return found;
}

function toWire(invoice: Invoice, options: QueryOptions): Record<string, unknown> {
  const wire: Record<string, unknown> = { ...invoice.row };
  if (options.expand?.some((item) => item.nav === 'salesInvoiceLines')) wire['salesInvoiceLines'] = invoice.lines;
  return wire;
}

const JSON_TYPE = { 'content-type': 'application/json; odata.metadata=minimal' };
const DECIMALS =
  /("(?:quantity|unitPrice|unitCost|balanceDue|creditLimit|remainingAmount|invoiceDiscountAllocation|[a-zA-Z]*Amount[a-zA-Z]*|[a-zA-Z]*Percent)":)"(-?\d+(?:\.\d+)?)"/g;

/** Decimals are kept as text and sent as numbers. */
function toJsonText(value: object): string {
  return JSON.stringify(value).replace(DECIMALS, '$1$2');
}

function ok(body: object): SimResponse {
  return { status: 200, body: toJsonText(body), headers: JSON_TYPE };
}

/** Reference 5: a PATCH needs If-Match, the others are compared when it is sent; stale is 409. */
function checkMatch(request: SimRequest, row: Row, isNeeded: boolean): void {
  const wanted = request.headers['if-match'];
  if (wanted === undefined && isNeeded) {
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

function notFound(segment: string): BcError {
  return new BcError(404, 'BadRequest_ResourceNotFound', `Resource not found for the segment '${segment}'.`);
}

function readJson(request: SimRequest): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(request.body.toString('utf8') || '{}');
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed))
      return parsed as Record<string, unknown>;
  } catch {
    // Falls through to the answer that Business Central gives to every unreadable body.
  }
  throw new BcError(400, 'BadRequest', 'Invalid Request Body');
}

function safelyDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
