import type { Actor } from '../deal/actor.js';
import { ROLES, type Role } from './permissions.js';

/** Who acts, as the trail records it, and what this person may do. */
export interface Person extends Actor {
  readonly roles: readonly Role[];
}

/**
 * Whoever runs the command line has the ledger's and Temporal's own credentials, and with them every right there is. The
 * name is what the operating system says, or what was typed: nobody proved it, so it counts as unverified.
 */
export function toCommandLinePerson(name: string): Person {
  return { name, source: 'cli', isVerified: false, roles: ['Admin'] };
}

/** Somebody who signed in, at the page or with a token. */
export interface SignedIn {
  /** Object id at the issuer: another name is still the same person. */
  readonly subject: string;
  readonly name: string;
  readonly roles: readonly string[];
  /** Whether an issuer proved who it is. */
  readonly isVerified: boolean;
}

export function toPerson({ subject, name, roles, isVerified }: SignedIn, source: 'desk' | 'api'): Person {
  return { name, source, isVerified, personId: subject, roles: ROLES.filter((role) => roles.includes(role)) };
}
