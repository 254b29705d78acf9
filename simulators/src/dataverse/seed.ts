import { guidFrom } from '../kernel/random.js';
import type { Distributor, SeedDocument } from '../seed/distributor.js';
import { fillDefaults } from './rules.js';
import type { Row, Store } from './store.js';
import { LINES } from './tables.js';

/** Puts the distributor's data into the tables of Sales. */
export function seedSales(store: Store, data: Distributor): void {
  const table = (name: string) => store.schema.table(name);
  const put = (name: string, values: Row): Row => store.insert(table(name), values, true);
  const schedule = guidFrom('unit group');
  store.insert(table('uomschedule'), { uomscheduleid: schedule, name: 'Default Unit', baseuomname: 'PCS' }, true);
  store.insert(
    table('organization'),
    {
      organizationid: guidFrom('organization row'),
      name: 'nordwerk',
      pricingdecimalprecision: 2,
      currencydecimalprecision: 2,
      issopintegrationenabled: false,
      oobpricecalculationenabled: true,
      expirechangetrackingindays: 7,
      languagecode: 1033,
      maxuploadfilesize: 5_242_880,
      blockedattachments: 'ade;bat;cmd;com;exe;hta;js;jar;msi;ps1;scr;vbs',
      basecurrencyid: data.currencies[0]?.id ?? null,
    },
    true,
  );
  for (const unit of data.units)
    put('uom', { uomid: unit.id, name: unit.name, quantity: '1', uomscheduleid: schedule });
  for (const currency of data.currencies) {
    put('transactioncurrency', {
      transactioncurrencyid: currency.id,
      isocurrencycode: currency.code,
      currencyname: currency.name,
      exchangerate: currency.rate,
      currencyprecision: 2,
    });
    put('pricelevel', {
      pricelevelid: priceListId(currency.id),
      name: `List ${currency.code}`,
      transactioncurrencyid: currency.id,
      statuscode: 100001,
    });
  }
  const unitIds = new Map(data.units.map((unit) => [unit.name, unit.id]));
  for (const product of data.products) {
    put('product', {
      productid: product.id,
      productnumber: product.number,
      name: product.name,
      producttypecode: product.isService ? 3 : 1,
      productstructure: 1,
      quantitydecimal: 2,
      price: product.price,
      standardcost: product.cost,
      defaultuomid: unitIds.get(product.unit) ?? null,
      defaultuomscheduleid: schedule,
      statecode: product.isActive ? 0 : 1,
      statuscode: product.isActive ? 1 : 2,
    });
  }
  for (const product of data.products) {
    for (const currency of data.currencies) {
      const amount = (Number(product.price) * Number(currency.rate)).toFixed(2);
      put('productpricelevel', {
        productpricelevelid: guidFrom(`price/${product.id}/${currency.id}`),
        pricelevelid: priceListId(currency.id),
        productid: product.id,
        uomid: unitIds.get(product.unit) ?? null,
        transactioncurrencyid: currency.id,
        amount,
        pricingmethodcode: 1,
        quantitysellingcode: 1,
        productnumber: product.number,
      });
    }
  }
  const currencyIds = new Map(data.currencies.map((currency) => [currency.code, currency.id]));
  for (const account of data.accounts) {
    put('account', {
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
      put('contact', {
        contactid: contact.id,
        firstname: contact.firstName,
        lastname: contact.lastName,
        fullname: `${contact.firstName} ${contact.lastName}`,
        parentcustomerid: account.id,
      });
    }
  }
  for (const document of [...data.documents, ...data.archive])
    seedDocument(store, data, document, currencyIds, unitIds);
}

function priceListId(currencyId: string): string {
  return guidFrom(`price list/${currencyId}`);
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
  const header = store.schema.table(document.kind);
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
  fillDefaults(store, header, values);
  const row = store.insert(header, values, true);
  const lines = LINES[document.kind] as { table: string; via: string };
  document.lines.forEach((line, index) => {
    const product = line.productIndex === undefined ? undefined : data.products[line.productIndex];
    const lineTable = store.schema.table(lines.table);
    const row: Row = {
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
    };
    fillDefaults(store, lineTable, row);
    store.insert(lineTable, row, true);
  });
  store.computeTotals(header, row);
}
