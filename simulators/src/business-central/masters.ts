import { checkAddresses } from './addresses.js';
import { openAttachment } from './attachments.js';
import { checkDefaultDimension } from './default-dimensions.js';
import { type Entity, entityOf } from './entities.js';
import { BcError, dialog, noRelation, notAllowed } from './errors.js';
import type { Company, Row, Value } from './store.js';
import { type Body, badBody, checkValue, nested, refuseReadOnly, ZERO_GUID } from './values.js';

/** Customers, items, contacts and the small sets (reference/business-central 2.2 to 2.6). */

const SERIES = { customers: ['customer', 'CUST'], contacts: ['contact', 'CONT'], items: ['item', 'ITEM'] } as const;
/** Their pages insert and modify a new row (OnInsertRecord of APIV2Customers.Page.al and its like): two notifications. */
const MODIFIED_WHEN_NEW: ReadonlySet<string> = new Set([
  'customers',
  'contacts',
  'items',
  'itemCategories',
  'currencies',
  'paymentTerms',
  'paymentMethods',
  'shipmentMethods',
  'countriesRegions',
]);
const NEEDS_NAME: ReadonlySet<string> = new Set(['customers', 'contacts', 'companies']);

export function createMaster(
  company: Company,
  set: string,
  body: Body,
  path: Readonly<Record<string, Value>> = {},
): Row {
  const entity = entityOf(set);
  const hasDimensions = entity.parts.includes('defaultDimensions');
  const { defaultDimensions, ...values } = body;
  const given = checkBody(entity, { ...path, ...(hasDimensions ? values : body) }, undefined);
  if (NEEDS_NAME.has(set)) {
    if (given['displayName'] === undefined) throw dialog('A "displayName" must be provided.');
    if (given['displayName'] === '') throw dialog('The blank "displayName" is not allowed.');
  }
  if (set === 'items' && given['inventory'] !== undefined && Number(given['inventory']) !== 0) {
    throw dialog('Inventory cannot be changed during on insert.');
  }
  checkRelations(company, entity, given);
  setNumber(company, entity, given);
  if (set === 'defaultDimensions') checkDefaultDimension(company, given);
  const content = set === 'documentAttachments' ? openAttachment(company, given) : undefined;
  const row = company.insert(set, { ...defaultsOf(company, set), ...given });
  if (content) {
    company.streams.set(`${String(row['id'])}/attachmentContent`, content);
    row['byteSize'] = content.length;
  }
  if (MODIFIED_WHEN_NEW.has(set)) company.touch(row, set, 'updated');
  const parentType = set === 'items' ? 'Item' : 'Customer';
  for (const one of nested(hasDimensions ? defaultDimensions : undefined))
    createMaster(company, 'defaultDimensions', one, { parentType, parentId: String(row['id']) });
  if (set === 'customers') {
    // The marketing set-up makes a company contact for each new customer (reference/business-central 2.2).
    const contact = company.insert('contacts', {
      number: company.draw('contact'),
      type: row['type'] ?? 'Company',
      displayName: row['displayName'] ?? '',
      companyName: row['displayName'] ?? '',
      contactBusinessRelation: 'Customer',
      searchName: String(row['displayName']).toUpperCase(),
    });
    company.companyContacts.set(String(row['id']), String(contact['id']));
  }
  return row;
}

export function patchMaster(company: Company, set: string, row: Row, body: Body): void {
  const entity = entityOf(set);
  const given = checkBody(entity, body, row);
  if (given['displayName'] === '') throw dialog('The blank "displayName" is not allowed.');
  checkRelations(company, entity, given);
  if (set === 'defaultDimensions') checkDefaultDimension(company, given, row);
  const { numberField } = entity;
  if (numberField && given[numberField] !== undefined && given[numberField] !== row[numberField]) {
    refuseDuplicate(company, entity, String(given[numberField]));
  }
  if (set === 'items' && given['inventory'] !== undefined)
    company.setStock(String(row['number']), String(given['inventory']));
  // A PATCH with unchanged values is skipped silently: no error, the etag stays.
  if (Object.entries(given).every(([name, value]) => row[name] === value)) return;
  if (numberField && given[numberField] !== undefined) renameInDocuments(company, set, row, given[numberField]);
  company.change(set, row, given);
}

/** Another number of a customer, an item or an account is written wherever the one before stands (reference/business-central 2.2). */
function renameInDocuments(company: Company, set: string, { id, number: before }: Row, number: Value): void {
  for (const { row, lines } of Object.values(company.documents).flatMap((kind) => [...kind.values()])) {
    if (set === 'customers') {
      if (row['customerId'] === id) row['customerNumber'] = number;
      if (row['billToCustomerId'] === id) row['billToCustomerNumber'] = number;
    }
    const field = set === 'items' ? 'itemId' : set === 'accounts' ? 'accountId' : undefined;
    for (const line of field ? lines : []) if (line[field as string] === id) line['lineObjectNumber'] = number;
  }
  const stock = company.stock.get(String(before));
  if (set !== 'items' || number === before || stock === undefined) return;
  company.setStock(String(number), stock);
  company.stock.delete(String(before));
}

export function deleteMaster(company: Company, set: string, row: Row): void {
  if (set === 'customers' || set === 'items') {
    for (const document of [...company.documents.order.values(), ...company.documents.invoice.values()]) {
      const names = set === 'customers' ? [document.row['customerId']] : document.lines.map((line) => line['itemId']);
      if (!names.includes(row['id'] ?? '')) continue;
      const what = document.kind === 'order' ? 'outstanding Sales Order' : 'outstanding Sales Invoice';
      throw dialog(
        set === 'customers'
          ? `You cannot delete Customer ${row['number']} because there is at least one ${what} for this customer.`
          : `You cannot delete Item ${row['number']} because there is at least one ${what} that includes this item.`,
      );
    }
  }
  company.remove(set, row);
}

/** Checks all properties; what is read-only may only be said as it is. */
function checkBody(entity: Entity, body: Body, row: Row | undefined): Row {
  const given: Row = {};
  for (const [name, raw] of Object.entries(body)) {
    if (name.startsWith('@odata.')) continue;
    const value = checkValue(entity, name, raw);
    // The size comes from the content, whatever the body says of it (sample of dynamics_documentattachment_create.md).
    if (entity.set === 'documentAttachments' && name === 'byteSize') continue;
    if (entity.fields.get(name)?.isReadOnly) {
      if (row?.[name] !== value) refuseReadOnly(name);
    } else given[name] = value;
  }
  return given;
}

function setNumber(company: Company, entity: Entity, given: Row): void {
  const { set, numberField } = entity;
  if (!numberField) return;
  const series = set in SERIES ? SERIES[set as keyof typeof SERIES] : undefined;
  const number = given[numberField];
  if (number === undefined || number === '') {
    if (!series)
      throw new BcError(
        400,
        'Application_DialogException',
        `Code must have a value in ${entity.table}: Code=. It cannot be zero or empty.`,
      );
    given[numberField] = company.draw(series[0]);
    return;
  }
  const manual = set === 'items' ? company.setup.manualItemNumbers : company.setup.manualCustomerNumbers;
  if (series && !manual) {
    throw dialog(
      `You may not enter numbers manually. If you want to enter numbers manually, please activate Manual Nos. in No. Series ${series[1]}.`,
    );
  }
  if (set !== 'itemVariants' && set !== 'dimensionValues') refuseDuplicate(company, entity, String(number));
}

function refuseDuplicate(company: Company, entity: Entity, number: string): void {
  if (!company.findByNumber(entity.set, number)) return;
  const key = entity.numberField === 'code' ? 'Code' : 'No.';
  throw new BcError(
    400,
    'Internal_EntityWithSameKeyExists',
    `The record in table ${entity.table} already exists. Identification fields and values: ${key}='${number}'`,
  );
}

/** Ids and codes that point at other sets; an id fills its code and the other way round. */
const PAIRS: readonly (readonly [id: string, code: string | undefined, set: string, table: string])[] = [
  ['currencyId', 'currencyCode', 'currencies', 'Currency'],
  ['paymentTermsId', undefined, 'paymentTerms', 'Payment Terms'],
  ['shipmentMethodId', undefined, 'shipmentMethods', 'Shipment Method'],
  ['paymentMethodId', undefined, 'paymentMethods', 'Payment Method'],
  ['taxAreaId', undefined, 'taxAreas', 'VAT Business Posting Group'],
  ['taxGroupId', 'taxGroupCode', 'taxGroups', 'VAT Product Posting Group'],
  ['itemCategoryId', 'itemCategoryCode', 'itemCategories', 'Item Category'],
  ['baseUnitOfMeasureId', 'baseUnitOfMeasureCode', 'unitsOfMeasure', 'Unit of Measure'],
  [
    'generalProductPostingGroupId',
    'generalProductPostingGroupCode',
    'generalProductPostingGroups',
    'Gen. Product Posting Group',
  ],
  ['inventoryPostingGroupId', 'inventoryPostingGroupCode', 'inventoryPostingGroups', 'Inventory Posting Group'],
];
const LOCAL_CURRENCY = 'EUR';

function checkRelations(company: Company, entity: Entity, given: Row): void {
  for (const [id, code, set, table] of PAIRS) {
    if (!entity.fields.has(id)) continue;
    const byCode = code === undefined ? undefined : given[code];
    if (given[id] !== undefined && given[id] !== ZERO_GUID) {
      const row = company.find(set, String(given[id]));
      if (!row) throw dialog(`The "${id}" does not match to a ${table}.`);
      if (code && byCode !== undefined && byCode !== row['code']) {
        throw dialog(`The "${id}" and "${code}" values do not match to a specific ${table}.`);
      }
      if (code) given[code] = row['code'] ?? '';
    } else if (code && byCode !== undefined) {
      if (byCode === '' || (set === 'currencies' && byCode === LOCAL_CURRENCY)) {
        // The local currency is stored blank and read back with its code (reference/business-central 2.2).
        given[id] = ZERO_GUID;
        if (set === 'currencies') given[code] = LOCAL_CURRENCY;
        continue;
      }
      const row = company.findByNumber(set, String(byCode));
      if (!row) throw dialog(`The "${code}" does not match to a ${table}.`);
      given[id] = row['id'] ?? ZERO_GUID;
    }
  }
  related(company, entity, given, 'country', 'countriesRegions', 'Country/Region Code', 'Country/Region');
  related(
    company,
    entity,
    given,
    'salespersonCode',
    'salespeoplePurchasers',
    'Salesperson Code',
    'Salesperson/Purchaser',
  );
  if (entity.set === 'contacts') checkCompany(company, given);
  if (/[A-Za-z]/.test(String(given['phoneNumber'] ?? ''))) throw dialog('Phone No. must not contain letters.');
  checkAddresses(String(given['email'] ?? ''));
  for (const price of ['unitPrice', 'unitCost', 'amountRoundingPrecision']) {
    if (Number(given[price] ?? 0) < 0)
      throw dialog(`The value must be greater than or equal to 0. Value: ${given[price]}.`);
  }
  for (const percent of ['discountPercent', 'commisionPercent']) {
    const value = Number(given[percent] ?? 0);
    if (value < 0 || value > 100) throw dialog(`The value must be between 0 and 100. Value: ${given[percent]}.`);
  }
}

/** A table relation of Contact.Table.al: the company of a contact is a contact of that type. */
function checkCompany(company: Company, given: Row): void {
  const number = given['companyNumber'];
  if (number === undefined || number === '') return;
  if (company.findByNumber('contacts', String(number))?.['type'] !== 'Company')
    throw noRelation('Company No.', 'Contact', String(number), 'Contact');
}

function related(
  company: Company,
  entity: Entity,
  given: Row,
  name: string,
  set: string,
  field: string,
  table: string,
): void {
  const value = given[name];
  if (value !== undefined && value !== '' && !company.findByNumber(set, String(value))) {
    throw noRelation(field, entity.table, String(value), table);
  }
}

/** What the API template of the company gives a new row. */
function defaultsOf(company: Company, set: string): Row {
  switch (set) {
    case 'customers':
      return {
        currencyCode: LOCAL_CURRENCY,
        paymentTermsId: company.findByNumber('paymentTerms', '30D')?.['id'] ?? ZERO_GUID,
      };
    case 'items': {
      const unit = company.findByNumber('unitsOfMeasure', 'PCS');
      return {
        baseUnitOfMeasureCode: unit?.['code'] ?? '',
        baseUnitOfMeasureId: unit?.['id'] ?? ZERO_GUID,
        taxGroupCode: 'VAT19',
        generalProductPostingGroupCode: 'RETAIL',
        inventoryPostingGroupCode: 'RESALE',
      };
    }
    case 'currencies':
      return { amountDecimalPlaces: '2:2', amountRoundingPrecision: '0.01' };
    default:
      return {};
  }
}

/** @throws BcError when the body is no JSON object. */
export function readBody(text: string): Record<string, unknown> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text === '' ? '{}' : text);
  } catch (error) {
    if (error instanceof SyntaxError) throw badBody();
    throw error;
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw badBody();
  return parsed as Record<string, unknown>;
}

export function checkMethod(entity: Entity, method: string): void {
  if (!entity.methods.has(method))
    throw notAllowed(method === 'POST' ? 'insert' : method === 'PATCH' ? 'modify' : method.toLowerCase());
}
