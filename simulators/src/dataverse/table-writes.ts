import { guidFrom } from '../kernel/random.js';
import { addColumn, CUSTOM_NAME, forgetColumn, kindOf } from './column-writes.js';
import { forgetComponent } from './components.js';
import { OWNER, STANDARD, SYSTEM } from './schema.js';
import { DataverseError, type Store } from './store.js';
import { type DeleteBehavior, type Given, type Table, toTable } from './tables.js';

/**
 * Tables and relationships that clients make and delete (MicrosoftDocs/powerapps-docs,
 * webapi/create-update-entity-definitions-using-web-api.md and create-update-entity-relationships-using-web-api.md).
 */

const bad = (text: string): DataverseError => new DataverseError(400, '0x80048d19', text);

/** A table with its columns, one of which is its name. @returns its id. */
export function createTable(store: Store, given: Given): string {
  const schemaName = String(given['SchemaName'] ?? '');
  const name = schemaName.toLowerCase();
  if (!CUSTOM_NAME.test(name)) throw bad(`The SchemaName '${schemaName}' of the table needs a publisher's prefix.`);
  for (const label of ['DisplayName', 'DisplayCollectionName'])
    if (typeof given[label] !== 'object') throw bad(`The definition of ${schemaName} lacks ${label}.`);
  if (store.schema.find(name))
    throw new DataverseError(400, '0x80040203', `An entity with the specified name ${name} already exists.`);
  const columns: Given[] = Array.isArray(given['Attributes']) ? given['Attributes'] : [];
  const titles = columns.filter((one) => one['IsPrimaryName'] === true && kindOf(one) === 'StringAttributeMetadata');
  const [title] = titles;
  if (!title || titles.length > 1)
    throw bad(`The Attributes of ${schemaName} need one StringAttributeMetadata with IsPrimaryName.`);
  const isOwned = given['OwnershipType'] !== 'OrganizationOwned';
  const table = toTable({
    name,
    set: pluralOf(name),
    title: String(title['SchemaName']).toLowerCase(),
    columns: STANDARD,
    lookups: isOwned ? OWNER : SYSTEM,
  });
  table.given = given;
  table.changeTracking = given['ChangeTrackingEnabled'] === true;
  for (const column of columns) addColumn(table, column);
  store.schema.add(table);
  store.addTable(table);
  if (given['HasNotes'] === true)
    join(store, {
      name: `${name}_Annotations`,
      from: store.schema.table('annotation'),
      column: 'objectid',
      nav: `objectid_${name}`,
      to: table,
    });
  return guidFrom(`table/${name}`);
}

function pluralOf(name: string): string {
  if (/[^aeiou]y$/.test(name)) return `${name.slice(0, -1)}ies`;
  return /(?:s|x|z|ch|sh)$/.test(name) ? `${name}es` : `${name}s`;
}

interface Joint {
  readonly name: string;
  readonly from: Table;
  readonly column: string;
  readonly nav: string;
  readonly to: Table;
}

/** A lookup, its navigation property, and the collection on the other side. */
function join(store: Store, { name, from, column, nav, to }: Joint): void {
  const navs = from.lookups.get(column) ?? {};
  navs[nav] = to.name;
  from.lookups.set(column, navs);
  from.navs.set(nav, { column, target: to.name });
  to.collections[name] = { table: from.name, via: column };
  store.addFamily(from.name, column);
}

/** Nothing of a table that was made stays behind; one that others refer to stays (reference/dataverse-sales 11.2). */
export function dropTable(store: Store, table: Table): void {
  const { schema } = store;
  if (table.given === undefined)
    throw new DataverseError(400, '0x80040203', `The entity ${table.name} is a system entity and cannot be deleted.`);
  const referring = schema.tables.filter(
    (other) =>
      other !== table &&
      [...other.navs.values()].some(({ column, target }) => target === table.name && other.custom.has(column)),
  );
  if (referring.length > 0) {
    throw new DataverseError(
      400,
      '0x8004F01F',
      `The Entity(${guidFrom(`table/${table.name}`)}) component cannot be deleted because it is referenced by ${referring.length} other components. For a list of referenced components, use the RetrieveDependenciesForDeleteRequest.`,
    );
  }
  for (const relationship of schema.manyToMany.filter(({ tables }) => tables.includes(table.name)))
    dropManyToMany(store, relationship.name);
  for (const other of schema.tables) {
    for (const [nav, { column, target }] of other.navs) {
      if (target !== table.name) continue;
      other.navs.delete(nav);
      delete other.lookups.get(column)?.[nav];
    }
    for (const [nav, { table: child }] of Object.entries(other.collections))
      if (child === table.name) delete other.collections[nav];
  }
  schema.drop(table);
  store.dropTable(table);
  forgetComponent(store, guidFrom(`table/${table.name}`));
}

const tableNamed = (store: Store, given: Given, property: string): Table => {
  const table = store.schema.find(String(given[property] ?? '').toLowerCase());
  if (!table) throw bad(`The ${property} '${String(given[property])}' of the relationship is no table.`);
  return table;
};

/** @returns the id of the relationship. */
export function createRelationship(store: Store, given: Given): string {
  const name = String(given['SchemaName'] ?? '');
  if (!CUSTOM_NAME.test(name.toLowerCase()))
    throw bad(`The SchemaName '${name}' of the relationship needs a publisher's prefix.`);
  const isTaken =
    store.schema.manyToMany.some((one) => one.name.toLowerCase() === name.toLowerCase()) ||
    store.schema.tables.some(({ collections }) =>
      Object.keys(collections).some((nav) => nav.toLowerCase() === name.toLowerCase()),
    );
  if (isTaken) throw new DataverseError(400, '0x80040203', `A relationship with the name ${name} already exists.`);
  switch (kindOf(given)) {
    case 'OneToManyRelationshipMetadata':
      createLookup(store, name, given);
      break;
    case 'ManyToManyRelationshipMetadata':
      createManyToMany(store, name, given);
      break;
    default:
      throw bad(
        "A relationship needs '@odata.type' with OneToManyRelationshipMetadata or ManyToManyRelationshipMetadata.",
      );
  }
  return guidFrom(`relationship/${name}`);
}

const BEHAVIORS: readonly DeleteBehavior[] = ['Cascade', 'Restrict', 'RemoveLink', 'NoCascade'];

function createLookup(store: Store, name: string, given: Given): void {
  const to = tableNamed(store, given, 'ReferencedEntity');
  const from = tableNamed(store, given, 'ReferencingEntity');
  const lookup = given['Lookup'] as Given | undefined;
  const schemaName = String(lookup?.['SchemaName'] ?? '');
  const column = schemaName.toLowerCase();
  if (!lookup || !CUSTOM_NAME.test(column))
    throw bad(`The Lookup of ${name} needs a SchemaName with a publisher's prefix.`);
  if (from.columns.has(column) || from.lookups.has(column))
    throw new DataverseError(400, '0x80044153', `An attribute with the specified name ${column} already exists`);
  const cascade = given['CascadeConfiguration'] as Given | undefined;
  const behavior = BEHAVIORS.find((one) => one === (cascade?.['Delete'] ?? 'RemoveLink'));
  if (!behavior) throw bad(`CascadeConfiguration.Delete of ${name} is one of ${BEHAVIORS.join(', ')}.`);
  const nav = String(given['ReferencingEntityNavigationPropertyName'] ?? schemaName);
  join(store, { name, from, column, nav, to });
  from.custom.add(column);
  from.givenLookups.set(column, lookup);
  store.schema.cascades.set(`${from.name}.${column}`, behavior);
}

function createManyToMany(store: Store, name: string, given: Given): void {
  const first = tableNamed(store, given, 'Entity1LogicalName');
  const second = tableNamed(store, given, 'Entity2LogicalName');
  const intersect = String(given['IntersectEntityName'] ?? '').toLowerCase();
  if (!CUSTOM_NAME.test(intersect) || store.schema.find(intersect))
    throw bad(
      `The IntersectEntityName '${intersect}' of ${name} needs a publisher's prefix and is the name of no other table.`,
    );
  if (first === second) throw bad('A table that has many of itself is not simulated.');
  const between = store.schema.relate({
    name,
    intersect,
    set: `${intersect}set`,
    tables: [first.name, second.name],
    given,
  });
  store.addTable(between);
}

/** A relationship that a client made, together with its lookup or the table between. */
export function deleteRelationship(store: Store, wanted: string): void {
  const is = (name: string): boolean => name === wanted || guidFrom(`relationship/${name}`) === wanted;
  const link = store.schema.manyToMany.find(({ name }) => is(name));
  if (link?.given) {
    dropManyToMany(store, link.name);
    return;
  }
  for (const to of store.schema.tables)
    for (const [name, { table, via }] of Object.entries(to.collections)) {
      if (!is(name)) continue;
      const from = store.schema.table(table);
      if (from.givenLookups.has(via)) {
        dropLookup(store, from, via);
        return;
      }
    }
  const isThere = link !== undefined;
  throw isThere
    ? new DataverseError(
        400,
        '0x80040203',
        `The relationship ${link.name} is a system relationship and cannot be deleted.`,
      )
    : new DataverseError(404, '0x80060888', `Could not find a relationship with name ${wanted} that can be deleted.`);
}

/** A lookup that a client made goes with its relationships. */
export function dropLookup(store: Store, from: Table, column: string): void {
  for (const row of store.all(from.name)) delete row[column];
  for (const nav of Object.keys(from.lookups.get(column) ?? {})) from.navs.delete(nav);
  from.lookups.delete(column);
  from.givenLookups.delete(column);
  from.custom.delete(column);
  store.schema.cascades.delete(`${from.name}.${column}`);
  for (const { collections } of store.schema.tables)
    for (const [nav, { table, via }] of Object.entries(collections))
      if (table === from.name && via === column) delete collections[nav];
  forgetComponent(store, guidFrom(`column/${from.name}/${column}`));
}

function dropManyToMany(store: Store, name: string): void {
  const { manyToMany } = store.schema;
  const [gone] = manyToMany.splice(
    manyToMany.findIndex((one) => one.name === name),
    1,
  );
  if (!gone) return;
  for (const table of gone.tables) delete store.schema.find(table)?.links[name];
  const between = store.schema.table(gone.intersect);
  store.schema.drop(between);
  store.dropTable(between);
}

/** As a reset leaves it: nothing that clients made. */
export function forgetMade(store: Store): void {
  const { schema } = store;
  for (const { name } of schema.manyToMany.filter(({ given }) => given !== undefined)) dropManyToMany(store, name);
  for (const table of schema.tables)
    for (const column of [...table.givenLookups.keys()]) dropLookup(store, table, column);
  for (const table of schema.tables) if (table.given !== undefined) dropTable(store, table);
  for (const table of schema.tables)
    for (const { name, given } of [...table.columns.values()])
      if (given !== undefined) forgetColumn(store, table, name);
}
