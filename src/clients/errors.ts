import type { RemoteErrorCode } from '../deal/error-codes.js';
import { DealbridgeError } from '../deal/errors.js';
import type { RemoteApi } from '../deal/failure-types.js';

export type { RemoteApi, RemoteErrorCode };

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
  /** The entity set of the row that was addressed by its key; undefined when none was. */
  readonly rowOf?: string | undefined;
  readonly retryAfterMs?: number | undefined;
}

/** One request that did not end well. The message says what was asked and what came back, never whose data. */
export class RemoteApiError extends DealbridgeError {
  readonly api: RemoteApi;
  declare readonly code: RemoteErrorCode;
  readonly facts: RemoteErrorFacts;

  constructor(api: RemoteApi, code: RemoteErrorCode, asked: string, facts: RemoteErrorFacts) {
    const answer = [facts.status, facts.remoteCode].filter((part) => part !== undefined).join(' ');
    super(code, `${asked}: ${code}${answer ? ` (${answer})` : ''}`);
    this.api = api;
    const { remoteMessage, ...shown } = facts;
    this.facts = Object.defineProperty(shown, 'remoteMessage', { value: remoteMessage, enumerable: false });
  }

  /** True when the request certainly changed nothing; I3 lets a write be asked again at once only then. */
  get wasNotDone(): boolean {
    return this.code !== 'unknown-outcome' && this.code !== 'unreadable';
  }
}
