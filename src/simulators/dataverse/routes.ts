import { randomUUID } from 'node:crypto';
import type { SimRequest, SimResponse } from '../kernel/server.js';
import type { Segment } from '../odata/path.js';
import type { QueryOptions } from '../odata/query.js';
import { type ActionAnswer, type ActionSwitches, runAction, runBoundAction, type SalesEvent } from './actions.js';
import { apply } from './apply.js';
import {
  type ChangeSettings,
  checkTracking,
  findChanges,
  firstPosition,
  positionOfSkip,
  positionOfToken,
} from './changes.js';
import { badPayload, completeState, findByKey, noSuchKey, readPayload } from './payload.js';
import { checkDelete, checkLineParent, checkRow, checkUpdate, fillDefaults, isStateChange } from './rules.js';
import { DataverseError, type Row, type Store } from './store.js';
import { LINES, type Table } from './tables.js';
import { checkExpand, selectRows, toJsonText, toWire, type WireOptions } from './wire.js';

/** The resources of the Web API (reference 7 and 8). */
export interface Api {
  readonly store: Store;
  /** `https://…/api/data/v9.2` */
  readonly url: string;
  readonly announce: (event: SalesEvent) => void;
  readonly switches: ActionSwitches;
  readonly changes: ChangeSettings;
}

const PAGE = 5_000;
const SUPPORTED: ReadonlySet<string> = new Set(['$apply', '$skiptoken', '$deltatoken']);

export function routeTable(
  api: Api,
  request: SimRequest,
  table: Table,
  segments: readonly Segment[],
  options: QueryOptions,
): SimResponse {
  const [first, second] = segments;
  checkOptions(options);
  checkExpand(api.store, table, options.expand);
  const annotations = annotationsOf(request);
  const wire: WireOptions = { store: api.store, annotations };
  if (first === undefined) throw noSegment('');
  const isSet = first.key === undefined && first.keys === undefined;
  if (second) return routeBelow(api, request, table, first, segments.slice(1), options, wire);
  switch (request.method) {
    case 'GET':
      if (!isSet) return read(api, request, table, first, options, wire);
      return isTracked(request, options)
        ? changes(api, request, table, options, wire)
        : list(api, request, table, options, wire);
    case 'POST':
      if (isSet)
        return created(
          api,
          request,
          table,
          api.store.transact(() => create(api, table, readJson(request))),
          options,
          wire,
        );
      break;
    case 'PATCH':
      if (!isSet) return patch(api, request, table, first, options, wire);
      break;
    case 'DELETE':
      if (!isSet) return remove(api, request, table, first);
      break;
  }
  throw new DataverseError(
    405,
    '0x80060888',
    `The requested resource does not support http method '${request.method}'.`,
  );
}

function checkOptions(options: QueryOptions): void {
  if (options.skip !== undefined)
    throw new DataverseError(400, '0x80060888', 'The query parameter $skip is not supported.');
  for (const name of Object.keys(options.other)) {
    if (!name.startsWith('$') || SUPPORTED.has(name)) continue;
    throw new DataverseError(400, '0x80060888', `The query parameter ${name} is not supported.`);
  }
  if (options.other['fetchXml'] !== undefined) {
    throw new DataverseError(501, '0x80040315', 'FetchXML is not simulated: ask with OData query options.');
  }
}

export function answer(status: number, body?: object, headers: Record<string, string> = {}): SimResponse {
  const requestId = randomUUID();
  return {
    status,
    headers: {
      'odata-version': '4.0',
      ...(body !== undefined && { 'content-type': 'application/json; odata.metadata=minimal' }),
      'x-ms-service-request-id': requestId,
      req_id: requestId,
      ...headers,
    },
    ...(body !== undefined && { body: toJsonText(body) }),
  };
}

function annotationsOf(request: SimRequest): RegExp | undefined {
  const asked = /odata\.include-annotations="?([^";]+)"?/i.exec(request.headers['prefer'] ?? '')?.[1];
  if (asked === undefined) return undefined;
  const patterns = asked.split(',').map((name) =>
    name
      .trim()
      .replace(/[.+?^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*'),
  );
  return new RegExp(`^(?:${patterns.join('|')})$`);
}

const prefers = (request: SimRequest, what: RegExp): boolean => what.test(request.headers['prefer'] ?? '');

function pageSize(request: SimRequest): number {
  const wanted = Number(/odata\.maxpagesize=(\d+)/i.exec(request.headers['prefer'] ?? '')?.[1] ?? PAGE);
  return Math.min(Math.max(wanted, 1), PAGE);
}

function applied(request: SimRequest): Record<string, string> {
  const names = ['odata.include-annotations', 'odata.maxpagesize', 'odata.track-changes', 'return=representation'];
  const given = (request.headers['prefer'] ?? '').split(/,(?=(?:[^"]*"[^"]*")*[^"]*$)/).map((part) => part.trim());
  const taken = given.filter((part) => names.some((name) => part.startsWith(name)));
  return taken.length > 0 ? { 'preference-applied': taken.join(',') } : {};
}

function contextOf(api: Api, table: Table, options: QueryOptions, suffix = ''): string {
  const columns = options.select ? `(${options.select.join(',')})` : '';
  return `${api.url}/$metadata#${table.set}${columns}${suffix}`;
}

function list(api: Api, request: SimRequest, table: Table, options: QueryOptions, wire: WireOptions): SimResponse {
  const transformation = options.other['$apply'];
  if (transformation !== undefined) {
    return answer(200, {
      '@odata.context': contextOf(api, table, { other: {} }),
      value: apply(table, api.store.all(table.name), transformation, wire),
    });
  }
  const found = selectRows(table, api.store.all(table.name), options, wire);
  const isSized = prefers(request, /odata\.maxpagesize/i);
  const size = pageSize(request);
  // `$top` is ignored together with maxpagesize.
  const top = isSized ? undefined : options.top;
  const from = skipOf(options.other['$skiptoken']);
  const page = found.slice(from, from + Math.min(top ?? size, PAGE));
  const isCut = top === undefined && found.length > from + page.length;
  const body = {
    '@odata.context': contextOf(api, table, options),
    ...(options.count && { '@odata.count': Math.min(found.length, PAGE) }),
    ...(options.count &&
      wire.annotations && {
        '@Microsoft.Dynamics.CRM.totalrecordcount': found.length > PAGE ? -1 : found.length,
        '@Microsoft.Dynamics.CRM.totalrecordcountlimitexceeded': found.length > PAGE,
      }),
    value: page.map((row) => toWire(table, row, options, wire)),
    ...(isCut && { '@odata.nextLink': nextLink(api, request, table, pageCookie(from + page.length, size, false)) }),
  };
  return answer(200, body, applied(request));
}

/** An opaque cookie, in the shape that clients have seen. */
function pageCookie(from: number, size: number, isTracking: boolean): string {
  const page = Math.floor(from / size) + 1;
  return `<cookie pagenumber="${page}" pagingcookie="${from}" istracking="${isTracking ? 'True' : 'False'}" />`;
}

function skipOf(token: string | undefined): number {
  if (token === undefined) return 0;
  const from = /pagingcookie="(\d+)"/.exec(token)?.[1];
  if (from === undefined)
    throw new DataverseError(
      400,
      '0x8004430a',
      'Paging cookie is required when trying to retrieve a set of records on any high pages.',
    );
  return Number(from);
}

function nextLink(api: Api, request: SimRequest, table: Table, token: string): string {
  const at = request.rawUrl.indexOf('?');
  const kept = (at < 0 ? '' : request.rawUrl.slice(at + 1))
    .split('&')
    .filter((part) => part !== '' && !/^(?:\$|%24)(?:skiptoken|deltatoken)=/i.test(part));
  return `${api.url}/${table.set}?${[...kept, `$skiptoken=${encodeURIComponent(token)}`].join('&')}`;
}

function isTracked(request: SimRequest, options: QueryOptions): boolean {
  return (
    prefers(request, /odata\.track-changes/i) ||
    options.other['$deltatoken'] !== undefined ||
    /istracking="True"/.test(options.other['$skiptoken'] ?? '')
  );
}

function changes(api: Api, request: SimRequest, table: Table, options: QueryOptions, wire: WireOptions): SimResponse {
  checkTracking(table, options);
  const { $skiptoken: skip, $deltatoken: token } = options.other;
  const cookie = skip === undefined ? undefined : positionOfSkip(/pagingcookie="([\d.]+)"/.exec(skip)?.[1] ?? '');
  if (skip !== undefined && !cookie) throw new DataverseError(400, '0x80060888', 'The skip token is not valid.');
  const position =
    cookie ?? (token === undefined ? firstPosition(api.store) : positionOfToken(api.store, token, api.changes));
  const isDelta = position.since > 0;
  const found = findChanges(api.store, table, position, pageSize(request), api.changes.linkOnEveryPage);
  const select = options.select ? `$select=${options.select.join(',')}&` : '';
  const deltaLink =
    found.deltaToken && `${api.url}/${table.set}?${select}$deltatoken=${encodeURIComponent(found.deltaToken)}`;
  const cookieText = found.skipToken && `<cookie pagenumber="2" pagingcookie="${found.skipToken}" istracking="True" />`;
  const body = {
    '@odata.context': contextOf(api, table, options, isDelta ? '/$delta' : ''),
    ...(deltaLink && { '@odata.deltaLink': deltaLink }),
    value: [
      ...found.rows.map((row) => toWire(table, row, options, wire)),
      ...found.deleted.map((id) => ({
        '@odata.context': `${api.url}/$metadata#${table.set}/$deletedEntity`,
        id,
        reason: 'deleted',
      })),
    ],
    ...(cookieText && {
      '@odata.nextLink': `${api.url}/${table.set}?${select}$skiptoken=${encodeURIComponent(cookieText)}`,
    }),
  };
  return answer(200, body, applied(request));
}

function read(
  api: Api,
  request: SimRequest,
  table: Table,
  segment: Segment,
  options: QueryOptions,
  wire: WireOptions,
): SimResponse {
  const row = getRow(api, table, segment);
  const known = request.headers['if-none-match'];
  if (known === `W/"${row['versionnumber']}"` && !options.expand && !wire.annotations) return { status: 304 };
  const body = { '@odata.context': contextOf(api, table, options, '/$entity'), ...toWire(table, row, options, wire) };
  return answer(200, body, applied(request));
}

function getRow(api: Api, table: Table, segment: Segment): Row {
  if (segment.key !== undefined) {
    if (!/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(segment.key)) {
      throw new DataverseError(400, '0x80060888', `Bad Request - Error in query syntax. '${segment.key}' is no GUID.`);
    }
    return api.store.get(table, segment.key);
  }
  const row = findByKey(api.store, table, segment.keys ?? {});
  if (!row) throw noSuchKey(table);
  return row;
}

function create(api: Api, table: Table, body: Readonly<Record<string, unknown>>, keys: Row = {}): Row {
  const { values, nested } = readPayload(api.store, table, body);
  Object.assign(values, keys);
  completeState(table, values, undefined);
  fillDefaults(api.store, table, values);
  checkRow(api.store, table, values);
  checkLineParent(api.store, table, values);
  const row = api.store.insert(table, values);
  for (const part of nested) {
    for (const child of part.rows) create(api, part.table, child, { [part.via]: String(row[table.id]) });
  }
  if (LINES[table.name]) api.store.computeTotals(table, row);
  api.store.recomputeParent(table, row);
  api.announce({ message: 'Create', table: table.name, recordId: String(row[table.id]), values });
  return row;
}

function created(
  api: Api,
  request: SimRequest,
  table: Table,
  row: Row,
  options: QueryOptions,
  wire: WireOptions,
): SimResponse {
  const location = `${api.url}/${table.set}(${row[table.id]})`;
  const headers = { 'odata-entityid': location, location };
  if (!prefers(request, /return=representation/i)) return answer(204, undefined, headers);
  // $expand is ignored on create.
  const { expand: _expand, ...rest } = options;
  const body = { '@odata.context': contextOf(api, table, rest, '/$entity'), ...toWire(table, row, rest, wire) };
  return answer(201, body, { ...headers, ...applied(request) });
}

function patch(
  api: Api,
  request: SimRequest,
  table: Table,
  segment: Segment,
  options: QueryOptions,
  wire: WireOptions,
): SimResponse {
  const body = readJson(request);
  const row =
    segment.key !== undefined
      ? api.store.find(table.name, segment.key)
      : findByKey(api.store, table, segment.keys ?? {});
  if (!row) {
    // A PATCH of what does not exist creates it, unless the client said that it must exist.
    if (request.headers['if-match'] !== undefined) getRow(api, table, segment);
    const keys: Row = segment.key !== undefined ? { [table.id]: segment.key.toLowerCase() } : { ...segment.keys };
    return created(
      api,
      request,
      table,
      api.store.transact(() => create(api, table, body, keys)),
      options,
      wire,
    );
  }
  checkMatch(request, row);
  api.store.transact(() => update(api, table, row, body));
  const location = `${api.url}/${table.set}(${row[table.id]})`;
  if (!prefers(request, /return=representation/i)) return answer(204, undefined, { 'odata-entityid': location });
  const wired = { '@odata.context': contextOf(api, table, options, '/$entity'), ...toWire(table, row, options, wire) };
  return answer(200, wired, { 'odata-entityid': location, ...applied(request) });
}

const CREATE_ONLY = 'create';

/** State and other columns in one request are two updates, with two versions and two events (reference 3.4). */
function update(api: Api, table: Table, row: Row, body: Readonly<Record<string, unknown>>): void {
  const { values, nested } = readPayload(api.store, table, body);
  if (nested.length > 0) throw badPayload(table, 'Nested collections cannot be changed by an update of their parent.');
  for (const name of Object.keys(values)) if (table.columns.get(name)?.access === CREATE_ONLY) delete values[name];
  delete values[table.id];
  completeState(table, values, row);
  checkUpdate(api.store, table, row, values);
  const { statecode, statuscode, ...others } = values;
  const state: Row = isStateChange(values) ? { statecode: statecode ?? null, statuscode: statuscode ?? null } : {};
  for (const part of [others, state]) {
    if (Object.keys(part).length === 0) continue;
    const wasOpen = row['statecode'] === 0;
    api.store.update(table, row, part);
    if (table.name === 'opportunity' && part['statecode'] === 0 && !wasOpen) cancelCloses(api.store, row);
    if (LINES[table.name]) api.store.computeTotals(table, row);
    api.store.recomputeParent(table, row);
    api.announce({ message: 'Update', table: table.name, recordId: String(row[table.id]), values: part });
  }
}

/** A reopened opportunity cancels the activities that closed it. */
function cancelCloses(store: Store, row: Row): void {
  const table = store.schema.table('opportunityclose');
  for (const close of store.children('opportunityclose', 'opportunityid', String(row['opportunityid']))) {
    store.update(table, close, { statecode: 2, statuscode: 3 });
  }
}

function remove(api: Api, request: SimRequest, table: Table, segment: Segment): SimResponse {
  const row = getRow(api, table, segment);
  checkMatch(request, row);
  checkDelete(api.store, table, row);
  api.store.transact(() => {
    api.store.remove(table, row);
    api.store.recomputeParent(table, row);
  });
  api.announce({ message: 'Delete', table: table.name, recordId: String(row[table.id]) });
  return answer(204);
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

/** What stands behind a set or a row: `$count`, a column, a navigation, `$ref`, a bound action. */
function routeBelow(
  api: Api,
  request: SimRequest,
  table: Table,
  first: Segment,
  below: readonly Segment[],
  options: QueryOptions,
  wire: WireOptions,
): SimResponse {
  const [second, third] = below;
  if (!second) throw noSegment('');
  const isSet = first.key === undefined && first.keys === undefined;
  if (second.name.startsWith('Microsoft.Dynamics.CRM.')) {
    const id = isSet ? undefined : String(getRow(api, table, first)[table.id]);
    const done = api.store.transact(() =>
      runBoundAction(api.store, table, id, second.name.slice(23), readJson(request)),
    );
    if (!done || request.method !== 'POST') throw noSegment(second.name);
    return actionAnswer(api, done, {});
  }
  if (isSet) {
    if (second.name !== '$count') throw noSegment(second.name);
    const token = options.other['$deltatoken'];
    const count =
      token === undefined
        ? selectRows(table, api.store.all(table.name), options, wire).length
        : countChanges(api, table, token);
    return { status: 200, headers: { 'content-type': 'text/plain', 'odata-version': '4.0' }, body: String(count) };
  }
  const row = getRow(api, table, first);
  const nav = table.navs.get(second.name);
  if (third?.name === '$ref') return reference(api, request, table, row, second.name);
  if (nav) {
    const target = api.store.schema.table(nav.target);
    const id = row[nav.column];
    const other = typeof id === 'string' ? api.store.find(nav.target, id) : undefined;
    if (!other) return answer(204);
    return answer(200, {
      '@odata.context': contextOf(api, target, options, '/$entity'),
      ...toWire(target, other, options, wire),
    });
  }
  const collection = table.collections[second.name];
  if (collection) {
    const child = api.store.schema.table(collection.table);
    if (request.method === 'POST') {
      const made = api.store.transact(() =>
        create(api, child, readJson(request), { [collection.via]: String(row[table.id]) }),
      );
      return created(api, request, child, made, options, wire);
    }
    const rows = selectRows(
      child,
      api.store.children(collection.table, collection.via, String(row[table.id])),
      options,
      wire,
    );
    if (third?.name === '$count')
      return { status: 200, headers: { 'content-type': 'text/plain' }, body: String(rows.length) };
    return answer(200, {
      '@odata.context': contextOf(api, child, options),
      value: rows.slice(0, options.top ?? PAGE).map((one) => toWire(child, one, options, wire)),
    });
  }
  return property(api, request, table, row, second.name, third?.name);
}

function countChanges(api: Api, table: Table, token: string): number {
  const found = findChanges(api.store, table, positionOfToken(api.store, token, api.changes), Number.POSITIVE_INFINITY);
  return found.rows.length + found.deleted.length;
}

function property(
  api: Api,
  request: SimRequest,
  table: Table,
  row: Row,
  name: string,
  third: string | undefined,
): SimResponse {
  const column = table.columns.get(name);
  if (!column) throw noSegment(name);
  if (request.method === 'GET') {
    const value = toWire(table, row, { select: [name], other: {} }, { store: api.store, annotations: undefined })[name];
    if (third === '$value')
      return { status: 200, headers: { 'content-type': 'text/plain' }, body: String(row[name] ?? '') };
    return answer(200, { '@odata.context': `${api.url}/$metadata#${table.set}(${row[table.id]})/${name}`, value });
  }
  checkMatch(request, row);
  if (request.method === 'PUT')
    api.store.transact(() => update(api, table, row, { [name]: readJson(request)['value'] }));
  else if (request.method === 'DELETE') api.store.transact(() => update(api, table, row, { [name]: null }));
  else
    throw new DataverseError(
      405,
      '0x80060888',
      `The requested resource does not support http method '${request.method}'.`,
    );
  return answer(204);
}

/** `DELETE accounts(…)/primarycontactid/$ref` clears a lookup, PUT sets it. */
function reference(api: Api, request: SimRequest, table: Table, row: Row, nav: string): SimResponse {
  if (!table.navs.has(nav)) throw noSegment(nav);
  if (request.method === 'DELETE') api.store.transact(() => update(api, table, row, { [`${nav}@odata.bind`]: null }));
  else if (request.method === 'PUT')
    api.store.transact(() => update(api, table, row, { [`${nav}@odata.bind`]: readJson(request)['@odata.id'] }));
  else
    throw new DataverseError(
      405,
      '0x80060888',
      `The requested resource does not support http method '${request.method}'.`,
    );
  return answer(204);
}

export function routeAction(api: Api, request: SimRequest, name: string): SimResponse {
  const body = readJson(request);
  const done = api.store.transact(() => runAction(api.store, name, body, api.switches));
  if (!done) throw noSegment(name);
  return actionAnswer(api, done, body);
}

function actionAnswer(api: Api, done: ActionAnswer, body: Readonly<Record<string, unknown>>): SimResponse {
  for (const event of done.events) api.announce(event);
  if (!done.created) return answer(204);
  const { table, row } = done.created;
  const columns = body['ColumnSet'] as { AllColumns?: boolean; Columns?: string[] } | undefined;
  const select =
    !columns || columns.AllColumns ? undefined : (columns.Columns ?? []).filter((name) => table.columns.has(name));
  const query: QueryOptions = { other: {}, ...(select && { select }) };
  return answer(200, {
    '@odata.context': `${api.url}/$metadata#${table.set}/$entity`,
    '@odata.type': `#Microsoft.Dynamics.CRM.${table.name}`,
    ...toWire(table, row, query, { store: api.store, annotations: undefined }),
  });
}

export function noSegment(name: string): DataverseError {
  return new DataverseError(404, '0x80060888', `Resource not found for the segment '${name}'.`);
}

export function readJson(request: SimRequest): Record<string, unknown> {
  const text = request.body.toString('utf8');
  let parsed: unknown;
  try {
    parsed = text.trim() === '' ? {} : JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed as Record<string, unknown>;
  throw new DataverseError(
    400,
    '0x80048d19',
    "Error identified in Payload provided by the user for Entity :'', ---->  InnerException : Microsoft.OData.ODataException: The payload is no JSON object.",
  );
}
