/** The card of permissions: which role may do which act. Pages, routes and commands ask here and nowhere else. */

export const ROLES = ['Viewer', 'Operator', 'Approver', 'Admin'] as const;
export type Role = (typeof ROLES)[number];

const EVERYBODY: readonly Role[] = ROLES;
/** Keeps the work going; decides nothing about money. */
const OPERATORS: readonly Role[] = ['Operator', 'Admin'];
/** Decides whether a document is posted. */
const APPROVERS: readonly Role[] = ['Approver', 'Admin'];
/** Either: ending what waits, running it again. */
const OPERATORS_AND_APPROVERS: readonly Role[] = ['Operator', 'Approver', 'Admin'];
const ADMINS: readonly Role[] = ['Admin'];

export const PERMISSIONS = {
  'list deals': EVERYBODY,
  'show a deal': EVERYBODY,
  'start a deal': OPERATORS,
  'confirm a deal': APPROVERS,
  'reject a deal': APPROVERS,
  'retry a deal': OPERATORS_AND_APPROVERS,
  'cancel a deal': OPERATORS_AND_APPROVERS,
  'note a deal': OPERATORS_AND_APPROVERS,
  'assign a deal': OPERATORS_AND_APPROVERS,
  'save a view': EVERYBODY,
  'preview a deal': EVERYBODY,
  'replay a deal': OPERATORS_AND_APPROVERS,
  // Each comparison reads both systems some hundred times.
  'compare rules': OPERATORS_AND_APPROVERS,
  'list mappings': EVERYBODY,
  'list master data': EVERYBODY,
  'retry master data': OPERATORS,
  'match accounts': OPERATORS,
  'decide matches': APPROVERS,
  'show drift': EVERYBODY,
  'repair drift': OPERATORS,
  'list feeds': EVERYBODY,
  'switch a feed': OPERATORS,
  'examine the installation': OPERATORS,
  'plan the connection': ADMINS,
  'connect the systems': ADMINS,
  'list environments': EVERYBODY,
  'accept an environment': ADMINS,
  'list credentials': ADMINS,
  'change credentials': ADMINS,
  'show the audit trail': EVERYBODY,
  'verify the audit trail': EVERYBODY,
  'seal the audit trail': OPERATORS,
  'export the audit trail': ADMINS,
  'erase personal content': ADMINS,
  'prune the ledger': ADMINS,
  'mark the ledger as restored': ADMINS,
  'migrate the ledger': ADMINS,
} as const satisfies Readonly<Record<string, readonly Role[]>>;

export type Act = keyof typeof PERMISSIONS;

/** Acts that leave no name for others to read: whoever does one may be called anything. */
export const READING_ACTS: ReadonlySet<Act> = new Set([
  'list deals',
  'show a deal',
  'save a view',
  'preview a deal',
  'compare rules',
  'list mappings',
  'list master data',
  'show drift',
  'list feeds',
  'examine the installation',
  'plan the connection',
  'list environments',
  'list credentials',
  'show the audit trail',
  'verify the audit trail',
] satisfies Act[]);

export const ACTS = Object.keys(PERMISSIONS) as Act[];

/** Each of them is enough. */
export function rolesFor(act: Act): readonly Role[] {
  return PERMISSIONS[act];
}

export function isAllowed(act: Act, roles: readonly Role[]): boolean {
  return rolesFor(act).some((role) => roles.includes(role));
}
