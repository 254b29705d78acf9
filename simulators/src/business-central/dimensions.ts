import { entityOf } from './entities.js';
import { BcError, dialog } from './errors.js';
import { KINDS } from './kinds.js';
import type { Company, Row, SalesDocument } from './store.js';
import { type Body, checkValue, emptyRow } from './values.js';

/** Dimensions of documents and lines (reference/business-central 2.7): a set of their own per header and line. */

export function dimensionsOf(document: SalesDocument, parentId: string): Row[] {
  const found = document.dimensions.get(parentId);
  if (found) return found;
  const made: Row[] = [];
  document.dimensions.set(parentId, made);
  return made;
}

export function addDimensions(company: Company, document: SalesDocument, parentId: string, body: Body): Row {
  const entity = entityOf('dimensionSetLines');
  const given: Row = {};
  for (const [name, value] of Object.entries(body)) given[name] = checkValue(entity, name, value);
  const dimension =
    given['id'] === undefined
      ? company.findByNumber('dimensions', String(given['code'] ?? ''))
      : company.find('dimensions', String(given['id']));
  if (given['id'] === undefined && given['code'] === undefined)
    throw dialog('The "id" or "code" field must be filled in.');
  if (!dimension) throw dialog(`The "${given['id'] === undefined ? 'code' : 'id'}" does not match to a Dimension.`);
  const rows = dimensionsOf(document, parentId);
  if (rows.some((row) => row['id'] === dimension['id'])) {
    throw dialog(
      'The dimension set line already exists. Check existing dimension set lines and the default dimension set lines on the parent.',
    );
  }
  const row = toLine(company, document, parentId, dimension, findValue(company, dimension, given));
  rows.push(row);
  company.touch(row);
  return row;
}

export function patchDimension(company: Company, row: Row, body: Body): void {
  const entity = entityOf('dimensionSetLines');
  const given: Row = {};
  for (const [name, value] of Object.entries(body)) {
    given[name] = checkValue(entity, name, value);
    if ((name === 'id' || name === 'code') && given[name] !== row[name]) {
      throw dialog('The "id" and "code" fields cannot be modified.');
    }
  }
  const dimension = company.find('dimensions', String(row['id']));
  if (!dimension) throw new BcError(404, 'Internal_RecordNotFound', 'The Dimension does not exist.');
  const value = findValue(company, dimension, given);
  Object.assign(row, { valueId: value['id'], valueCode: value['code'], valueDisplayName: value['displayName'] });
  company.touch(row);
}

function findValue(company: Company, dimension: Row, given: Row): Row {
  for (const row of company.all('dimensionValues')) {
    if (row['dimensionId'] !== dimension['id']) continue;
    if (row['id'] === given['valueId'] || (given['valueCode'] !== undefined && row['code'] === given['valueCode']))
      return row;
  }
  if (given['valueId'] === undefined && given['valueCode'] === undefined)
    throw dialog('The "valueId" or "valueCode" field must be filled in.');
  const name = given['valueId'] === undefined ? 'valueCode' : 'valueId';
  throw dialog(`The "${name}" does not match to a Dimension Value.`);
}

function toLine(company: Company, document: SalesDocument, parentId: string, dimension: Row, value: Row): Row {
  const { parentType } = KINDS[document.kind];
  const isLine = parentId !== document.row['id'];
  return {
    ...emptyRow(entityOf('dimensionSetLines')),
    id: dimension['id'] ?? '',
    code: dimension['code'] ?? '',
    consolidationCode: dimension['consolidationCode'] ?? '',
    displayName: dimension['displayName'] ?? '',
    parentId,
    parentType: isLine ? `${parentType}_x0020_Line` : parentType,
    valueId: value['id'] ?? '',
    valueCode: value['code'] ?? '',
    valueDisplayName: value['displayName'] ?? '',
    '@odata.etag': `W/"${Buffer.from(`${parentId};${String(dimension['code'])};${company.clock.now()}`).toString('base64')}"`,
  };
}

/** What customer or item bring along; one that is there already stays. */
export function copyDefaultDimensions(
  company: Company,
  document: SalesDocument,
  parentId: string,
  masterId: string,
): void {
  const rows = dimensionsOf(document, parentId);
  for (const fallback of company.all('defaultDimensions')) {
    if (fallback['parentId'] !== masterId || rows.some((row) => row['id'] === fallback['dimensionId'])) continue;
    const dimension = company.find('dimensions', String(fallback['dimensionId']));
    const value = company.find('dimensionValues', String(fallback['dimensionValueId']));
    if (dimension && value) rows.push(toLine(company, document, parentId, dimension, value));
  }
}
