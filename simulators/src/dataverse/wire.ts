import { type Expression, matches, orderOf, type Scalar } from '../odata/filter.js';
import type { ExpandItem, QueryOptions } from '../odata/query.js';
import { periodOf } from './periods.js';
import { DataverseError, decimal, type Row, type Store, type Value } from './store.js';
import { perColumns, statesOf, type Table } from './tables.js';

/** Rows as the Web API shows them (reference/dataverse-sales 2, 8), and what a query selects. */

/** Numbers whose trailing zeros matter (`1250.0000`) are marked as text here and unquoted at the very end. */
const MARK = '\u0001';

/** Numbers that a double does not hold become text (`IEEE754Compatible=true`). */
export function toText(value: unknown, name = ''): unknown {
  if (typeof value === 'string' && value.startsWith(MARK)) return value.slice(MARK.length);
  if (Array.isArray(value)) return value.map((one) => toText(one));
  if (typeof value === 'number' && (name === 'versionnumber' || name === '@odata.count')) return String(value);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, toText(one, key)]));
}

export function toJsonText(value: object): string {
  return JSON.stringify(value).replace(/"\\u0001(-?\d+(?:\.\d+)?)"/g, '$1');
}

export interface WireOptions {
  readonly store: Store;
  /** Which annotations the client asked for; `undefined` is none. */
  readonly annotations: RegExp | undefined;
  /** `https://…/api/data/v9.2`, when the client asked for all control information (`odata.metadata=full`). */
  readonly full?: string | undefined;
  readonly pages?: ExpandedPages | undefined;
}

/** How collections are expanded (MicrosoftDocs/powerapps-docs, webapi/query/join-tables.md). */
export interface ExpandedPages {
  /** `https://…/api/data/v9.2` */
  readonly url: string;
  readonly size: number;
  /** Something is expanded within something else: then each collection has pages. */
  readonly isNested: boolean;
}

/** Related rows in one answer at most. */
const MOST_EXPANDED = 5_000;

const FORMATTED = 'OData.Community.Display.V1.FormattedValue';
const LOGICAL = 'Microsoft.Dynamics.CRM.lookuplogicalname';
const NAVIGATION = 'Microsoft.Dynamics.CRM.associatednavigationproperty';

/** One row with its selected columns and expanded neighbours. */
export function toWire(table: Table, row: Row, query: QueryOptions, options: WireOptions): Record<string, unknown> {
  const isWhole = query.select === undefined && options.annotations === undefined;
  const wire: Record<string, unknown> = isWhole ? { ...emptyOf(table) } : {};
  wire['@odata.etag'] = `W/"${row['versionnumber']}"`;
  for (const name of columnsOf(table, query)) if (name !== table.id) writeColumn(table, row, name, wire, options);
  wire[table.id] = row[table.id];
  if (options.full !== undefined) return describe(table, row, query, options, options.full, wire);
  for (const item of query.expand ?? []) Object.assign(wire, expand(table, row, item, options));
  return wire;
}

/** What `odata.metadata=full` adds: types, addresses, links (OData JSON format 4.0, 4.5). */
function describe(
  table: Table,
  row: Row,
  query: QueryOptions,
  options: WireOptions,
  url: string,
  plain: Record<string, unknown>,
): Record<string, unknown> {
  const address = `${table.set}(${row[table.id]})`;
  const wire: Record<string, unknown> = {
    '@odata.type': `#Microsoft.Dynamics.CRM.${table.name}`,
    '@odata.id': `${url}/${address}`,
    '@odata.etag': plain['@odata.etag'],
    '@odata.editLink': address,
  };
  for (const [name, value] of Object.entries(plain)) {
    const type = name === table.id || lookupOf(table, name) ? 'guid' : table.columns.get(name)?.type;
    const shown = name === 'versionnumber' ? 'Int64' : type && TYPE_NAMES[type];
    if (shown !== undefined && value !== null) wire[`${name}@odata.type`] = `#${shown}`;
    wire[name] = value;
  }
  const expanded = new Map((query.expand ?? []).map((item) => [item.nav, item]));
  for (const nav of query.select
    ? expanded.keys()
    : [...table.navs.keys(), ...Object.keys({ ...table.collections, ...table.links })]) {
    wire[`${nav}@odata.associationLink`] = `${url}/${address}/${nav}/$ref`;
    wire[`${nav}@odata.navigationLink`] = `${url}/${address}/${nav}`;
  }
  for (const item of expanded.values()) Object.assign(wire, expand(table, row, item, options));
  return wire;
}

/** Types that JSON does not tell by itself. */
const TYPE_NAMES: Readonly<Record<string, string>> = {
  money: 'Decimal',
  decimal: 'Decimal',
  datetime: 'DateTimeOffset',
  date: 'Date',
  guid: 'Guid',
};

function columnsOf(table: Table, query: QueryOptions): readonly string[] {
  if (!query.select) return allColumns(table);
  const hasMoney = query.select.some((name) => table.columns.get(name)?.type === 'money');
  const currency = '_transactioncurrencyid_value';
  // A money column brings its currency along.
  if (!hasMoney || !table.lookups.has('transactioncurrencyid') || query.select.includes(currency)) return query.select;
  return [...query.select, currency];
}

/** Every column as it is shown. */
const allColumns = perColumns((table): readonly string[] => [
  ...table.columns.keys(),
  ...[...table.lookups.keys()].map((name) => `_${name}_value`),
]);

/** A whole row before its values, whose copies share one layout. */
const emptyOf = perColumns((table): Readonly<Record<string, unknown>> => {
  const names = ['@odata.etag', ...allColumns(table).filter((name) => name !== table.id), table.id];
  return Object.fromEntries(names.map((name) => [name, null]));
});

/** Secrets (reference/dataverse-sales 5.1). */
const WRITE_ONLY: ReadonlySet<string> = new Set(['authvalue']);

function writeColumn(table: Table, row: Row, name: string, wire: Record<string, unknown>, options: WireOptions): void {
  const column = table.columns.get(name);
  if (!column) {
    const lookup = lookupOf(table, name);
    if (!lookup) throw unknownProperty(name, table);
    writeLookup(table, row, name, lookup, wire, options);
    return;
  }
  const value = WRITE_ONLY.has(name) ? null : (row[name] ?? null);
  const { type, size } = column;
  if (value !== null && (type === 'money' || type === 'decimal')) wire[name] = MARK + decimal(value).toFixed(size);
  else wire[name] = value;
  if (value === null || !options.annotations?.test(FORMATTED)) return;
  const label = formatted(table, name, value, type);
  if (label !== undefined) wire[`${name}@${FORMATTED}`] = label;
}

function writeLookup(
  table: Table,
  row: Row,
  name: string,
  lookup: string,
  wire: Record<string, unknown>,
  options: WireOptions,
): void {
  const value = row[lookup] ?? null;
  wire[name] = value;
  const { annotations, store } = options;
  if (!annotations || value === null) return;
  const [nav, target] = targetOf(table, row, lookup, store);
  const title = store.find(target, String(value))?.[store.schema.table(target).title];
  if (annotations.test(FORMATTED) && title) wire[`${name}@${FORMATTED}`] = title;
  if (annotations.test(LOGICAL)) wire[`${name}@${LOGICAL}`] = target;
  if (annotations.test(NAVIGATION)) wire[`${name}@${NAVIGATION}`] = nav;
}

function formatted(table: Table, name: string, value: Exclude<Value, null>, type: string): string | undefined {
  if (name === 'statecode') return statesOf(table.name)[Number(value)]?.[0];
  if (name === 'statuscode')
    return statesOf(table.name)
      .map(([, statuses]) => statuses[Number(value)])
      .find((label) => label !== undefined);
  switch (type) {
    case 'money':
      return decimal(value)
        .toFixed(2)
        .replace(/\B(?=(\d{3})+(?!\d))/g, ',');
    case 'decimal':
      return decimal(value).toFixed(2);
    case 'bool':
      return value === true ? 'Yes' : 'No';
    case 'choice':
      return table.choices.get(name)?.get(Number(value)) ?? String(value);
    case 'int':
    case 'double':
      return String(value);
    case 'datetime':
    case 'date':
      return String(value).replace('T', ' ').slice(0, 16);
    default:
      return undefined;
  }
}

function expand(table: Table, row: Row, item: ExpandItem, options: WireOptions): Record<string, unknown> {
  const { store, pages } = options;
  const neighbours = store.neighbours(table, item.nav, String(row[table.id]));
  if (neighbours) {
    const { child, rows } = neighbours;
    const size = pages?.isNested ? pages.size : MOST_EXPANDED;
    const found = selectRows(child, rows, item.options, options).slice(0, item.options.top ?? size);
    const link = pages && nextOfExpanded(pages, `${table.set}(${row[table.id]})/${item.nav}`, item, found.length);
    return {
      [item.nav]: found.map((other) => {
        const row = toWire(child, other, item.options, options);
        return pages?.isNested ? withoutEtag(row) : row;
      }),
      ...(link && { [`${item.nav}@odata.nextLink`]: link }),
    };
  }
  const nav = table.navs.get(item.nav);
  if (!nav) throw unknownProperty(item.nav, table);
  const id = row[nav.column];
  const other = typeof id === 'string' ? store.find(nav.target, id) : undefined;
  return {
    [item.nav]: other ? withoutEtag(toWire(store.schema.table(nav.target), other, item.options, options)) : null,
  };
}

/**
 * The row behind a lookup has no etag, nor have the rows of a collection where anything is nested
 * (MicrosoftDocs/powerapps-docs, webapi/query/join-tables.md).
 */
function withoutEtag({ '@odata.etag': _etag, ...row }: Record<string, unknown>): Record<string, unknown> {
  return row;
}

/** Without anything nested the link names the collection and no page of it; else it follows a page that is full. */
function nextOfExpanded(
  { url, isNested, size }: ExpandedPages,
  path: string,
  { query }: ExpandItem,
  given: number,
): string | undefined {
  if (!isNested) return `${url}/${path}${query && `?${query}`}`;
  if (given < size) return undefined;
  const token = `$skiptoken=${encodeURIComponent(pageCookie(given, size, false))}`;
  return `${url}/${path}?${[query, token].filter((part) => part !== '').join('&')}`;
}

/** An opaque cookie, in the shape that clients have seen. */
export function pageCookie(from: number, size: number, isTracking: boolean): string {
  const page = Math.floor(from / size) + 1;
  return `<cookie pagenumber="${page}" pagingcookie="${from}" istracking="${isTracking ? 'True' : 'False'}" />`;
}

/** Filtered and ordered; without `$orderby` the order is the one of the rows. */
export function selectRows(table: Table, rows: Iterable<Row>, query: QueryOptions, options: WireOptions): Row[] {
  const { filter, orderby } = query;
  const found: Row[] = [];
  for (const row of rows) if (!filter || fits(table, row, filter, options)) found.push(row);
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

export function fits(table: Table, row: Row, filter: Expression, options: WireOptions): boolean {
  return matches(filter, {
    resolve: (path) => resolve(table, row, path, options),
    caseSensitive: false,
    lambda: (lambda) => testLambda(table, row, lambda, options),
    namespaced: (call) => queryFunction(table, row, call, options),
  });
}

function testLambda(table: Table, row: Row, lambda: Expression & { kind: 'lambda' }, options: WireOptions): boolean {
  const [nav = ''] = lambda.path;
  const neighbours = options.store.neighbours(table, nav, String(row[table.id]));
  if (!neighbours) throw unknownProperty(nav, table);
  const { child, rows } = neighbours;
  const { body } = lambda;
  if (!body) return rows.length > 0;
  const test = (one: Row): boolean =>
    matches(body, {
      caseSensitive: false,
      resolve: (path) => resolve(child, one, path[0] === lambda.variable ? path.slice(1) : path, options),
    });
  return lambda.quantifier === 'any' ? rows.some(test) : rows.every(test);
}

/** `Microsoft.Dynamics.CRM.In(PropertyName='statecode',PropertyValues=['0','1'])` and its kin. */
function queryFunction(table: Table, row: Row, call: Expression & { kind: 'call' }, options: WireOptions): boolean {
  const name = call.name.replace('Microsoft.Dynamics.CRM.', '');
  const given = new Map(call.args.map((arg) => namedArgument(arg)));
  const property = String(given.get('PropertyName')?.[0] ?? '');
  const value = resolve(table, row, property.split('/'), options);
  const values = given.get('PropertyValues') ?? given.get('PropertyValue') ?? [];
  const order = (other: Scalar): number =>
    value === null || other === null ? Number.NaN : orderOf(value, other, false);
  const day = (text: Scalar): string => String(text ?? '').slice(0, 10);
  const [first = null, second = null] = values;
  switch (name) {
    case 'In':
    case 'ContainValues':
      return values.some((one) => order(one) === 0);
    case 'NotIn':
    case 'DoesNotContainValues':
      return values.every((one) => order(one) !== 0);
    case 'Between':
      return order(first) >= 0 && order(second) <= 0;
    case 'NotBetween':
      return order(first) < 0 || order(second) > 0;
    case 'On':
      return day(value) === day(first);
    case 'NotOn':
      return day(value) !== day(first);
    case 'OnOrAfter':
      return value !== null && day(value) >= day(first);
    case 'OnOrBefore':
      return value !== null && day(value) <= day(first);
    case 'EqualUserId':
      return value === options.store.callerId;
    case 'NotEqualUserId':
      return value !== options.store.callerId;
    default: {
      const period = periodOf(name, Number(first ?? 0), options.store.clock.now());
      if (!period)
        throw new DataverseError(400, '0x80060888', `An unknown function with name '${call.name}' was found.`);
      const at = value === null ? Number.NaN : Date.parse(String(value));
      return at >= period.from && at < period.to;
    }
  }
}

function namedArgument(arg: Expression): readonly [string, readonly Scalar[]] {
  const literal = (one: Expression): Scalar => (one.kind === 'literal' ? one.value : null);
  if (arg.kind === 'in' && arg.of.kind === 'path') return [arg.of.path.join('/'), arg.list.map(literal)];
  if (arg.kind === 'compare' && arg.left.kind === 'path') return [arg.left.path.join('/'), [literal(arg.right)]];
  throw new DataverseError(400, '0x80060888', 'A named argument such as PropertyName=… is expected.');
}

export function resolve(table: Table, row: Row, path: readonly string[], options: WireOptions): Scalar {
  const [name = '', ...rest] = path;
  if (rest.length === 0) {
    const column = lookupOf(table, name) ?? name;
    if (column === name && !table.columns.has(name) && name !== table.id) {
      throw new DataverseError(
        400,
        '0x80060888',
        `Could not find a property named '${name}' on type 'Microsoft.Dynamics.CRM.${table.name}'.`,
      );
    }
    return row[column] ?? null;
  }
  const nav = table.navs.get(name);
  if (!nav) throw unknownProperty(name, table);
  const id = row[nav.column];
  const other = typeof id === 'string' ? options.store.find(nav.target, id) : undefined;
  return other ? resolve(options.store.schema.table(nav.target), other, rest, options) : null;
}

export function lookupOf(table: Table, name: string): string | undefined {
  const column = /^_(.+)_value$/.exec(name)?.[1];
  return column !== undefined && table.lookups.has(column) ? column : undefined;
}

function targetOf(table: Table, row: Row, column: string, store: Store): readonly [string, string] {
  const navs = Object.entries(table.lookups.get(column) ?? {});
  const id = String(row[column]);
  // A team owns by the same lookup as a user.
  if (column === 'ownerid' && store.find('team', id)) return ['ownerid', 'team'];
  return navs.find(([, target]) => store.find(target, id)) ?? (navs[0] as [string, string]);
}

export function unknownProperty(name: string, table: Table): DataverseError {
  return new DataverseError(
    400,
    '0x80060888',
    `Could not find a property named '${name}' on type 'Microsoft.Dynamics.CRM.${table.name}'.`,
  );
}
