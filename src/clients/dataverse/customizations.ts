import { z } from 'zod';
import { guid, readWire } from '../http/wire.js';
import { REPEATABLE } from '../http/write-context.js';
import { createDataverseTransport, createReader, type DataverseClientOptions, deleteIfThere } from './transport.js';

/**
 * What a set-up changes of Dataverse itself: columns, forms, views, change tracking, in a solution (reference/dataverse-sales
 * 11). Ids are the caller's, so that what was asked and not answered is found again; what is gone counts as deleted.
 */

export type ColumnType = 'string' | 'memo' | 'integer' | 'decimal' | 'money' | 'boolean' | 'date' | 'datetime';

export interface NewColumn {
  readonly table: string;
  readonly column: string;
  readonly type: ColumnType;
  /** Characters of a text. */
  readonly length: number;
  readonly label: string;
}

export interface Publisher {
  readonly id: string;
  readonly prefix: string;
}

export interface Form {
  readonly id: string;
  readonly name: string;
  readonly xml: string;
}

export interface ViewLayout {
  readonly layout: string;
  readonly query: string;
}

export interface View extends ViewLayout {
  readonly id: string;
  readonly name: string;
}

export interface Customizations {
  /** Of the labels that people see. */
  readLanguage(): Promise<number>;
  findPublisher(name: string): Promise<Publisher | undefined>;
  createPublisher(publisher: Publisher & { readonly name: string; readonly title: string }): Promise<void>;
  deletePublisher(id: string): Promise<void>;
  findSolution(name: string): Promise<string | undefined>;
  createSolution(solution: {
    readonly id: string;
    readonly name: string;
    readonly title: string;
    readonly publisherId: string;
  }): Promise<void>;
  deleteSolution(id: string): Promise<void>;
  /** The zip of the unmanaged solution. */
  exportSolution(name: string): Promise<Buffer>;
  createColumn(column: NewColumn, language: number, solution: string): Promise<void>;
  deleteColumn(table: string, column: string): Promise<void>;
  /** Seen once it is published, as are forms and views. */
  trackChanges(table: string): Promise<void>;
  /** Main forms that are active. */
  listForms(table: string): Promise<Form[]>;
  /** Without a solution it stays in the one that it is in. */
  writeForm(id: string, xml: string, solution?: string): Promise<void>;
  /** The default public view. */
  listViews(table: string): Promise<View[]>;
  writeView(id: string, view: ViewLayout, solution?: string): Promise<void>;
  publish(tables: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

const list = <T>(row: z.ZodType<T>) => z.object({ value: z.array(row) });
const publisherRow = z.object({ publisherid: guid, customizationprefix: z.string() });
const solutionRow = z.object({ solutionid: guid });
const formRow = z.object({ formid: guid, name: z.string(), formxml: z.string() });
const viewRow = z.object({ savedqueryid: guid, name: z.string(), layoutxml: z.string(), fetchxml: z.string() });
const organizationRow = z.object({ languagecode: z.number() });
const exported = z.object({ ExportSolutionFile: z.base64() });

const SOLUTION_HEADER = 'mscrm.solutionuniquename';
/** A choice of another publisher keeps clear of ours by it; none is made here. */
const OPTION_PREFIX = 28_110;

export function createCustomizations(options: DataverseClientOptions): Customizations {
  const http = createDataverseTransport(options, 1);
  const get = createReader(http);
  const where = (filter: string): string => `$filter=${encodeURIComponent(filter)}`;
  const write = async (
    method: 'POST' | 'PATCH' | 'PUT',
    asked: string,
    path: string,
    body: unknown,
    headers: Readonly<Record<string, string>> = {},
  ) => http.send({ method, path, asked, body, headers, context: REPEATABLE });
  const remove = (asked: string, path: string) => deleteIfThere(http, asked, path);
  const inSolution = (name: string | undefined) => (name === undefined ? {} : { [SOLUTION_HEADER]: name });

  return {
    async readLanguage() {
      const { value } = await get('read the organization', 'organizations?$select=languagecode', list(organizationRow));
      return value[0]?.languagecode ?? ENGLISH;
    },
    async findPublisher(name) {
      const path = `publishers?$select=customizationprefix&${where(`uniquename eq '${name}'`)}`;
      const { value } = await get('look the publisher up', path, list(publisherRow));
      return value[0] && { id: value[0].publisherid, prefix: value[0].customizationprefix };
    },
    async createPublisher({ id, name, title, prefix }) {
      await write('POST', 'create the publisher', 'publishers', {
        publisherid: id,
        uniquename: name,
        friendlyname: title,
        customizationprefix: prefix,
        customizationoptionvalueprefix: OPTION_PREFIX,
      });
    },
    deletePublisher: (id) => remove('delete the publisher', `publishers(${id})`),
    async findSolution(name) {
      const path = `solutions?$select=solutionid&${where(`uniquename eq '${name}'`)}`;
      return (await get('look the solution up', path, list(solutionRow))).value[0]?.solutionid;
    },
    async createSolution({ id, name, title, publisherId }) {
      await write('POST', 'create the solution', 'solutions', {
        solutionid: id,
        uniquename: name,
        friendlyname: title,
        version: '1.0.0.0',
        'publisherid@odata.bind': `/publishers(${publisherId})`,
      });
    },
    deleteSolution: (id) => remove('delete the solution', `solutions(${id})`),
    async exportSolution(name) {
      const asked = 'export the solution';
      const { body, requestId } = await write('POST', asked, 'ExportSolution', { SolutionName: name, Managed: false });
      return Buffer.from(readWire('dataverse', asked, exported, body, requestId).ExportSolutionFile, 'base64');
    },
    async createColumn(column, language, solution) {
      const path = `EntityDefinitions(LogicalName='${column.table}')/Attributes`;
      await write('POST', `create column ${column.column}`, path, toAttribute(column, language), inSolution(solution));
    },
    deleteColumn: (table, column) =>
      remove(
        `delete column ${column}`,
        `EntityDefinitions(LogicalName='${table}')/Attributes(LogicalName='${column}')`,
      ),
    async trackChanges(table) {
      const path = `EntityDefinitions(LogicalName='${table}')`;
      const definition = await get(`read the definition of ${table}`, path, z.looseObject({ LogicalName: z.string() }));
      const body = { ...definition, ChangeTrackingEnabled: true };
      await write('PUT', `track the changes of ${table}`, path, body, { 'mscrm.mergelabels': 'true' });
    },
    async listForms(table) {
      const filter = where(`objecttypecode eq '${table}' and type eq 2 and formactivationstate eq 1`);
      const { value } = await get('read the forms', `systemforms?$select=name,formxml&${filter}`, list(formRow));
      return value.map((row) => ({ id: row.formid, name: row.name, xml: row.formxml }));
    },
    async writeForm(id, xml, solution) {
      await write('PATCH', 'change the form', `systemforms(${id})`, { formxml: xml }, inSolution(solution));
    },
    async listViews(table) {
      const filter = where(`returnedtypecode eq '${table}' and querytype eq 0 and isdefault eq true`);
      const path = `savedqueries?$select=name,layoutxml,fetchxml&${filter}`;
      const { value } = await get('read the views', path, list(viewRow));
      return value.map((row) => ({
        id: row.savedqueryid,
        name: row.name,
        layout: row.layoutxml,
        query: row.fetchxml,
      }));
    },
    async writeView(id, { layout, query }, solution) {
      const body = { layoutxml: layout, fetchxml: query };
      await write('PATCH', 'change the view', `savedqueries(${id})`, body, inSolution(solution));
    },
    async publish(tables) {
      const entities = tables.map((table) => `<entity>${table}</entity>`).join('');
      const xml = `<importexportxml><entities>${entities}</entities></importexportxml>`;
      await write('POST', 'publish the changes', 'PublishXml', { ParameterXml: xml });
    },
    close: () => http.close(),
  };
}

const ENGLISH = 1033;

const KINDS: Readonly<Record<ColumnType, readonly [type: string, facts: (length: number) => object]>> = {
  string: ['StringAttributeMetadata', (length) => ({ MaxLength: length, FormatName: { Value: 'Text' } })],
  memo: ['MemoAttributeMetadata', (length) => ({ MaxLength: length, Format: 'TextArea' })],
  integer: ['IntegerAttributeMetadata', () => ({ Format: 'None', MinValue: -2_147_483_648, MaxValue: 2_147_483_647 })],
  decimal: ['DecimalAttributeMetadata', () => ({ Precision: 5 })],
  money: ['MoneyAttributeMetadata', () => ({ PrecisionSource: 2 })],
  boolean: ['BooleanAttributeMetadata', () => ({ DefaultValue: false })],
  date: ['DateTimeAttributeMetadata', () => ({ Format: 'DateOnly', DateTimeBehavior: { Value: 'DateOnly' } })],
  datetime: ['DateTimeAttributeMetadata', () => ({ Format: 'DateAndTime', DateTimeBehavior: { Value: 'UserLocal' } })],
};

function toAttribute({ column, type, length, label }: NewColumn, language: number): object {
  const [name, facts] = KINDS[type];
  const localized = (text: string): object => ({
    '@odata.type': 'Microsoft.Dynamics.CRM.Label',
    LocalizedLabels: [{ '@odata.type': 'Microsoft.Dynamics.CRM.LocalizedLabel', Label: text, LanguageCode: language }],
  });
  const choice = (value: number, text: string): object => ({ Value: value, Label: localized(text) });
  return {
    '@odata.type': `Microsoft.Dynamics.CRM.${name}`,
    SchemaName: column,
    DisplayName: localized(label),
    RequiredLevel: {
      Value: 'None',
      CanBeChanged: true,
      ManagedPropertyLogicalName: 'canmodifyrequirementlevelsettings',
    },
    ...facts(length),
    ...(type === 'boolean' && { OptionSet: { TrueOption: choice(1, 'Yes'), FalseOption: choice(0, 'No') } }),
  };
}
