import type { SimRequest, SimResponse } from '../kernel/server.js';
import type { Segment } from '../odata/path.js';
import type { QueryOptions } from '../odata/query.js';
import { type Api, answer, noSegment, readJson } from './answers.js';
import { badPayload, referredTo } from './payload.js';
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
