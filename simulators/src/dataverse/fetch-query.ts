import { DataverseError, type Store } from './store.js';
import type { Table } from './tables.js';
import { parseXml, type XmlElement } from './xml.js';

/**
 * FetchXML as a query: MicrosoftDocs/powerapps-docs, fetchxml/reference. An element or an operator that is not served is
 * refused.
 */

export interface FetchAttribute {
  readonly name: string;
  readonly alias: string | undefined;
  readonly aggregate: string | undefined;
  readonly groupBy: boolean;
  readonly dateGrouping: string | undefined;
  readonly distinct: boolean;
}

export interface FetchOrder {
  readonly entity: string | undefined;
  /** A column, or the alias of a column of an aggregate. */
  readonly column: string;
  readonly descending: boolean;
}

export interface FetchCondition {
  readonly kind: 'condition';
  readonly entity: string | undefined;
  readonly column: string;
  readonly operator: string;
  readonly values: readonly string[];
  /** Another column that the value is compared with. */
  readonly otherColumn: string | undefined;
}

export interface FetchFilter {
  readonly kind: 'filter';
  readonly isAny: boolean;
  readonly parts: readonly (FetchFilter | FetchCondition)[];
}

export interface FetchEntity {
  readonly table: Table;
  readonly attributes: readonly FetchAttribute[];
  readonly hasAll: boolean;
  readonly filters: readonly FetchFilter[];
  readonly orders: readonly FetchOrder[];
  readonly links: readonly FetchLink[];
}

export interface FetchLink extends FetchEntity {
  readonly alias: string;
  readonly from: string;
  readonly to: string;
  readonly type: 'inner' | 'outer' | 'exists' | 'not-exists';
}

export interface FetchQuery {
  readonly entity: FetchEntity;
  readonly isAggregate: boolean;
  readonly isDistinct: boolean;
  readonly top: number | undefined;
  readonly count: number | undefined;
  readonly page: number;
  readonly cookie: string | undefined;
  readonly wantsTotal: boolean;
}

const LINK_TYPES: Readonly<Record<string, FetchLink['type']>> = {
  inner: 'inner',
  outer: 'outer',
  exists: 'exists',
  in: 'exists',
  any: 'exists',
  'not any': 'not-exists',
};

export function readFetch(store: Store, set: Table, source: string): FetchQuery {
  let root: XmlElement;
  try {
    root = parseXml(source);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw invalid(`Invalid XML: ${error.message}.`);
  }
  if (root.name !== 'fetch') throw invalid(`<fetch> is expected, <${root.name}> was found.`);
  const { attributes } = root;
  const [entity, ...others] = root.children;
  if (entity?.name !== 'entity' || others.length > 0) throw invalid('<fetch> has exactly one <entity>.');
  const table = tableOf(store, entity);
  if (table.name !== set.name)
    throw invalid(`The entity '${table.name}' of the query is not '${set.name}', which the URL names.`);
  const count = (name: string): number | undefined => {
    const value = attributes[name];
    if (value === undefined) return undefined;
    if (!/^\d+$/.test(value)) throw invalid(`The attribute '${name}' of <fetch> is a number, '${value}' was found.`);
    return Number(value);
  };
  const query: FetchQuery = {
    entity: readEntity(store, entity, table, { next: 1 }),
    isAggregate: attributes['aggregate'] === 'true',
    isDistinct: attributes['distinct'] === 'true',
    top: count('top'),
    count: count('count'),
    page: count('page') ?? 1,
    cookie: attributes['paging-cookie'] || undefined,
    wantsTotal: attributes['returntotalrecordcount'] === 'true',
  };
  if (query.top !== undefined && (query.count !== undefined || attributes['page'] !== undefined))
    throw invalid("The attribute 'top' of <fetch> cannot be used with paging ('count', 'page').");
  return query;
}

function tableOf(store: Store, element: XmlElement): Table {
  const name = element.attributes['name'] ?? '';
  const table = store.schema.find(name);
  if (!table)
    throw new DataverseError(
      400,
      '0x80041102',
      `The entity with a name = '${name}' was not found in the MetadataCache.`,
    );
  return table;
}

function readEntity(store: Store, element: XmlElement, table: Table, aliases: { next: number }): FetchEntity {
  const attributes: FetchAttribute[] = [];
  const filters: FetchFilter[] = [];
  const orders: FetchOrder[] = [];
  const links: FetchLink[] = [];
  let hasAll = false;
  for (const child of element.children) {
    switch (child.name) {
      case 'attribute':
        attributes.push(readAttribute(table, child));
        break;
      case 'all-attributes':
        hasAll = true;
        break;
      case 'filter':
        filters.push(readFilter(child));
        break;
      case 'order':
        orders.push({
          entity: child.attributes['entityname'],
          column: child.attributes['alias'] ?? child.attributes['attribute'] ?? '',
          descending: child.attributes['descending'] === 'true',
        });
        break;
      case 'link-entity':
        links.push(readLink(store, child, aliases));
        break;
      default:
        throw invalid(`<${child.name}> is not supported in <${element.name}>.`);
    }
  }
  return { table, attributes, hasAll, filters, orders, links };
}

function readAttribute(table: Table, { attributes }: XmlElement): FetchAttribute {
  const { name = '', alias, aggregate, groupby, dategrouping, distinct } = attributes;
  checkColumn(table, name);
  return {
    name,
    alias,
    aggregate,
    groupBy: groupby === 'true' || groupby === '1',
    dateGrouping: dategrouping,
    distinct: distinct === 'true',
  };
}

function readLink(store: Store, element: XmlElement, aliases: { next: number }): FetchLink {
  const table = tableOf(store, element);
  const { from = table.id, to = from, alias, 'link-type': wanted = 'inner' } = element.attributes;
  const type = LINK_TYPES[wanted];
  if (!type) throw invalid(`The link-type '${wanted}' is not supported: ${Object.keys(LINK_TYPES).join(', ')} are.`);
  checkColumn(table, from);
  const name = alias ?? `${table.name}${aliases.next}`;
  aliases.next += 1;
  return { ...readEntity(store, element, table, aliases), alias: name, from, to, type };
}

function readFilter(element: XmlElement): FetchFilter {
  const parts = element.children.map((child) => {
    if (child.name === 'filter') return readFilter(child);
    if (child.name !== 'condition') throw invalid(`<${child.name}> is not supported in <filter>.`);
    const { attribute = '', operator = 'eq', value, valueof, entityname } = child.attributes;
    const listed = child.children.filter(({ name }) => name === 'value').map(({ text }) => text.trim());
    const condition: FetchCondition = {
      kind: 'condition',
      entity: entityname,
      column: attribute,
      operator,
      values: value === undefined ? listed : [value, ...listed],
      otherColumn: valueof,
    };
    return condition;
  });
  return { kind: 'filter', isAny: element.attributes['type'] === 'or', parts };
}

/** @throws DataverseError QueryBuilderNoAttribute */
export function checkColumn(table: Table, name: string): void {
  if (table.columns.has(name) || table.lookups.has(name) || name === table.id) return;
  throw new DataverseError(
    400,
    '0x80041103',
    `'${table.name}' entity doesn't contain attribute with Name = '${name}' and NameMapping = 'Logical'.`,
  );
}

export function invalid(text: string): DataverseError {
  return new DataverseError(400, '0x80040201', `Invalid query: ${text}`);
}
