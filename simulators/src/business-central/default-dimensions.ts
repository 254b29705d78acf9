import { entityOf } from './entities.js';
import { BcError, dialog, fieldInvalid } from './errors.js';
import type { Company, Row } from './store.js';
import { emptyRow, ZERO_GUID } from './values.js';

/**
 * Default dimensions of customers and items (reference/business-central 2.6; microsoft/BCApps: DefaultDimension.Table.al,
 * APIV2DefaultDimensions.Page.al).
 */

const PARENTS: Readonly<Record<string, string>> = { Customer: 'customers', Item: 'items' };

/** Checks the fields in payload order and adds to what was given the codes that follow from it. */
export function checkDefaultDimension(company: Company, given: Row, stored?: Row): void {
  const row: Row = { ...emptyRow(entityOf('defaultDimensions')), ...stored };
  for (const [name, value] of Object.entries(given)) {
    if (stored?.[name] === value) continue;
    row[name] = value;
    if (name === 'parentId') setParent(company, row);
    else if (name === 'dimensionId') setDimension(company, row);
    else if (name === 'dimensionValueId') setValue(company, row);
    else if (value === 'No_x0020_Code' && row['dimensionValueCode'] !== '') {
      throw fieldInvalid(
        `Dimension Value Code must be equal to '' in Default Dimension: ${keyOf(row)}. Current value is '${row['dimensionValueCode']}'.`,
      );
    }
  }
  if (row['parentType'] === '_x0020_' || row['parentId'] === ZERO_GUID)
    throw dialog('You must get to the parent first to get to the default dimensions.');
  if (row['dimensionCode'] === '')
    throw fieldInvalid(
      `Dimension Code must have a value in Default Dimension: ${keyOf(row)}. It cannot be zero or empty.`,
    );
  if (stored && (stored['dimensionCode'] !== row['dimensionCode'] || stored['parentType'] !== row['parentType']))
    throw dialog("You can't rename a Default Dimension.");
  refuseSecond(company, row);
  const { parentType, dimensionId, dimensionCode, dimensionValueCode } = row as Record<string, string>;
  Object.assign(given, { parentType, dimensionId, dimensionCode, dimensionValueCode });
}

function keyOf(row: Row): string {
  return `Parent Type='${row['parentType']}',Dimension Code='${row['dimensionCode']}'`;
}

function setParent(company: Company, row: Row): void {
  const id = String(row['parentId']);
  const set = PARENTS[String(row['parentType'])];
  if (row['parentType'] === '_x0020_') {
    const type = Object.keys(PARENTS).find((one) => company.find(PARENTS[one] as string, id));
    // Spelt so in the table.
    if (type === undefined) throw dialog('The "parenteId" does not match to any entity.');
    row['parentType'] = type;
  } else if (set === undefined || !company.find(set, id)) throw dialog('Parent is not found.');
}

function setDimension(company: Company, row: Row): void {
  const dimension = company.find('dimensions', String(row['dimensionId']));
  if (!dimension) throw dialog('The "dimensionId" does not match to a Dimension.');
  row['dimensionCode'] = dimension['code'] ?? '';
}

function setValue(company: Company, row: Row): void {
  if (row['dimensionValueId'] === ZERO_GUID) {
    row['dimensionValueCode'] = '';
    return;
  }
  const value = company.find('dimensionValues', String(row['dimensionValueId']));
  if (!value) throw dialog('The "dimensionValueId" does not match to a Dimension Value.');
  if (row['dimensionCode'] === '') {
    row['dimensionId'] = value['dimensionId'] ?? ZERO_GUID;
    setDimension(company, row);
  } else if (row['dimensionId'] !== value['dimensionId'])
    throw dialog('The "dimensionId" and "dimensionValueId" match to different Dimension records.');
  row['dimensionValueCode'] = value['code'] ?? '';
}

function refuseSecond(company: Company, row: Row): void {
  for (const other of company.all('defaultDimensions')) {
    if (other['id'] === row['id'] || other['parentId'] !== row['parentId']) continue;
    if (other['dimensionId'] !== row['dimensionId']) continue;
    throw new BcError(
      400,
      'Internal_EntityWithSameKeyExists',
      `The record in table Default Dimension already exists. Identification fields and values: Dimension Code='${row['dimensionCode']}'`,
    );
  }
}
