import { matches, orderOf, type Scalar } from '../odata/filter.js';
import type { QueryOptions } from '../odata/query.js';
import { DataverseError, decimal, type Row, type Store, type Value } from './store.js';
import { type ColumnType, TABLE_BY_NAME, type Table } from './tables.js';

/** Numbers whose trailing zeros matter (`1250.0000`) are marked as text here and unquoted at the very end. */
const MARK = '\u0001';

export function toJsonText(value: object): string {
  return JSON.stringify(value).replace(/"\\u0001(-?\d+(?:\.\d+)?)"/g, '$1');
}

const SCALE: Partial<Record<ColumnType, number>> = { money: 4, decimal5: 5, decimal10: 10 };

export interface WireOptions {
  readonly store: Store;
  readonly annotations: boolean;
}

/** One row with its selected columns and expanded neighbours. */
export function toWire(table: Table, row: Row, query: QueryOptions, options: WireOptions): Record<string, unknown> {
  const wire: Record<string, unknown> = { '@odata.etag': `W/"${row['versionnumber']}"` };
  const names = query.select ?? [
    ...Object.keys(table.columns),
    ...Object.keys(table.lookups).map((name) => `_${name}_value`),
  ];
  for (const name of names) {
    if (name !== table.id) writeColumn(table, row, name, wire, options);
  }
  wire[table.id] = row[table.id];
  for (const item of query.expand ?? []) wire[item.nav] = expand(table, row, item.nav, item.options, options);
  return wire;
}

function writeColumn(table: Table, row: Row, name: string, wire: Record<string, unknown>, options: WireOptions): void {
  const lookup = lookupOf(table, name);
  if (lookup) {
    const value = row[lookup] ?? null;
    wire[name] = value;
    if (!options.annotations || value === null) return;
    const [nav, target] = targetOf(table, row, lookup, options.store);
    wire[`${name}@Microsoft.Dynamics.CRM.lookuplogicalname`] = target;
    wire[`${name}@Microsoft.Dynamics.CRM.associatednavigationproperty`] = nav;
    return;
  }
  const type = table.columns[name];
  if (type === undefined) throw unknownProperty(name, table);
  const value = row[name] ?? null;
  const scale = SCALE[type];
  wire[name] = value !== null && scale !== undefined ? MARK + decimal(value).toFixed(scale) : value;
}

function expand(table: Table, row: Row, nav: string, query: QueryOptions, options: WireOptions): unknown {
  const collection = table.collections[nav];
  if (collection) {
    const child = TABLE_BY_NAME.get(collection.table) as Table;
    const rows = options.store.children(collection.table, collection.via, String(row[table.id]));
    return selectRows(child, rows, query, options).map((other) => toWire(child, other, query, options));
  }
  for (const [column, navs] of Object.entries(table.lookups)) {
    const target = navs[nav];
    if (target === undefined) continue;
    const id = row[column];
    const other = typeof id === 'string' ? options.store.find(target, id) : undefined;
    return other ? toWire(TABLE_BY_NAME.get(target) as Table, other, query, options) : null;
  }
  throw unknownProperty(nav, table);
}

/** Filtered and ordered; without `$orderby` the order is the one of the rows. */
export function selectRows(table: Table, rows: Iterable<Row>, query: QueryOptions, options: WireOptions): Row[] {
  const { filter, orderby } = query;
  const found = [];
  for (const row of rows) {
    if (filter && !matches(filter, { resolve: (path) => resolve(table, row, path, options), caseSensitive: false }))
      continue;
    found.push(row);
  }
  if (!orderby) return found;
  return found.sort((a, b) => {
    for (const { path, descending } of orderby) {
      const left = resolve(table, a, path, options);
      const right = resolve(table, b, path, options);
      const order = left === null ? (right === null ? 0 : -1) : right === null ? 1 : orderOf(left, right, false);
      if (order !== 0) return descending ? -order : order;
    }
    return 0;
  });
}

function resolve(table: Table, row: Row, path: readonly string[], options: WireOptions): Scalar {
  const [name = '', ...rest] = path;
  if (rest.length === 0) {
    const column = lookupOf(table, name) ?? name;
    if (column === name && !(name in table.columns) && name !== table.id) throw unknownProperty(name, table);
    return row[column] ?? null;
  }
  for (const [column, navs] of Object.entries(table.lookups)) {
    const target = navs[name];
    if (target === undefined) continue;
    const id = row[column];
    const other = typeof id === 'string' ? options.store.find(target, id) : undefined;
    return other ? resolve(TABLE_BY_NAME.get(target) as Table, other, rest, options) : null;
  }
  throw unknownProperty(name, table);
}

function lookupOf(table: Table, name: string): string | undefined {
  const column = /^_(.+)_value$/.exec(name)?.[1];
  return column !== undefined && column in table.lookups ? column : undefined;
}

function targetOf(table: Table, row: Row, column: string, store: Store): readonly [string, string] {
  const navs = Object.entries(table.lookups[column] ?? {});
  const id = String(row[column]);
  return navs.find(([, target]) => store.find(target, id)) ?? (navs[0] as [string, string]);
}

export function unknownProperty(name: string, table: Table): DataverseError {
  return new DataverseError(
    400,
    '0x80060888',
    `Could not find a property named '${name}' on type 'Microsoft.Dynamics.CRM.${table.name}'.`,
  );
}

/** A JSON body becomes column values; binds by their exact navigation name, nested collections apart. */
export function fromWire(
  table: Table,
  body: Readonly<Record<string, unknown>>,
): { values: Row; nested: { table: Table; via: string; rows: Record<string, unknown>[] }[] } {
  const values: Row = {};
  const nested = [];
  for (const [name, value] of Object.entries(body)) {
    if (name.startsWith('@odata')) continue;
    const nav = /^(.+)@odata\.bind$/.exec(name)?.[1];
    const collection = table.collections[name];
    if (nav !== undefined) bind(table, nav, value, values);
    else if (collection && Array.isArray(value)) {
      nested.push({
        table: TABLE_BY_NAME.get(collection.table) as Table,
        via: collection.via,
        rows: value as Record<string, unknown>[],
      });
    } else if (name in table.columns || name === table.id) values[name] = toValue(table.columns[name], value);
    else throw badPayload(table, `An undeclared property '${name}' was found in the payload.`);
  }
  return { values, nested };
}

function bind(table: Table, nav: string, value: unknown, values: Row): void {
  for (const [column, navs] of Object.entries(table.lookups)) {
    const target = navs[nav];
    if (target === undefined) continue;
    const set = TABLE_BY_NAME.get(target)?.set;
    const id = new RegExp(`/?${set}\\(([0-9a-fA-F-]{36})\\)$`).exec(String(value))?.[1];
    if (value !== null && !id) throw badPayload(table, `The value of '${nav}@odata.bind' is not a valid reference.`);
    values[column] = id?.toLowerCase() ?? null;
    return;
  }
  throw badPayload(
    table,
    `An undeclared property '${nav}' which only has property annotations in the payload but no property value was found in the payload.`,
  );
}

function toValue(type: ColumnType | undefined, value: unknown): Value {
  if (value === null) return null;
  if (type !== undefined && SCALE[type] !== undefined) return String(value);
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? value
    : JSON.stringify(value);
}

function badPayload(table: Table, text: string): DataverseError {
  return new DataverseError(
    400,
    '0x80048d19',
    `Error identified in Payload provided by the user for Entity :'${table.set}', ---->  InnerException : Microsoft.OData.ODataException: ${text}`,
  );
}
