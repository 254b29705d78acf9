/**
 * What a write tells whoever keeps its intent: its request leaves now. Before that it may have waited for a token or for
 * the identity of the environment.
 */
export interface WriteContext {
  /** Called before each request that may change something; what it throws keeps the request from being sent. */
  beforeSending(): Promise<void>;
}

/** For a write that is the same when it is made twice: it has no intent, and nobody asks when it left. */
export const REPEATABLE: WriteContext = { beforeSending: async () => undefined };
