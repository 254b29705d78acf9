/** The tables of Dynamics 365 Sales as far as they are simulated: names, lookups and collections (reference, section 2). */

export interface Table {
  readonly name: string;
  readonly set: string;
  readonly id: string;
  /** Plain columns by type; whatever is not named here or below does not exist. */
  readonly columns: Readonly<Record<string, ColumnType>>;
  /** Lookup column to its navigation properties, each with its target table. */
  readonly lookups: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Collection navigation to the child table and the child's lookup column. */
  readonly collections: Readonly<Record<string, { readonly table: string; readonly via: string }>>;
}

export type ColumnType = 'text' | 'int' | 'bool' | 'money' | 'decimal5' | 'decimal10' | 'datetime' | 'date';

const columns = (type: ColumnType, names: string): Record<string, ColumnType> =>
  Object.fromEntries(names.split(' ').map((name) => [name, type]));

const STANDARD = {
  ...columns('datetime', 'createdon modifiedon'),
  ...columns('int', 'statecode statuscode versionnumber'),
};
const ADDRESS = columns(
  'text',
  'address1_line1 address1_line2 address1_line3 address1_city address1_stateorprovince address1_postalcode address1_country',
);
const SHIP_TO = columns(
  'text',
  'shipto_name shipto_line1 shipto_line2 shipto_line3 shipto_city shipto_stateorprovince shipto_postalcode shipto_country ' +
    'billto_name billto_line1 billto_line2 billto_line3 billto_city billto_stateorprovince billto_postalcode billto_country',
);
const TOTALS = {
  ...columns(
    'money',
    'totallineitemamount totallineitemdiscountamount totaldiscountamount totalamountlessfreight totaltax totalamount discountamount freightamount',
  ),
  ...columns('int', 'pricingerrorcode'),
  ...columns('decimal5', 'discountpercentage'),
  ...columns('decimal10', 'exchangerate'),
};
const CUSTOMER = { customerid: { customerid_account: 'account', customerid_contact: 'contact' } };
const DOCUMENT_LOOKUPS = {
  ...CUSTOMER,
  pricelevelid: { pricelevelid: 'pricelevel' },
  transactioncurrencyid: { transactioncurrencyid: 'transactioncurrency' },
  modifiedby: { modifiedby: 'systemuser' },
};
const LINE = {
  ...STANDARD,
  ...columns('text', 'productdescription description productname'),
  ...columns('bool', 'isproductoverridden ispriceoverridden'),
  ...columns('decimal5', 'quantity'),
  ...columns('money', 'priceperunit volumediscountamount manualdiscountamount tax baseamount extendedamount'),
  ...columns('int', 'sequencenumber lineitemnumber producttypecode pricingerrorcode'),
};
const LINE_LOOKUPS = { productid: { productid: 'product' }, uomid: { uomid: 'uom' } };

function lineTable(name: string, parent: string): Table {
  return {
    name,
    set: `${name}s`,
    id: `${name}id`,
    columns: LINE,
    lookups: { ...LINE_LOOKUPS, [`${parent}id`]: { [`${parent}id`]: parent } },
    collections: {},
  };
}

export const TABLES: readonly Table[] = [
  {
    name: 'account',
    set: 'accounts',
    id: 'accountid',
    columns: {
      ...STANDARD,
      ...ADDRESS,
      ...columns('text', 'name accountnumber emailaddress1 telephone1 telephone2 fax websiteurl description'),
      ...columns('text', 'bc_customernumber bc_companyid bc_syncmessage'),
      ...columns('int', 'customertypecode paymenttermscode'),
      ...columns('money', 'creditlimit'),
      ...columns('bool', 'merged creditonhold'),
    },
    lookups: {
      primarycontactid: { primarycontactid: 'contact' },
      parentaccountid: { parentaccountid: 'account' },
      transactioncurrencyid: { transactioncurrencyid: 'transactioncurrency' },
    },
    collections: { contact_customer_accounts: { table: 'contact', via: 'parentcustomerid' } },
  },
  {
    name: 'contact',
    set: 'contacts',
    id: 'contactid',
    columns: {
      ...STANDARD,
      ...ADDRESS,
      ...columns('text', 'firstname lastname fullname jobtitle emailaddress1 telephone1 mobilephone'),
    },
    lookups: { parentcustomerid: { parentcustomerid_account: 'account', parentcustomerid_contact: 'contact' } },
    collections: {},
  },
  {
    name: 'opportunity',
    set: 'opportunities',
    id: 'opportunityid',
    columns: {
      ...STANDARD,
      ...TOTALS,
      ...columns('text', 'name description bc_salesordernumber bc_postedinvoicenumber bc_syncstatus bc_syncmessage'),
      ...columns('money', 'estimatedvalue actualvalue'),
      ...columns('date', 'actualclosedate estimatedclosedate'),
    },
    lookups: {
      ...DOCUMENT_LOOKUPS,
      parentaccountid: { parentaccountid: 'account' },
      parentcontactid: { parentcontactid: 'contact' },
    },
    collections: {
      product_opportunities: { table: 'opportunityproduct', via: 'opportunityid' },
      opportunity_quotes: { table: 'quote', via: 'opportunityid' },
      opportunity_sales_orders: { table: 'salesorder', via: 'opportunityid' },
      opportunity_invoices: { table: 'invoice', via: 'opportunityid' },
    },
  },
  lineTable('opportunityproduct', 'opportunity'),
  {
    name: 'quote',
    set: 'quotes',
    id: 'quoteid',
    columns: {
      ...STANDARD,
      ...TOTALS,
      ...SHIP_TO,
      ...columns('text', 'quotenumber name description'),
      ...columns('int', 'revisionnumber'),
      ...columns('date', 'closedon'),
    },
    lookups: { ...DOCUMENT_LOOKUPS, opportunityid: { opportunityid: 'opportunity' } },
    collections: {
      quote_details: { table: 'quotedetail', via: 'quoteid' },
      quote_orders: { table: 'salesorder', via: 'quoteid' },
    },
  },
  lineTable('quotedetail', 'quote'),
  {
    name: 'salesorder',
    set: 'salesorders',
    id: 'salesorderid',
    columns: {
      ...STANDARD,
      ...TOTALS,
      ...SHIP_TO,
      ...columns('text', 'ordernumber name description bc_ordernumber bc_postedinvoicenumber'),
      ...columns('datetime', 'requestdeliveryby submitdate'),
      ...columns('bool', 'ispricelocked'),
    },
    lookups: { ...DOCUMENT_LOOKUPS, opportunityid: { opportunityid: 'opportunity' }, quoteid: { quoteid: 'quote' } },
    collections: {
      order_details: { table: 'salesorderdetail', via: 'salesorderid' },
      order_invoices: { table: 'invoice', via: 'salesorderid' },
    },
  },
  lineTable('salesorderdetail', 'salesorder'),
  {
    name: 'invoice',
    set: 'invoices',
    id: 'invoiceid',
    columns: {
      ...STANDARD,
      ...TOTALS,
      ...columns('text', 'invoicenumber name description bc_postedinvoicenumber'),
      ...columns('date', 'duedate'),
      ...columns('bool', 'ispricelocked'),
    },
    lookups: {
      ...DOCUMENT_LOOKUPS,
      salesorderid: { salesorderid: 'salesorder' },
      opportunityid: { opportunityid: 'opportunity' },
    },
    collections: { invoice_details: { table: 'invoicedetail', via: 'invoiceid' } },
  },
  lineTable('invoicedetail', 'invoice'),
  {
    name: 'product',
    set: 'products',
    id: 'productid',
    columns: {
      ...STANDARD,
      ...columns('text', 'productnumber name description'),
      ...columns('int', 'producttypecode productstructure quantitydecimal'),
      ...columns('money', 'price standardcost currentcost'),
    },
    lookups: { defaultuomid: { defaultuomid: 'uom' } },
    collections: {},
  },
  {
    name: 'uom',
    set: 'uoms',
    id: 'uomid',
    columns: { ...STANDARD, name: 'text', quantity: 'decimal10' },
    lookups: {},
    collections: {},
  },
  {
    name: 'pricelevel',
    set: 'pricelevels',
    id: 'pricelevelid',
    columns: { ...STANDARD, name: 'text' },
    lookups: { transactioncurrencyid: { transactioncurrencyid: 'transactioncurrency' } },
    collections: {},
  },
  {
    name: 'transactioncurrency',
    set: 'transactioncurrencies',
    id: 'transactioncurrencyid',
    columns: {
      ...STANDARD,
      ...columns('text', 'isocurrencycode currencyname'),
      exchangerate: 'decimal10',
      currencyprecision: 'int',
    },
    lookups: {},
    collections: {},
  },
  {
    name: 'systemuser',
    set: 'systemusers',
    id: 'systemuserid',
    columns: { ...STANDARD, ...columns('text', 'fullname applicationid internalemailaddress'), isdisabled: 'bool' },
    lookups: {},
    collections: {},
  },
  ...['opportunity', 'quote', 'order'].map(
    (parent): Table => ({
      name: `${parent}close`,
      set: `${parent}closes`,
      id: 'activityid',
      columns: {
        ...STANDARD,
        ...columns('text', 'subject description'),
        actualrevenue: 'money',
        actualend: 'datetime',
      },
      lookups: {
        [parent === 'order' ? 'salesorderid' : `${parent}id`]: {
          [parent === 'order' ? 'salesorderid' : `${parent}id`]: parent === 'order' ? 'salesorder' : parent,
        },
      },
      collections: {},
    }),
  ),
];

export const TABLE_BY_NAME: ReadonlyMap<string, Table> = new Map(TABLES.map((table) => [table.name, table]));
export const TABLE_BY_SET: ReadonlyMap<string, Table> = new Map(TABLES.map((table) => [table.set, table]));

/** Header tables and where their lines are. */
export const LINES: Readonly<Record<string, { readonly table: string; readonly via: string }>> = {
  opportunity: { table: 'opportunityproduct', via: 'opportunityid' },
  quote: { table: 'quotedetail', via: 'quoteid' },
  salesorder: { table: 'salesorderdetail', via: 'salesorderid' },
  invoice: { table: 'invoicedetail', via: 'invoiceid' },
};
