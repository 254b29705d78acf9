import type { FieldValues } from '../../deal/document.js';
import { decimalNumber } from '../http/lossless-json.js';

/**
 * The bodies of customers, contacts and items: properties in the order of the pages (reference/business-central 2.2 to
 * 2.4).
 */

const ADDRESS = ['addressLine1', 'addressLine2', 'city', 'state', 'country', 'postalCode'];

const ORDER = {
  customers: [
    'number',
    'displayName',
    'type',
    ...ADDRESS,
    'phoneNumber',
    'email',
    'website',
    'salespersonCode',
    'creditLimit',
    'taxLiable',
    'taxAreaId',
    'taxRegistrationNumber',
    'currencyCode',
    'paymentTermsId',
    'shipmentMethodId',
    'paymentMethodId',
    'blocked',
  ],
  contacts: [
    'number',
    'type',
    'displayName',
    'jobTitle',
    'companyNumber',
    ...ADDRESS,
    'phoneNumber',
    'mobilePhoneNumber',
    'email',
    'website',
    'searchName',
    'taxRegistrationNumber',
  ],
  items: [
    'number',
    'displayName',
    'displayName2',
    'type',
    'itemCategoryCode',
    'gtin',
    'baseUnitOfMeasureCode',
    'unitPrice',
    'priceIncludesTax',
    'unitCost',
    'taxGroupCode',
    'generalProductPostingGroupCode',
    'inventoryPostingGroupCode',
  ],
} as const;

const DECIMALS: ReadonlySet<string> = new Set(['creditLimit', 'unitPrice', 'unitCost']);

export function toMasterBody(set: keyof typeof ORDER, fields: FieldValues): Record<string, unknown> {
  const body: Record<string, unknown> = {};
  for (const name of ORDER[set]) {
    const value = fields[name];
    if (value === undefined) continue;
    body[name] = DECIMALS.has(name) ? decimalNumber(String(value)) : value;
  }
  return body;
}
