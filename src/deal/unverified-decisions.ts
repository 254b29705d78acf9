import type { Actor } from './actor.js';

/** Which confirmations count that nobody proved: all, those that were signalled to Temporal or typed into its tools, or none. */
export type UnverifiedDecisions = 'accepted' | 'by-signal' | 'refused';

/** Whether one counts that nobody proved. */
export function countsUnverified(unverified: UnverifiedDecisions, { source }: Pick<Actor, 'source'>): boolean {
  return unverified === 'accepted' || (unverified === 'by-signal' && source === 'signal');
}
