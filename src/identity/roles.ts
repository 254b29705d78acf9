import { ROLES, type Role } from './permissions.js';

/** Which of the issuer's words make which role: app roles by name, groups by id. */
export interface RoleNames {
  /** The claim of the app roles, `roles` at Entra. */
  readonly rolesClaim: string;
  readonly groupsClaim: string;
  readonly byName: Readonly<Record<Role, readonly string[]>>;
  readonly byGroup: Readonly<Record<Role, readonly string[]>>;
}

/** What an issuer says of somebody; nothing in it is believed before its signature is checked. */
export type Claims = Readonly<Record<string, unknown>>;

/** The roles that the claims give, in the order of the card; names compare in any case, as groups do. */
export function toRoles(claims: Claims, { rolesClaim, groupsClaim, byName, byGroup }: RoleNames): Role[] {
  const given = toLowerSet(claims[rolesClaim]);
  const groups = toLowerSet(claims[groupsClaim]);
  return ROLES.filter(
    (role) =>
      byName[role].some((name) => given.has(name.toLowerCase())) ||
      byGroup[role].some((group) => groups.has(group.toLowerCase())),
  );
}

/** One value may come without a list around it. */
function toLowerSet(claim: unknown): ReadonlySet<string> {
  const values = Array.isArray(claim) ? claim : [claim];
  return new Set(values.filter((value) => typeof value === 'string').map((value) => value.toLowerCase()));
}

/**
 * `Approver=Finance Approver, Approver=Head of Finance`: what is not named keeps `fallback`.
 *
 * @returns undefined when a part is no pair of a role and a name
 */
export function parseRoleNames(
  text: string,
  fallback: (role: Role) => readonly string[],
): Readonly<Record<Role, readonly string[]>> | undefined {
  const pairs = text
    .split(',')
    .filter((part) => part.trim() !== '')
    .map((part) => /^\s*(\w+)\s*=\s*(.*\S)\s*$/.exec(part));
  const named = new Map<Role, string[]>();
  for (const pair of pairs) {
    const role = ROLES.find((one) => one === pair?.[1]);
    const name = pair?.[2];
    if (role === undefined || name === undefined) return undefined;
    named.set(role, [...(named.get(role) ?? []), name]);
  }
  const of = (role: Role): readonly string[] => named.get(role) ?? fallback(role);
  return { Viewer: of('Viewer'), Operator: of('Operator'), Approver: of('Approver'), Admin: of('Admin') };
}
