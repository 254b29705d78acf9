import { badPayload, toGuid, toValue } from './column-values.js';
import { DataverseError, type Row, type Store } from './store.js';
import { statesOf, type Table } from './tables.js';

/**
 * A JSON body becomes column values: binds by their exact navigation name
 * (reference/dataverse-sales 2.12).
 */

export interface Payload {
  readonly values: Row;
  readonly nested: readonly {
    readonly table: Table;
    readonly via: string;
    readonly rows: readonly Record<string, unknown>[];
  }[];
  /** Rows that a single navigation property brings along: made first, then referred to. */
  readonly parents: readonly {
    readonly table: Table;
    readonly column: string;
    readonly row: Record<string, unknown>;
  }[];
}

export function readPayload(store: Store, table: Table, body: Readonly<Record<string, unknown>>): Payload {
  const values: Row = {};
  const nested = [];
  const parents = [];
  for (const [name, value] of Object.entries(body)) {
    const nav = /^(.+)@odata\.bind$/.exec(name)?.[1];
    const collection = table.collections[name];
    if (nav !== undefined) bind(store, table, nav, value, values);
    else if (name.includes('@') || name.startsWith('odata.')) continue;
    else if (collection && Array.isArray(value)) {
      nested.push({
        table: store.schema.table(collection.table),
        via: collection.via,
        rows: value as Record<string, unknown>[],
      });
    } else if (isSingle(table, name, value)) {
      const { column, target } = table.navs.get(name) as { column: string; target: string };
      if (value === null) values[column] = null;
      else parents.push({ table: store.schema.table(target), column, row: value as Record<string, unknown> });
    } else if (name === table.id) {
      values[name] = toGuid(table, value);
    } else {
      const column = table.columns.get(name);
      if (!column)
        throw badPayload(
          table,
          `An undeclared property '${name}' which only has property annotations in the payload but no property value was found in the payload. In OData, only declared navigation properties and declared named streams can be represented as properties without values.`,
        );
      // What is calculated is ignored, as Dataverse does.
      if (column.access !== 'read') values[name] = toValue(table, column, value);
    }
  }
  return { values, nested, parents };
}

/** A writable single navigation property with null, which disassociates, or with the row to create. */
function isSingle(table: Table, name: string, value: unknown): boolean {
  const nav = table.navs.get(name);
  return nav !== undefined && !table.readOnlyLookups.has(nav.column) && typeof value === 'object';
}

function bind(store: Store, table: Table, nav: string, value: unknown, values: Row): void {
  const found = table.navs.get(nav);
  if (!found || table.readOnlyLookups.has(found.column)) {
    throw badPayload(
      table,
      `An undeclared property '${nav}' which only has property annotations in the payload but no property value was found in the payload. In OData, only declared navigation properties and declared named streams can be represented as properties without values.`,
    );
  }
  if (value === null) {
    values[found.column] = null;
    return;
  }
  values[found.column] = referredTo(store, table, nav, store.schema.table(found.target), value);
}

/** The id of the row that `@odata.bind` or `@odata.id` refers to, by its id or by an alternate key. */
export function referredTo(store: Store, table: Table, nav: string, target: Table, value: unknown): string {
  // Two slashes are taken as one: clients append a path to an address that ends with one.
  const text = String(value).replace(/^https?:\/\/[^/]+\/api\/data\/v9\.\d\/+/, '/');
  const id = new RegExp(`^/?${target.set}\\(([0-9a-fA-F-]{36})\\)$`).exec(text)?.[1];
  if (id) {
    if (!store.find(target.name, id))
      throw new DataverseError(404, '0x80040217', `${target.name} With Id = ${id} Does Not Exist`);
    return id.toLowerCase();
  }
  const key = new RegExp(`^/?${target.set}\\((\\w+)='((?:[^']|'')*)'\\)$`).exec(text);
  if (!key) throw badPayload(table, `The value of '${nav}@odata.bind' is not a valid reference: ${text}`);
  const row = findByKey(store, target, { [key[1] as string]: (key[2] as string).replaceAll("''", "'") });
  if (!row) throw noSuchKey(target);
  return String(row[target.id]);
}

/** @throws DataverseError 0x80060890 when these columns are no key. */
export function findByKey(store: Store, table: Table, keys: Readonly<Record<string, string>>): Row | undefined {
  const names = Object.keys(keys).sort();
  const isKey = [...table.keys.values()].some((columns) => [...columns].sort().join() === names.join());
  if (!isKey) {
    throw new DataverseError(
      400,
      '0x80060890',
      `The specified key attributes are not a defined key for the ${table.name} entity`,
    );
  }
  for (const row of store.all(table.name)) {
    if (names.every((name) => String(row[name] ?? '').toLowerCase() === (keys[name] ?? '').toLowerCase())) return row;
  }
  return undefined;
}

export function noSuchKey(table: Table): DataverseError {
  return new DataverseError(
    404,
    '0x80060891',
    `A record with the specified key values does not exist in ${table.name} entity`,
  );
}

/** State and status belong together (reference/dataverse-sales 2.13); one that is not given follows from the other. */
export function completeState(table: Table, values: Row, row: Row | undefined): void {
  if (!table.hasState) return;
  const states = statesOf(table.name);
  const { statecode, statuscode } = values;
  if (statecode === undefined && statuscode === undefined) return;
  const state = statecode ?? row?.['statecode'] ?? 0;
  const known = states[Number(state)];
  if (!known) throw wrongState(table, state, statuscode);
  if (statuscode === undefined || statuscode === null || statuscode === -1) values['statuscode'] = known[2];
  else {
    const isCustom = Number(statuscode) >= 100_010;
    if (!(Number(statuscode) in known[1]) && !isCustom) throw wrongState(table, state, statuscode);
  }
  values['statecode'] = state;
}

function wrongState(table: Table, state: unknown, status: unknown): DataverseError {
  return new DataverseError(
    400,
    '0x80048408',
    `${String(status)} is not a valid status code for state code ${String(state)} of ${table.name}.`,
  );
}
