import { guidFrom } from '../kernel/random.js';
import type { Distributor } from '../seed/distributor.js';
import { ROUNDING_ACCOUNT } from './invoice-rounding.js';
import { PREPAYMENT_ACCOUNT } from './prepayments.js';
import type { Company, Row } from './store.js';
import { ZERO_GUID } from './values.js';

const COUNTRIES: Readonly<Record<string, string>> = {
  Germany: 'DE',
  'United Kingdom': 'GB',
  'United States': 'US',
  Austria: 'AT',
};

const CODES: Readonly<Record<string, readonly (readonly [code: string, name: string, more?: Row])[]>> = {
  paymentTerms: [
    ['30D', 'Net 30 days', { dueDateCalculation: '30D' }],
    ['45D', 'Net 45 days', { dueDateCalculation: '45D' }],
    ['60D', 'Net 60 days', { dueDateCalculation: '60D' }],
    [
      '2-10-30',
      '2 % within 10 days, net 30',
      { dueDateCalculation: '30D', discountDateCalculation: '10D', discountPercent: '2' },
    ],
    ['COD', 'Cash on delivery', { dueDateCalculation: '0D' }],
  ],
  paymentMethods: [
    ['BANK', 'Bank transfer'],
    ['CASH', 'Cash payment'],
  ],
  shipmentMethods: [
    ['EXW', 'Ex works'],
    ['DAP', 'Delivered at place'],
    ['PICKUP', 'Collected by the customer'],
  ],
  taxGroups: [
    ['VAT19', 'Standard rate', { taxType: 'VAT' }],
    ['VAT7', 'Reduced rate', { taxType: 'VAT' }],
    ['VAT0', 'No VAT', { taxType: 'VAT' }],
  ],
  taxAreas: [
    ['DOMESTIC', 'Domestic', { taxType: 'VAT' }],
    ['EU', 'European Union', { taxType: 'VAT' }],
    ['EXPORT', 'Other countries', { taxType: 'VAT' }],
  ],
  salespeoplePurchasers: [
    ['NORTH', 'Sales north', { email: 'north@example.com' }],
    ['SOUTH', 'Sales south', { email: 'south@example.com' }],
  ],
  locations: [
    ['MAIN', 'Main warehouse'],
    ['EAST', 'Warehouse east'],
  ],
  itemCategories: [
    ['LIFTING', 'Lifting equipment'],
    ['DRIVES', 'Drives'],
  ],
};

/** Puts the distributor's data into a company: local currency EUR, codes, accounts, items, and the known customers. */
export function seedCompany(company: Company, data: Distributor): void {
  const put = (set: string, key: string, values: Row): Row =>
    company.insert(set, { id: guidFrom(`${set}/${key}`), ...values });
  const units = new Map<string, string>();
  put('generalLedgerSetup', 'setup', {
    localCurrencyCode: 'EUR',
    localCurrencySymbol: '€',
    shortcutDimension1Code: 'DEPARTMENT',
    shortcutDimension2Code: 'REGION',
  });
  put('companyInformation', 'information', { displayName: data.companyName, country: 'DE', currencyCode: 'EUR' });
  for (const unit of data.units) {
    const row = put('unitsOfMeasure', unit.name, {
      code: unit.name,
      displayName: unit.name,
      internationalStandardCode: unit.name,
    });
    units.set(unit.name, String(row['id']));
  }
  for (const [name, code] of Object.entries(COUNTRIES)) put('countriesRegions', code, { code, displayName: name });
  for (const [set, rows] of Object.entries(CODES)) {
    for (const [code, name, more] of rows) put(set, code, { code, displayName: name, ...more });
  }
  for (const code of ['RETAIL', 'SERVICES']) put('generalProductPostingGroups', code, { code, description: code });
  put('inventoryPostingGroups', 'RESALE', { code: 'RESALE', description: 'Resale items' });
  const currencyIds = new Map<string, string>();
  for (const currency of data.currencies) {
    // The local currency has no row of its own (reference/business-central 2.5).
    if (currency.code === 'EUR') continue;
    const row = put('currencies', currency.code, {
      code: currency.code,
      displayName: currency.name,
      symbol: currency.code,
      amountDecimalPlaces: '2:2',
      amountRoundingPrecision: '0.01',
    });
    currencyIds.set(currency.code, String(row['id']));
    put('currencyExchangeRates', currency.code, {
      currencyCode: currency.code,
      startingDate: '2020-01-01',
      exchangeRateAmount: currency.rate,
      relationalExchangeRateAmount: '1',
    });
  }
  for (const [number, displayName] of [
    ['8400', 'Revenue, special work'],
    ['8410', 'Freight charged'],
    [ROUNDING_ACCOUNT, 'Invoice rounding'],
    [PREPAYMENT_ACCOUNT, 'Customer prepayments'],
  ] as const) {
    put('accounts', number, { number, displayName, category: 'Income', accountType: 'Posting', directPosting: true });
  }
  put('accounts', '8000', {
    number: '8000',
    displayName: 'Revenue',
    category: 'Income',
    accountType: 'Heading',
    directPosting: false,
  });
  seedDimensions(put);
  for (const product of data.products) {
    if (!product.isInBusinessCentral) continue;
    put('items', product.number, {
      number: product.number,
      displayName: product.name,
      type: product.isService ? 'Service' : 'Inventory',
      unitPrice: product.price,
      unitCost: product.cost,
      baseUnitOfMeasureCode: product.unit,
      baseUnitOfMeasureId: units.get(product.unit) ?? ZERO_GUID,
      taxGroupCode: 'VAT19',
      taxGroupId: guidFrom('taxGroups/VAT19'),
      generalProductPostingGroupCode: product.isService ? 'SERVICES' : 'RETAIL',
      inventoryPostingGroupCode: product.isService ? '' : 'RESALE',
    });
  }
  for (const account of data.accounts) {
    if (!account.isInBusinessCentral) continue;
    const customer = put('customers', account.number, {
      number: account.number,
      displayName: account.name,
      addressLine1: account.street,
      city: account.city,
      postalCode: account.postalCode,
      country: COUNTRIES[account.country] ?? '',
      email: account.email,
      phoneNumber: account.phone,
      currencyCode: account.currency,
      currencyId: currencyIds.get(account.currency) ?? ZERO_GUID,
      paymentTermsId: guidFrom('paymentTerms/30D'),
    });
    const contact = put('contacts', account.number, {
      number: `K${account.number}`,
      type: 'Company',
      displayName: account.name,
      companyName: account.name,
      contactBusinessRelation: 'Customer',
    });
    company.companyContacts.set(String(customer['id']), String(contact['id']));
  }
}

function seedDimensions(put: (set: string, key: string, values: Row) => Row): void {
  for (const [code, name, values] of [
    ['DEPARTMENT', 'Department', ['SALES', 'SERVICE', 'RENTAL']],
    ['REGION', 'Region', ['NORTH', 'SOUTH']],
    ['PROJECT', 'Project', ['P-100', 'P-200']],
  ] as const) {
    const dimension = put('dimensions', code, { code, displayName: name });
    for (const value of values) {
      put('dimensionValues', `${code}/${value}`, {
        code: value,
        displayName: value,
        dimensionId: String(dimension['id']),
      });
    }
  }
}
