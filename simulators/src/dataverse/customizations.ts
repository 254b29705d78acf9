import { guidFrom } from '../kernel/random.js';
import type { SimRequest, SimResponse } from '../kernel/server.js';
import type { Segment } from '../odata/path.js';
import type { QueryOptions } from '../odata/query.js';
import { type Api, answer, readJson } from './answers.js';
import { elementsOf, forgetComponent, invalidXml, isComponent, noteComponent, readXml } from './components.js';
import { titlesOf } from './metadata.js';
import { readPayload } from './payload.js';
import { getRow } from './reads.js';
import { routeTable } from './routes.js';
import { DataverseError, type Row, type Store } from './store.js';
import type { Table } from './tables.js';
import { checkMatch } from './writes.js';

/** Solutions, publishers, forms, views, endpoints and steps: rows like others, and parts of solutions. */

const CUSTOMIZATIONS: ReadonlySet<string> = new Set([
  'publisher',
  'solution',
  'systemform',
  'savedquery',
  'serviceendpoint',
  'sdkmessageprocessingstep',
]);

export function isCustomization(table: Table): boolean {
  return CUSTOMIZATIONS.has(table.name);
}

export function routeCustomization(
  api: Api,
  request: SimRequest,
  table: Table,
  segments: readonly Segment[],
  options: QueryOptions,
): SimResponse {
  const [first] = segments;
  const { store } = api;
  if (request.method === 'PATCH' && first && (table.name === 'systemform' || table.name === 'savedquery'))
    return store.transact(() => stage(api, request, table, first));
  if (request.method === 'DELETE' && first) checkReferences(store, table, String(getRow(api, table, first)[table.id]));
  const answered = routeTable(api, request, table, segments, options);
  const id = first?.key ?? /\(([0-9a-f-]{36})\)$/.exec(answered.headers?.['odata-entityid'] ?? '')?.[1];
  if (id === undefined || request.method === 'GET') return answered;
  if (request.method === 'DELETE') forgetComponent(store, id);
  else if (isComponent(table.name)) noteComponent(store, request, table.name, id);
  return answered;
}

/** A changed form or view is seen once it is published (reference/dataverse-sales 11.2). */
function stage(api: Api, request: SimRequest, table: Table, segment: Segment): SimResponse {
  const { store } = api;
  const row = getRow(api, table, segment);
  checkMatch(request, row);
  const { values } = readPayload(store, table, readJson(request));
  const entity = String(row[table.name === 'systemform' ? 'objecttypecode' : 'returnedtypecode']);
  checkLayout(store, entity, values);
  noteComponent(store, request, table.name === 'systemform' ? 'systemform' : 'savedquery', String(row[table.id]));
  store.unpublished.push({ entity, apply: () => store.update(table, row, values) });
  return answer(204, undefined, { 'odata-entityid': `${api.url}/${table.set}(${row[table.id]})` });
}

/** Every column that is shown is there, and every cell of a view is read by its query. */
function checkLayout(store: Store, entity: string, values: Row): void {
  const table = store.schema.table(entity);
  const has = (name: string | undefined): boolean =>
    name !== undefined && (table.columns.has(name) || table.lookups.has(name));
  if (typeof values['formxml'] === 'string') {
    const controls = elementsOf(readXml(values['formxml'], 'formxml'), 'control');
    const ids = controls.map(({ attributes }) => attributes['id']);
    if (new Set(ids).size < ids.length) throw invalidXml('formxml', 'two controls have the same id');
    const unknown = controls.find(
      ({ attributes }) => 'datafieldname' in attributes && !has(attributes['datafieldname']),
    );
    if (unknown) throw invalidXml('formxml', `there is no column ${unknown.attributes['datafieldname']}`);
  }
  if (typeof values['layoutxml'] === 'string') {
    const cells = elementsOf(readXml(values['layoutxml'], 'layoutxml'), 'cell');
    const unknown = cells.find(({ attributes }) => !has(attributes['name']));
    if (unknown) throw invalidXml('layoutxml', `there is no column ${unknown.attributes['name']}`);
  }
}

/** A publisher of solutions and an endpoint of steps stay. */
function checkReferences(store: Store, table: Table, id: string): void {
  const count =
    table.name === 'publisher'
      ? store.children('solution', 'publisherid', id).length
      : table.name === 'serviceendpoint'
        ? store.children('sdkmessageprocessingstep', 'eventhandler', id).length
        : 0;
  if (count === 0) return;
  throw new DataverseError(
    400,
    '0x8004F01F',
    `The ${table.name}(${id}) component cannot be deleted because it is referenced by ${count} other components. For a list of referenced components, use the RetrieveDependenciesForDeleteRequest.`,
  );
}

const SHOWN: Readonly<Record<string, readonly [title: string, columns: readonly string[]]>> = {
  opportunity: ['name', ['customerid', 'estimatedclosedate']],
  quote: ['name', ['quotenumber', 'customerid']],
  salesorder: ['name', ['ordernumber', 'customerid']],
  invoice: ['name', ['invoicenumber', 'customerid']],
  account: ['name', ['accountnumber', 'telephone1']],
  contact: ['fullname', ['emailaddress1']],
  product: ['name', ['productnumber']],
};
const TEXT = '{4273EDBD-AC1D-40d3-9FB2-095C621B552D}';
const MAIN = 2;

/** The main form and the default public view of the tables that deals are about. */
export function seedCustomizations(store: Store): void {
  for (const [table, [title, columns]] of Object.entries(SHOWN)) {
    const id = (what: string): string => guidFrom(`${what}/${table}`);
    const cells = [title, ...columns].map(
      (name) =>
        `<row><cell id="{${id(`cell/${name}`)}}"><labels><label description="${name}" languagecode="1033" /></labels><control id="${name}" classid="${TEXT}" datafieldname="${name}" /></cell></row>`,
    );
    const section = `<section name="general" showlabel="true" showbar="false" id="{${id('section')}}" columns="1"><labels><label description="General" languagecode="1033" /></labels><rows>${cells.join('')}</rows></section>`;
    const formxml = `<form><tabs><tab name="summary" id="{${id('tab')}}" IsUserDefined="0"><labels><label description="Summary" languagecode="1033" /></labels><columns><column width="100%"><sections>${section}</sections></column></columns></tab></tabs></form>`;
    const form = {
      formid: id('form'),
      name: 'Main',
      objecttypecode: table,
      type: MAIN,
      formxml,
      formactivationstate: 1,
    };
    store.insert(store.schema.table('systemform'), { ...form, isdefault: true }, true);
    const shown = [title, ...columns];
    store.insert(
      store.schema.table('savedquery'),
      {
        savedqueryid: id('view'),
        name: `Active ${titlesOf(table)[1]}`,
        returnedtypecode: table,
        querytype: 0,
        isdefault: true,
        layoutxml: `<grid name="resultset" jump="${title}" select="1" icon="1" preview="1"><row name="result" id="${table}id">${shown.map((name) => `<cell name="${name}" width="150" />`).join('')}</row></grid>`,
        fetchxml: `<fetch version="1.0" mapping="logical"><entity name="${table}">${[`${table}id`, ...shown].map((name) => `<attribute name="${name}" />`).join('')}<order attribute="${title}" /><filter type="and"><condition attribute="statecode" operator="eq" value="0" /></filter></entity></fetch>`,
      },
      true,
    );
  }
}
