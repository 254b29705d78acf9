import type { SimRequest, SimResponse } from '../kernel/server.js';
import { orderOf } from '../odata/filter.js';
import { type Api, answer } from './answers.js';
import { aggregateRows } from './fetch-aggregates.js';
import { type Joined, join, linksBelow, valueIn } from './fetch-joins.js';
import { type FetchEntity, type FetchLink, type FetchOrder, type FetchQuery, readFetch } from './fetch-query.js';
import { type AskedPage, applied, contextOf, PAGE } from './reads.js';
import type { Row } from './store.js';
import type { Table } from './tables.js';
import { toWire, type WireOptions } from './wire.js';

/** Queries in FetchXML (MicrosoftDocs/powerapps-docs, fetchxml/retrieve-data.md and page-results.md). */

export function fetchRows(
  api: Api,
  request: SimRequest,
  table: Table,
  source: string,
  wire: WireOptions,
  asked?: AskedPage,
): SimResponse {
  const read = readFetch(api.store, table, source);
  const query = asked && read.top === undefined ? { ...read, count: asked.size, page: asked.number } : read;
  const links = linksBelow(query.entity);
  const joined = join(api, query, links);
  if (query.isAggregate) {
    const value = aggregateRows(query, links, joined);
    return answer(200, { '@odata.context': contextOf(api, table, { other: {} }), value: value.slice(0, query.top) });
  }
  sort(query, links, joined);
  const select = columnsOf(query.entity);
  const shown = joined.map((one) => toFetched(api, query, links, one, select, wire));
  const rows = query.isDistinct ? distinct(shown) : shown;
  const size = Math.min(query.count ?? PAGE, PAGE);
  const from = query.top === undefined ? (query.page - 1) * size : 0;
  const page = rows.slice(from, from + (query.top === undefined ? size : Math.min(query.top, PAGE)));
  const hasMore = query.top === undefined && rows.length > from + page.length;
  const shows = (name: string): boolean => wire.annotations?.test(`Microsoft.Dynamics.CRM.${name}`) ?? false;
  const isPlain = !query.entity.orders.some(({ entity }) => entity !== undefined);
  return answer(
    200,
    {
      '@odata.context': contextOf(api, table, { other: {}, ...(select && { select }) }),
      ...(query.wantsTotal &&
        shows('totalrecordcount') && {
          '@Microsoft.Dynamics.CRM.totalrecordcount': rows.length > PAGE ? -1 : rows.length,
          '@Microsoft.Dynamics.CRM.totalrecordcountlimitexceeded': rows.length > PAGE,
        }),
      ...(hasMore &&
        isPlain &&
        shows('fetchxmlpagingcookie') && {
          '@Microsoft.Dynamics.CRM.fetchxmlpagingcookie': cookie(query, table, page),
        }),
      ...(shows('morerecords') && { '@Microsoft.Dynamics.CRM.morerecords': hasMore }),
      value: page,
      ...(hasMore && asked && { '@odata.nextLink': asked.next(api, table.set, cookie(query, table, page)) }),
    },
    applied(request),
  );
}

export function sort(query: FetchQuery, links: readonly FetchLink[], joined: Joined[]): void {
  const orders: (FetchOrder & { readonly of: string | undefined })[] = [
    ...query.entity.orders.map((order) => ({ ...order, of: order.entity })),
    ...links.flatMap(({ alias, orders: own }) => own.map((order) => ({ ...order, of: order.entity ?? alias }))),
  ];
  if (orders.length === 0) return;
  joined.sort((a, b) => {
    for (const { of, column, descending } of orders) {
      const left = valueIn(query, links, a, of, column);
      const right = valueIn(query, links, b, of, column);
      const by = left === null ? (right === null ? 0 : -1) : right === null ? 1 : orderOf(left, right, false);
      if (by !== 0) return descending ? -by : by;
    }
    return 0;
  });
}

/** Lookups are shown as `_name_value`; undefined is all columns. */
function columnsOf(entity: FetchEntity): string[] | undefined {
  if (entity.hasAll) return undefined;
  const own = entity.attributes.filter(({ alias }) => alias === undefined).map(({ name }) => name);
  return own.filter((name) => name !== entity.table.id).map((name) => shownName(entity.table, name));
}

const shownName = (table: Table, name: string): string => (table.lookups.has(name) ? `_${name}_value` : name);

/** Properties without a value are left out, other than in an answer to OData options. */
function toFetched(
  api: Api,
  query: FetchQuery,
  links: readonly FetchLink[],
  { row, linked }: Joined,
  select: readonly string[] | undefined,
  wire: WireOptions,
): Record<string, unknown> {
  const { entity } = query;
  const shown = toWire(entity.table, row, { other: {}, ...(select && { select }) }, wire);
  for (const attribute of entity.attributes) {
    if (attribute.alias === undefined) continue;
    Object.assign(shown, renamed(api, entity.table, row, attribute.name, attribute.alias, wire));
  }
  for (const link of links) {
    const other = linked.get(link.alias);
    if (!other) continue;
    const names = link.hasAll
      ? [link.table.id, ...link.table.columns.keys(), ...link.table.lookups.keys()].map((name) => ({
          name,
          alias: undefined,
        }))
      : link.attributes;
    for (const { name, alias } of names)
      Object.assign(shown, renamed(api, link.table, other, name, alias ?? `${link.alias}.${name}`, wire));
  }
  for (const [name, value] of Object.entries(shown)) if (value === null) delete shown[name];
  return shown;
}

/** One column under another name, with its annotations. */
export function renamed(
  api: Api,
  table: Table,
  row: Row,
  name: string,
  alias: string,
  wire: WireOptions,
): Record<string, unknown> {
  if (name === table.id) return { [alias]: row[table.id] };
  const property = shownName(table, name);
  const one = toWire(table, row, { select: [property], other: {} }, { ...wire, store: api.store });
  const found: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(one)) {
    if (key === property) found[alias] = value;
    else if (key.startsWith(`${property}@`)) found[`${alias}${key.slice(property.length)}`] = value;
  }
  return found;
}

export function distinct(rows: readonly Record<string, unknown>[]): Record<string, unknown>[] {
  const seen = new Map<string, Record<string, unknown>>();
  for (const row of rows) {
    const { '@odata.etag': _etag, ...rest } = row;
    const key = JSON.stringify(rest);
    if (!seen.has(key)) seen.set(key, row);
  }
  return [...seen.values()];
}

/** The cookie is XML in an attribute, encoded twice, with the first and the last value of what the page is ordered by. */
function cookie(query: FetchQuery, table: Table, page: readonly Record<string, unknown>[]): string {
  const [first, last] = [page[0], page.at(-1)];
  const part = (name: string, isId: boolean): string => {
    const of = (row: Record<string, unknown> | undefined): string => {
      const value = String(row?.[shownName(table, name)] ?? '').replaceAll('"', '&quot;');
      return isId ? `{${value.toUpperCase()}}` : value;
    };
    return `<${name} last="${of(last)}" first="${of(first)}" />`;
  };
  const columns = query.entity.orders.map(({ column }) => column).filter((column) => column !== table.id);
  const inner = `<cookie page="${query.page}">${columns.map((name) => part(name, false)).join('')}${part(table.id, true)}</cookie>`;
  const encoded = encodeURIComponent(encodeURIComponent(inner));
  return `<cookie pagenumber="${query.page + 1}" pagingcookie="${encoded}" istracking="False" />`;
}
