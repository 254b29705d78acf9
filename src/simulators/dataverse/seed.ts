import { guidFrom } from '../kernel/random.js';
import type { Distributor, SeedDocument } from '../seed/distributor.js';
import type { Row, Store } from './store.js';
import { LINES, TABLE_BY_NAME, type Table } from './tables.js';

/** Puts the distributor's data into the tables of Sales. */
export function seedSales(store: Store, data: Distributor): void {
  for (const unit of data.units) store.insert(table('uom'), { uomid: unit.id, name: unit.name, quantity: '1' });
  for (const currency of data.currencies) {
    store.insert(table('transactioncurrency'), {
      transactioncurrencyid: currency.id,
      isocurrencycode: currency.code,
      currencyname: currency.name,
      exchangerate: currency.rate,
      currencyprecision: 2,
    });
    store.insert(table('pricelevel'), {
      pricelevelid: priceListId(currency.id),
      name: `List ${currency.code}`,
      transactioncurrencyid: currency.id,
      statuscode: 100001,
    });
  }
  const unitIds = new Map(data.units.map((unit) => [unit.name, unit.id]));
  for (const product of data.products) {
    store.insert(table('product'), {
      productid: product.id,
      productnumber: product.number,
      name: product.name,
      producttypecode: product.isService ? 3 : 1,
      productstructure: 1,
      quantitydecimal: 2,
      price: product.price,
      standardcost: product.cost,
      defaultuomid: unitIds.get(product.unit) ?? null,
      statecode: product.isActive ? 0 : 1,
      statuscode: product.isActive ? 1 : 2,
    });
  }
  const currencyIds = new Map(data.currencies.map((currency) => [currency.code, currency.id]));
  for (const account of data.accounts) {
    store.insert(table('account'), {
      accountid: account.id,
      accountnumber: account.number,
      name: account.name,
      emailaddress1: account.email,
      telephone1: account.phone,
      address1_line1: account.street,
      address1_city: account.city,
      address1_postalcode: account.postalCode,
      address1_country: account.country,
      customertypecode: 3,
      transactioncurrencyid: currencyIds.get(account.currency) ?? null,
      primarycontactid: account.contacts[0]?.id ?? null,
    });
    for (const contact of account.contacts) {
      store.insert(table('contact'), {
        contactid: contact.id,
        firstname: contact.firstName,
        lastname: contact.lastName,
        fullname: `${contact.firstName} ${contact.lastName}`,
        parentcustomerid: account.id,
      });
    }
  }
  for (const document of data.documents) seedDocument(store, data, document, currencyIds, unitIds);
}

export function priceListId(currencyId: string): string {
  return guidFrom(`price list/${currencyId}`);
}

function table(name: string): Table {
  return TABLE_BY_NAME.get(name) as Table;
}

const NUMBER: Record<SeedDocument['kind'], string | undefined> = {
  opportunity: undefined,
  quote: 'quotenumber',
  salesorder: 'ordernumber',
};

function seedDocument(
  store: Store,
  data: Distributor,
  document: SeedDocument,
  currencyIds: ReadonlyMap<string, string>,
  unitIds: ReadonlyMap<string, string>,
): void {
  const account = data.accounts[document.accountIndex];
  const currencyId = currencyIds.get(account?.currency ?? 'EUR') ?? '';
  const header = table(document.kind);
  const number = NUMBER[document.kind];
  const values: Row = {
    [header.id]: document.id,
    name: document.name,
    customerid: account?.id ?? null,
    transactioncurrencyid: currencyId,
    pricelevelid: priceListId(currencyId),
    statecode: document.state,
    statuscode: document.status,
    freightamount: document.freight,
    discountamount: document.discount,
    pricingerrorcode: 0,
  };
  if (number) values[number] = document.number;
  if (document.kind === 'opportunity') values['parentaccountid'] = account?.id ?? null;
  const row = store.insert(header, values);
  const lines = LINES[document.kind] as { table: string; via: string };
  document.lines.forEach((line, index) => {
    const product = line.productIndex === undefined ? undefined : data.products[line.productIndex];
    store.insert(table(lines.table), {
      [lines.via]: document.id,
      productid: product?.id ?? null,
      uomid: product ? (unitIds.get(product.unit) ?? null) : null,
      isproductoverridden: product === undefined,
      productdescription: product ? null : line.text,
      quantity: line.quantity,
      priceperunit: line.price,
      volumediscountamount: '0',
      manualdiscountamount: line.discount,
      tax: '0',
      sequencenumber: index + 1,
      pricingerrorcode: 0,
    });
  });
  store.computeTotals(header, row);
}
