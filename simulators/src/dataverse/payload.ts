import { DataverseError, type Row, type Store, type Value } from './store.js';
import { type Column, statesOf, type Table } from './tables.js';

/**
 * A JSON body becomes column values: binds by their exact navigation name, types and lengths checked
 * (reference/dataverse-sales 2, 10).
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
      values[name] = String(value).toLowerCase();
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

/**
 * Their MinValue is 0 (MicrosoftDocs/dynamics-365-customer-engagement, ce/developer/reference/entities: invoice.md,
 * invoicedetail.md, salesorder.md, product.md, account.md).
 */
const NEVER_NEGATIVE: ReadonlySet<string> = new Set([
  'discountamount',
  'discountpercentage',
  'freightamount',
  'manualdiscountamount',
  'creditlimit',
  'price',
  'currentcost',
  'standardcost',
]);

const DECIMAL = /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

function toValue(table: Table, column: Column, value: unknown): Value {
  if (value === null) return null;
  const { name, type, size } = column;
  const wrong = (what: string): DataverseError =>
    badPayload(table, `Cannot convert the literal '${String(value)}' to the expected type '${what}'.`);
  switch (type) {
    case 'text': {
      if (typeof value !== 'string') throw wrong('Edm.String');
      if (value.length <= size) return value;
      throw new DataverseError(
        400,
        '0x80044331',
        `A validation error occurred.  The length of the '${name}' attribute of the '${table.name}' entity exceeded the maximum allowed length of '${size}'.`,
      );
    }
    case 'guid':
      return String(value).toLowerCase();
    case 'int':
    case 'choice':
      if (typeof value !== 'number' || !Number.isInteger(value)) throw wrong('Edm.Int32');
      if (name === 'pricingerrorcode' && (value < 0 || value > 38)) {
        throw new DataverseError(
          400,
          '0x8004431A',
          `A validation error occurred. The value of '${name}' on record of type '${table.name}' is outside the valid range.`,
        );
      }
      return value;
    case 'double':
      if (typeof value !== 'number') throw wrong('Edm.Double');
      return value;
    case 'bool':
      if (typeof value !== 'boolean') throw wrong('Edm.Boolean');
      return value;
    case 'money':
    case 'decimal': {
      if (typeof value !== 'number' && !(typeof value === 'string' && DECIMAL.test(value))) throw wrong('Edm.Decimal');
      if (Math.abs(Number(value)) > 1e15 || (NEVER_NEGATIVE.has(name) && Number(value) < 0)) {
        throw new DataverseError(
          400,
          '0x80044330',
          `A validation error occurred. The value of '${name}' on record of type '${table.name}' is outside the valid range.`,
        );
      }
      return /[eE]/.test(String(value)) ? Number(value).toFixed(10) : String(value);
    }
    case 'date':
    case 'datetime': {
      const at = Date.parse(String(value));
      if (typeof value !== 'string' || Number.isNaN(at))
        throw wrong(type === 'date' ? 'Edm.Date' : 'Edm.DateTimeOffset');
      if (at < Date.UTC(1753, 0, 1))
        throw new DataverseError(
          400,
          '0x80040239',
          `DateTime is less than minumum value supported by CrmDateTime. Actual value: ${value}, Minimum value supported: 01/01/1753 00:00:00`,
        );
      return type === 'date' ? value.slice(0, 10) : `${new Date(at).toISOString().slice(0, 19)}Z`;
    }
  }
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

export function badPayload(table: Table, text: string): DataverseError {
  return new DataverseError(
    400,
    '0x80048d19',
    `Error identified in Payload provided by the user for Entity :'${table.set}', For more information on this error please follow this help link https://go.microsoft.com/fwlink/?linkid=2195293  ---->  InnerException : Microsoft.OData.ODataException: ${text}`,
  );
}
