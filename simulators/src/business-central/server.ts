import { APPLICATION_PERMISSION, readBearer, type TokenAuthority } from '../entra/authority.js';
import type { SimClock } from '../kernel/clock.js';
import { recordIn } from '../kernel/faults.js';
import { guidFrom } from '../kernel/random.js';
import { type SimRequest, type SimResponse, type SimServer, startSimServer } from '../kernel/server.js';
import { ODataSyntaxError } from '../odata/lexer.js';
import { parsePath, type Segment } from '../odata/path.js';
import { parseQuery, type QueryOptions } from '../odata/query.js';
import type { Distributor } from '../seed/distributor.js';
import { createAdmin } from './admin.js';
import { headers, page, single } from './answers.js';
import { runBatch } from './batch.js';
import { ENTITIES, entityOf } from './entities.js';
import { BcError, noSegment, notAllowed } from './errors.js';
import { Limits } from './limits.js';
import { readBody } from './masters.js';
import { metadata, serviceDocument } from './metadata.js';
import { checkMatch, routeCompany, unknown } from './routes.js';
import { seedCompany } from './seed.js';
import { Company, type Row } from './store.js';
import { Subscriptions } from './subscriptions.js';
import { DEFAULT_SWITCHES, type Switches } from './switches.js';
import { emptyRow } from './values.js';

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
  /** A new company: the page Microsoft Entra Applications does not know the app yet. */
  readonly isBare?: boolean | undefined;
}

export interface BusinessCentralSim extends SimServer {
  readonly company: Company;
  readonly limits: Limits;
  readonly subscriptions: Subscriptions;
  readonly switches: Switches;
}

export const AUDIENCE = 'https://api.businesscentral.dynamics.com';

interface Sim {
  readonly options: BusinessCentralOptions;
  readonly company: Company;
  readonly limits: Limits;
  readonly subscriptions: Subscriptions;
  readonly switches: Switches;
  readonly metadata: string;
}

export async function startBusinessCentral(options: BusinessCentralOptions): Promise<BusinessCentralSim> {
  const { companyName } = options.distributor;
  const company = new Company(guidFrom(`company/${companyName}`), companyName, options.clock);
  const switches: Switches = { ...DEFAULT_SWITCHES, denied: [], ...(options.isBare && { application: 'none' }) };
  const limits = new Limits(options.clock, switches);
  const subscriptions = new Subscriptions(options.clock, switches, company.id);
  seedCompany(company, options.distributor);
  company.onChange = (change) => subscriptions.note(change);
  const reset = (): void => {
    for (const rows of company.sets.values()) rows.clear();
    company.streams.clear();
    company.shipmentDimensions.clear();
    for (const documents of Object.values(company.documents)) documents.clear();
    seedCompany(company, options.distributor);
    limits.reset();
    subscriptions.rows.clear();
    Object.assign(switches, DEFAULT_SWITCHES, { denied: [] });
  };
  const sim: Sim = { options, company, limits, subscriptions, switches, metadata: metadata() };
  const server = await startSimServer({
    name: 'business-central',
    port: options.port,
    host: options.host,
    publicHost: options.publicHost,
    clock: options.clock,
    handle: (request) => handle(sim, request),
    toNotFound: (path) => toNotFound(path, switches),
    admin: createAdmin({ company, limits, subscriptions, switches, reset }),
  });
  return { ...server, company, limits, subscriptions, switches };
}

async function handle(sim: Sim, request: SimRequest): Promise<SimResponse> {
  let leave: (() => void) | undefined;
  try {
    const claims = readBearer(sim.options.authority, request.headers['authorization'], AUDIENCE);
    const isKnown = claims?.appid === sim.options.clientId && sim.switches.application === 'enabled';
    if (!claims || !isKnown || !claims.roles?.includes(APPLICATION_PERMISSION)) {
      throw notAuthenticated();
    }
    // The body is larger than this server is willing to read (reference/business-central 10.4).
    if (request.body.length > sim.limits.settings.bodyBytes) return { status: 413, body: '' };
    leave = await sim.limits.enter(claims.appid);
    return await route(sim, request, claims.appid);
  } catch (error) {
    return toRefusal(error, sim.switches);
  } finally {
    leave?.();
  }
}

/** RFC 9110, 11.6.1: a 401 names a scheme; which parameters Business Central adds is not documented. */
function notAuthenticated(): BcError {
  const text = 'The server has rejected the client credentials.';
  return new BcError(401, 'Authentication_InvalidCredentials', text, { 'www-authenticate': 'Bearer' });
}

function toRefusal(error: unknown, switches: Switches): SimResponse {
  if (error instanceof BcError) {
    const isDuplicate = error.code === 'Internal_EntityWithSameKeyExists';
    const status = isDuplicate ? switches.duplicateStatus : error.status;
    return { status, body: error.toBody(), headers: headers(error.headers) };
  }
  if (error instanceof ODataSyntaxError) {
    return {
      status: 400,
      body: new BcError(400, 'BadRequest_InvalidRequestUrl', error.message).toBody(),
      headers: headers(),
    };
  }
  throw error;
}

/** A record is denied in the words of one that does not exist: nobody can tell the two apart. */
function toNotFound(path: string, switches: Switches): SimResponse {
  const id = recordIn(path);
  const set = new RegExp(`/(\\w+)\\(${id}\\)`, 'i').exec(path)?.[1] ?? '';
  const entity = ENTITIES.get(set);
  return toRefusal(entity ? unknown(entity, id, switches) : noSegment(set), switches);
}

/** `/v2.0/{tenant}/{environment}/api/v2.0/…` and the same without the tenant. */
async function route(sim: Sim, request: SimRequest, userId: string): Promise<SimResponse> {
  const [path = '', query = ''] = splitOnce(request.rawUrl);
  if (path === '/environments/v1.2' || path === '/environments/v1.1') return environments(sim, request);
  const parts = path.split('/');
  const apiAt = parts.indexOf('api');
  if (parts[1] !== 'v2.0' || apiAt < 3 || apiAt > 4) throw noSegment(decode(parts.at(-1) ?? ''));
  const tenant = apiAt === 4 ? decode(parts[2] ?? '') : sim.options.tenant;
  if (tenant.toLowerCase() !== sim.options.tenant && !tenant.includes('.')) {
    throw notAuthenticated();
  }
  const environment = decode(parts[apiAt - 1] ?? '');
  if (environment.toLowerCase() !== sim.options.environment.toLowerCase()) {
    throw new BcError(404, 'NoEnvironment', `Environment '${environment}' does not exist.`);
  }
  checkIntent(request);
  const options = parseQuery(query);
  const isStandard = parts[apiAt + 1] === 'v2.0';
  const depth = isStandard ? apiAt + 2 : apiAt + 4;
  const root = `http://${request.headers['host'] ?? 'localhost'}${parts.slice(0, depth).join('/')}`;
  const rest = parts.slice(depth).join('/');
  if (!isStandard)
    return routeGroup(sim, request, parts.slice(apiAt + 1, depth).join('/'), parsePath(rest), options, root);
  if (rest === '' || rest === '/') return { status: 200, body: serviceDocument(root), headers: headers() };
  if (rest === '$metadata')
    return { status: 200, body: sim.metadata, headers: { ...headers(), 'content-type': 'application/xml' } };
  if (rest === '$batch') {
    if (request.method !== 'POST') throw notAllowed(request.method.toLowerCase());
    const inner = async (one: SimRequest): Promise<SimResponse> => {
      try {
        return await route(sim, one, userId);
      } catch (error) {
        return toRefusal(error, sim.switches);
      }
    };
    const run = {
      company: sim.company,
      switches: sim.switches,
      request,
      root: parts.slice(0, depth).join('/'),
      named: options.other['company'],
      most: sim.limits.settings.batchOperations,
      handle: inner,
    };
    return { ...(await runBatch(run)), headers: headers() };
  }
  const segments = parsePath(rest);
  const [first, ...below] = segments;
  if (!first) throw noSegment('');
  if (first.name === 'subscriptions') return routeSubscriptions(sim, request, first, options, root, userId);
  const place = (context: string) => ({
    company: sim.company,
    request,
    options,
    root,
    context: `${root}/$metadata#${context}`,
    pageSize: sim.limits.settings.pageSize,
  });
  if (first.name === 'companies') {
    if (first.key === undefined && first.keys === undefined) {
      if (request.method !== 'GET') throw notAllowed('insert');
      return page(place('companies'), { entity: entityOf('companies'), rows: [companyRow(sim.company)] });
    }
    checkCompany(sim, first.key ?? first.keys?.['name'] ?? first.keys?.['id'] ?? '');
    if (below.length === 0) return single(place('companies'), entityOf('companies'), companyRow(sim.company));
    return routeCompany(place(`companies(${sim.company.id})/${pathOf(below)}`), below, sim.switches);
  }
  const company = options.other['company'] ?? request.headers['company'];
  if (company === undefined) throw noSegment(first.name);
  checkCompany(sim, company);
  return routeCompany(place(`companies(${sim.company.id})/${pathOf(segments)}`), segments, sim.switches);
}

function pathOf(segments: readonly Segment[]): string {
  return segments
    .map(({ name, key }, index) => (key === undefined || index === segments.length - 1 ? name : `${name}(${key})`))
    .join('/');
}

function splitOnce(rawUrl: string): [string, string] {
  const at = rawUrl.indexOf('?');
  return at < 0 ? [rawUrl, ''] : [rawUrl.slice(0, at), rawUrl.slice(at + 1)];
}

function checkCompany(sim: Sim, named: string): void {
  const wanted = named.replace(/^\{|\}$/g, '').toLowerCase();
  if (wanted === sim.company.id || wanted === sim.company.name.toLowerCase()) return;
  throw new BcError(404, 'Internal_CompanyNotFound', `The company '${named}' cannot be found.`);
}

/** A read-only session cannot write (reference/business-central 6.1). */
function checkIntent(request: SimRequest): void {
  if (request.method === 'GET' || !/readonly/i.test(request.headers['data-access-intent'] ?? '')) return;
  throw new BcError(
    400,
    'BadRequest',
    'The Data-Access-Intent ReadOnly is not allowed for a request that modifies data.',
  );
}

function companyRow(company: Company): Row {
  return {
    ...emptyRow(entityOf('companies')),
    id: company.id,
    name: company.name,
    displayName: company.name,
    systemVersion: '28.0.0.0',
  };
}

/** The groups of other publishers (reference/business-central 1.1, 4.3 and 9.6). */
function routeGroup(
  sim: Sim,
  request: SimRequest,
  group: string,
  segments: readonly Segment[],
  options: QueryOptions,
  root: string,
): SimResponse {
  const [company, set] = segments;
  const name = set?.name ?? company?.name ?? '';
  if (request.method !== 'GET') throw notAllowed(request.method.toLowerCase());
  if (group === 'microsoft/runtime/beta' && name === 'webhookSupportedResources') {
    return {
      status: 200,
      body: { '@odata.context': `${root}/$metadata#${name}`, value: sim.subscriptions.supported() },
      headers: headers(),
    };
  }
  if (group === 'microsoft/automate/v1.0' && name === 'postedSalesInvoices') {
    const entity = entityOf('salesInvoices');
    const posted = [...sim.company.invoices.values()].filter((invoice) => invoice.isPosted);
    const { pageSize } = sim.limits.settings;
    const place = { company: sim.company, request, options, root, context: `${root}/$metadata#${name}`, pageSize };
    const answer = page(place, { entity, rows: posted.map(({ row }) => row) });
    const { value, ...rest } = answer.body as { value: Record<string, unknown>[] };
    // `id` is the posted record's own; `apiId` is what salesInvoices shows (reference/business-central 4.3).
    const records = new Map(posted.map((invoice) => [invoice.row['id'], invoice.postedRecordId]));
    return {
      ...answer,
      body: { ...rest, value: value.map((row) => ({ ...row, apiId: row['id'], id: records.get(String(row['id'])) })) },
    };
  }
  throw noSegment(name);
}

async function routeSubscriptions(
  sim: Sim,
  request: SimRequest,
  set: Segment,
  options: QueryOptions,
  root: string,
  userId: string,
): Promise<SimResponse> {
  const { subscriptions } = sim;
  const entity = entityOf('subscriptions');
  const { pageSize } = sim.limits.settings;
  const place = { company: sim.company, request, options, root, context: `${root}/$metadata#subscriptions`, pageSize };
  const body = (): Record<string, unknown> => readBody(request.body.toString('utf8'));
  if (set.key === undefined) {
    if (request.method === 'GET') return page(place, { entity, rows: subscriptions.list() });
    if (request.method !== 'POST') throw notAllowed(request.method.toLowerCase());
    return single(place, entity, await subscriptions.create(body(), userId), 201);
  }
  const row = subscriptions.find(set.key);
  if (request.method === 'GET') return single(place, entity, row);
  checkMatch(request, row);
  if (request.method === 'PATCH') return single(place, entity, await subscriptions.renew(row, body()));
  if (request.method !== 'DELETE') throw notAllowed('insert');
  subscriptions.rows.delete(set.key);
  return { status: 204 };
}

function environments(sim: Sim, request: SimRequest): SimResponse {
  const host = `http://${request.headers['host'] ?? 'localhost'}`;
  const value = [
    {
      aadTenantId: sim.options.tenant,
      applicationFamily: 'BusinessCentral',
      type: sim.switches.environmentType,
      name: sim.options.environment,
      countryCode: 'DE',
      webServiceUrl: host,
      webClientLoginUrl: `${host}/${sim.options.tenant}/${sim.options.environment}`,
      ringName: 'Preview',
    },
  ];
  return { status: 200, body: { value }, headers: headers() };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return text;
    throw error;
  }
}
