import { guidFrom } from '../kernel/random.js';
import { matches } from '../odata/filter.js';
import type { QueryOptions } from '../odata/query.js';
import { MANY_TO_MANY } from './relations.js';
import { DataverseError } from './store.js';
import { type Column, parseColumn, statesOf, type Table } from './tables.js';

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

export function definition(table: Table): Record<string, unknown> {
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
    IsIntersect: MANY_TO_MANY.some(({ intersect }) => intersect === table.name),
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
    IsCustomEntity: table.name.startsWith('bc_'),
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
  const lookups = [...table.lookups].map(([name, navs]) => ({
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
  }));
  return [...columns, ...lookups];
}

/** A customer is an account or a contact, an owner a user or a team; other lookups may point at several tables, too. */
function kindOfLookup(name: string, targets: number): string {
  if (name === 'ownerid') return 'Owner';
  return targets > 1 && (name === 'customerid' || name === 'parentcustomerid') ? 'Customer' : 'Lookup';
}

function attribute(table: Table, column: Column): Record<string, unknown> {
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

const NEW_TYPES: Readonly<Record<string, string>> = {
  StringAttributeMetadata: 'S',
  MemoAttributeMetadata: 'S',
  IntegerAttributeMetadata: 'I',
  DecimalAttributeMetadata: 'F',
  MoneyAttributeMetadata: 'M',
  BooleanAttributeMetadata: 'B',
  PicklistAttributeMetadata: 'O',
  DateTimeAttributeMetadata: 'T',
};

/** A column of the integrator's solution (reference/dataverse-sales 11.1). */
export function addColumn(table: Table, body: Readonly<Record<string, unknown>>): string {
  const kind = String(body['@odata.type']).replace(/^#?Microsoft\.Dynamics\.CRM\./, '');
  const name = String(body['SchemaName'] ?? '').toLowerCase();
  const letter = NEW_TYPES[kind];
  if (!letter || !/^[a-z][a-z0-9]{1,7}_\w+$/.test(name)) {
    throw new DataverseError(
      400,
      '0x80048d19',
      `A column of type '${kind}' named '${name}' cannot be made: a known type and a publisher's prefix are needed.`,
    );
  }
  if (table.columns.has(name))
    throw new DataverseError(400, '0x80044153', `An attribute with the specified name ${name} already exists`);
  const isDate = letter === 'T' && JSON.stringify(body).includes('DateOnly');
  const size = letter === 'S' ? Number(body['MaxLength'] ?? 100) : letter === 'F' ? Number(body['Precision'] ?? 2) : '';
  table.columns.set(name, parseColumn(`${name}:${isDate ? 'D' : letter}${size}`));
  table.custom.add(name);
  return guidFrom(`column/${table.name}/${name}`);
}

export function addKey(table: Table, body: Readonly<Record<string, unknown>>): string {
  const name = String(body['SchemaName'] ?? '').toLowerCase();
  const columns = body['KeyAttributes'];
  if (
    name === '' ||
    !Array.isArray(columns) ||
    columns.some((column) => !table.columns.has(String(column)) && !table.lookups.has(String(column)))
  ) {
    throw new DataverseError(
      400,
      '0x80048d19',
      'A key needs a SchemaName and KeyAttributes that are columns of the table.',
    );
  }
  table.keys.set(name, columns.map(String));
  return guidFrom(`key/${table.name}/${name}`);
}
