import { COMPLEX_TYPES, ENUM_TYPES, MESSAGES, type Message } from './messages.js';
import type { Store } from './store.js';
import type { Column, Table } from './tables.js';

/**
 * `$metadata`: every type that is referred to is declared, every message that is served stands in it
 * (MicrosoftDocs/powerapps-docs, webapi/web-api-service-documents.md).
 */

const EDM: Readonly<Record<Column['type'], string>> = {
  text: 'Edm.String',
  int: 'Edm.Int32',
  choice: 'Edm.Int32',
  bool: 'Edm.Boolean',
  money: 'Edm.Decimal',
  decimal: 'Edm.Decimal',
  double: 'Edm.Double',
  datetime: 'Edm.DateTimeOffset',
  date: 'Edm.Date',
  guid: 'Edm.Guid',
};

/** With `?annotations=true` the properties tell what may be done with them. */
export function metadata({ schema }: Store, withAnnotations: boolean): string {
  const { tables } = schema;
  const types = tables.map((table) => entityType(table, schema.tables, withAnnotations));
  const complex = Object.entries(COMPLEX_TYPES).map(
    ([name, fields]) => `<ComplexType Name="${name}">${properties(fields)}</ComplexType>`,
  );
  const enums = Object.entries(ENUM_TYPES).map(
    ([name, members]) =>
      `<EnumType Name="${name}">${members.map((member, index) => `<Member Name="${member}" Value="${index}" />`).join('')}</EnumType>`,
  );
  const messages = [...MESSAGES, ...tables.flatMap(bulkMessages)];
  return (
    '<?xml version="1.0" encoding="utf-8"?>' +
    '<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx">' +
    '<edmx:Reference Uri="http://vocabularies.odata.org/OData.Community.Keys.V1.xml"><edmx:Include Namespace="OData.Community.Keys.V1" Alias="Keys" /></edmx:Reference>' +
    '<edmx:DataServices><Schema Namespace="Microsoft.Dynamics.CRM" Alias="mscrm" xmlns="http://docs.oasis-open.org/odata/ns/edm">' +
    '<EntityType Name="crmbaseentity" Abstract="true" />' +
    [...types, ...complex, ...enums, ...messages.map(message)].join('') +
    `<EntityContainer Name="System">${tables.map((table) => entitySet(table, schema.tables)).join('')}${messages.map(messageImport).join('')}</EntityContainer>` +
    '</Schema></edmx:DataServices></edmx:Edmx>'
  );
}

function entityType(table: Table, tables: readonly Table[], withAnnotations: boolean): string {
  const columns = [...table.columns.values()].map((column) => property(column, withAnnotations));
  const lookups = [...table.lookups.keys()].map((name) => {
    const computed = withAnnotations ? annotated(true) : '';
    return element('Property', `Name="_${name}_value" Type="Edm.Guid"`, computed);
  });
  const navs = [...table.navs].map(([nav, { column, target }]) => {
    const partner = partnerOf(tables, table, column, target);
    const id = tables.find(({ name }) => name === target)?.id ?? '';
    const constraint = `<ReferentialConstraint Property="_${column}_value" ReferencedProperty="${id}" />`;
    const attributes = `Name="${nav}" Type="mscrm.${target}" Nullable="${nav !== 'ownerid'}"`;
    return element('NavigationProperty', partner ? `${attributes} Partner="${partner}"` : attributes, constraint);
  });
  const many = Object.entries(table.collections).map(([nav, { table: child, via }]) => {
    const back = [...(tables.find(({ name }) => name === child)?.navs ?? [])].find(
      ([, { column, target }]) => column === via && target === table.name,
    )?.[0];
    const attributes = `Name="${nav}" Type="Collection(mscrm.${child})"`;
    return element('NavigationProperty', back ? `${attributes} Partner="${back}"` : attributes, '');
  });
  // Both sides of many to many bear the name of the relationship.
  for (const [nav, { table: other }] of Object.entries(table.links))
    many.push(element('NavigationProperty', `Name="${nav}" Type="Collection(mscrm.${other})" Partner="${nav}"`, ''));
  const key = `<Key><PropertyRef Name="${table.id}" /></Key><Property Name="${table.id}" Type="Edm.Guid" Nullable="false" />`;
  const keys = [...table.keys.values()].map(
    (names) =>
      `<Record Type="OData.Community.Keys.V1.AlternateKey"><PropertyValue Property="Key"><Collection>${names
        .map(
          (name) =>
            `<Record Type="OData.Community.Keys.V1.PropertyRef"><PropertyValue Property="Alias" String="${name}" /><PropertyValue Property="Name" PropertyPath="${name}" /></Record>`,
        )
        .join('')}</Collection></PropertyValue></Record>`,
  );
  const alternate =
    keys.length === 0
      ? ''
      : `<Annotation Term="OData.Community.Keys.V1.AlternateKeys"><Collection>${keys.join('')}</Collection></Annotation>`;
  return `<EntityType Name="${table.name}" BaseType="mscrm.crmbaseentity">${[key, ...columns, ...lookups, ...navs, ...many].join('')}${alternate}</EntityType>`;
}

function partnerOf(tables: readonly Table[], table: Table, column: string, target: string): string | undefined {
  const collections = tables.find(({ name }) => name === target)?.collections ?? {};
  return Object.keys(collections).find((nav) => {
    const found = collections[nav];
    return found?.table === table.name && found.via === column;
  });
}

function property(column: Column, withAnnotations: boolean): string {
  const { name, type, size, access } = column;
  const edm = name === 'versionnumber' ? 'Edm.Int64' : EDM[type];
  const facet =
    type === 'text' ? ` MaxLength="${size}"` : type === 'money' || type === 'decimal' ? ' Scale="Variable"' : '';
  return element(
    'Property',
    `Name="${name}" Type="${edm}"${facet}`,
    withAnnotations ? annotated(access === 'read') : '',
  );
}

function annotated(isComputed: boolean): string {
  return isComputed
    ? '<Annotation Term="Org.OData.Core.V1.Computed" Bool="true" /><Annotation Term="Org.OData.Core.V1.Permissions"><EnumMember>Org.OData.Core.V1.PermissionType/Read</EnumMember></Annotation>'
    : '';
}

function element(name: string, attributes: string, inner: string): string {
  return inner === '' ? `<${name} ${attributes} />` : `<${name} ${attributes}>${inner}</${name}>`;
}

function entitySet(table: Table, tables: readonly Table[]): string {
  const setOf = (name: string): string => tables.find((one) => one.name === name)?.set ?? '';
  const bindings = [
    ...[...table.navs].map(([nav, { target }]) => [nav, setOf(target)] as const),
    ...Object.entries({ ...table.collections, ...table.links }).map(
      ([nav, { table: child }]) => [nav, setOf(child)] as const,
    ),
  ].map(([nav, target]) => `<NavigationPropertyBinding Path="${nav}" Target="${target}" />`);
  return `<EntitySet Name="${table.set}" EntityType="Microsoft.Dynamics.CRM.${table.name}">${bindings.join('')}<Annotation Term="Org.OData.Capabilities.V1.ChangeTracking"><Record><PropertyValue Property="Supported" Bool="${table.changeTracking}" /></Record></Annotation></EntitySet>`;
}

/** CreateMultiple and its kin are bound to the rows of each table. */
function bulkMessages({ name }: Table): Message[] {
  const boundTo = `${name}[]`;
  const parameters = `Targets:${name}[]`;
  return [
    { name: 'CreateMultiple', kind: 'Action', boundTo, parameters, returns: 'mscrm.CreateMultipleResponse' },
    { name: 'UpdateMultiple', kind: 'Action', boundTo, parameters },
    { name: 'UpsertMultiple', kind: 'Action', boundTo, parameters },
  ];
}

function typeOf(name: string): string {
  if (name.endsWith('[]')) return `Collection(mscrm.${name.slice(0, -2)})`;
  return name.includes('.') ? name : `mscrm.${name}`;
}

function properties(fields: string): string {
  return fields
    .split(' ')
    .map((field) => field.split(':'))
    .map(([name = '', type = '']) => `<Property Name="${name}" Type="${type}" />`)
    .join('');
}

function message({ name, kind, boundTo, parameters, returns }: Message): string {
  const own = parameters.split(' ').filter((parameter) => parameter !== '');
  const listed = own.map((parameter) => {
    const [label = '', type = ''] = parameter.replace(/\?$/, '').split(':');
    return `<Parameter Name="${label}" Type="${typeOf(type)}" Nullable="${parameter.endsWith('?')}" />`;
  });
  const entity =
    boundTo &&
    `<Parameter Name="${boundTo.endsWith('[]') ? 'entityset' : 'entity'}" Type="${typeOf(boundTo)}" Nullable="false" />`;
  const result = returns ? `<ReturnType Type="${typeOf(returns)}" Nullable="false" />` : '';
  return element(
    kind,
    boundTo ? `Name="${name}" IsBound="true"` : `Name="${name}"`,
    `${entity ?? ''}${listed.join('')}${result}`,
  );
}

function messageImport({ name, kind, boundTo }: Message): string {
  return boundTo ? '' : `<${kind}Import Name="${name}" ${kind}="Microsoft.Dynamics.CRM.${name}" />`;
}
