import type { SimRequest, SimResponse } from '../kernel/server.js';
import type { Segment } from '../odata/path.js';
import type { QueryOptions } from '../odata/query.js';
import { type ActionAnswer, runAction, runBoundAction } from './actions.js';
import { type Api, answer, noSegment, readJson } from './answers.js';
import { BULK, runBulk } from './bulk.js';
import { checkQuery } from './check-query.js';
import { checkExpand } from './expand.js';
import { fetchRows } from './fetch.js';
import { isFileColumn, routeFile } from './file-columns.js';
import { formatOf } from './formats.js';
import { checkExpanded } from './privileges.js';
import {
  annotationsOf,
  applied,
  changes,
  contextOf,
  countChanges,
  getRow,
  isTracked,
  list,
  listRows,
  pageOf,
  pageSize,
  read,
} from './reads.js';
import { relate, routeReference } from './references.js';
import { selectSql } from './sql-rows.js';
import { DataverseError, type Row } from './store.js';
import type { Table } from './tables.js';
import { selectRows, toWire, type WireOptions } from './wire.js';
import { checkMatch, create, created, notAllowed, patch, remove, update } from './writes.js';

/** Which resource a path names, and what can be done with it (reference/dataverse-sales 7 and 8). */

const SUPPORTED: ReadonlySet<string> = new Set(['$apply', '$skiptoken', '$deltatoken', '$id']);
/** Options without a dollar that would choose other rows: refused rather than dropped. */
const UNSERVED: ReadonlySet<string> = new Set(['partitionId']);

export function routeTable(
  api: Api,
  request: SimRequest,
  table: Table,
  segments: readonly Segment[],
  options: QueryOptions,
): SimResponse {
  const [first, second] = segments;
  checkOptions(options);
  const asked = leadsTo(api, table, second?.name);
  checkExpand(api.store, asked, options.expand);
  checkQuery(api.store, asked, options);
  checkExpanded(api, asked, options.expand);
  const annotations = annotationsOf(request);
  const wire: WireOptions = {
    store: api.store,
    annotations,
    full: formatOf(request).metadata === 'full' ? api.url : undefined,
    pages: {
      url: api.url,
      size: pageSize(request),
      isNested: (options.expand ?? []).some((item) => (item.options.expand ?? []).length > 0),
    },
  };
  if (first === undefined) throw noSegment('');
  const isSet = first.key === undefined && first.keys === undefined;
  if (second) return routeBelow(api, request, table, first, segments.slice(1), options, wire);
  switch (request.method) {
    case 'GET':
      if (!isSet) return read(api, request, table, first, options, wire);
      if (options.other['fetchXml'] !== undefined)
        return fetchRows(api, request, table, options.other['fetchXml'], wire);
      if (options.other['sql'] !== undefined) return selectSql(api, table, options.other['sql'], request, wire);
      for (const [option, kind] of PREDEFINED) {
        const id = options.other[option];
        if (id !== undefined) return predefined(api, request, table, kind, id, options, wire);
      }
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
  throw notAllowed(request.method);
}

/** The table whose rows are asked for: the one of the path, or what a navigation below its row leads to. */
function leadsTo(api: Api, table: Table, nav = ''): Table {
  const target = table.navs.get(nav)?.target ?? (table.collections[nav] ?? table.links[nav])?.table;
  return target === undefined ? table : api.store.schema.table(target);
}

/** Queries that the organization or a user keeps (webapi/retrieve-and-execute-predefined-queries.md). */
const PREDEFINED: readonly (readonly [option: string, table: string])[] = [
  ['savedQuery', 'savedquery'],
  ['userQuery', 'userquery'],
];

function predefined(
  api: Api,
  request: SimRequest,
  table: Table,
  kind: string,
  id: string,
  options: QueryOptions,
  wire: WireOptions,
): SimResponse {
  const kept = api.store.get(api.store.schema.table(kind), id);
  if (kept['returnedtypecode'] !== table.name) {
    const text = `The query ${id} is of ${kept['returnedtypecode']}, not of ${table.name}.`;
    throw new DataverseError(400, '0x80060888', text);
  }
  return fetchRows(api, request, table, String(kept['fetchxml']), wire, pageOf(request, options));
}

function checkOptions(options: QueryOptions): void {
  if (options.skip !== undefined)
    throw new DataverseError(400, '0x80060888', 'The query parameter $skip is not supported.');
  for (const name of Object.keys(options.other)) {
    if ((!name.startsWith('$') && !UNSERVED.has(name)) || SUPPORTED.has(name)) continue;
    throw new DataverseError(400, '0x80060888', `The query parameter ${name} is not supported.`);
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
    const name = second.name.slice('Microsoft.Dynamics.CRM.'.length);
    if (isSet && BULK.has(name)) {
      if (request.method !== 'POST') throw notAllowed(request.method);
      return runBulk(api, request, table, name);
    }
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
  if (third?.name === '$ref') return routeReference(api, request, table, row, second, options, wire);
  if (nav) {
    const target = api.store.schema.table(nav.target);
    const id = row[nav.column];
    const other = typeof id === 'string' ? api.store.find(nav.target, id) : undefined;
    if (!other) return answer(204);
    const body = {
      '@odata.context': contextOf(api, target, options, '/$entity'),
      ...toWire(target, other, options, wire),
    };
    return answer(200, body, applied(request));
  }
  const neighbours = api.store.neighbours(table, second.name, String(row[table.id]));
  if (neighbours) return routeNeighbours(api, request, table, row, below, neighbours, options, wire);
  return property(api, request, table, row, second.name, third?.name);
}

/** A collection of related rows is read like a set, and a row that is posted to it is related at once. */
function routeNeighbours(
  api: Api,
  request: SimRequest,
  table: Table,
  row: Row,
  [nav, below]: readonly Segment[],
  { child, rows }: { readonly child: Table; readonly rows: readonly Row[] },
  options: QueryOptions,
  wire: WireOptions,
): SimResponse {
  const name = nav?.name ?? '';
  if (request.method === 'POST' && !below) {
    const via = table.collections[name]?.via;
    const made = api.store.transact(() => {
      const one = create(api, child, readJson(request), via === undefined ? {} : { [via]: String(row[table.id]) });
      if (via === undefined) relate(api, table, name, String(row[table.id]), String(one[child.id]));
      return one;
    });
    return created(api, request, child, made, options, wire);
  }
  if (request.method !== 'GET') throw notAllowed(request.method);
  if (below && below.name !== '$count') throw noSegment(below.name);
  if (!below) return listRows(api, request, child, rows, options, wire, `${table.set}(${row[table.id]})/${name}`);
  const count = selectRows(child, rows, options, wire).length;
  return { status: 200, headers: { 'content-type': 'text/plain' }, body: String(count) };
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
  if (isFileColumn(column)) return routeFile(api, request, table, row, column, third);
  if (request.method === 'GET') {
    const value = toWire(table, row, { select: [name], other: {} }, { store: api.store, annotations: undefined })[name];
    // A property without a value has no content (OData 4.0, part 1, 11.2.3).
    if (value === null || value === undefined) return answer(204);
    if (third === '$value')
      return { status: 200, headers: { 'content-type': 'text/plain' }, body: String(row[name] ?? '') };
    return answer(200, { '@odata.context': `${api.url}/$metadata#${table.set}(${row[table.id]})/${name}`, value });
  }
  checkMatch(request, row);
  if (request.method === 'PUT')
    api.store.transact(() => update(api, table, row, { [name]: readJson(request)['value'] }));
  else if (request.method === 'DELETE') api.store.transact(() => update(api, table, row, { [name]: null }));
  else throw notAllowed(request.method);
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
  if (done.answer) {
    const { type, ...value } = done.answer;
    return answer(200, { '@odata.context': `${api.url}/$metadata#Microsoft.Dynamics.CRM.${type}`, ...value });
  }
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
