import { BcError, dialog } from './errors.js';
import type { Company, Row, Value } from './store.js';

/** Which properties an entity has: `text:n`, `code:n` (upper case), `decimal`, `bool`; `!` in front is read only. */
export const FIELDS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  customers: {
    number: 'code:20',
    displayName: 'text:100',
    type: 'enum:Company,Person',
    addressLine1: 'text:100',
    addressLine2: 'text:50',
    city: 'text:30',
    state: 'text:30',
    country: 'code:10',
    postalCode: 'code:20',
    phoneNumber: 'text:30',
    email: 'text:80',
    website: 'text:255',
    salespersonCode: 'code:20',
    balanceDue: '!decimal',
    creditLimit: 'decimal',
    taxLiable: 'bool',
    taxRegistrationNumber: 'text:20',
    currencyCode: 'code:10',
    paymentTermsId: 'text:36',
    blocked: 'enum:_x0020_,Ship,Invoice,All',
  },
  items: {
    number: 'code:20',
    displayName: 'text:100',
    type: 'enum:Inventory,Service,Non_x002D_Inventory',
    blocked: 'bool',
    gtin: 'code:14',
    unitPrice: 'decimal',
    unitCost: 'decimal',
    priceIncludesTax: 'bool',
    baseUnitOfMeasureCode: 'code:10',
  },
};

const DEFAULTS: Readonly<Record<string, Row>> = {
  customers: {
    number: '',
    displayName: '',
    type: 'Company',
    addressLine1: '',
    addressLine2: '',
    city: '',
    state: '',
    country: '',
    postalCode: '',
    phoneNumber: '',
    email: '',
    website: '',
    salespersonCode: '',
    balanceDue: '0',
    creditLimit: '0',
    taxLiable: false,
    taxRegistrationNumber: '',
    currencyCode: 'EUR',
    paymentTermsId: '00000000-0000-0000-0000-000000000000',
    blocked: '_x0020_',
  },
  items: {
    number: '',
    displayName: '',
    type: 'Inventory',
    blocked: false,
    gtin: '',
    unitPrice: '0',
    unitCost: '0',
    priceIncludesTax: false,
    baseUnitOfMeasureCode: 'PCS',
  },
};

export function createMaster(
  company: Company,
  set: 'customers' | 'items',
  body: Readonly<Record<string, unknown>>,
): Row {
  const given: Row = {};
  for (const [name, value] of Object.entries(body)) given[name] = checkField(set, name, value);
  if (set === 'customers') checkCustomer(company, given);
  if (given['number'] === undefined || given['number'] === '') given['number'] = company.draw('customer');
  else if (set === 'customers' && !company.setup.manualCustomerNumbers) {
    throw dialog(
      'You may not enter numbers manually. If you want to enter numbers manually, please activate Manual Nos. in No. Series CUST.',
    );
  }
  if (company.findByNumber(set, String(given['number']))) {
    const table = set === 'customers' ? 'Customer' : 'Item';
    throw new BcError(
      400,
      'Internal_EntityWithSameKeyExists',
      `The record in table ${table} already exists. Identification fields and values: No.='${given['number']}'`,
    );
  }
  return company.insert(set, { ...DEFAULTS[set], ...given });
}

export function patchMaster(company: Company, set: string, row: Row, body: Readonly<Record<string, unknown>>): Row {
  for (const [name, value] of Object.entries(body)) row[name] = checkField(set, name, value);
  company.touch(row);
  return row;
}

function checkCustomer(company: Company, given: Row): void {
  if (given['displayName'] === undefined) throw dialog('A "displayName" must be provided.');
  if (given['displayName'] === '') throw dialog('The blank "displayName" is not allowed.');
  if (/[A-Za-z]/.test(String(given['phoneNumber'] ?? ''))) throw dialog('Phone No. must not contain letters');
  const country = given['country'];
  if (country && !company.findByNumber('countriesRegions', String(country))) {
    throw new BcError(
      400,
      'Internal_InvalidTableRelation',
      `The field Country/Region Code of table Customer contains a value (${country}) that cannot be found in the related table (Country/Region).`,
    );
  }
  const currency = given['currencyCode'];
  if (currency && currency !== 'EUR' && !company.findByNumber('currencies', String(currency))) {
    throw dialog('The "currencyCode" does not match to a Currency.');
  }
}

function checkField(set: string, name: string, value: unknown): Value {
  const rule = FIELDS[set]?.[name];
  if (rule === undefined) {
    throw new BcError(
      400,
      'BadRequest',
      `The property '${name}' does not exist on type 'Microsoft.NAV.${set.replace(/s$/, '')}'. Make sure to only use property names that are defined by the type.`,
    );
  }
  if (rule.startsWith('!')) throw new BcError(400, 'BadRequest_InvalidOperation', `Control '${name}' is read-only.`);
  const [kind = '', argument = ''] = rule.split(':');
  if (kind === 'bool') return value === true;
  if (kind === 'decimal') return String(value);
  if (typeof value !== 'string') throw new BcError(400, 'BadRequest', 'Invalid Request Body');
  if (kind === 'enum') {
    const options = argument.split(',');
    if (!options.includes(value))
      throw new BcError(400, 'Unknown', `'${value}' is not an option. The existing options are: ${options.join(',')}`);
    return value;
  }
  return checkLength(kind === 'code' ? value.trim().toUpperCase() : value, Number(argument));
}

export function checkLength(text: string, longest: number): string {
  if (text.length <= longest) return text;
  throw new BcError(
    400,
    'Application_StringExceededLength',
    `The length of the string is ${text.length}, but it must be less than or equal to ${longest} characters. Value: ${text}`,
  );
}
