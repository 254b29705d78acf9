import type { SimRequest, SimResponse } from '../kernel/server.js';
import type { Segment } from '../odata/path.js';
import type { QueryOptions } from '../odata/query.js';
import { type Api, answer, prefers, readJson } from './answers.js';
import { removeWithRelated } from './cascades.js';
import { badPayload } from './column-values.js';
import { completeState, readPayload } from './payload.js';
import { checkAppend } from './privileges.js';
import { applied, contextOf, findRow, getRow } from './reads.js';
import { checkDelete, checkLineParent, checkRow, checkUpdate, fillDefaults, isStateChange } from './rules.js';
import { DataverseError, type Row, type Store } from './store.js';
import { LINES, type Table } from './tables.js';
import { toWire, type WireOptions } from './wire.js';

/** Create, update, upsert and delete (reference/dataverse-sales 7). */

export function create(api: Api, table: Table, body: Readonly<Record<string, unknown>>, keys: Row = {}): Row {
  const row = insert(api, table, body, keys);
  api.store.recomputeParent(table, row);
  return row;
}

/** The totals of what it belongs to are not calculated: of a document that comes with its lines once, behind the last one. */
function insert(api: Api, table: Table, body: Readonly<Record<string, unknown>>, keys: Row): Row {
  const { values, nested, parents } = readPayload(api.store, table, body);
  checkAppend(api, table, values);
  for (const parent of parents) values[parent.column] = String(create(api, parent.table, parent.row)[parent.table.id]);
  Object.assign(values, keys);
  completeState(table, values, undefined);
  fillDefaults(api.store, table, values);
  checkRow(api.store, table, values);
  checkLineParent(api.store, table, values);
  const row = api.store.insert(table, values);
  for (const part of nested) {
    for (const child of part.rows) insert(api, part.table, child, { [part.via]: String(row[table.id]) });
  }
  if (LINES[table.name]) api.store.computeTotals(table, row);
  api.announce({ message: 'Create', table: table.name, recordId: String(row[table.id]), values });
  return row;
}

export function notAllowed(method: string): DataverseError {
  return new DataverseError(405, '0x80060888', `The requested resource does not support http method '${method}'.`);
}

export function created(
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

export function patch(
  api: Api,
  request: SimRequest,
  table: Table,
  segment: Segment,
  options: QueryOptions,
  wire: WireOptions,
): SimResponse {
  const body = readJson(request);
  const row = findRow(api, table, segment);
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

/**
 * State and other columns in one request are two updates, with two versions and two events (reference/dataverse-sales
 * 3.4).
 */
export function update(api: Api, table: Table, row: Row, body: Readonly<Record<string, unknown>>): void {
  const { values, nested, parents } = readPayload(api.store, table, body);
  if (nested.length > 0 || parents.length > 0)
    throw badPayload(table, 'Nested collections cannot be changed by an update of their parent.');
  for (const name of Object.keys(values)) if (table.columns.get(name)?.access === CREATE_ONLY) delete values[name];
  delete values[table.id];
  checkAppend(api, table, values);
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

export function remove(api: Api, request: SimRequest, table: Table, segment: Segment): SimResponse {
  const row = getRow(api, table, segment);
  checkMatch(request, row);
  checkDelete(api.store, table, row);
  api.store.transact(() => {
    removeWithRelated(api.store, table, row);
    api.store.recomputeParent(table, row);
  });
  api.announce({ message: 'Delete', table: table.name, recordId: String(row[table.id]) });
  return answer(204);
}

/** reference/dataverse-sales 7.1: a weak etag, `*` for "it must exist". */
export function checkMatch(request: SimRequest, row: Row): void {
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
