import type { SimRequest } from '../kernel/server.js';
import { DataverseError, type Row, type Store } from './store.js';
import { parseXml, type XmlElement } from './xml.js';

/** What solutions hold, what waits to be published, and what refers to what (reference/dataverse-sales 11.2). */

const COMPONENT_TYPES = {
  entity: 1,
  attribute: 2,
  savedquery: 26,
  systemform: 60,
  sdkmessageprocessingstep: 92,
  serviceendpoint: 95,
} as const;
type Component = keyof typeof COMPONENT_TYPES;

export function isComponent(table: string): table is Component {
  return table in COMPONENT_TYPES;
}

/** With `MSCRM.SolutionUniqueName` what is written becomes a part of that solution. */
export function noteComponent(store: Store, request: SimRequest, kind: Component, objectId: string): void {
  const name = request.headers['mscrm.solutionuniquename'];
  if (name === undefined) return;
  const solution = findSolution(store, name);
  const solutionid = String(solution['solutionid']);
  const isThere = store
    .children('solutioncomponent', 'solutionid', solutionid)
    .some((one) => one['objectid'] === objectId);
  if (isThere) return;
  const row: Row = { solutionid, componenttype: COMPONENT_TYPES[kind], objectid: objectId };
  store.insert(store.schema.table('solutioncomponent'), row);
}

export function findSolution(store: Store, name: string): Row {
  for (const row of store.all('solution'))
    if (String(row['uniquename']).toLowerCase() === name.toLowerCase()) return row;
  throw new DataverseError(404, '0x80040217', `The solution with the unique name ${name} was not found.`);
}

/** What is deleted is in no solution any more; a solution that is deleted leaves what it held (unmanaged). */
export function forgetComponent(store: Store, id: string): void {
  const table = store.schema.table('solutioncomponent');
  const found = [...store.all('solutioncomponent')].filter((row) => row['objectid'] === id || row['solutionid'] === id);
  for (const row of found) store.remove(table, row);
}

/** `PublishXml` names its entities; `PublishAllXml` publishes everything. */
export function publish(store: Store, parameterXml: unknown): void {
  const entities = parameterXml === undefined ? undefined : entitiesOf(parameterXml);
  const kept = store.unpublished.splice(0).filter(({ entity, apply }) => {
    if (entities !== undefined && !entities.has(entity)) return true;
    apply();
    return false;
  });
  store.unpublished.push(...kept);
}

function entitiesOf(parameterXml: unknown): ReadonlySet<string> {
  const root = readXml(String(parameterXml), 'ParameterXml');
  if (root.name !== 'importexportxml') throw invalidXml('ParameterXml', `<${root.name}> is no importexportxml`);
  const entities = root.children.filter(({ name }) => name === 'entities').flatMap(({ children }) => children);
  return new Set(entities.map(({ text }) => text.trim()));
}

export function readXml(text: string, what: string): XmlElement {
  try {
    return parseXml(text);
  } catch (error) {
    if (error instanceof SyntaxError) throw invalidXml(what, error.message);
    throw error;
  }
}

export function invalidXml(what: string, reason: string): DataverseError {
  return new DataverseError(400, '0x80040203', `${what} is not valid: ${reason}`);
}

/** Every element of a name below one. */
export function elementsOf(root: XmlElement, name: string): XmlElement[] {
  const below = root.children.flatMap((child) => elementsOf(child, name));
  return root.name === name ? [root, ...below] : below;
}
