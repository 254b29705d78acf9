import { guidFrom } from '../kernel/random.js';

/** The people of the simulated tenant: one for each app role, one with a group instead, and one who was given nothing. */
export interface SimUser {
  readonly id: string;
  readonly name: string;
  readonly userName: string;
  /** Of the desk's app registration. */
  readonly roles: readonly string[];
  /** Ids of security groups. */
  readonly groups: readonly string[];
}

export const DOMAIN = 'nordwerk.onmicrosoft.com';

export const APPROVERS_GROUP = guidFrom('group of approvers');

const user = (name: string, roles: readonly string[], groups: readonly string[] = []): SimUser => ({
  id: guidFrom(`user ${name}`),
  name,
  userName: `${name.toLowerCase().replace(' ', '.')}@${DOMAIN}`,
  roles,
  groups,
});

export const USERS: readonly SimUser[] = [
  user('Vera Lund', ['Viewer']),
  user('Oskar Brandt', ['Operator']),
  user('Paula Stein', ['Approver']),
  user('Pedro Winter', ['Approver']),
  user('Adam Roth', ['Admin']),
  user('Greta Holm', [], [APPROVERS_GROUP]),
  user('Nora Falk', []),
];
