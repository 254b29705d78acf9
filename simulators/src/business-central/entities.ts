import { LINKS, PARTS } from './navigation.js';

/**
 * The entities of API v2.0 as far as the simulator keeps them (reference/business-central 2). One line an entity; a
 * field is `name:type`, with `-` behind what is read only. Types: C20 code, S100 text, G guid, D decimal, I integer, L
 * int64, B boolean, A date, T moment, F stream, E(a|b) enum whose first value is the default.
 */

export interface Field {
  readonly name: string;
  readonly kind: 'code' | 'text' | 'guid' | 'decimal' | 'int' | 'long' | 'bool' | 'date' | 'moment' | 'enum' | 'stream';
  readonly length: number;
  readonly isReadOnly: boolean;
  readonly options: readonly string[];
}

export interface Entity {
  readonly set: string;
  readonly type: string;
  /** How error texts call the table. */
  readonly table: string;
  readonly methods: ReadonlySet<string>;
  readonly fields: ReadonlyMap<string, Field>;
  /** What `number`-like field names a row besides its id. */
  readonly numberField: 'number' | 'code' | undefined;
  /** Single navigation properties: name, set, and the field that holds the id. */
  readonly links: Readonly<Record<string, { readonly set: string; readonly via: string }>>;
  /** Collections below an entity. */
  readonly parts: readonly string[];
}

const ADDRESS = 'addressLine1:S100 addressLine2:S50 city:S30 state:S30 country:C10 postalCode:C20';
const STAMP = 'lastModifiedDateTime:T-';
const side = (name: string, flag: string): string =>
  `${name}AddressLine1:S100${flag} ${name}AddressLine2:S50${flag} ${name}City:S30${flag} ${name}Country:C10${flag} ${name}State:S30${flag} ${name}PostCode:C20${flag}`;
const DIMENSION_CODES = 'shortcutDimension1Code:C20 shortcutDimension2Code:C20';
const TOTALS =
  'discountAmount:D discountAppliedBeforeTax:B- totalAmountExcludingTax:D- totalTaxAmount:D- totalAmountIncludingTax:D-';
const CUSTOMER = 'customerId:G customerNumber:C20 customerName:S100-';
const BILL_TO = 'billToName:S100- billToCustomerId:G billToCustomerNumber:C20';
const SHIP_TO = `shipToName:S100 shipToContact:S100 ${side('shipTo', '')}`;
const CONTACT = 'phoneNumber:S30 email:S80';
const TERMS = 'currencyId:G currencyCode:C10 paymentTermsId:G shipmentMethodId:G salesperson:C20';
const LINE =
  'id:G- documentId:G sequence:I itemId:G accountId:G lineType:E(Comment|Account|Item|Resource|Fixed_x0020_Asset|Charge|Allocation_x0020_Account) ' +
  'lineObjectNumber:C20 description:S100 description2:S50 unitOfMeasureId:G unitOfMeasureCode:C10 quantity:D unitPrice:D ' +
  'discountAmount:D discountPercent:D discountAppliedBeforeTax:B- amountExcludingTax:D- taxCode:C50 taxPercent:D- ' +
  'totalTaxAmount:D- amountIncludingTax:D-';
const ALLOCATION = 'invoiceDiscountAllocation:D-';
const NET = 'netAmount:D- netTaxAmount:D- netAmountIncludingTax:D-';
const PLACE = 'itemVariantId:G locationId:G';
const BLANK_STATUS = 'Draft|In_x0020_Review|Open|Paid|Canceled|Corrective';
const CODED = 'id:G- code:C10 displayName:S100';
const ALL = 'GET POST PATCH DELETE';
const DIMENSION_PARENTS = [
  '_x0020_',
  ...['Order', 'Quote', 'Credit_x0020_Memo', 'Invoice'].flatMap((name) => [
    `Sales_x0020_${name}`,
    `Sales_x0020_${name}_x0020_Line`,
  ]),
  'Sales_x0020_Shipment',
].join('|');
/** Enum 135, as far as its parents are served here (AttachmentEntityBufferDocumentType.Enum.al). */
const PARENT_TYPES =
  '_x0020_|Journal|Sales_x0020_Order|Sales_x0020_Quote|Sales_x0020_Credit_x0020_Memo|Sales_x0020_Invoice|' +
  'Purchase_x0020_Invoice|Employee|Job|Item|Customer|Vendor|Purchase_x0020_Order|Purchase_x0020_Credit_x0020_Memo|' +
  'Sales_x0020_Shipment';

const DEFINITIONS: readonly (readonly [set: string, type: string, table: string, methods: string, fields: string])[] = [
  [
    'companies',
    'company',
    'Company',
    'GET',
    'id:G- systemVersion:S50- timestamp:L- name:S30- displayName:S250- businessProfileId:S250- systemCreatedAt:T- systemCreatedBy:G- systemModifiedAt:T- systemModifiedBy:G-',
  ],
  [
    'companyInformation',
    'companyInformation',
    'Company Information',
    'GET PATCH',
    `id:G- displayName:S100 ${ADDRESS} phoneNumber:S30 faxNumber:S30 email:S80 website:S250 taxRegistrationNumber:S20 currencyCode:C10- currentFiscalYearStartDate:A- industry:S30 picture:F- experience:S250 ${STAMP}`,
  ],
  [
    'generalLedgerSetup',
    'generalLedgerSetup',
    'General Ledger Setup',
    'GET',
    `id:G- allowPostingFrom:A- allowPostingTo:A- additionalReportingCurrency:C10- localCurrencyCode:C10- localCurrencySymbol:S10- ${STAMP} allowQueryFromConsolidation:B- ${[1, 2, 3, 4, 5, 6, 7, 8].map((n) => `shortcutDimension${n}Code:C20-`).join(' ')}`,
  ],
  [
    'customers',
    'customer',
    'Customer',
    ALL,
    `id:G- number:C20 displayName:S100 type:E(Company|Person) ${ADDRESS} phoneNumber:S30 email:S80 website:S255 salespersonCode:C20 balanceDue:D- creditLimit:D taxLiable:B taxAreaId:G taxAreaDisplayName:S100- taxRegistrationNumber:C20 currencyId:G currencyCode:C10 paymentTermsId:G shipmentMethodId:G paymentMethodId:G blocked:E(_x0020_|Ship|Invoice|All) ${STAMP}`,
  ],
  [
    'contacts',
    'contact',
    'Contact',
    ALL,
    `id:G- number:C20 type:E(Company|Person) displayName:S100 jobTitle:S30 companyNumber:C20 companyName:S100 contactBusinessRelation:E(_x0020_|Customer|Vendor|Bank_x0020_Account|Employee|None|Other|Multiple)- ${ADDRESS} phoneNumber:S30 mobilePhoneNumber:S30 email:S80 website:S255 searchName:C100 privacyBlocked:B taxRegistrationNumber:C20 lastInteractionDate:A- ${STAMP}`,
  ],
  [
    'items',
    'item',
    'Item',
    ALL,
    `id:G- number:C20 displayName:S100 displayName2:S50 type:E(Inventory|Service|Non_x002D_Inventory) itemCategoryId:G itemCategoryCode:C20 blocked:B gtin:C14 inventory:D unitPrice:D priceIncludesTax:B unitCost:D taxGroupId:G taxGroupCode:C20 baseUnitOfMeasureId:G baseUnitOfMeasureCode:C10 generalProductPostingGroupId:G generalProductPostingGroupCode:C20 inventoryPostingGroupId:G inventoryPostingGroupCode:C20 ${STAMP}`,
  ],
  [
    'itemVariants',
    'itemVariant',
    'Item Variant',
    ALL,
    `id:G- itemId:G itemNumber:C20 code:C10 description:S100 ${STAMP}`,
  ],
  ['itemCategories', 'itemCategory', 'Item Category', ALL, `id:G- code:C20 displayName:S100 ${STAMP}`],
  [
    'unitsOfMeasure',
    'unitOfMeasure',
    'Unit of Measure',
    ALL,
    `id:G- code:C10 displayName:S50 internationalStandardCode:C10 symbol:S10 ${STAMP}`,
  ],
  [
    'locations',
    'location',
    'Location',
    ALL,
    `${CODED} contact:S100 ${ADDRESS} phoneNumber:S30 email:S80 website:S255 ${STAMP}`,
  ],
  [
    'inventoryPostingGroups',
    'inventoryPostingGroup',
    'Inventory Posting Group',
    'GET',
    `id:G- code:C20 description:S100 ${STAMP}`,
  ],
  [
    'generalProductPostingGroups',
    'generalProductPostingGroup',
    'Gen. Product Posting Group',
    'GET',
    `id:G- code:C20 description:S100 defaultVATProductPostingGroup:C20 autoInsertDefault:B ${STAMP}`,
  ],
  [
    'currencies',
    'currency',
    'Currency',
    ALL,
    `id:G- code:C10 displayName:S30 symbol:S10 amountDecimalPlaces:S5 amountRoundingPrecision:D ${STAMP}`,
  ],
  [
    'currencyExchangeRates',
    'currencyExchangeRate',
    'Currency Exchange Rate',
    'GET',
    `id:G- currencyCode:C10 startingDate:A exchangeRateAmount:D relationalCurrencyCode:C10 relationalExchangeRateAmount:D ${STAMP}`,
  ],
  [
    'paymentTerms',
    'paymentTerm',
    'Payment Terms',
    ALL,
    `${CODED} dueDateCalculation:S32 discountDateCalculation:S32 discountPercent:D calculateDiscountOnCreditMemos:B ${STAMP}`,
  ],
  ['paymentMethods', 'paymentMethod', 'Payment Method', ALL, `${CODED} ${STAMP}`],
  ['shipmentMethods', 'shipmentMethod', 'Shipment Method', ALL, `${CODED} ${STAMP}`],
  [
    'taxAreas',
    'taxArea',
    'VAT Business Posting Group',
    ALL,
    `id:G- code:C20 displayName:S100 taxType:E(VAT|Sales_x0020_Tax)- ${STAMP}`,
  ],
  [
    'taxGroups',
    'taxGroup',
    'VAT Product Posting Group',
    ALL,
    `id:G- code:C20 displayName:S100 taxType:E(VAT|Sales_x0020_Tax)- ${STAMP}`,
  ],
  [
    'countriesRegions',
    'countryRegion',
    'Country/Region',
    ALL,
    `id:G- code:C10 displayName:S50 addressFormat:E(City_x002B_Post_x0020_Code|Post_x0020_Code_x002B_City|Blank_x0020_Line_x002B_Post_x0020_Code_x002B_City) ${STAMP}`,
  ],
  ['dimensions', 'dimension', 'Dimension', 'GET', `id:G- code:C20 displayName:S30 consolidationCode:C20 ${STAMP}`],
  [
    'dimensionValues',
    'dimensionValue',
    'Dimension Value',
    'GET',
    `id:G- code:C20 dimensionId:G displayName:S50 consolidationCode:C20 ${STAMP}`,
  ],
  [
    'salespeoplePurchasers',
    'salespersonPurchaser',
    'Salesperson/Purchaser',
    ALL,
    `id:G- code:C20 displayName:S50 email:S80 email2:S80 phoneNo:S30 jobTitle:S30 commisionPercent:D privacyBlocked:B blocked:B ${STAMP}`,
  ],
  [
    'accounts',
    'account',
    'G/L Account',
    'GET',
    `id:G- number:C20 displayName:S100 category:E(_x0020_|Assets|Liabilities|Equity|Income|Cost_x0020_of_x0020_Goods_x0020_Sold|Expense) subCategory:S80 blocked:B accountType:E(Posting|Heading|Total|Begin_x002D_Total|End_x002D_Total) directPosting:B netChange:D- consolidationTranslationMethod:S30 consolidationDebitAccount:C20 consolidationCreditAccount:C20 excludeFromConsolidation:B ${STAMP}`,
  ],
  [
    'generalLedgerEntries',
    'generalLedgerEntry',
    'G/L Entry',
    'GET',
    `id:G- entryNumber:I- postingDate:A- documentNumber:C20- documentType:E(_x0020_|Payment|Invoice|Credit_x0020_Memo|Finance_x0020_Charge_x0020_Memo|Reminder|Refund)- accountId:G- accountNumber:C20- description:S100- debitAmount:D- creditAmount:D- additionalCurrencyDebitAmount:D- additionalCurrencyCreditAmount:D- ${STAMP}`,
  ],
  ['disputeStatus', 'disputeStatus', 'Dispute Status', ALL, `id:G- code:C10 displayName:S100 ${STAMP}`],
  [
    'defaultDimensions',
    'defaultDimension',
    'Default Dimension',
    ALL,
    `id:G- parentType:E(_x0020_|Customer|Item|Vendor|Employee) parentId:G dimensionId:G dimensionCode:C20- dimensionValueId:G dimensionValueCode:C20- postingValidation:E(_x0020_|Code_x0020_Mandatory|Same_x0020_Code|No_x0020_Code) ${STAMP}`,
  ],
  [
    'dimensionSetLines',
    'dimensionSetLine',
    'Dimension Set Entry',
    ALL,
    `id:G code:C20 consolidationCode:C20- parentId:G- parentType:E(${DIMENSION_PARENTS})- displayName:S30- valueId:G valueCode:C20 valueConsolidationCode:C20- valueDisplayName:S50-`,
  ],
  [
    'customerFinancialDetails',
    'customerFinancialDetail',
    'Customer',
    'GET',
    `id:G- number:C20- balance:D- totalSalesExcludingTax:D- overdueAmount:D- ${STAMP}`,
  ],
  [
    'contactsInformation',
    'contactInformation',
    'Contact',
    'GET',
    'contactId:G- contactNumber:C20- contactName:S100- contactType:E(Company|Person)- relatedId:G- relatedType:S30-',
  ],
  [
    'customerPaymentJournals',
    'customerPaymentJournal',
    'Gen. Journal Batch',
    ALL,
    `${CODED} balancingAccountId:G balancingAccountNumber:C20 ${STAMP}`,
  ],
  [
    'customerPayments',
    'customerPayment',
    'Gen. Journal Line',
    ALL,
    `id:G- journalId:G journalDisplayName:S10- lineNumber:I customerId:G customerNumber:C20 contactId:S50 postingDate:A documentNumber:C20 externalDocumentNumber:C35 amount:D appliesToInvoiceId:G appliesToInvoiceNumber:C20 description:S100 comment:S250 ${STAMP}`,
  ],
  [
    'salesInvoices',
    'salesInvoice',
    'Sales Invoice',
    ALL,
    `id:G- number:C20- externalDocumentNumber:C35 invoiceDate:A postingDate:A dueDate:A promisedPayDate:A customerPurchaseOrderReference:S35 ${CUSTOMER} ${BILL_TO} ${SHIP_TO} ${side('sellTo', '')} ${side('billTo', '-')} ${TERMS} ${DIMENSION_CODES} orderId:G- orderNumber:C20- pricesIncludeTax:B- disputeStatusId:G disputeStatus:C10 remainingAmount:D- ${TOTALS} status:E(${BLANK_STATUS})- ${STAMP} ${CONTACT}`,
  ],
  [
    'salesOrders',
    'salesOrder',
    'Sales Order',
    ALL,
    `id:G- number:C20- externalDocumentNumber:C35 orderDate:A postingDate:A ${CUSTOMER} ${BILL_TO} ${SHIP_TO} ${side('sellTo', '')} ${side('billTo', '-')} ${TERMS} ${DIMENSION_CODES} pricesIncludeTax:B partialShipping:B requestedDeliveryDate:A ${TOTALS} fullyShipped:B status:E(${BLANK_STATUS})- ${STAMP} ${CONTACT}`,
  ],
  [
    'salesQuotes',
    'salesQuote',
    'Sales Quote',
    ALL,
    `id:G- number:C20- externalDocumentNumber:C35 documentDate:A postingDate:A dueDate:A ${CUSTOMER} ${BILL_TO} ${SHIP_TO} ${side('sellTo', '')} ${side('billTo', '')} ${TERMS} ${DIMENSION_CODES} ${TOTALS} status:E(Draft|Sent|Accepted|Expired_x0020_)- sentDate:T- validUntilDate:A acceptedDate:A- ${STAMP} ${CONTACT}`,
  ],
  [
    'salesCreditMemos',
    'salesCreditMemo',
    'Sales Credit Memo',
    ALL,
    `id:G- number:C20- externalDocumentNumber:C35 creditMemoDate:A postingDate:A dueDate:A ${CUSTOMER} ${BILL_TO} ${side('sellTo', '')} ${side('billTo', '')} ${TERMS} ${DIMENSION_CODES} pricesIncludeTax:B- ${TOTALS} status:E(${BLANK_STATUS})- invoiceId:G invoiceNumber:C20 customerReturnReasonId:G ${STAMP} ${CONTACT}`,
  ],
  ['salesInvoiceLines', 'salesInvoiceLine', 'Sales Line', ALL, `${LINE} ${ALLOCATION} ${NET} shipmentDate:A ${PLACE}`],
  [
    'salesOrderLines',
    'salesOrderLine',
    'Sales Line',
    ALL,
    `${LINE} ${ALLOCATION} ${NET} shipmentDate:A shippedQuantity:D- invoicedQuantity:D- invoiceQuantity:D shipQuantity:D ${PLACE}`,
  ],
  ['salesQuoteLines', 'salesQuoteLine', 'Sales Line', ALL, `${LINE} ${NET} ${PLACE}`],
  [
    'salesCreditMemoLines',
    'salesCreditMemoLine',
    'Sales Line',
    ALL,
    `${LINE} ${ALLOCATION} ${NET} shipmentDate:A ${PLACE}`,
  ],
  [
    'salesShipments',
    'salesShipment',
    'Sales Shipment Header',
    'GET',
    `id:G- number:C20- externalDocumentNumber:C35- invoiceDate:A- postingDate:A- dueDate:A- customerPurchaseOrderReference:S35- customerId:G- customerNumber:C20- customerName:S100- billToCustomerId:G- billToName:S100- billToCustomerNumber:C20- shipToName:S100- shipToContact:S100- ${side('sellTo', '-')} ${side('billTo', '-')} ${side('shipTo', '-')} currencyCode:C10- orderNumber:C20- paymentTermsCode:C10- shipmentMethodCode:C10- salesperson:C20- pricesIncludeTax:B- ${STAMP} phoneNumber:S30- email:S80-`,
  ],
  [
    'salesShipmentLines',
    'salesShipmentLine',
    'Sales Shipment Line',
    'GET',
    'id:G- documentId:G- documentNo:C20- sequence:I- lineType:E(_x0020_|G_x002F_L_x0020_Account|Item|Resource|Fixed_x0020_Asset|Charge_x0020__x0028_Item_x0029_)- lineObjectNumber:C20- description:S100- description2:S50- unitOfMeasureCode:C10- unitPrice:D- quantity:D- discountPercent:D- taxPercent:D- shipmentDate:A-',
  ],
  [
    'documentAttachments',
    'documentAttachment',
    'Document Attachment',
    ALL,
    `id:G- fileName:S250 byteSize:I- attachmentContent:F parentType:E(${PARENT_TYPES}) parentId:G lineNumber:I documentFlowSales:B documentFlowPurchase:B ${STAMP}`,
  ],
  [
    'pdfDocument',
    'pdfDocument',
    'Attachment Entity Buffer',
    'GET',
    `id:G- parentId:G- parentType:E(${PARENT_TYPES})- pdfDocumentContent:F-`,
  ],
  [
    'subscriptions',
    'subscriptions',
    'API Webhook Subscription',
    ALL,
    `subscriptionId:S150 notificationUrl:S2048 resource:S2048 timestamp:L- userId:G- ${STAMP} clientState:S2048 expirationDateTime:T- systemCreatedAt:T- systemCreatedBy:G- systemModifiedAt:T- systemModifiedBy:G-`,
  ],
];

const KINDS: Readonly<Record<string, Field['kind']>> = {
  C: 'code',
  S: 'text',
  G: 'guid',
  D: 'decimal',
  I: 'int',
  L: 'long',
  B: 'bool',
  A: 'date',
  T: 'moment',
  E: 'enum',
  F: 'stream',
};

function parseField(text: string): Field {
  const isReadOnly = text.endsWith('-');
  const [name = '', type = ''] = (isReadOnly ? text.slice(0, -1) : text).split(':');
  const kind = KINDS[type.charAt(0)];
  if (!kind) throw new TypeError(`field ${text} has no type`);
  const options = kind === 'enum' ? type.slice(2, -1).split('|') : [];
  return { name, kind, isReadOnly, options, length: kind === 'code' || kind === 'text' ? Number(type.slice(1)) : 0 };
}

export const ENTITIES: ReadonlyMap<string, Entity> = new Map(
  DEFINITIONS.map(([set, type, table, methods, text]) => {
    const fields = new Map(text.split(' ').map((field) => [field.split(':')[0] as string, parseField(field)]));
    const links = Object.fromEntries(Object.entries(LINKS).filter(([, { via }]) => fields.has(via)));
    const numberField = fields.has('number') ? 'number' : fields.has('code') ? 'code' : undefined;
    const parts = PARTS[set] ?? [];
    return [set, { set, type, table, methods: new Set(methods.split(' ')), fields, links, parts, numberField }];
  }),
);

export function entityOf(set: string): Entity {
  const entity = ENTITIES.get(set);
  if (!entity) throw new TypeError(`no entity ${set}`);
  return entity;
}
