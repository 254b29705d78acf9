import { guidFrom } from '../kernel/random.js';
import { forgetColumn } from './column-writes.js';
import { elementsOf, forgetComponent, readXml } from './components.js';
import { DataverseError, type Store } from './store.js';
import { dropLookup } from './table-writes.js';
import type { Table } from './tables.js';

/** Columns go only when nothing shows them any more (reference/dataverse-sales 11.2). */

/** Forms and views of a table that show a column. */
function countReferences(store: Store, table: Table, column: string): number {
  const shows = (xml: unknown, element: string, attribute: string): boolean =>
    elementsOf(readXml(String(xml), element), element).some((one) => one.attributes[attribute] === column);
  const forms = [...store.all('systemform')].filter(
    (row) => row['objecttypecode'] === table.name && shows(row['formxml'], 'control', 'datafieldname'),
  );
  const views = [...store.all('savedquery')].filter(
    (row) => row['returnedtypecode'] === table.name && shows(row['layoutxml'], 'cell', 'name'),
  );
  return forms.length + views.length;
}

/** A column of somebody's own that nothing shows any more. */
export function deleteColumn(store: Store, table: Table, column: string): void {
  if (!table.columns.has(column) && !table.lookups.has(column))
    throw new DataverseError(404, '0x80060888', `Could not find an attribute with name ${column}.`);
  if (!table.custom.has(column))
    throw new DataverseError(400, '0x80040203', `The attribute ${column} is a system attribute and cannot be deleted.`);
  const references = countReferences(store, table, column);
  if (references > 0) {
    throw new DataverseError(
      400,
      '0x8004F01F',
      `The Attribute(${guidFrom(`column/${table.name}/${column}`)}) component cannot be deleted because it is referenced by ${references} other components. For a list of referenced components, use the RetrieveDependenciesForDeleteRequest.`,
    );
  }
  if (table.givenLookups.has(column)) dropLookup(store, table, column);
  else forgetColumn(store, table, column);
  forgetComponent(store, guidFrom(`column/${table.name}/${column}`));
}
