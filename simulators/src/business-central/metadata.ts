import { ENTITIES, type Entity, type Field } from './entities.js';

/** `$metadata` as EDMX, and the service document. */

const EDM: Readonly<Record<Field['kind'], string>> = {
  code: 'Edm.String',
  text: 'Edm.String',
  guid: 'Edm.Guid',
  decimal: 'Edm.Decimal',
  int: 'Edm.Int32',
  long: 'Edm.Int64',
  bool: 'Edm.Boolean',
  date: 'Edm.Date',
  moment: 'Edm.DateTimeOffset',
  enum: 'Microsoft.NAV',
  stream: 'Edm.Stream',
};

/** Parts with at most one row (`Multiplicity = ZeroOrOne`). */
const SINGLE_PARTS: ReadonlySet<string> = new Set(['pdfDocument']);

export const ACTIONS: Readonly<Record<string, readonly string[]>> = {
  salesInvoice: ['cancel', 'cancelAndSend', 'makeCorrectiveCreditMemo', 'post', 'postAndSend', 'send'],
  salesOrder: ['shipAndInvoice'],
  salesQuote: ['makeInvoice', 'makeOrder', 'send'],
  salesCreditMemo: ['cancel', 'cancelAndSend', 'post', 'postAndSend', 'send'],
};

export function metadata(): string {
  const entities = [...ENTITIES.values()];
  const enums = entities.flatMap((entity) =>
    [...entity.fields.values()].filter((field) => field.kind === 'enum').map((field) => enumType(entity, field)),
  );
  const actions = Object.entries(ACTIONS).flatMap(([type, names]) =>
    names.map(
      (name) =>
        `<Action Name="${name}" IsBound="true"><Parameter Name="bindingParameter" Type="Microsoft.NAV.${type}" /></Action>`,
    ),
  );
  const sets = entities.map((entity) => `<EntitySet Name="${entity.set}" EntityType="Microsoft.NAV.${entity.type}" />`);
  return (
    '<?xml version="1.0" encoding="utf-8"?>' +
    '<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices>' +
    '<Schema Namespace="Microsoft.NAV" xmlns="http://docs.oasis-open.org/odata/ns/edm">' +
    entities.map(entityType).join('') +
    enums.join('') +
    actions.join('') +
    `<EntityContainer Name="NAV">${sets.join('')}</EntityContainer>` +
    '</Schema></edmx:DataServices></edmx:Edmx>'
  );
}

function entityType(entity: Entity): string {
  const [first] = entity.fields.keys();
  const properties = [...entity.fields.values()].map((field) => property(entity, field));
  const links = Object.entries(entity.links).map(
    ([name, { set, via }]) =>
      `<NavigationProperty Name="${name}" Type="Microsoft.NAV.${ENTITIES.get(set)?.type}"><ReferentialConstraint Property="${via}" ReferencedProperty="id" /></NavigationProperty>`,
  );
  const parts = entity.parts
    .filter((part) => ENTITIES.has(part))
    .map((part) =>
      SINGLE_PARTS.has(part)
        ? `<NavigationProperty Name="${part}" Type="Microsoft.NAV.${ENTITIES.get(part)?.type}" ContainsTarget="true" />`
        : `<NavigationProperty Name="${part}" Type="Collection(Microsoft.NAV.${ENTITIES.get(part)?.type})" ContainsTarget="true" />`,
    );
  const key = entity.fields.has('id') ? 'id' : first;
  return `<EntityType Name="${entity.type}"><Key><PropertyRef Name="${key}" /></Key>${properties.join('')}${links.join('')}${parts.join('')}</EntityType>`;
}

function property(entity: Entity, field: Field): string {
  const type = field.kind === 'enum' ? `Microsoft.NAV.${enumName(entity, field)}` : EDM[field.kind];
  const length = field.length > 0 ? ` MaxLength="${field.length}"` : '';
  const scale = field.kind === 'decimal' ? ' Scale="Variable"' : '';
  const key = field.name === 'id' ? ' Nullable="false"' : '';
  return `<Property Name="${field.name}" Type="${type}"${key}${length}${scale} />`;
}

function enumType(entity: Entity, field: Field): string {
  const members = field.options.map((option, index) => `<Member Name="${option}" Value="${index}" />`);
  return `<EnumType Name="${enumName(entity, field)}">${members.join('')}</EnumType>`;
}

function enumName(entity: Entity, field: Field): string {
  return `${entity.type}_${field.name}`;
}

export function serviceDocument(root: string): object {
  const value = [...ENTITIES.values()].map(({ set }) => ({ name: set, kind: 'EntitySet', url: set }));
  return { '@odata.context': `${root}/$metadata`, value };
}
