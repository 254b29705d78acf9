import type { Api } from './answers.js';
import { holds } from './fetch-conditions.js';
import {
  checkColumn,
  type FetchCondition,
  type FetchEntity,
  type FetchFilter,
  type FetchLink,
  type FetchQuery,
  invalid,
} from './fetch-query.js';
import type { Row, Value } from './store.js';
import type { Table } from './tables.js';

/** Which rows a FetchXML query finds (MicrosoftDocs/powerapps-docs, fetchxml/join-tables.md and filter-rows.md). */

/** One row of the entity together with those of its links, by alias; null where an outer link found none. */
export interface Joined {
  readonly row: Row;
  readonly linked: ReadonlyMap<string, Row | null>;
}

export function linksBelow(entity: FetchEntity): FetchLink[] {
  return entity.links.flatMap((link) => [link, ...linksBelow(link)]);
}

/** The value of a column of the entity or, with the alias of a link, of that link's row. */
export function valueIn(
  query: FetchQuery,
  links: readonly FetchLink[],
  { row, linked }: Joined,
  entity: string | undefined,
  column: string,
): Value {
  if (entity === undefined || entity === query.entity.table.name) {
    checkColumn(query.entity.table, column);
    return row[column] ?? null;
  }
  const link = links.find(({ alias, table }) => alias === entity || table.name === entity);
  if (!link) throw invalid(`No link-entity has the alias '${entity}'.`);
  checkColumn(link.table, column);
  return linked.get(link.alias)?.[column] ?? null;
}

export function join(api: Api, query: FetchQuery, links: readonly FetchLink[]): Joined[] {
  const { entity } = query;
  let found: Joined[] = [];
  for (const row of api.store.all(entity.table.name)) found.push({ row, linked: new Map() });
  // What the row alone decides comes first, so that few rows are joined.
  const isOwn = (filter: FetchFilter): boolean =>
    filter.parts.every((part) => (part.kind === 'filter' ? isOwn(part) : part.entity === undefined));
  const test = (one: Joined, filter: FetchFilter): boolean =>
    fits(api, filter, (condition) => [
      valueIn(query, links, one, condition.entity, condition.column),
      condition.otherColumn === undefined
        ? undefined
        : valueIn(query, links, one, condition.entity, condition.otherColumn),
    ]);
  for (const filter of entity.filters.filter(isOwn)) found = found.filter((one) => test(one, filter));
  for (const link of entity.links) found = joinLink(api, entity.table, link, found, ({ row }) => row);
  for (const filter of entity.filters.filter((one) => !isOwn(one))) found = found.filter((one) => test(one, filter));
  return found;
}

function joinLink(
  api: Api,
  parent: Table,
  link: FetchLink,
  joined: readonly Joined[],
  parentOf: (one: Joined) => Row | null,
): Joined[] {
  checkColumn(parent, link.to);
  const byKey = new Map<string, Row[]>();
  for (const row of api.store.all(link.table.name)) {
    const key = row[link.from];
    if (key === null || key === undefined || !fitsLink(api, link, row)) continue;
    const same = byKey.get(String(key));
    if (same) same.push(row);
    else byKey.set(String(key), [row]);
  }
  const result: Joined[] = [];
  for (const one of joined) {
    const key = parentOf(one)?.[link.to];
    const partners = key === null || key === undefined ? [] : (byKey.get(String(key)) ?? []);
    if (link.type === 'exists' || link.type === 'not-exists') {
      if (deeper(api, link, partners).length > 0 === (link.type === 'exists')) result.push(one);
      continue;
    }
    const withPartner = partners.map((row) => ({ row: one.row, linked: new Map(one.linked).set(link.alias, row) }));
    let grown: Joined[] = withPartner;
    for (const child of link.links)
      grown = joinLink(api, link.table, child, grown, ({ linked }) => linked.get(link.alias) ?? null);
    if (grown.length > 0) result.push(...grown);
    else if (link.type === 'outer') result.push({ row: one.row, linked: new Map(one.linked).set(link.alias, null) });
  }
  return result;
}

/** Partners of a link that only has to exist, as its own inner links leave them. */
function deeper(api: Api, link: FetchLink, partners: readonly Row[]): Joined[] {
  let found: Joined[] = partners.map((row) => ({ row, linked: new Map() }));
  for (const child of link.links) found = joinLink(api, link.table, child, found, ({ row }) => row);
  return found;
}

function fitsLink(api: Api, link: FetchLink, row: Row): boolean {
  const value = (column: string): Value => {
    checkColumn(link.table, column);
    return row[column] ?? null;
  };
  return link.filters.every((filter) =>
    fits(api, filter, ({ column, otherColumn }) => [
      value(column),
      otherColumn === undefined ? undefined : value(otherColumn),
    ]),
  );
}

type Read = (condition: FetchCondition) => readonly [value: Value, other: Value | undefined];

function fits(api: Api, filter: FetchFilter, read: Read): boolean {
  const test = (part: FetchFilter | FetchCondition): boolean => {
    if (part.kind === 'filter') return fits(api, part, read);
    const [value, other] = read(part);
    return holds(api.store, part, value, other);
  };
  if (filter.parts.length === 0) return true;
  return filter.isAny ? filter.parts.some(test) : filter.parts.every(test);
}
