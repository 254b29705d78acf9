import { guidFrom } from '../kernel/random.js';
import type { SimRequest, SimResponse } from '../kernel/server.js';
import type { Segment } from '../odata/path.js';
import type { QueryOptions } from '../odata/query.js';
import { type Api, answer, noSegment, readJson } from './answers.js';
import { addColumn, addKey, changeColumn, deleteKey } from './column-writes.js';
import { noteComponent } from './components.js';
import { deleteColumn } from './delete-column.js';
import { attributes, definition, fitsDefinition, keysOf, pick } from './metadata.js';
import { manyToManyOf, manyToOneOf, oneToManyOf, relationships } from './relationships.js';
import { DataverseError } from './store.js';
import { createRelationship, createTable, deleteRelationship, dropTable } from './table-writes.js';
import type { Table } from './tables.js';
import { notAllowed } from './writes.js';

/**
 * `EntityDefinitions` and what hangs below it (MicrosoftDocs/powerapps-docs, webapi/query-metadata-web-api.md): $select,
 * $filter and $expand, and nothing else.
 */

type Rows = Record<string, unknown>[];

const PARTS: Readonly<Record<string, (api: Api, table: Table) => Rows>> = {
  Attributes: (_api, table) => attributes(table),
  Keys: (_api, table) => keysOf(table),
  OneToManyRelationships: ({ store }, table) => oneToManyOf(store.schema, table),
  ManyToOneRelationships: ({ store }, table) => manyToOneOf(store.schema, table),
  ManyToManyRelationships: ({ store }, table) => manyToManyOf(store.schema, table),
};

export function routeDefinitions(
  api: Api,
  request: SimRequest,
  first: Segment,
  below: readonly Segment[],
  options: QueryOptions,
): SimResponse {
  checkOptions(options);
  const context = `${api.url}/$metadata#EntityDefinitions`;
  const { schema } = api.store;
  const name = first.keys?.['LogicalName'];
  if (name === undefined && first.key === undefined) {
    if (request.method === 'POST') {
      const id = createTable(api.store, readJson(request));
      noteComponent(api.store, request, 'entity', id);
      return answer(204, undefined, { 'odata-entityid': `${api.url}/EntityDefinitions(${id})` });
    }
    if (request.method !== 'GET') throw notAllowed(request.method);
    const value = schema.tables
      .filter((table) => fitsDefinition(definition(table), options))
      .map((table) => shown(api, table, options));
    return answer(200, { '@odata.context': context, value });
  }
  const table =
    name === undefined
      ? schema.tables.find((one) => guidFrom(`table/${one.name}`) === first.key)
      : schema.find(name.toLowerCase());
  if (!table)
    throw new DataverseError(
      404,
      '0x80060888',
      `Could not find an entity with name ${name ?? first.key} and id 00000000-0000-0000-0000-000000000000.`,
    );
  const [second, third, fourth] = below;
  if (second) return routePart(api, request, table, context, [second, third, fourth], options, name !== undefined);
  if (request.method === 'PUT') return putDefinition(api, request, table);
  if (request.method === 'DELETE') {
    dropTable(api.store, table);
    return answer(204);
  }
  if (request.method !== 'GET') throw notAllowed(request.method);
  return answer(200, { '@odata.context': `${context}/$entity`, ...shown(api, table, options) });
}

/** `RelationshipDefinitions`, one by its id or schema name, and those of one kind by a cast. */
export function routeRelationships(
  api: Api,
  request: SimRequest,
  first: Segment,
  [second, third]: readonly Segment[],
  options: QueryOptions,
): SimResponse {
  checkOptions(options);
  const named = first.keys?.['SchemaName'] ?? first.key;
  if (request.method === 'POST' && named === undefined && !second) {
    const id = createRelationship(api.store, readJson(request));
    return answer(204, undefined, { 'odata-entityid': `${api.url}/RelationshipDefinitions(${id})` });
  }
  if (request.method === 'DELETE' && named !== undefined && !second) {
    deleteRelationship(api.store, named);
    return answer(204);
  }
  if (request.method !== 'GET') throw notAllowed(request.method);
  const context = `${api.url}/$metadata#RelationshipDefinitions`;
  const cast = second?.name.startsWith('Microsoft.Dynamics.CRM.') ? `#${second.name}` : undefined;
  if ((second && cast === undefined) || third) throw noSegment((third ?? second)?.name ?? '');
  const rows = relationships(api.store.schema).filter((row) => cast === undefined || row['@odata.type'] === cast);
  const wanted = first.keys?.['SchemaName'] ?? first.key;
  if (wanted === undefined) {
    const value = rows.filter((row) => fitsDefinition(row, options)).map((row) => pick(row, options.select));
    return answer(200, { '@odata.context': context, value });
  }
  const row = rows.find((one) => one['SchemaName'] === wanted || one['MetadataId'] === wanted);
  if (!row) throw new DataverseError(404, '0x80060888', `Could not find a relationship with name ${wanted}.`);
  return answer(200, { '@odata.context': `${context}/$entity`, ...pick(row, options.select) });
}

/** What a definition cannot be without: PUT replaces the whole (reference/dataverse-sales 11.1). */
const REPLACED = ['LogicalName', 'SchemaName', 'DisplayName', 'DisplayCollectionName', 'OwnershipType'];

function putDefinition(api: Api, request: SimRequest, table: Table): SimResponse {
  const body = readJson(request);
  const missing = REPLACED.filter((name) => body[name] === undefined);
  if (missing.length > 0)
    throw new DataverseError(400, '0x80048d19', `The definition lacks ${missing.join(', ')}: PUT replaces all of it.`);
  noteComponent(api.store, request, 'entity', guidFrom(`table/${table.name}`));
  // Once on it cannot be turned off (reference/dataverse-sales 4.1).
  if (body['ChangeTrackingEnabled'] === true) {
    api.store.unpublished.push({
      entity: table.name,
      apply: () => {
        table.changeTracking = true;
      },
    });
  }
  return answer(204);
}

function checkOptions({ orderby, top, skip, count, other, expand }: QueryOptions): void {
  const [unserved] = [
    ...(orderby ? ['$orderby'] : []),
    ...(top === undefined ? [] : ['$top']),
    ...(skip === undefined ? [] : ['$skip']),
    ...(count === undefined ? [] : ['$count']),
    ...Object.keys(other).filter((name) => name.startsWith('$')),
  ];
  if (unserved !== undefined)
    throw new DataverseError(400, '0x80060888', `The query parameter ${unserved} is not supported on metadata.`);
  for (const item of expand ?? []) checkOptions(item.options);
}

function shown(api: Api, table: Table, options: QueryOptions): Record<string, unknown> {
  const row = pick(definition(table), options.select);
  for (const { nav, options: inner } of options.expand ?? []) {
    const part = PARTS[nav];
    if (!part) throw noProperty(nav, 'EntityMetadata');
    row[nav] = part(api, table)
      .filter((one) => fitsDefinition(one, inner))
      .map((one) => pick(one, inner.select));
  }
  return row;
}

/** Deletes a column or a key, or replaces the definition of a column. */
function changePart(api: Api, request: SimRequest, table: Table, part: string, wanted: string): void {
  if (part === 'Keys' && request.method === 'DELETE') {
    deleteKey(table, wanted);
    return;
  }
  if (part !== 'Attributes') throw notAllowed(request.method);
  const found = attributes(table).find((one) => one['LogicalName'] === wanted || one['MetadataId'] === wanted);
  const name = String(found?.['LogicalName'] ?? wanted);
  if (request.method === 'DELETE') deleteColumn(api.store, table, name);
  else changeColumn(table, name, readJson(request));
}

function noProperty(name: string, type: string): DataverseError {
  const text = `Could not find a property named '${name}' on type 'Microsoft.Dynamics.CRM.${type}'.`;
  return new DataverseError(400, '0x80060888', text);
}

function routePart(
  api: Api,
  request: SimRequest,
  table: Table,
  context: string,
  [second, third, fourth]: readonly [Segment, Segment | undefined, Segment | undefined],
  options: QueryOptions,
  isByName: boolean,
): SimResponse {
  if (request.method === 'POST' && (second.name === 'Attributes' || second.name === 'Keys')) {
    const id = second.name === 'Attributes' ? addColumn(table, readJson(request)) : addKey(table, readJson(request));
    if (second.name === 'Attributes') noteComponent(api.store, request, 'attribute', id);
    // Under the name by which the table was addressed (create-update-column-definitions-using-web-api.md).
    const own = isByName ? `LogicalName='${table.name}'` : guidFrom(`table/${table.name}`);
    const address = `${api.url}/EntityDefinitions(${own})/${second.name}(${id})`;
    return answer(204, undefined, { 'odata-entityid': address });
  }
  const named = second.keys?.['LogicalName'] ?? second.key;
  if (named !== undefined && !third && (request.method === 'DELETE' || request.method === 'PUT')) {
    changePart(api, request, table, second.name, named);
    return answer(204);
  }
  if (request.method !== 'GET') throw notAllowed(request.method);
  const part = PARTS[second.name];
  if (!part) {
    const one = definition(table);
    if (!(second.name in one) || third) throw noSegment(second.name);
    return answer(200, { '@odata.context': `${context}('${table.name}')/${second.name}`, value: one[second.name] });
  }
  const cast = third?.name.startsWith('Microsoft.Dynamics.CRM.') ? `#${third.name}` : undefined;
  if ((third && cast === undefined) || fourth) throw noSegment((fourth ?? third)?.name ?? '');
  const rows = part(api, table).filter((row) => cast === undefined || row['@odata.type'] === cast);
  const found = `${context}('${table.name}')/${second.name}`;
  const wanted = second.keys?.['LogicalName'] ?? second.keys?.['SchemaName'] ?? second.key;
  const pickRow = (row: Record<string, unknown>): Record<string, unknown> =>
    pick(row, options.select && [...options.select, ...(options.expand ?? []).map(({ nav }) => nav)]);
  if (wanted === undefined) {
    const value = rows.filter((row) => fitsDefinition(row, options)).map(pickRow);
    return answer(200, { '@odata.context': found, value });
  }
  const row = rows.find((one) => [one['LogicalName'], one['SchemaName'], one['MetadataId']].includes(wanted));
  if (!row) throw new DataverseError(404, '0x80060888', `Could not find an attribute with name ${wanted}.`);
  return answer(200, { '@odata.context': `${found}/$entity`, ...pickRow(row) });
}
