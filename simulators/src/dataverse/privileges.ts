import { guidFrom } from '../kernel/random.js';
import type { SimRequest } from '../kernel/server.js';
import type { ExpandItem } from '../odata/query.js';
import { DataverseError, type Row, type Store } from './store.js';
import { HEADER_OF, type Table } from './tables.js';

/** What the roles of the Application User allow (reference/dataverse-sales 1.3, 1.5, 4.1). */

const BY_METHOD: Readonly<Record<string, string>> = {
  GET: 'Read',
  POST: 'Create',
  PATCH: 'Write',
  PUT: 'Write',
  DELETE: 'Delete',
};
const VERBS = ['Create', 'Read', 'Write', 'Delete', 'Append', 'AppendTo', 'Assign', 'Share'];
/** Privileges bear these names, lines none of their own. */
const NAMES: Readonly<Record<string, string>> = {
  annotation: 'Note',
  salesorder: 'SalesOrder',
  transactioncurrency: 'TransactionCurrency',
  uom: 'UoM',
};

/** `account:Read` denies all reading, `account:OrganizationRead` only what wants the depth of the organization. */
export function checkPrivilege(store: Store, table: Table, request: SimRequest, denied: readonly string[]): void {
  const verb = BY_METHOD[request.method] ?? 'Read';
  const isTracked = /odata\.track-changes/i.test(request.headers['prefer'] ?? '') || /deltatoken/.test(request.rawUrl);
  if (isTracked && denied.includes(`${table.name}:OrganizationRead`)) throw missing(store, table.name, verb);
  demand({ store, denied }, table, verb);
}

/** What is expanded is read (reference/dataverse-sales 12, trap 32). */
export function checkExpanded(api: Asked, table: Table, items: readonly ExpandItem[] = []): void {
  for (const { nav, options } of items) {
    const name = table.navs.get(nav)?.target ?? (table.collections[nav] ?? table.links[nav])?.table;
    if (name === undefined) continue;
    const target = api.store.schema.table(name);
    demand(api, target, 'Read');
    checkExpanded(api, target, options.expand);
  }
}

/**
 * A row that refers to another one takes Append on its own table and Append To on the other (MicrosoftDocs/power-platform,
 * admin/how-record-access-determined.md).
 */
export function checkAppend(api: Asked, table: Table, values: Row): void {
  for (const [column, targets] of table.lookups) {
    const id = values[column];
    // To give a row to another owner is Assign.
    if (typeof id !== 'string' || column === 'ownerid') continue;
    const name = Object.values(targets).find((one) => api.store.find(one, id));
    if (name === undefined) continue;
    demand(api, table, 'Append');
    demand(api, api.store.schema.table(name), 'AppendTo');
  }
}

/** The environment, and what of it is denied. */
interface Asked {
  readonly store: Store;
  readonly denied: readonly string[];
}

function demand({ store, denied }: Asked, { name }: Table, verb: string): void {
  // Lines are read by the privilege of their document.
  const names = verb === 'Read' || verb === 'Append' ? [name, HEADER_OF.get(name) ?? name] : [name];
  const found = names.find((one) => denied.includes(`${one}:${verb}`));
  if (found !== undefined) throw missing(store, found, verb);
}

function missing(store: Store, name: string, verb: string): DataverseError {
  const text = `Principal user (Id=${store.userId}, type=8) is missing ${nameOf(verb, name)} privilege (OTC=1) on entity '${name}'.`;
  return new DataverseError(403, '0x80040220', text);
}

function nameOf(verb: string, table: string): string {
  return `prv${verb}${NAMES[table] ?? table.charAt(0).toUpperCase() + table.slice(1)}`;
}

/** The answer of RetrieveUserPrivileges: what all roles together allow. */
export function userPrivileges(store: Store, denied: readonly string[]): object[] {
  const businessUnit = guidFrom('business unit');
  return store.schema.tables.flatMap(({ name }) =>
    VERBS.filter((verb) => !denied.includes(`${name}:${verb}`)).map((verb) => ({
      Depth: verb === 'Read' && denied.includes(`${name}:OrganizationRead`) ? 'Basic' : 'Global',
      PrivilegeId: guidFrom(`privilege/${verb}/${name}`),
      BusinessUnitId: businessUnit,
      PrivilegeName: nameOf(verb, name),
    })),
  );
}
