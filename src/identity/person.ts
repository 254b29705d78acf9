import type { Actor } from '../deal/actor.js';
import type { Role } from './permissions.js';

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
