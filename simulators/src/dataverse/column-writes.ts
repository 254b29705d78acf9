import { guidFrom } from '../kernel/random.js';
import { FILE } from './metadata.js';
import { DataverseError, type Row, type Store } from './store.js';
import { type Given, parseColumn, type Table } from './tables.js';

/**
 * Columns and keys that clients make and change (MicrosoftDocs/powerapps-docs,
 * webapi/create-update-column-definitions-using-web-api.md).
 */

const NEW_TYPES: Readonly<Record<string, string>> = {
  StringAttributeMetadata: 'S',
  MemoAttributeMetadata: 'S',
  IntegerAttributeMetadata: 'I',
  DecimalAttributeMetadata: 'F',
  DoubleAttributeMetadata: 'R',
  MoneyAttributeMetadata: 'M',
  BooleanAttributeMetadata: 'B',
  PicklistAttributeMetadata: 'O',
  DateTimeAttributeMetadata: 'T',
  [FILE]: 'G',
};

/** With the prefix of a publisher. */
export const CUSTOM_NAME = /^[a-z][a-z0-9]{1,7}_\w+$/;

export function kindOf(given: Given): string {
  return String(given['@odata.type']).replace(/^#?Microsoft\.Dynamics\.CRM\.(?:Complex)?/, '');
}

/** A column of the integrator's solution (reference/dataverse-sales 11.1). */
export function addColumn(table: Table, given: Given): string {
  const kind = kindOf(given);
  const name = String(given['SchemaName'] ?? '').toLowerCase();
  if (!NEW_TYPES[kind] || !CUSTOM_NAME.test(name)) {
    throw new DataverseError(
      400,
      '0x80048d19',
      `A column of type '${kind}' named '${name}' cannot be made: a known type and a publisher's prefix are needed.`,
    );
  }
  if (table.columns.has(name) || table.lookups.has(name))
    throw new DataverseError(400, '0x80044153', `An attribute with the specified name ${name} already exists`);
  setColumn(table, name, given);
  table.custom.add(name);
  if (kind === FILE) {
    table.columns.set(`${name}_name`, parseColumn(`${name}_name:S255-`));
    table.custom.add(`${name}_name`);
  }
  return guidFrom(`column/${table.name}/${name}`);
}

function setColumn(table: Table, name: string, given: Given): void {
  const letter = NEW_TYPES[kindOf(given)] ?? 'S';
  const isDate = letter === 'T' && JSON.stringify(given).includes('DateOnly');
  const size =
    letter === 'S' ? Number(given['MaxLength'] ?? 100) : letter === 'F' ? Number(given['Precision'] ?? 2) : '';
  const access = kindOf(given) === FILE ? '-' : '';
  table.columns.set(name, { ...parseColumn(`${name}:${isDate ? 'D' : letter}${size}${access}`), given });
  const options = optionsOf(given['OptionSet']);
  if (letter === 'O' && options.size > 0) table.choices.set(name, options);
}

function optionsOf(set: unknown): Map<number, string> {
  const listed = typeof set === 'object' && set !== null ? Reflect.get(set, 'Options') : undefined;
  const found = new Map<number, string>();
  for (const option of Array.isArray(listed) ? listed : []) {
    const text = option?.Label?.LocalizedLabels?.[0]?.Label;
    if (typeof option?.Value === 'number') found.set(option.Value, String(text ?? option.Value));
  }
  return found;
}

/** PUT takes the whole definition; what it leaves out is lost. */
export function changeColumn(table: Table, name: string, given: Given): void {
  const column = table.columns.get(name);
  if (!column?.given) {
    throw new DataverseError(
      400,
      '0x80040203',
      `The attribute ${name} of ${table.name} is a system attribute: its definition cannot be changed here.`,
    );
  }
  if (kindOf(given) !== kindOf(column.given) || String(given['SchemaName'] ?? '').toLowerCase() !== name)
    throw new DataverseError(400, '0x80048d19', `The type and the SchemaName of ${name} cannot be changed.`);
  setColumn(table, name, {
    ...given,
    ...(given['OptionSet'] === undefined && { OptionSet: column.given['OptionSet'] }),
  });
}

/** A column that is deleted takes its values along. */
export function forgetColumn(store: Store, table: Table, name: string): void {
  const given = table.columns.get(name)?.given;
  if (given !== undefined && kindOf(given) === FILE) forgetColumn(store, table, `${name}_name`);
  for (const row of store.all(table.name)) delete (row as Row)[name];
  table.columns.delete(name);
  table.choices.delete(name);
  table.custom.delete(name);
}

export function addKey(table: Table, body: Given): string {
  const name = String(body['SchemaName'] ?? '').toLowerCase();
  const columns = body['KeyAttributes'];
  if (
    name === '' ||
    !Array.isArray(columns) ||
    columns.some((column) => !table.columns.has(String(column)) && !table.lookups.has(String(column)))
  ) {
    throw new DataverseError(
      400,
      '0x80048d19',
      'A key needs a SchemaName and KeyAttributes that are columns of the table.',
    );
  }
  table.keys.set(name, columns.map(String));
  return guidFrom(`key/${table.name}/${name}`);
}

export function deleteKey(table: Table, wanted: string): void {
  for (const name of table.keys.keys()) {
    if (name !== wanted && guidFrom(`key/${table.name}/${name}`) !== wanted) continue;
    table.keys.delete(name);
    return;
  }
  throw new DataverseError(404, '0x80060888', `Could not find a key with name ${wanted} on ${table.name}.`);
}
