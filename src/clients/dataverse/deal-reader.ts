import { type AskedColumns, NOTHING_MORE } from '../../deal/asked-columns.js';
import type { Customer, DealLine, Lineage, LineRole, ProductType, RecordRef, WonDeal } from '../../deal/deal.js';
import type { SourceTable } from '../../deal/ids.js';
import { add, multiply, subtract } from '../../deal/money.js';
import { STATE_CODES } from '../../deal/state-codes.js';
import { ENTITY_SETS } from './entity-sets.js';
import { LINES } from './extra-columns.js';
import {
  type AccountRow,
  type ContactRow,
  type LineRow,
  type OpportunityRow,
  type OrderRow,
  OWNER_NAME,
  PARENT_NAME,
  PRICE_LIST_NAME,
  type QuoteRow,
} from './rows.js';

const ADDRESS = [
  'address1_line1',
  'address1_line2',
  'address1_line3',
  'address1_city',
  'address1_stateorprovince',
  'address1_postalcode',
  'address1_country',
];
// Its currency is a lookup, not one more expanded row: a request may have fifteen, nested ones included (reference/dataverse-sales 8).
const BOTH = ['statecode', 'emailaddress1', 'telephone1', '_transactioncurrencyid_value', ...ADDRESS];
const ACCOUNT = ['name', 'accountnumber', 'websiteurl', ...BOTH];
const CONTACT = ['fullname', ...BOTH];
const LINE = [
  'sequencenumber',
  'createdon',
  'isproductoverridden',
  'productdescription',
  'description',
  'producttypecode',
  'quantity',
  'priceperunit',
  'manualdiscountamount',
  'volumediscountamount',
  'tax',
  'pricingerrorcode',
  '_uomid_value',
  '_parentbundleidref_value',
];
const PRODUCT = ['productnumber', 'name', 'statecode', 'producttypecode'];
const TOTALS = [
  'name',
  'statecode',
  'totalamount',
  'totalamountlessfreight',
  'totallineitemamount',
  'totaltax',
  'freightamount',
  'pricingerrorcode',
  '_pricelevelid_value',
  '_ownerid_value',
];
const SHIP_TO = [
  'shipto_name',
  'shipto_line1',
  'shipto_line2',
  'shipto_line3',
  'shipto_city',
  'shipto_stateorprovince',
  'shipto_postalcode',
  'shipto_country',
];

/** One request reads the record, its lines, customer, currency and lineage (reference/dataverse-sales 8). */
export function dealPath(table: SourceTable, recordId: string, asked: AskedColumns = NOTHING_MORE): string {
  const { rows } = asked;
  const contactSelect = select(CONTACT, rows.contact);
  const account = (withPrimary: boolean): string =>
    withPrimary && asked.contact
      ? `${select(ACCOUNT, rows.account)};$expand=primarycontactid(${contactSelect})`
      : select(ACCOUNT, rows.account);
  const line = `${select(LINE, rows.line)};$expand=${ofLine(asked).join(',')}`;
  const common = [
    `customerid_account(${account(true)})`,
    // Who buys is the contact, so nobody asks for the primary one of the company.
    `customerid_contact(${contactSelect};$expand=parentcustomerid_account(${account(false)}))`,
    'transactioncurrencyid($select=isocurrencycode,currencyprecision)',
    ...(asked.owner ? [`owninguser(${select([], rows.owner)})`] : []),
  ];
  switch (table) {
    case 'opportunity':
      return query(table, recordId, unique(TOTALS, rows.record), [
        ...common,
        // Who buys is this one alone where the record has no customer, so its primary contact is not read: with it, and with
        // everything that a mapping may ask for, the request would have sixteen expanded rows.
        `parentaccountid(${account(false)})`,
        ...(asked.contact ? [`parentcontactid(${contactSelect})`] : []),
        `product_opportunities(${line})`,
        'opportunity_quotes($select=quoteid,statecode)',
        'opportunity_sales_orders($select=salesorderid,statecode)',
      ]);
    case 'quote':
      return query(table, recordId, unique(TOTALS, ['quotenumber', '_opportunityid_value'], SHIP_TO, rows.record), [
        ...common,
        `quote_details(${line})`,
        'quote_orders($select=salesorderid,statecode)',
      ]);
    case 'salesorder': {
      const own = ['ordernumber', 'requestdeliveryby', '_opportunityid_value', '_quoteid_value'];
      return query(table, recordId, unique(TOTALS, own, SHIP_TO, rows.record), [
        ...common,
        `order_details(${line})`,
        'quoteid($select=_opportunityid_value)',
      ]);
    }
  }
}

/** The lines alone, from the first one, for a record that has more than are expanded. */
export function linesPath(table: SourceTable, recordId: string, asked: AskedColumns): string {
  const path = `${ENTITY_SETS[table]}(${recordId})/${LINES[table][0]}`;
  return withQuery(path, unique(LINE, asked.rows.line), ofLine(asked));
}

function ofLine({ rows, defaultUnit, baseUnit }: AskedColumns): readonly string[] {
  return [
    `productid(${select(PRODUCT, rows.product)}${defaultUnit ? ';$expand=defaultuomid($select=name)' : ''})`,
    baseUnit ? 'uomid($select=name,quantity;$expand=baseuom($select=name))' : 'uomid($select=name)',
  ];
}

function select(columns: readonly string[], more: readonly string[]): string {
  return `$select=${unique(columns, more)}`;
}

function unique(...columns: readonly (readonly string[])[]): string {
  return [...new Set(columns.flat())].join(',');
}

function query(table: SourceTable, id: string, select: string, expand: readonly string[]): string {
  return withQuery(`${ENTITY_SETS[table]}(${id})`, select, expand);
}

function withQuery(path: string, select: string, expand: readonly string[]): string {
  const options = new URLSearchParams({ $select: select, $expand: expand.join(',') });
  return `${path}?${options.toString().replaceAll('+', '%20')}`;
}

/** The columns that only the mapping asks for are read beside it. */
interface ReadDeal extends Omit<WonDeal, 'extra'> {
  /** The row of Sales for the customer's own currency, which need not be that of the deal. */
  readonly customerCurrencyId: string | undefined;
}

function toOrders(rows: OpportunityRow['opportunity_sales_orders']) {
  const refs = (isCanceled: boolean): RecordRef[] =>
    rows
      .filter(({ statecode }) => (statecode === STATE_CODES.salesorder.canceled) === isCanceled)
      .map(({ salesorderid }) => ({ table: 'salesorder', recordId: salesorderid }));
  return { live: refs(false), canceled: refs(true) };
}

function toDescendants(live: readonly RecordRef[], ended: readonly RecordRef[]): Lineage {
  return { descendants: live, ...(ended.length > 0 && { endedDescendants: ended }) };
}

export function fromOpportunity(row: OpportunityRow): ReadDeal {
  const orders = toOrders(row.opportunity_sales_orders);
  const quotes = (stateCode: number): RecordRef[] =>
    row.opportunity_quotes
      .filter(({ statecode }) => statecode === stateCode)
      .map(({ quoteid }) => ({ table: 'quote', recordId: quoteid }));
  return {
    ...fromHeader(row),
    table: 'opportunity',
    recordId: row.opportunityid,
    number: row.name,
    ...toCustomer(row.customerid_account ?? row.parentaccountid, row.customerid_contact),
    lineage: toDescendants(
      [...orders.live, ...quotes(STATE_CODES.quote.won)],
      [...orders.canceled, ...quotes(STATE_CODES.quote.closed)],
    ),
    lines: toLines(row.product_opportunities.map((line) => ({ ...line, lineId: line.opportunityproductid }))),
    requestedDelivery: undefined,
    shipTo: undefined,
  };
}

export function fromQuote(row: QuoteRow): ReadDeal {
  const orders = toOrders(row.quote_orders);
  return {
    ...fromHeader(row),
    table: 'quote',
    recordId: row.quoteid,
    number: row.quotenumber,
    ...toCustomer(row.customerid_account, row.customerid_contact),
    lineage: {
      ...opportunityOf(row._opportunityid_value),
      ...toDescendants(orders.live, orders.canceled),
    },
    lines: toLines(row.quote_details.map((line) => ({ ...line, lineId: line.quotedetailid }))),
    requestedDelivery: undefined,
    shipTo: toShipTo(row),
  };
}

export function fromOrder(row: OrderRow): ReadDeal {
  return {
    ...fromHeader(row),
    table: 'salesorder',
    recordId: row.salesorderid,
    number: row.ordernumber,
    ...toCustomer(row.customerid_account, row.customerid_contact),
    lineage: {
      ...opportunityOf(row._opportunityid_value ?? row.quoteid?._opportunityid_value),
      ...(row._quoteid_value && { quoteId: row._quoteid_value }),
      descendants: [],
    },
    lines: toLines(row.order_details.map((line) => ({ ...line, lineId: line.salesorderdetailid }))),
    requestedDelivery: row.requestdeliveryby,
    shipTo: toShipTo(row),
  };
}

function opportunityOf(id: string | undefined): Pick<Lineage, 'opportunityId'> {
  return id ? { opportunityId: id } : {};
}

function fromHeader(row: OpportunityRow | QuoteRow | OrderRow) {
  return {
    revision: row['@odata.etag'],
    name: row.name,
    seller: row[OWNER_NAME] ?? undefined,
    stateCode: row.statecode,
    currency: row.transactioncurrencyid?.isocurrencycode,
    currencyId: row.transactioncurrencyid?.transactioncurrencyid,
    currencyDecimals: row.transactioncurrencyid?.currencyprecision ?? undefined,
    priceListId: row._pricelevelid_value,
    priceListName: row[PRICE_LIST_NAME] ?? undefined,
    headerDiscount: subtract(row.totallineitemamount, row.totalamountlessfreight),
    freight: row.freightamount,
    tax: row.totaltax,
    totalLessFreight: row.totalamountlessfreight,
    total: row.totalamount,
    pricingErrorCode: row.pricingerrorcode,
  };
}

/** A contact that buys for a company stands for its account; one without a company is the customer itself. */
function toCustomer(
  account: AccountRow | null | undefined,
  contact: ContactRow | null | undefined,
): Pick<ReadDeal, 'customer' | 'parentAccount' | 'customerCurrencyId'> {
  const company = account ?? contact?.parentcustomerid_account;
  const customerCurrencyId = (company ?? contact)?._transactioncurrencyid_value;
  return { customer: toCustomerRow(company, contact), parentAccount: company?.[PARENT_NAME], customerCurrencyId };
}

function toCustomerRow(
  company: AccountRow | null | undefined,
  contact: ContactRow | null | undefined,
): Customer | undefined {
  if (company) {
    return {
      accountId: company.accountid,
      kind: 'account',
      number: company.accountnumber,
      name: company.name,
      isActive: company.statecode === STATE_CODES.account.active,
      email: company.emailaddress1,
      phone: company.telephone1,
      website: company.websiteurl,
      address: toAddress(company),
    };
  }
  if (!contact) return undefined;
  return {
    accountId: contact.contactid,
    kind: 'contact',
    number: undefined,
    name: contact.fullname,
    isActive: contact.statecode === STATE_CODES.contact.active,
    email: contact.emailaddress1,
    phone: contact.telephone1,
    website: undefined,
    address: toAddress(contact),
  };
}

function toAddress(row: AccountRow | ContactRow) {
  return {
    line1: row.address1_line1,
    line2: row.address1_line2,
    line3: row.address1_line3,
    city: row.address1_city,
    state: row.address1_stateorprovince,
    postalCode: row.address1_postalcode,
    country: row.address1_country,
  };
}

function toShipTo(row: QuoteRow | OrderRow) {
  const { shipto_name: name, shipto_line1: line1, shipto_line2: line2, shipto_line3: line3, shipto_city: city } = row;
  const state = row.shipto_stateorprovince;
  const postalCode = row.shipto_postalcode;
  const country = row.shipto_country;
  const isEmpty = !name && !line1 && !line2 && !line3 && !city && !state && !postalCode && !country;
  return isEmpty ? undefined : { name, line1, line2, line3, city, state, postalCode, country };
}

function toLines(rows: readonly (LineRow & { readonly lineId: string })[]): DealLine[] {
  const sorted = [...rows].sort(
    (a, b) =>
      (a.sequencenumber ?? 0) - (b.sequencenumber ?? 0) ||
      // Lines that no form has made have no number: the one that was typed first comes first, to the second.
      Date.parse(a.createdon) - Date.parse(b.createdon) ||
      a.lineId.localeCompare(b.lineId),
  );
  return sorted.map((row, index) => ({
    lineId: row.lineId,
    sequence: (index + 1) * 10_000,
    product: row.productid
      ? {
          productId: row.productid.productid,
          number: row.productid.productnumber,
          name: row.productid.name,
          isActive: row.productid.statecode === STATE_CODES.product.active,
          isService: row.productid.producttypecode === 3,
          type: PRODUCT_TYPES[row.productid.producttypecode ?? 0],
        }
      : undefined,
    description: row.productdescription ?? row.productid?.name ?? '',
    unit: row.uomid?.name,
    unitId: row._uomid_value,
    quantity: row.quantity,
    unitPrice: row.priceperunit,
    // The volume discount is per unit, the manual one per line (reference/dataverse-sales 12, trap 12).
    discount: add(multiply(row.quantity, row.volumediscountamount), row.manualdiscountamount),
    tax: row.tax,
    pricingErrorCode: row.pricingerrorcode,
    role: LINE_ROLES[row.producttypecode ?? 1] ?? 'product',
    bundleLineId: row._parentbundleidref_value,
    memo: row.description,
    unitFactor: row.uomid?.quantity,
    baseUnit: row.uomid?.baseuom?.name,
  }));
}

const PRODUCT_TYPES: Readonly<Record<number, ProductType>> = { 1: 'inventory', 2: 'charge', 3: 'service', 4: 'fee' };
const LINE_ROLES: Readonly<Record<number, LineRole>> = {
  1: 'product',
  2: 'bundle',
  3: 'member',
  4: 'member',
  5: 'project-service',
};
