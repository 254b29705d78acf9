import { InternalError } from '../../deal/errors.js';
/**
 * The fields of Business Central that a mapping can fill, by their names in API v2.0, and what fills them when the
 * configuration says nothing (reference/business-central 2, reference/field-mapping 2 to 6).
 */

export const SECTIONS = ['customer', 'contact', 'item', 'document', 'line'] as const;
export type Section = (typeof SECTIONS)[number];

/** Sets of Business Central whose rows have a code. */
export const CODE_SETS = [
  'countriesRegions',
  'currencies',
  'paymentTerms',
  'paymentMethods',
  'shipmentMethods',
  'salespeoplePurchasers',
  'unitsOfMeasure',
  'taxGroups',
  'taxAreas',
  'locations',
  'itemCategories',
  'itemVariants',
  'generalProductPostingGroups',
  'inventoryPostingGroups',
  // Not a small one: a single customer is looked up.
  'customers',
  // The values of the two global dimensions.
  'shortcutDimension1',
  'shortcutDimension2',
] as const;
export type CodeSet = (typeof CODE_SETS)[number];

/** Tables of the configuration from the words of Sales to codes of Business Central. */
export const CODE_TABLES = [
  'countries',
  'currencies',
  'paymentTerms',
  'shippingMethods',
  'shipmentMethods',
  'salespeople',
  'units',
  'taxGroups',
] as const;
export type CodeTableName = (typeof CODE_TABLES)[number];

export interface Target {
  readonly kind: 'text' | 'code' | 'date' | 'decimal' | 'boolean' | 'option' | 'id';
  /** Longest text, for text and code. */
  readonly length: number;
  /** The set in which a code must exist; for an id, the set whose row with that code gives the id. */
  readonly set?: CodeSet | undefined;
  readonly options: readonly string[];
  /** What Business Central checks beside the length. */
  readonly format?: 'e-mail' | 'phone' | undefined;
  readonly fallback?: Fallback | undefined;
  readonly required: boolean;
}

export interface Fallback {
  readonly columns: readonly string[];
  /** All of them, one behind the other, instead of the first that holds something. */
  readonly isJoined: boolean;
  readonly table?: CodeTableName | undefined;
  /** Cut and recorded, because nobody can shorten it in Sales. */
  readonly cut: boolean;
}

/**
 * `name:type`, types as in the reference: S100 text, C20 code, A date, D decimal, B boolean, O(a|b) option; G an id.
 * `@set` behind it names the set that knows the code; `!` means that it must not be empty, `~` that it is cut by itself.
 * Columns with `,` between them: the first that holds something; with `+`: all of them, as Business Central has one line
 * of an address less than Sales.
 */
const ADDRESS = (of: string): string =>
  `addressLine1:S100=${of}.address1_line1 addressLine2:S50=${of}.address1_line2+${of}.address1_line3 city:S30=${of}.address1_city ` +
  `state:S30=${of}.address1_stateorprovince postalCode:C20=${of}.address1_postalcode ` +
  `country:C10@countriesRegions=${of}.address1_country>countries`;

const SELL_TO = 'AddressLine1:S100 AddressLine2:S50 City:S30 State:S30 PostCode:C20 Country:C10@countriesRegions'
  .split(' ')
  .map((field) => `sellTo${field}`)
  .join(' ');

const DEFINITIONS: Record<Section, string> = {
  customer:
    `number:C20=account.accountnumber displayName:S100!=account.name type:O(Company|Person) ${ADDRESS('account')} ` +
    'phoneNumber:S30=account.telephone1 email:S80=account.emailaddress1 website:S255=account.websiteurl ' +
    'currencyCode:C10@currencies=account.transactioncurrencyid>currencies paymentTermsId:G@paymentTerms=account.paymenttermscode>paymentTerms ' +
    'shipmentMethodId:G@shipmentMethods=account.address1_freighttermscode>shipmentMethods paymentMethodId:G@paymentMethods ' +
    'salespersonCode:C20@salespeoplePurchasers=owner.internalemailaddress>salespeople creditLimit:D ' +
    'taxLiable:B taxAreaId:G@taxAreas taxRegistrationNumber:C20 blocked:O(_x0020_|Ship|Invoice|All)',
  contact:
    `number:C20 displayName:S100!=contact.fullname type:O(Person|Company) jobTitle:S30=contact.jobtitle ${ADDRESS('contact')} ` +
    'phoneNumber:S30=contact.telephone1 mobilePhoneNumber:S30=contact.mobilephone email:S80=contact.emailaddress1 ' +
    'website:S255 searchName:C100 taxRegistrationNumber:C20',
  item:
    'number:C20=product.productnumber displayName:S100!=product.name displayName2:S50 ' +
    'type:O(Inventory|Service|Non_x002D_Inventory) itemCategoryCode:C20@itemCategories gtin:C14 ' +
    'unitPrice:D=product.price unitCost:D=product.standardcost priceIncludesTax:B ' +
    'taxGroupCode:C20@taxGroups baseUnitOfMeasureCode:C10@unitsOfMeasure=product.defaultuomid>units ' +
    'generalProductPostingGroupCode:C20@generalProductPostingGroups inventoryPostingGroupCode:C20@inventoryPostingGroups',
  document:
    'customerPurchaseOrderReference:S35~=ordernumber,quotenumber orderDate:A invoiceDate:A documentDate:A postingDate:A dueDate:A validUntilDate:A ' +
    'billToCustomerNumber:C20@customers ' +
    'paymentTermsId:G@paymentTerms=paymenttermscode,account.paymenttermscode>paymentTerms ' +
    'shipmentMethodId:G@shipmentMethods=freighttermscode,account.address1_freighttermscode>shipmentMethods ' +
    'salesperson:C20@salespeoplePurchasers=owner.internalemailaddress>salespeople ' +
    'requestedDeliveryDate:A=requestdeliveryby pricesIncludeTax:B partialShipping:B ' +
    'shipToName:S100=shipto_name shipToContact:S100=shipto_contactname ' +
    'shipToAddressLine1:S100=shipto_line1 shipToAddressLine2:S50=shipto_line2+shipto_line3 shipToCity:S30=shipto_city ' +
    'shipToState:S30=shipto_stateorprovince shipToPostCode:C20=shipto_postalcode ' +
    `shipToCountry:C10@countriesRegions=shipto_country>countries ${SELL_TO} phoneNumber:S30 email:S80 ` +
    'shortcutDimension1Code:C20@shortcutDimension1 shortcutDimension2Code:C20@shortcutDimension2',
  line:
    'lineObjectNumber:C20 description:S100 description2:S50 unitOfMeasureCode:C10@unitsOfMeasure ' +
    'itemVariantId:G@itemVariants locationId:G@locations taxCode:C50@taxGroups shipmentDate:A=line.requestdeliveryby',
};

const KINDS: Readonly<Record<string, Target['kind']>> = {
  S: 'text',
  C: 'code',
  A: 'date',
  D: 'decimal',
  B: 'boolean',
  O: 'option',
  G: 'id',
};

/** Refused by their content, whatever the row is (reference/business-central 2.2). */
const FORMATS: Readonly<Record<string, Target['format']>> = {
  email: 'e-mail',
  phoneNumber: 'phone',
  mobilePhoneNumber: 'phone',
};

function toTarget(definition: string): readonly [string, Target] {
  const found = /^(\w+):([A-Z])(\d+)?(?:\(([^)]*)\))?(?:@(\w+))?(!)?(~)?(?:=([^>]+)(?:>(\w+))?)?$/.exec(definition);
  const kind = KINDS[found?.[2] ?? ''];
  if (!found?.[1] || !kind) throw new InternalError(`no field: ${definition}`);
  const [, name, , length, options, set, required, cut, columns, table] = found;
  return [
    name,
    {
      kind,
      length: Number(length ?? 0),
      set: CODE_SETS.find((one) => one === set),
      format: FORMATS[name],
      options: options?.split('|') ?? [],
      required: required !== undefined,
      ...(columns && {
        fallback: {
          columns: columns.split(/[,+]/),
          isJoined: columns.includes('+'),
          table: CODE_TABLES.find((one) => one === table),
          cut: cut !== undefined,
        },
      }),
    },
  ];
}

export const TARGETS: Record<Section, ReadonlyMap<string, Target>> = {
  customer: targetsOf('customer'),
  contact: targetsOf('contact'),
  item: targetsOf('item'),
  document: targetsOf('document'),
  line: targetsOf('line'),
};

function targetsOf(section: Section): ReadonlyMap<string, Target> {
  return new Map(DEFINITIONS[section].split(' ').map(toTarget));
}
