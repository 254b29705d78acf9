import { guidFrom } from '../kernel/random.js';
import type { Table } from './tables.js';

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

function toMetadata({ schemaName, from, column, nav, to, collection }: Relationship): Record<string, unknown> {
  return {
    MetadataId: guidFrom(`relationship/${schemaName}`),
    SchemaName: schemaName,
    RelationshipType: 'OneToManyRelationship',
    IsCustomRelationship: from.name.startsWith('bc_') || column.startsWith('bc_'),
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

export function oneToManyOf(tables: readonly Table[], table: Table): Record<string, unknown>[] {
  return relationshipsOf(tables)
    .filter(({ to }) => to === table)
    .map(toMetadata);
}

export function manyToOneOf(tables: readonly Table[], table: Table): Record<string, unknown>[] {
  return relationshipsOf(tables)
    .filter(({ from }) => from === table)
    .map(toMetadata);
}

/** None of the tables that are served is joined to another by an intersect table. */
export function manyToManyOf(): Record<string, unknown>[] {
  return [];
}
