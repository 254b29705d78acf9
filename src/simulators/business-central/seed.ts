import { guidFrom } from '../kernel/random.js';
import type { Distributor } from '../seed/distributor.js';
import { createMaster } from './masters.js';
import type { Company } from './store.js';

const COUNTRIES: Readonly<Record<string, string>> = {
  Germany: 'DE',
  'United Kingdom': 'GB',
  'United States': 'US',
  Austria: 'AT',
};

/** Puts the distributor's data into a company: local currency EUR, units, accounts, items, and the known customers. */
export function seedCompany(company: Company, data: Distributor): void {
  for (const unit of data.units) company.insert('unitsOfMeasure', { code: unit.name, displayName: unit.name });
  for (const code of Object.values(COUNTRIES)) company.insert('countriesRegions', { code, displayName: code });
  for (const currency of data.currencies) {
    // The local currency has no row of its own (reference 2.5).
    if (currency.code !== 'EUR') company.insert('currencies', { code: currency.code, displayName: currency.name });
  }
  for (const [number, displayName] of [
    ['8400', 'Revenue, special work'],
    ['8410', 'Freight charged'],
  ] as const) {
    company.insert('accounts', { number, displayName, accountType: 'Posting', directPosting: true, blocked: false });
  }
  for (const product of data.products) {
    if (!product.isInBusinessCentral) continue;
    const item = createMaster(company, 'items', {
      number: product.number,
      displayName: product.name,
      type: product.isService ? 'Service' : 'Inventory',
      unitPrice: product.price,
      unitCost: product.cost,
      baseUnitOfMeasureCode: product.unit,
    });
    reidentify(company, 'items', item, `item/${product.number}`);
  }
  for (const account of data.accounts) {
    if (!account.isInBusinessCentral) continue;
    const customer = createMaster(company, 'customers', {
      number: account.number,
      displayName: account.name,
      addressLine1: account.street,
      city: account.city,
      postalCode: account.postalCode,
      country: COUNTRIES[account.country] ?? '',
      email: account.email,
      phoneNumber: account.phone,
      currencyCode: account.currency,
    });
    reidentify(company, 'customers', customer, `customer/${account.number}`);
  }
}

/** The same seed gives the same ids. */
function reidentify(company: Company, set: string, row: Record<string, unknown>, text: string): void {
  const rows = company.sets.get(set);
  rows?.delete(String(row['id']));
  row['id'] = guidFrom(text);
  rows?.set(String(row['id']), row as never);
}
