import { readBearer, type TokenAuthority } from '../entra/authority.js';
import type { SimClock } from '../kernel/clock.js';
import { recordIn } from '../kernel/faults.js';
import { guidFrom } from '../kernel/random.js';
import { type SimRequest, type SimResponse, type SimServer, startSimServer } from '../kernel/server.js';
import { ODataSyntaxError } from '../odata/lexer.js';
import { parsePath } from '../odata/path.js';
import { parseQuery } from '../odata/query.js';
import type { Distributor } from '../seed/distributor.js';
import { createAdmin } from './admin.js';
import { type Api, answer, noSegment } from './answers.js';
import { runBatch } from './batch.js';
import { isCustomization, routeCustomization, seedCustomizations } from './customizations.js';
import { routeDefinitions, routeRelationships } from './definitions.js';
import { metadata } from './edmx.js';
import { formatOf, inFormat, takesJson } from './formats.js';
import { ServiceProtection } from './limits.js';
import { metadataChanges } from './metadata-changes.js';
import { checkPrivilege, userPrivileges } from './privileges.js';
import { routeAction, routeTable } from './routes.js';
import { seedSales } from './seed.js';
import { exportSolution } from './solution-file.js';
import { seedMessages, stepRegistrations } from './steps.js';
import { DataverseError, type Row, Store } from './store.js';
import { DEFAULT_SWITCHES, type Switches } from './switches.js';
import { forgetMade } from './table-writes.js';
import { Webhooks } from './webhooks.js';
import { notAllowed } from './writes.js';

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
  /** A new organization: no column of anybody, nothing tracked, and no Application User. */
  readonly isBare?: boolean | undefined;
}

export interface DataverseSim extends SimServer {
  readonly store: Store;
  readonly webhooks: Webhooks;
  readonly limits: ServiceProtection;
  readonly switches: Switches;
}

const API = /^\/api\/data\/v9\.[012](?:\/|$)/;

/** Functions take GET only. */
const FUNCTIONS: ReadonlySet<string> = new Set(['WhoAmI', 'RetrieveVersion', 'RetrieveAvailableLanguages']);

interface Sim {
  readonly options: DataverseOptions;
  readonly store: Store;
  readonly webhooks: Webhooks;
  readonly limits: ServiceProtection;
  readonly switches: Switches;
  readonly organizationId: () => string;
  origin: string;
}

export async function startDataverse(options: DataverseOptions): Promise<DataverseSim> {
  const store = new Store(options.clock);
  let organizationId = guidFrom(`${options.tenant}/organization`);
  store.userId = guidFrom(`${options.tenant}/application user`);
  const seller = salesPersonId(options.tenant);
  store.callerId = seller;
  const webhooks = new Webhooks({
    organizationId: () => organizationId,
    userId: seller,
    host: 'nordwerk.crm4.dynamics.com',
    onFailure: (registration, event, status) => {
      // Terminal: nothing repeats it (reference/dataverse-sales 5.7).
      store.insert(store.schema.table('asyncoperation'), {
        name: `${event.message} of ${event.table}`,
        statecode: 3,
        statuscode: 31,
        message: `0x80050201 the webhook answered ${status}`,
        owningextensionid: registration.step?.id ?? null,
      });
    },
  });
  const switches: Switches = { ...DEFAULT_SWITCHES, denied: [], ...(options.isBare && { applicationUser: 'none' }) };
  if (options.isBare) store.schema.strip();
  const sim: Sim = {
    options,
    store,
    webhooks,
    limits: new ServiceProtection(options.clock),
    switches,
    organizationId: () => organizationId,
    origin: '',
  };
  const fill = (): void => {
    forgetMade(store);
    store.clear();
    seedSales(store, options.distributor);
    seedMessages(store);
    seedCustomizations(store);
    const businessunitid = guidFrom(`${organizationId}/business unit`);
    store.insert(store.schema.table('businessunit'), { businessunitid, name: 'nordwerk' }, true);
    const user = (id: string, values: Row): Row =>
      store.insert(
        store.schema.table('systemuser'),
        { systemuserid: id, businessunitid, isdisabled: false, ...values },
        true,
      );
    user(store.userId, { fullname: 'Dealbridge', applicationid: options.clientId, accessmode: 4 });
    user(seller, { fullname: 'Sales person', internalemailaddress: 'sales@example.com', accessmode: 0 });
  };
  fill();
  const server = await startSimServer({
    name: 'dataverse',
    port: options.port,
    host: options.host,
    publicHost: options.publicHost,
    clock: options.clock,
    handle: (request) => handle(sim, request),
    toNotFound: (path) => toNotFound(store, path),
    admin: createAdmin({
      store,
      webhooks,
      limits: sim.limits,
      switches,
      reset: fill,
      replaceOrganization: (id) => {
        organizationId = id;
      },
    }),
  });
  sim.origin = server.origin;
  return { ...server, store, webhooks, limits: sim.limits, switches };
}

function handle(sim: Sim, request: SimRequest): SimResponse {
  const claims = readBearer(sim.options.authority, request.headers['authorization'], sim.origin);
  if (!claims) {
    const challenge = `Bearer authorization_uri=https://login.microsoftonline.com/${sim.options.tenant}/oauth2/authorize, resource_id=${sim.origin}/`;
    return { status: 401, headers: { 'www-authenticate': challenge }, body: '' };
  }
  let leave: (() => void) | undefined;
  try {
    leave = sim.limits.enter();
    checkUser(sim, claims.appid);
    takeCaller(sim, request.headers['mscrmcallerid']);
    const done = inFormat(route(sim, request), formatOf(request));
    return { ...done, headers: { 'x-ms-dop-hint': '4', ...sim.limits.headers(), ...done.headers } };
  } catch (error) {
    return toRefusal(error);
  } finally {
    sim.store.callerId = salesPersonId(sim.options.tenant);
    sim.store.isImpersonating = false;
    leave?.();
  }
}

/** The user in whose name people's requests are sent. */
export function salesPersonId(tenant: string): string {
  return guidFrom(`${tenant}/seller`);
}

/**
 * reference/dataverse-sales 1.3: with `MSCRMCallerID` a request acts for that user, and what it writes is that user's.
 */
function takeCaller({ store }: Sim, callerId: string | undefined): void {
  store.callerId = store.userId;
  if (callerId === undefined) return;
  const user = store.get(store.schema.table('systemuser'), callerId);
  store.callerId = String(user['systemuserid']);
  store.isImpersonating = true;
}

function toRefusal(error: unknown): SimResponse {
  if (error instanceof DataverseError)
    return answer(error.status, { error: { code: error.code, message: error.message } }, { ...error.headers });
  if (error instanceof ODataSyntaxError) return answer(400, { error: { code: '0x80060888', message: error.message } });
  throw error;
}

/** A record is denied in the words of one that does not exist: nobody can tell the two apart. */
function toNotFound({ schema }: Store, path: string): SimResponse {
  const id = recordIn(path);
  const set = new RegExp(`/(\\w+)\\(${id}\\)`, 'i').exec(path)?.[1] ?? '';
  const name = schema.findSet(set)?.name ?? set;
  return toRefusal(new DataverseError(404, '0x80040217', `${name} With Id = ${id} Does Not Exist`));
}

/** reference/dataverse-sales 1.5 */
function checkUser(sim: Sim, clientId: string): void {
  const { applicationUser } = sim.switches;
  if (clientId !== sim.options.clientId || applicationUser === 'none') {
    throw new DataverseError(403, '0x80072560', 'The user is not a member of the organization.');
  }
  if (applicationUser === 'disabled')
    throw new DataverseError(
      403,
      '0x80040225',
      'The specified user is either disabled or is not a member of any business unit.',
    );
  if (applicationUser === 'no-role')
    throw new DataverseError(403, '0x80042f09', 'The user has not been assigned any License or role.');
}

function route(sim: Sim, request: SimRequest): SimResponse {
  const at = request.rawUrl.indexOf('?');
  const path = at < 0 ? request.rawUrl : request.rawUrl.slice(0, at);
  if (!API.test(path)) throw noSegment(path.split('/')[1] ?? '');
  const rest = path.replace(API, '');
  const api: Api = {
    store: sim.store,
    url: `${sim.origin}/api/data/v9.2`,
    announce: (event) => {
      const direct = sim.webhooks.registrations.filter((one) => !one.step);
      sim.webhooks.registrations.splice(
        0,
        sim.webhooks.registrations.length,
        ...direct,
        ...stepRegistrations(sim.store),
      );
      const userId = sim.store.callerId;
      sim.store.afterCommit(() => sim.webhooks.announce({ ...event, userId }));
    },
    switches: sim.switches,
    changes: sim.switches,
    denied: sim.switches.denied,
  };
  if (rest === '$metadata')
    return {
      status: 200,
      headers: { 'content-type': 'application/xml', 'odata-version': '4.0' },
      body: metadata(sim.store, /[?&]annotations=true(?:&|$)/i.test(request.rawUrl)),
    };
  if (rest === '$batch') {
    if (request.method !== 'POST') throw notAllowed(request.method);
    const attempt = (inner: SimRequest): SimResponse => inFormat(route(sim, inner), formatOf(inner));
    const one = (inner: SimRequest): SimResponse => {
      try {
        return attempt(inner);
      } catch (error) {
        return toRefusal(error);
      }
    };
    return runBatch({ store: sim.store, request, handle: one, attempt, toAnswer: toRefusal });
  }
  const segments = parsePath(rest);
  const options = parseQuery(at < 0 ? '' : request.rawUrl.slice(at + 1));
  const [first, ...below] = segments;
  const isText = below.some(({ name }) => name === '$count' || name === '$value');
  if (!isText && !takesJson(request))
    throw new DataverseError(
      406,
      '0x80060888',
      `A supported MIME type could not be found that matches the acceptable MIME types for the request. The supported type(s) 'application/json' do not match any of the acceptable MIME types '${request.headers['accept']}'.`,
    );
  if (!first) {
    const value = sim.store.schema.tables.map((table) => ({ name: table.set, kind: 'EntitySet', url: table.set }));
    return answer(200, { '@odata.context': `${api.url}/$metadata`, value });
  }
  if (FUNCTIONS.has(first.name) && request.method !== 'GET') throw notAllowed(request.method);
  if (first.name === 'WhoAmI') return whoAmI(sim, api);
  if (first.name === 'RetrieveVersion')
    return answer(200, {
      '@odata.context': `${api.url}/$metadata#Microsoft.Dynamics.CRM.RetrieveVersionResponse`,
      Version: '9.2.24084.00182',
    });
  if (first.name === 'RetrieveAvailableLanguages')
    return answer(200, {
      '@odata.context': `${api.url}/$metadata#Microsoft.Dynamics.CRM.RetrieveAvailableLanguagesResponse`,
      LocaleIds: [1033],
    });
  if (first.name === 'RetrieveMetadataChanges')
    return metadataChanges(api, request, options.other[first.keys?.['Query'] ?? '@p1']);
  if (first.name === 'RelationshipDefinitions') return routeRelationships(api, request, first, below, options);
  if (first.name === 'EntityDefinitions') return routeDefinitions(api, request, first, below, options);
  const table = sim.store.schema.findSet(first.name);
  if (table) {
    if (below[0]?.name === 'Microsoft.Dynamics.CRM.RetrieveUserPrivileges') return rolePrivileges(sim, api);
    checkPrivilege(sim.store, table, request, sim.switches.denied);
    if (isCustomization(table)) return routeCustomization(api, request, table, segments, options);
    return routeTable(api, request, table, segments, options);
  }
  if (first.name === 'ExportSolution' && request.method === 'POST') return exportSolution(api, request);
  if (request.method === 'POST' && below.length === 0)
    return routeAction(api, request, first.name.replace('Microsoft.Dynamics.CRM.', ''));
  throw noSegment(first.name);
}

function whoAmI(sim: Sim, api: Api): SimResponse {
  return answer(200, {
    '@odata.context': `${api.url}/$metadata#Microsoft.Dynamics.CRM.WhoAmIResponse`,
    BusinessUnitId: guidFrom(`${sim.organizationId()}/business unit`),
    UserId: sim.store.callerId,
    OrganizationId: sim.organizationId(),
  });
}

function rolePrivileges({ store, switches }: Sim, api: Api): SimResponse {
  const context = `${api.url}/$metadata#Microsoft.Dynamics.CRM.RetrieveUserPrivilegesResponse`;
  return answer(200, { '@odata.context': context, RolePrivileges: userPrivileges(store, switches.denied) });
}
