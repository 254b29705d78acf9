import { entityOf } from './entities.js';
import { dialog, noRelation } from './errors.js';
import { KINDS } from './kinds.js';
import type { Company, Row, SalesDocument, Value } from './store.js';
import { type Body, checkValue, emptyRow, refuseReadOnly } from './values.js';

/** Dimensions of documents and lines (reference/business-central 2.7): a set of their own per header and line. */

export function dimensionsOf(document: SalesDocument, parentId: string): Row[] {
  const found = document.dimensions.get(parentId);
  if (found) return found;
  const made: Row[] = [];
  document.dimensions.set(parentId, made);
  return made;
}

export function addDimensions(company: Company, document: SalesDocument, parentId: string, body: Body): Row {
  const { dimension, value } = choose(company, body, undefined);
  if (!dimension) throw dialog('The "id" or "code" field must be filled in.');
  if (!value) throw dialog('The "valueId" or "valueCode" field must be filled in.');
  checkValueOf(dimension, value);
  const rows = dimensionsOf(document, parentId);
  if (rows.some((row) => row['id'] === dimension['id'])) {
    throw dialog(
      'The dimension set line already exists. Check existing dimension set lines and the default dimension set lines on the parent.',
    );
  }
  const row = toLine(company, document, parentId, dimension, value);
  rows.push(row);
  company.touch(row);
  return row;
}

export function patchDimension(company: Company, row: Row, body: Body): void {
  const { dimension, value } = choose(company, body, row);
  if (dimension?.['id'] !== row['id']) throw dialog('The "id" and "code" fields cannot be modified.');
  if (value) {
    checkValueOf(dimension as Row, value);
    Object.assign(row, { valueId: value['id'], valueCode: value['code'], valueDisplayName: value['displayName'] });
  }
  company.touch(row);
}

interface Choice {
  readonly dimension: Row | undefined;
  readonly value: Row | undefined;
}

/** The fields in payload order, each with the check of its control (APIV2DimensionSetLines.Page.al, OnValidate). */
function choose(company: Company, body: Body, stored: Row | undefined): Choice {
  const entity = entityOf('dimensionSetLines');
  let dimension = stored && company.find('dimensions', String(stored['id']));
  let given: Row | undefined;
  let value: Row | undefined;
  for (const [name, raw] of Object.entries(body)) {
    const wanted = checkValue(entity, name, raw);
    if (stored?.[name] === wanted) continue;
    if (entity.fields.get(name)?.isReadOnly) refuseReadOnly(name);
    switch (name) {
      case 'id':
        given = dimension = company.find('dimensions', String(wanted));
        if (!dimension) throw dialog('The "id" does not match to a Dimension.');
        break;
      case 'code':
        if (given && given['code'] !== wanted)
          throw dialog('The dimension field values do not match to a specific Dimension.');
        given = dimension = company.findByNumber('dimensions', String(wanted));
        if (!dimension) throw dialog('The "code" does not match to a Dimension.');
        break;
      case 'valueId':
        value = company.find('dimensionValues', String(wanted));
        if (!value) throw dialog('The "valueId" does not match to a Dimension Value.');
        break;
      case 'valueCode':
        if (value && value['code'] !== wanted)
          throw dialog(
            'The values of the "dimensionCode" field and the "dimensionId" field do not refer to the same Dimension Value.',
          );
        value ??= findValue(company, dimension, wanted);
        if (!value) throw dialog('The "valueCode" does not match to a Dimension Value.');
    }
  }
  return { dimension, value };
}

function findValue(company: Company, dimension: Row | undefined, code: Value): Row | undefined {
  for (const row of company.all('dimensionValues'))
    if (row['dimensionId'] === dimension?.['id'] && row['code'] === code) return row;
  return undefined;
}

/** A table relation of DimensionSetEntryBuffer.Table.al. */
function checkValueOf(dimension: Row, value: Row): void {
  if (value['dimensionId'] === dimension['id']) return;
  throw noRelation('Dimension Value Code', 'Dimension Set Entry Buffer', String(value['code']), 'Dimension Value');
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
