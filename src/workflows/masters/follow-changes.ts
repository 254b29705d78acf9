import type { SignalDefinition } from '@temporalio/workflow';
import { condition, setCurrentDetails, setHandler, workflowInfo } from '@temporalio/workflow';
import type { HoldReason } from '../../deal/holds.js';
import { retryMasterSignal, type SyncRequest, type SyncStatus, syncStatusQuery } from './messages.js';

/** One writer for each account or product: changes gather for a moment, become one pass, and an idle run ends. */

export interface Following {
  readonly changed: SignalDefinition<[SyncRequest]>;
  readonly quietMs: number;
  readonly request: SyncRequest | undefined;
  /** One pass over everything; returns why a person is needed. */
  readonly pass: (isThorough: boolean) => Promise<readonly HoldReason[]>;
  /** Ends this run and begins a new one with what is left. */
  readonly goOn: (request: SyncRequest) => Promise<never>;
}

/** A stream of changes is not waited for longer than this many quiet times. */
const QUIET_TIMES = 12;
/** What a person has to repair is compared again without being asked for. */
const RECHECK_INTERVAL = '1h';

export async function followChanges({ changed, quietMs, request, pass, goOn }: Following): Promise<void> {
  let asked = request ? 1 : 0;
  let isThorough = request?.isThorough ?? false;
  let passes = 0;
  let reasons: readonly HoldReason[] = [];
  const take = (wanted: SyncRequest): void => {
    asked += 1;
    isThorough ||= wanted.isThorough ?? false;
  };
  setHandler(changed, take, { description: 'Something changed in Sales' });
  setHandler(retryMasterSignal, () => take({ isThorough: true }), { description: 'Compare everything again' });
  setHandler(syncStatusQuery, (): SyncStatus => ({ passes, reasons }));

  for (;;) {
    await condition(() => asked > 0);
    const latest = Date.now() + quietMs * QUIET_TIMES;
    for (let seen = -1; seen !== asked && Date.now() < latest; ) {
      seen = asked;
      if (quietMs > 0) await condition(() => asked !== seen, quietMs);
    }
    const isEverything = isThorough;
    asked = 0;
    isThorough = false;
    reasons = await pass(isEverything);
    passes += 1;
    setCurrentDetails(reasons.length > 0 ? `### a person is needed\n\n${reasons.join(', ')}` : '### in agreement');
    if (asked > 0) continue;
    // A signal that comes at this very moment makes the server refuse the end and ask again.
    if (reasons.length === 0) return;
    const isAsked = await condition(() => asked > 0, RECHECK_INTERVAL);
    if (!isAsked) take({ isThorough: true });
    if (workflowInfo().continueAsNewSuggested) await goOn({ isThorough });
  }
}
