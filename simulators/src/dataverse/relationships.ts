import { guidFrom } from '../kernel/random.js';
import { deleteBehavior } from './cascades.js';
import type { ManyToMany } from './relations.js';
import type { Schema, Table } from './tables.js';

/** Relationships as the metadata tells them: each lookup is one, seen from both of its tables. */

interface Relationship {
  readonly schemaName: string;
  readonly from: Table;
  readonly column: string;
  readonly nav: string;
  readonly to: Table;
  readonly collection: string | undefined;
}

function relationshipsOf(tables: readonly Table[]): Relationship[] {
  return tables.flatMap((from) =>
    [...from.navs].flatMap(([nav, { column, target }]) => {
      const to = tables.find(({ name }) => name === target);
      if (!to) return [];
      const collection = Object.keys(to.collections).find((name) => {
        const found = to.collections[name];
        return found?.table === from.name && found.via === column;
      });
      const schemaName = collection ?? `${to.name}_${from.name}_${column}`;
      return [{ schemaName, from, column, nav, to, collection }];
    }),
  );
}

function toMetadata(
  schema: Schema,
  { schemaName, from, column, nav, to, collection }: Relationship,
): Record<string, unknown> {
  return {
    '@odata.type': '#Microsoft.Dynamics.CRM.OneToManyRelationshipMetadata',
    MetadataId: guidFrom(`relationship/${schemaName}`),
    SchemaName: schemaName,
    RelationshipType: 'OneToManyRelationship',
    IsCustomRelationship: from.name.startsWith('bc_') || from.custom.has(column) || column.startsWith('bc_'),
    CascadeConfiguration: { ...CASCADES, Delete: deleteBehavior(schema, from.name, column) },
    IsHierarchical: false,
    IsValidForAdvancedFind: true,
    ReferencedEntity: to.name,
    ReferencedAttribute: to.id,
    ReferencedEntityNavigationPropertyName: collection ?? null,
    ReferencingEntity: from.name,
    ReferencingAttribute: column,
    ReferencingEntityNavigationPropertyName: nav,
  };
}

/** What else a relationship does is not simulated: owners, shares and merges of related rows stay as they are. */
const CASCADES = {
  Assign: 'NoCascade',
  Merge: 'NoCascade',
  Reparent: 'NoCascade',
  Share: 'NoCascade',
  Unshare: 'NoCascade',
};

export function oneToManyOf(schema: Schema, table: Table): Record<string, unknown>[] {
  return relationshipsOf(schema.tables)
    .filter(({ to }) => to === table)
    .map((one) => toMetadata(schema, one));
}

export function manyToOneOf(schema: Schema, table: Table): Record<string, unknown>[] {
  return relationshipsOf(schema.tables)
    .filter(({ from }) => from === table)
    .map((one) => toMetadata(schema, one));
}

/** MicrosoftDocs/powerapps-docs, webapi/query-metadata-web-api.md, ManyToManyRelationshipMetadata. */
export function manyToManyOf(schema: Schema, { name }: Table): Record<string, unknown>[] {
  return schema.manyToMany.filter(({ tables }) => tables.includes(name)).map(toManyToMany);
}

/** `RelationshipDefinitions`: all of them, whatever their kind. */
export function relationships(schema: Schema): Record<string, unknown>[] {
  return [
    ...relationshipsOf(schema.tables).map((one) => toMetadata(schema, one)),
    ...schema.manyToMany.map(toManyToMany),
  ];
}

function toManyToMany(one: ManyToMany): Record<string, unknown> {
  return {
    '@odata.type': '#Microsoft.Dynamics.CRM.ManyToManyRelationshipMetadata',
    MetadataId: guidFrom(`relationship/${one.name}`),
    SchemaName: one.name,
    RelationshipType: 'ManyToManyRelationship',
    IsCustomRelationship: one.given !== undefined,
    IsValidForAdvancedFind: true,
    IntersectEntityName: one.intersect,
    Entity1LogicalName: one.tables[0],
    Entity1IntersectAttribute: `${one.tables[0]}id`,
    Entity1NavigationPropertyName: one.name,
    Entity2LogicalName: one.tables[1],
    Entity2IntersectAttribute: `${one.tables[1]}id`,
    Entity2NavigationPropertyName: one.name,
  };
}
