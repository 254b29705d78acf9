/**
 * The tables of Dynamics 365 Sales as the simulator keeps them (reference/dataverse-sales 2). A column is `name:type`,
 * with `-` behind what is read only and `+` behind what is set on create only. Types: S160 text, I integer, O choice, B
 * boolean, M money, F5 decimal with five places, R real number, T moment, D date, G identifier.
 */

export const STANDARD =
  'createdon:T- modifiedon:T- versionnumber:I- statecode:O statuscode:O overriddencreatedon:T+ importsequencenumber:I+';
export const PLAIN = 'createdon:T- modifiedon:T- versionnumber:I-';
const place = (prefix: string, first: string): string =>
  `${first} ${prefix}_line1:S250 ${prefix}_line2:S250 ${prefix}_line3:S250 ${prefix}_city:S80 ${prefix}_stateorprovince:S50 ${prefix}_postalcode:S20 ${prefix}_country:S80 ${prefix}_fax:S50`;
const address = (number: number): string =>
  `${place(`address${number}`, `address${number}_name:S200`)} address${number}_primarycontactname:S100 address${number}_telephone1:S50 address${number}_composite:S1000- address${number}_freighttermscode:O address${number}_shippingmethodcode:O address${number}_addresstypecode:O address${number}_addressid:G address${number}_county:S50 address${number}_latitude:R address${number}_longitude:R address${number}_postofficebox:S20 address${number}_telephone2:S50 address${number}_telephone3:S50 address${number}_upszone:S4 address${number}_utcoffset:I`;
const PARTIES = `${place('billto', 'billto_name:S200')} billto_contactname:S150 billto_telephone:S50 billto_composite:S1000- ${place('shipto', 'shipto_name:S200')} shipto_contactname:S150 shipto_telephone:S50 shipto_freighttermscode:O shipto_composite:S1000-`;
const base = (names: string): string =>
  names
    .split(' ')
    .map((name) => `${name}:M ${name}_base:M-`)
    .join(' ');
const TOTALS = `discountpercentage:F2 exchangerate:F10- pricingerrorcode:O skippricecalculation:O ${base('discountamount freightamount totallineitemamount totallineitemdiscountamount totaldiscountamount totalamountlessfreight totaltax totalamount')}`;
const LINE = `${PLAIN} productdescription:S500 isproductoverridden:B+ productname:S500 description:S2000 quantity:F5 ispriceoverridden:B lineitemnumber:I sequencenumber:I producttypecode:O+ parentbundleid:G+ propertyconfigurationstatus:O pricingerrorcode:O skippricecalculation:O exchangerate:F10- iscopied:B ${base('priceperunit volumediscountamount baseamount manualdiscountamount tax extendedamount')}`;
const SHIPPED = 'quantityshipped:F5 quantitybackordered:F5 quantitycancelled:F5 requestdeliveryby:T willcall:B';
export const CLOSE =
  'createdon:T- modifiedon:T- versionnumber:I- statecode:O statuscode:O subject:S200 description:S2000 actualend:T actualstart:T exchangerate:F10-';
export const OWNER =
  'ownerid=systemuser owninguser=systemuser- owningteam=team- owningbusinessunit=businessunit- createdby=systemuser- modifiedby=systemuser- createdonbehalfby=systemuser- modifiedonbehalfby=systemuser-';
export const SYSTEM = 'createdby=systemuser- modifiedby=systemuser-';
const CUSTOMER =
  'customerid=customerid_account:account,customerid_contact:contact accountid=account- contactid=contact-';
const PRICED = 'pricelevelid=pricelevel transactioncurrencyid=transactioncurrency';

export interface Definition {
  readonly name: string;
  readonly set: string;
  readonly id?: string;
  /** Primary name column. */
  readonly title: string;
  readonly columns: string;
  /** `column=target`, or `column=nav:target,nav:target` when it can point at several tables. */
  readonly lookups: string;
  /** `nav=table.column` */
  readonly collections?: string;
}

const line = (name: string, parent: string, more = '', lookups = ''): Definition => ({
  name,
  set: `${name}s`,
  title: 'productname',
  columns: `${LINE} ${more}`,
  lookups: `${SYSTEM} ${parent}id=${parent} productid=product uomid=uom transactioncurrencyid=transactioncurrency ${lookups}`,
});

export const DEFINITIONS: readonly Definition[] = [
  {
    name: 'account',
    set: 'accounts',
    title: 'name',
    columns: `${STANDARD} name:S160 accountnumber:S20 customertypecode:O accountcategorycode:O emailaddress1:S100 emailaddress2:S100 emailaddress3:S100 telephone1:S50 telephone2:S50 telephone3:S50 fax:S50 websiteurl:S200 description:S2000 creditonhold:B paymenttermscode:O shippingmethodcode:O merged:B- numberofemployees:I sic:S20 industrycode:O ownershipcode:O tickersymbol:S10 exchangerate:F10- ${base('creditlimit revenue aging30 aging60 aging90')} ${address(1)} ${address(2)} bc_customernumber:S20 bc_companyid:S36 bc_syncstatus:S100 bc_syncmessage:S2000 bc_lastsyncon:T`,
    lookups: `${OWNER} primarycontactid=contact parentaccountid=account defaultpricelevelid=pricelevel territoryid=territory masterid=account- transactioncurrencyid=transactioncurrency`,
    collections:
      'contact_customer_accounts=contact.parentcustomerid opportunity_customer_accounts=opportunity.customerid order_customer_accounts=salesorder.customerid account_parent_account=account.parentaccountid',
  },
  {
    name: 'contact',
    set: 'contacts',
    title: 'fullname',
    columns: `${STANDARD} firstname:S50 middlename:S50 lastname:S50 fullname:S160- jobtitle:S100 salutation:S100 department:S100 suffix:S10 emailaddress1:S100 emailaddress2:S100 emailaddress3:S100 telephone1:S50 telephone2:S50 telephone3:S50 mobilephone:S50 fax:S50 birthdate:D anniversary:D creditonhold:B paymenttermscode:O merged:B- description:S2000 exchangerate:F10- ${base('creditlimit')} ${address(1)} ${address(2).replace('address2_name:S200', 'address2_name:S100')} bc_contactnumber:S20`,
    lookups: `${OWNER} parentcustomerid=parentcustomerid_account:account,parentcustomerid_contact:contact accountid=account- masterid=contact- defaultpricelevelid=pricelevel transactioncurrencyid=transactioncurrency`,
  },
  {
    name: 'opportunity',
    set: 'opportunities',
    title: 'name',
    columns: `${STANDARD} ${TOTALS} name:S300 description:S2000 currentsituation:S2000 customerneed:S2000 proposedsolution:S2000 isrevenuesystemcalculated:B closeprobability:I salesstage:O opportunityratingcode:O estimatedclosedate:D actualclosedate:D finaldecisiondate:D ${base('estimatedvalue actualvalue budgetamount')} bc_salesordernumber:S20 bc_postedinvoicenumber:S20 bc_syncstatus:S100 bc_syncmessage:S2000 bc_lastsyncon:T`,
    lookups: `${OWNER} ${CUSTOMER} ${PRICED} parentaccountid=account parentcontactid=contact`,
    collections:
      'product_opportunities=opportunityproduct.opportunityid opportunity_quotes=quote.opportunityid opportunity_sales_orders=salesorder.opportunityid opportunity_invoices=invoice.opportunityid Opportunity_OpportunityClose=opportunityclose.opportunityid',
  },
  line(
    'opportunityproduct',
    'opportunity',
    '',
    'parentbundleidref=parentbundleidref_opportunityproduct:opportunityproduct',
  ),
  {
    name: 'quote',
    set: 'quotes',
    title: 'name',
    columns: `${STANDARD} ${TOTALS} ${PARTIES} quotenumber:S100+ revisionnumber:I- name:S300 description:S2000 effectivefrom:T effectiveto:T expireson:D closedon:D requestdeliveryby:T paymenttermscode:O freighttermscode:O shippingmethodcode:O willcall:B quotecreationmethod:O emailaddress:S100`,
    lookups: `${OWNER} ${CUSTOMER} ${PRICED} opportunityid=opportunity`,
    collections:
      'quote_details=quotedetail.quoteid quote_orders=salesorder.quoteid Quote_QuoteClose=quoteclose.quoteid',
  },
  line(
    'quotedetail',
    'quote',
    'requestdeliveryby:T willcall:B quotestatecode:O-',
    'parentbundleidref=parentbundleidref_quotedetail:quotedetail',
  ),
  {
    name: 'salesorder',
    set: 'salesorders',
    title: 'name',
    columns: `${STANDARD} ${TOTALS} ${PARTIES} ordernumber:S100+ name:S300 description:S2000 requestdeliveryby:T datefulfilled:T submitdate:T submitstatus:I submitstatusdescription:S2000 lastbackofficesubmit:T paymenttermscode:O freighttermscode:O shippingmethodcode:O prioritycode:O willcall:B ispricelocked:B ordercreationmethod:O emailaddress:S100 bc_ordernumber:S20 bc_postedshipmentnumber:S20 bc_postedinvoicenumber:S20 bc_correlationid:S36 bc_syncstatus:S100 bc_syncmessage:S2000 bc_lastsyncon:T`,
    lookups: `${OWNER} ${CUSTOMER} ${PRICED} opportunityid=opportunity quoteid=quote`,
    collections:
      'order_details=salesorderdetail.salesorderid order_invoices=invoice.salesorderid SalesOrder_OrderClose=orderclose.salesorderid',
  },
  line(
    'salesorderdetail',
    'salesorder',
    `${SHIPPED} salesorderispricelocked:B- salesorderstatecode:O- bc_lineno:I`,
    'quotedetailid=quotedetail parentbundleidref=parentbundleidref_salesorderdetail:salesorderdetail',
  ),
  {
    name: 'invoice',
    set: 'invoices',
    title: 'name',
    columns: `${STANDARD} ${TOTALS} ${PARTIES} invoicenumber:S100+ name:S300 description:S2000 duedate:D datedelivered:T lastbackofficesubmit:T paymenttermscode:O shippingmethodcode:O willcall:B ispricelocked:B prioritycode:O emailaddress:S100 bc_postedinvoicenumber:S20`,
    lookups: `${OWNER} ${CUSTOMER} ${PRICED} salesorderid=salesorder opportunityid=opportunity`,
    collections: 'invoice_details=invoicedetail.invoiceid',
  },
  line(
    'invoicedetail',
    'invoice',
    `${SHIPPED} actualdeliveryon:T shippingtrackingnumber:S100 invoicestatecode:O- invoiceispricelocked:B-`,
    'salesorderdetailid=salesorderdetail',
  ),
  {
    name: 'product',
    set: 'products',
    title: 'name',
    columns: `${STANDARD} productnumber:S100 name:S100 description:S2000 producttypecode:O productstructure:O+ quantitydecimal:I iskit:B isstockitem:B quantityonhand:F5 stockvolume:F5 stockweight:F5 vendorid:S100 vendorname:S100 vendorpartnumber:S100 suppliername:S100 size:S200 producturl:S255 validfromdate:D validtodate:D exchangerate:F10- ${base('price currentcost standardcost')} bc_itemnumber:S20 bc_variantcode:S10`,
    lookups: `${SYSTEM} defaultuomid=uom defaultuomscheduleid=uomschedule pricelevelid=pricelevel parentproductid=product transactioncurrencyid=transactioncurrency`,
    collections: 'product_price_levels=productpricelevel.productid',
  },
  {
    name: 'productpricelevel',
    set: 'productpricelevels',
    title: 'productnumber',
    columns: `${PLAIN} pricingmethodcode:O quantitysellingcode:O roundingpolicycode:O roundingoptioncode:O percentage:F2 productnumber:S100- exchangerate:F10- ${base('amount roundingoptionamount')}`,
    lookups: `${SYSTEM} pricelevelid=pricelevel productid=product uomid=uom uomscheduleid=uomschedule transactioncurrencyid=transactioncurrency`,
  },
  {
    name: 'pricelevel',
    set: 'pricelevels',
    title: 'name',
    columns: `${STANDARD} name:S100 description:S2000 begindate:D enddate:D`,
    lookups: `${SYSTEM} transactioncurrencyid=transactioncurrency`,
    collections: 'price_level_product_price_levels=productpricelevel.pricelevelid',
  },
  {
    name: 'uom',
    set: 'uoms',
    title: 'name',
    columns: `${PLAIN} name:S100 quantity:F10 isschedulebaseuom:B- bc_unitcode:S10`,
    lookups: `${SYSTEM} baseuom=uom uomscheduleid=uomschedule`,
  },
  {
    name: 'uomschedule',
    set: 'uomschedules',
    title: 'name',
    columns: `${STANDARD} name:S200 baseuomname:S100+ description:S2000`,
    lookups: SYSTEM,
  },
  {
    name: 'transactioncurrency',
    set: 'transactioncurrencies',
    title: 'currencyname',
    columns: `${STANDARD} isocurrencycode:S5 currencyname:S100 currencysymbol:S10 currencyprecision:I exchangerate:F12`,
    lookups: SYSTEM,
  },
  {
    name: 'systemuser',
    set: 'systemusers',
    title: 'fullname',
    columns: `${PLAIN} fullname:S200 firstname:S64 lastname:S64 domainname:S1024 internalemailaddress:S100 employeeid:S100 accessmode:O isdisabled:B islicensed:B isintegrationuser:B applicationid:G azureactivedirectoryobjectid:G`,
    lookups: 'businessunitid=businessunit',
  },
  {
    name: 'territory',
    set: 'territories',
    title: 'name',
    columns: `${PLAIN} name:S200 description:S2000`,
    lookups: `${SYSTEM} managerid=systemuser`,
    collections: 'territory_accounts=account.territoryid',
  },
  { name: 'team', set: 'teams', title: 'name', columns: `${PLAIN} name:S160`, lookups: 'businessunitid=businessunit' },
  { name: 'businessunit', set: 'businessunits', title: 'name', columns: `${PLAIN} name:S160`, lookups: '' },
  {
    name: 'organization',
    set: 'organizations',
    title: 'name',
    columns: `${PLAIN} name:S160 pricingdecimalprecision:I currencydecimalprecision:I issopintegrationenabled:B oobpricecalculationenabled:B expirechangetrackingindays:I languagecode:I- maxuploadfilesize:I blockedattachments:S1073741823`,
    lookups: 'basecurrencyid=transactioncurrency',
  },
  {
    name: 'opportunityclose',
    set: 'opportunitycloses',
    id: 'activityid',
    title: 'subject',
    columns: `${CLOSE} ${base('actualrevenue')} opportunitystatecode:O opportunitystatuscode:O`,
    lookups: `${SYSTEM} opportunityid=opportunity competitorid=account`,
  },
  {
    name: 'quoteclose',
    set: 'quotecloses',
    id: 'activityid',
    title: 'subject',
    columns: `${CLOSE} quotenumber:S100 revision:I`,
    lookups: `${SYSTEM} quoteid=quote`,
  },
  {
    name: 'orderclose',
    set: 'ordercloses',
    id: 'activityid',
    title: 'subject',
    columns: `${CLOSE} ordernumber:S100 revision:I`,
    lookups: `${SYSTEM} salesorderid=salesorder`,
  },
  {
    name: 'bc_syncentry',
    set: 'bc_syncentries',
    title: 'bc_name',
    columns: `${STANDARD} bc_name:S100 bc_direction:S20 bc_number:S20 bc_status:S100 bc_message:S2000 bc_payloadhash:S100`,
    lookups: `${OWNER} bc_salesorderid=bc_SalesOrderId:salesorder bc_opportunityid=bc_OpportunityId:opportunity bc_quoteid=bc_QuoteId:quote`,
  },
  {
    name: 'serviceendpoint',
    set: 'serviceendpoints',
    title: 'name',
    columns: `${PLAIN} name:S100 contract:O url:S2000 authtype:O authvalue:S2048 messageformat:O connectionmode:O userclaim:O isauthvalueset:B- description:S2000`,
    lookups: SYSTEM,
  },
  { name: 'sdkmessage', set: 'sdkmessages', title: 'name', columns: `${PLAIN} name:S256`, lookups: '' },
  {
    name: 'sdkmessagefilter',
    set: 'sdkmessagefilters',
    title: 'primaryobjecttypecode',
    columns: `${PLAIN} primaryobjecttypecode:S100`,
    lookups: 'sdkmessageid=sdkmessage',
  },
  {
    name: 'sdkmessageprocessingstep',
    set: 'sdkmessageprocessingsteps',
    title: 'name',
    columns: `${STANDARD} name:S256 stage:O mode:O filteringattributes:S4000 rank:I description:S256 asyncautodelete:B supporteddeployment:O`,
    lookups:
      'sdkmessageid=sdkmessage sdkmessagefilterid=sdkmessagefilter eventhandler=eventhandler_serviceendpoint:serviceendpoint',
  },
  {
    name: 'sdkmessageprocessingstepimage',
    set: 'sdkmessageprocessingstepimages',
    title: 'name',
    columns: `${PLAIN} name:S256 entityalias:S256 imagetype:O messagepropertyname:S256 attributes:S4000`,
    lookups: 'sdkmessageprocessingstepid=sdkmessageprocessingstep',
  },
  {
    name: 'publisher',
    set: 'publishers',
    title: 'friendlyname',
    columns: `${PLAIN} uniquename:S256+ friendlyname:S256 description:S2000 customizationprefix:S8 customizationoptionvalueprefix:I isreadonly:B-`,
    lookups: SYSTEM,
  },
  {
    name: 'solution',
    set: 'solutions',
    title: 'friendlyname',
    columns: `${PLAIN} uniquename:S65+ friendlyname:S256 version:S256 description:S2000 ismanaged:B-`,
    lookups: `${SYSTEM} publisherid=publisher`,
  },
  {
    name: 'solutioncomponent',
    set: 'solutioncomponents',
    title: 'objectid',
    columns: `${PLAIN} componenttype:O- objectid:G-`,
    lookups: 'solutionid=solution-',
  },
  {
    name: 'systemform',
    set: 'systemforms',
    id: 'formid',
    title: 'name',
    columns:
      'versionnumber:I- name:S100 objecttypecode:S100+ type:O+ formxml:S1073741823 formactivationstate:O isdefault:B description:S2000',
    lookups: '',
  },
  {
    name: 'savedquery',
    set: 'savedqueries',
    title: 'name',
    columns:
      'versionnumber:I- name:S200 returnedtypecode:S100+ querytype:I+ layoutxml:S1073741823 fetchxml:S1073741823 columnsetxml:S1073741823 isdefault:B description:S2000',
    lookups: '',
  },
  {
    name: 'asyncoperation',
    set: 'asyncoperations',
    title: 'name',
    columns: `${STANDARD} name:S256 errorcode:I message:S4000 operationtype:O`,
    lookups: 'owningextensionid=sdkmessageprocessingstep',
  },
];

/** State to its statuses, the default first, with their labels (reference/dataverse-sales 2.13). */
export const STATES: Readonly<
  Record<string, readonly (readonly [label: string, statuses: Readonly<Record<number, string>>, fallback: number])[]>
> = {
  opportunity: [
    ['Open', { 1: 'In Progress', 2: 'On Hold' }, 1],
    ['Won', { 3: 'Won' }, 3],
    ['Lost', { 4: 'Canceled', 5: 'Out-Sold' }, 4],
  ],
  quote: [
    ['Draft', { 1: 'In Progress' }, 1],
    ['Active', { 2: 'In Progress', 3: 'Open' }, 2],
    ['Won', { 4: 'Won' }, 4],
    ['Closed', { 5: 'Lost', 6: 'Canceled', 7: 'Revised' }, 5],
  ],
  salesorder: [
    ['Active', { 1: 'New', 2: 'Pending' }, 1],
    ['Submitted', { 3: 'In Progress' }, 3],
    ['Canceled', { 4: 'No Money' }, 4],
    ['Fulfilled', { 100001: 'Complete', 100002: 'Partial' }, 100_001],
    ['Invoiced', { 100003: 'Invoiced' }, 100_003],
  ],
  invoice: [
    [
      'Active',
      {
        1: 'New',
        2: 'Partially Shipped',
        4: 'Billed',
        5: 'Booked (applied to services)',
        6: 'Installed (applied to services)',
      },
      1,
    ],
    ['Closed (deprecated)', { 3: 'Canceled (deprecated)', 7: 'Paid in Full (deprecated)' }, 3],
    ['Paid', { 100001: 'Complete', 100002: 'Partial' }, 100_001],
    ['Canceled', { 100003: 'Canceled' }, 100_003],
  ],
  product: [
    ['Active', { 1: 'Active' }, 1],
    ['Retired', { 2: 'Retired' }, 2],
    ['Draft', { 0: 'Draft' }, 0],
    ['Under Revision', { 3: 'Under Revision' }, 3],
  ],
  pricelevel: [
    ['Active', { 100001: 'Active' }, 100_001],
    ['Inactive', { 100002: 'Inactive' }, 100_002],
  ],
  close: [
    ['Open', { 1: 'Open' }, 1],
    ['Completed', { 2: 'Completed' }, 2],
    ['Canceled', { 3: 'Canceled' }, 3],
  ],
  other: [
    ['Active', { 1: 'Active' }, 1],
    ['Inactive', { 2: 'Inactive' }, 2],
  ],
};
