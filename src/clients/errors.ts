export type RemoteApi = 'business-central' | 'dataverse' | 'entra';

/**
 * What went wrong, in a closed set. `unknown-outcome` is the dangerous one: a write may or may not have happened
 * (timeout, cut connection, 408, 500, 502, 504), so nothing may be asked again before one has looked.
 * `other-environment` is ours: nothing was asked, because another environment stands under the address.
 */
export type RemoteErrorCode =
  | 'throttled'
  | 'unavailable'
  | 'unknown-outcome'
  | 'not-found'
  | 'conflict'
  | 'locked'
  | 'unauthorized'
  | 'forbidden'
  | 'rejected'
  | 'other-environment'
  | 'unreadable';

export interface RemoteErrorFacts {
  readonly status?: number | undefined;
  /** The other side's own code, such as `Application_DialogException` or `0x80040217`. */
  readonly remoteCode?: string | undefined;
  /**
   * The other side's words; they may hold customer data, so they go to the ledger and not into a log: whatever prints
   * an error with its properties does not see this one.
   */
  readonly remoteMessage?: string | undefined;
  readonly requestId?: string | undefined;
  readonly retryAfterMs?: number | undefined;
}

/** One request that did not end well. The message says what was asked and what came back, never whose data. */
export class RemoteApiError extends Error {
  readonly api: RemoteApi;
  readonly code: RemoteErrorCode;
  readonly facts: RemoteErrorFacts;

  constructor(api: RemoteApi, code: RemoteErrorCode, asked: string, facts: RemoteErrorFacts) {
    const answer = [facts.status, facts.remoteCode].filter((part) => part !== undefined).join(' ');
    super(`${asked}: ${code}${answer ? ` (${answer})` : ''}`);
    this.name = 'RemoteApiError';
    this.api = api;
    this.code = code;
    const { remoteMessage, ...shown } = facts;
    this.facts = Object.defineProperty(shown, 'remoteMessage', { value: remoteMessage, enumerable: false });
  }

  /** True when the request certainly changed nothing; I3 lets a write be asked again at once only then. */
  get wasNotDone(): boolean {
    return this.code !== 'unknown-outcome' && this.code !== 'unreadable';
  }
}
