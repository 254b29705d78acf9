import { guidFrom } from '../kernel/random.js';
import { matches } from '../odata/filter.js';
import type { QueryOptions } from '../odata/query.js';
import { type Column, type Given, statesOf, type Table } from './tables.js';

/** Table and column definitions (reference/dataverse-sales 4.1, 11.1). */

const label = (text: string): object => ({
  LocalizedLabels: [{ Label: text, LanguageCode: 1033, IsManaged: true }],
  UserLocalizedLabel: { Label: text, LanguageCode: 1033, IsManaged: true },
});

/** Whether a definition fits the `$filter`. */
export function fitsDefinition(row: Readonly<Record<string, unknown>>, options: QueryOptions): boolean {
  if (!options.filter) return true;
  return matches(options.filter, {
    caseSensitive: false,
    resolve: (path) => scalar(path.reduce<unknown>(step, row)),
  });
}

function step(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

function scalar(value: unknown): string | number | boolean | null {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null;
}

export function pick(
  row: Readonly<Record<string, unknown>>,
  select: readonly string[] | undefined,
): Record<string, unknown> {
  if (!select) return { ...row };
  const picked: Record<string, unknown> = {};
  for (const name of ['@odata.type', 'MetadataId', ...select]) if (name in row) picked[name] = row[name];
  return picked;
}

/** A label as it is shown: what was posted has its texts by language only. */
function shownLabel(posted: unknown): unknown {
  const texts = typeof posted === 'object' && posted !== null ? Reflect.get(posted, 'LocalizedLabels') : undefined;
  return Array.isArray(texts) ? { LocalizedLabels: texts, UserLocalizedLabel: texts[0] ?? null } : posted;
}

const LABELS: ReadonlySet<string> = new Set(['DisplayName', 'DisplayCollectionName', 'Description']);
/** What a client posts, or sends back after it read it, and the platform knows better. */
const DERIVED: ReadonlySet<string> = new Set([
  'Attributes',
  'Lookup',
  'LogicalName',
  'MetadataId',
  'EntityLogicalName',
  'OptionSet',
]);

/** A definition together with what the client that made or changed it said of it. */
function withGiven(plain: Record<string, unknown>, given: Given | undefined): Record<string, unknown> {
  for (const [name, value] of Object.entries(given ?? {})) {
    if (name.includes('@') || DERIVED.has(name)) continue;
    plain[name] = LABELS.has(name) ? shownLabel(value) : value;
  }
  return plain;
}

export function definition(table: Table): Record<string, unknown> {
  return withGiven(plainDefinition(table), table.given);
}

function plainDefinition(table: Table): Record<string, unknown> {
  const schemaName = schemaNameOf(table.name);
  const [title, titles] = titlesOf(table.name);
  return {
    MetadataId: guidFrom(`table/${table.name}`),
    LogicalName: table.name,
    SchemaName: schemaName,
    EntitySetName: table.set,
    LogicalCollectionName: table.set,
    CollectionSchemaName: table.set.charAt(0).toUpperCase() + table.set.slice(1),
    PrimaryIdAttribute: table.id,
    PrimaryNameAttribute: table.title,
    DisplayName: label(title),
    DisplayCollectionName: label(titles),
    Description: label(title),
    IsActivity: table.id === 'activityid',
    IsIntersect: table.isBetween === true,
    IsLogicalEntity: false,
    IsPrivate: false,
    IsValidForAdvancedFind: true,
    ChangeTrackingEnabled: table.changeTracking,
    CanChangeTrackingBeEnabled: {
      Value: true,
      CanBeChanged: true,
      ManagedPropertyLogicalName: 'canchangetrackingbeenabled',
    },
    IsOptimisticConcurrencyEnabled: true,
    IsCustomEntity: table.given !== undefined || table.name.startsWith('bc_'),
    OwnershipType: table.lookups.has('ownerid') ? 'UserOwned' : 'OrganizationOwned',
  };
}

function schemaNameOf(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}

export function titlesOf(table: string): readonly [one: string, many: string] {
  return TITLES[table] ?? [schemaNameOf(table), schemaNameOf(table)];
}

/** Display names, of one and of many. */
const TITLES: Readonly<Record<string, readonly [one: string, many: string]>> = {
  account: ['Account', 'Accounts'],
  contact: ['Contact', 'Contacts'],
  opportunity: ['Opportunity', 'Opportunities'],
  opportunityproduct: ['Opportunity Product', 'Opportunity Products'],
  opportunityclose: ['Opportunity Close', 'Opportunity Close Activities'],
  quote: ['Quote', 'Quotes'],
  quotedetail: ['Quote Product', 'Quote Products'],
  quoteclose: ['Quote Close', 'Quote Closes'],
  salesorder: ['Order', 'Orders'],
  salesorderdetail: ['Order Product', 'Order Products'],
  orderclose: ['Order Close', 'Order Closes'],
  invoice: ['Invoice', 'Invoices'],
  invoicedetail: ['Invoice Product', 'Invoice Products'],
  product: ['Product', 'Products'],
  productpricelevel: ['Price List Item', 'Price List Items'],
  pricelevel: ['Price List', 'Price Lists'],
  uom: ['Unit', 'Units'],
  uomschedule: ['Unit Group', 'Unit Groups'],
  transactioncurrency: ['Currency', 'Currencies'],
  territory: ['Territory', 'Territories'],
  systemuser: ['User', 'Users'],
  team: ['Team', 'Teams'],
  businessunit: ['Business Unit', 'Business Units'],
  organization: ['Organization', 'Organizations'],
  annotation: ['Note', 'Notes'],
  lead: ['Lead', 'Leads'],
  task: ['Task', 'Tasks'],
  email: ['Email', 'Email Messages'],
  phonecall: ['Phone Call', 'Phone Calls'],
  appointment: ['Appointment', 'Appointments'],
  activityparty: ['Activity Party', 'Activity Parties'],
  connection: ['Connection', 'Connections'],
  connectionrole: ['Connection Role', 'Connection Roles'],
  role: ['Security Role', 'Security Roles'],
  userquery: ['Saved View', 'Saved Views'],
};

/** The type of columns that hold a file (file-attributes.md). */
export const FILE = 'FileAttributeMetadata';

const KINDS: Readonly<Record<Column['type'], readonly [type: string, name: string]>> = {
  text: ['String', 'StringAttributeMetadata'],
  int: ['Integer', 'IntegerAttributeMetadata'],
  choice: ['Picklist', 'PicklistAttributeMetadata'],
  bool: ['Boolean', 'BooleanAttributeMetadata'],
  money: ['Money', 'MoneyAttributeMetadata'],
  decimal: ['Decimal', 'DecimalAttributeMetadata'],
  double: ['Double', 'DoubleAttributeMetadata'],
  datetime: ['DateTime', 'DateTimeAttributeMetadata'],
  date: ['DateTime', 'DateTimeAttributeMetadata'],
  guid: ['Uniqueidentifier', 'AttributeMetadata'],
};

export function attributes(table: Table): Record<string, unknown>[] {
  const columns = [...table.columns.values()].map((column) => attribute(table, column));
  const lookups = [...table.lookups].map(([name, navs]) =>
    withGiven(lookup(table, name, navs), table.givenLookups.get(name)),
  );
  return [...columns, ...lookups];
}

function lookup(table: Table, name: string, navs: Readonly<Record<string, string>>): Record<string, unknown> {
  return {
    '@odata.type': '#Microsoft.Dynamics.CRM.LookupAttributeMetadata',
    MetadataId: guidFrom(`column/${table.name}/${name}`),
    LogicalName: name,
    SchemaName: name,
    EntityLogicalName: table.name,
    AttributeType: kindOfLookup(name, Object.keys(navs).length),
    Targets: Object.values(navs),
    DisplayName: label(name),
    IsValidForCreate: !table.readOnlyLookups.has(name),
    IsValidForUpdate: !table.readOnlyLookups.has(name),
    IsValidForRead: true,
    IsCustomAttribute: table.custom.has(name),
  };
}

/** A customer is an account or a contact, an owner a user or a team; other lookups may point at several tables, too. */
function kindOfLookup(name: string, targets: number): string {
  if (name === 'ownerid') return 'Owner';
  return targets > 1 && (name === 'customerid' || name === 'parentcustomerid') ? 'Customer' : 'Lookup';
}

function attribute(table: Table, column: Column): Record<string, unknown> {
  const plain = plainAttribute(table, column);
  const kind = String(column.given?.['@odata.type'] ?? '').replace(/^#?Microsoft\.Dynamics\.CRM\.(?:Complex)?/, '');
  if (kind === FILE) {
    plain['@odata.type'] = `#Microsoft.Dynamics.CRM.${FILE}`;
    Object.assign(plain, { AttributeType: 'Virtual', AttributeTypeName: { Value: 'FileType' } });
  }
  return withGiven(plain, column.given);
}

function plainAttribute(table: Table, column: Column): Record<string, unknown> {
  const { name, type, size, access } = column;
  const [kind, metadataType] =
    name === 'statecode'
      ? ['State', 'StateAttributeMetadata']
      : name === 'statuscode'
        ? ['Status', 'StatusAttributeMetadata']
        : name === 'versionnumber'
          ? ['BigInt', 'BigIntAttributeMetadata']
          : size > 1_900 && type === 'text'
            ? ['Memo', 'MemoAttributeMetadata']
            : KINDS[type];
  return {
    '@odata.type': `#Microsoft.Dynamics.CRM.${metadataType}`,
    MetadataId: guidFrom(`column/${table.name}/${name}`),
    LogicalName: name,
    SchemaName: name,
    EntityLogicalName: table.name,
    AttributeType: kind,
    AttributeTypeName: { Value: `${kind}Type` },
    DisplayName: label(name),
    RequiredLevel: { Value: 'None', CanBeChanged: true },
    IsCustomAttribute: table.custom.has(name),
    IsPrimaryName: name === table.title,
    IsValidForCreate: access !== 'read',
    IsValidForUpdate: access === 'write',
    IsValidForRead: true,
    ...(type === 'text' && { MaxLength: size }),
    ...((type === 'money' || type === 'decimal') && { Precision: size }),
    ...(type === 'date' && { Format: 'DateOnly', DateTimeBehavior: { Value: 'DateOnly' } }),
    ...(type === 'datetime' && { Format: 'DateAndTime', DateTimeBehavior: { Value: 'UserLocal' } }),
    ...((name === 'statecode' || name === 'statuscode') && { OptionSet: { Options: options(table, name) } }),
    ...(table.choices.has(name) && { OptionSet: { Options: choices(table, name) } }),
  };
}

function choices(table: Table, name: string): object[] {
  return [...(table.choices.get(name) ?? [])].map(([value, text]) => ({ Value: value, Label: label(text) }));
}

function options(table: Table, name: string): object[] {
  return statesOf(table.name).flatMap<object>(([title, statuses, fallback], state) =>
    name === 'statecode'
      ? [{ Value: state, Label: label(title), DefaultStatus: fallback, InvariantName: title }]
      : Object.entries(statuses).map(([value, text]) => ({ Value: Number(value), Label: label(text), State: state })),
  );
}

export function keysOf(table: Table): Record<string, unknown>[] {
  return [...table.keys].map(([name, columns]) => ({
    MetadataId: guidFrom(`key/${table.name}/${name}`),
    LogicalName: name,
    SchemaName: name,
    EntityLogicalName: table.name,
    KeyAttributes: columns,
    EntityKeyIndexStatus: 'Active',
  }));
}
