import { guidFrom } from '../kernel/random.js';
import type { SimRequest } from '../kernel/server.js';
import { DataverseError, type Store } from './store.js';
import type { Table } from './tables.js';

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
const NAMES: Readonly<Record<string, string>> = { annotation: 'Note', salesorder: 'SalesOrder', uom: 'UoM' };

/** `account:Read` denies all reading, `account:OrganizationRead` only what wants the depth of the organization. */
export function checkPrivilege(store: Store, table: Table, request: SimRequest, denied: readonly string[]): void {
  const privilege = BY_METHOD[request.method] ?? 'Read';
  const isTracked = /odata\.track-changes/i.test(request.headers['prefer'] ?? '') || /deltatoken/.test(request.rawUrl);
  const isDenied =
    denied.includes(`${table.name}:${privilege}`) || (isTracked && denied.includes(`${table.name}:OrganizationRead`));
  if (!isDenied) return;
  throw new DataverseError(
    403,
    '0x80040220',
    `Principal user (Id=${store.userId}, type=8) is missing prv${privilege}${table.name} privilege (OTC=1) on entity '${table.name}'.`,
  );
}

/** The answer of RetrieveUserPrivileges: what all roles together allow. */
export function userPrivileges(store: Store, denied: readonly string[]): object[] {
  const businessUnit = guidFrom('business unit');
  return store.schema.tables.flatMap(({ name }) =>
    VERBS.filter((verb) => !denied.includes(`${name}:${verb}`)).map((verb) => ({
      Depth: verb === 'Read' && denied.includes(`${name}:OrganizationRead`) ? 'Basic' : 'Global',
      PrivilegeId: guidFrom(`privilege/${verb}/${name}`),
      BusinessUnitId: businessUnit,
      PrivilegeName: `prv${verb}${NAMES[name] ?? name.charAt(0).toUpperCase() + name.slice(1)}`,
    })),
  );
}
