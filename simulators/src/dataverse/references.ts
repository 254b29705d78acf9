import type { SimRequest, SimResponse } from '../kernel/server.js';
import type { Segment } from '../odata/path.js';
import type { QueryOptions } from '../odata/query.js';
import { type Api, answer, noSegment, readJson } from './answers.js';
import { badPayload } from './column-values.js';
import { referredTo } from './payload.js';
import type { Row } from './store.js';
import type { Table } from './tables.js';
import { selectRows, type WireOptions } from './wire.js';
import { notAllowed, update } from './writes.js';

/**
 * `$ref` of single and collection navigation properties
 * (MicrosoftDocs/powerapps-docs, webapi/associate-disassociate-entities-using-web-api.md).
 */

export function routeReference(
  api: Api,
  request: SimRequest,
  table: Table,
  row: Row,
  nav: Segment,
  options: QueryOptions,
  wire: WireOptions,
): SimResponse {
  const collection = table.collections[nav.name];
  if (collection) return ofCollection(api, request, table, row, nav, options, wire);
  if (table.links[nav.name]) return ofLink(api, request, table, row, nav, options, wire);
  const single = table.navs.get(nav.name);
  if (!single) throw noSegment(nav.name);
  const target = api.store.schema.table(single.target);
  switch (request.method) {
    case 'GET': {
      const id = row[single.column];
      const isOne = typeof id === 'string' && api.store.find(single.target, id) !== undefined;
      if (!isOne) return answer(204);
      return answer(200, { '@odata.context': `${api.url}/$metadata#$ref`, ...referenceTo(api, target, id) });
    }
    case 'DELETE':
      api.store.transact(() => update(api, table, row, { [`${nav.name}@odata.bind`]: null }));
      return answer(204);
    case 'PUT':
      api.store.transact(() => update(api, table, row, { [`${nav.name}@odata.bind`]: reference(table, request) }));
      return answer(204);
    default:
      throw notAllowed(request.method);
  }
}

function referenceTo(api: Api, table: Table, id: string): object {
  return { '@odata.id': `${api.url}/${table.set}(${id})` };
}

function reference(table: Table, request: SimRequest): unknown {
  const { '@odata.id': id } = readJson(request);
  if (typeof id !== 'string') throw badPayload(table, "The property '@odata.id' with the URL of the row is missing.");
  return id;
}

/** Joins two rows of a many-to-many relationship; what is joined already stays so. */
export function relate(api: Api, table: Table, nav: string, id: string, other: string): void {
  const link = table.links[nav];
  if (!link) throw noSegment(nav);
  const pairs = api.store.children(link.through, link.own, id);
  if (pairs.some((pair) => pair[link.other] === other)) return;
  api.store.insert(api.store.schema.table(link.through), { [link.own]: id, [link.other]: other });
}

/** A pair of ids in the table between is what is written. */
function ofLink(
  api: Api,
  request: SimRequest,
  table: Table,
  row: Row,
  nav: Segment,
  options: QueryOptions,
  wire: WireOptions,
): SimResponse {
  const link = table.links[nav.name];
  if (!link) throw noSegment(nav.name);
  const id = String(row[table.id]);
  const target = api.store.schema.table(link.table);
  switch (request.method) {
    case 'GET': {
      const rows = selectRows(target, api.store.neighbours(table, nav.name, id)?.rows ?? [], options, wire);
      return answer(200, {
        '@odata.context': `${api.url}/$metadata#Collection($ref)`,
        value: rows.map((one) => referenceTo(api, target, String(one[target.id]))),
      });
    }
    case 'POST': {
      const other = referredTo(api.store, table, nav.name, target, reference(table, request));
      api.store.transact(() => relate(api, table, nav.name, id, other));
      return answer(204);
    }
    case 'DELETE': {
      const other = nav.key ?? referredTo(api.store, table, nav.name, target, options.other['$id']);
      const pair = api.store.children(link.through, link.own, id).find((one) => one[link.other] === other);
      if (pair) api.store.transact(() => api.store.remove(api.store.schema.table(link.through), pair));
      return answer(204);
    }
    default:
      throw notAllowed(request.method);
  }
}

/** The lookup of the other row is what is written: the relationship is theirs. */
function ofCollection(
  api: Api,
  request: SimRequest,
  table: Table,
  row: Row,
  nav: Segment,
  options: QueryOptions,
  wire: WireOptions,
): SimResponse {
  const { table: name, via } = table.collections[nav.name] as { table: string; via: string };
  const child = api.store.schema.table(name);
  const id = String(row[table.id]);
  const link = (value: string | null): Record<string, unknown> => {
    for (const [own, { column, target }] of child.navs)
      if (column === via && target === table.name) return { [`${own}@odata.bind`]: value };
    throw noSegment(nav.name);
  };
  switch (request.method) {
    case 'GET': {
      const rows = selectRows(child, api.store.children(name, via, id), options, wire);
      return answer(200, {
        '@odata.context': `${api.url}/$metadata#Collection($ref)`,
        value: rows.map((one) => referenceTo(api, child, String(one[child.id]))),
      });
    }
    case 'POST': {
      const other = referredTo(api.store, table, nav.name, child, reference(table, request));
      const bound = link(`/${table.set}(${id})`);
      api.store.transact(() => update(api, child, api.store.get(child, other), bound));
      return answer(204);
    }
    case 'DELETE': {
      const other = nav.key ?? referredTo(api.store, table, nav.name, child, options.other['$id']);
      const found = api.store.get(child, other);
      if (found[via] === id) api.store.transact(() => update(api, child, found, link(null)));
      return answer(204);
    }
    default:
      throw notAllowed(request.method);
  }
}
