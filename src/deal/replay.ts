import type { Actor } from './actor.js';

/** Who wants a deal run again, of which revision and by which mapping. */
export interface Replay {
  readonly actor: Actor;
  readonly revision?: string;
  /** The hash of a stored mapping; today's when it is not given. */
  readonly mapping?: string;
}
