import type { SignalDefinition } from '@temporalio/workflow';
import {
  ActivityFailure,
  ApplicationFailure,
  condition,
  log,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { parseSyncRequest } from '../../deal/decisions.js';
import { REFUSED } from '../../deal/failure-types.js';
import type { HoldReason, Problem } from '../../deal/holds.js';
import { PRIORITIES } from '../../deal/lanes.js';
import { findMisfit, type IgnoredSignal, ignoreOtherSignals, parseOrRefuse } from '../strict-input.js';
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

/** Whether this run was begun for a row of a full reading: nothing has just changed, so it need not wait for quiet, and what it starts may wait as well. */
export function isBackfillRun(): boolean {
  return workflowInfo().priority?.priorityKey === PRIORITIES.backfill;
}

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
  let ignoredSignal: string | undefined;
  const show = (): void => {
    const lines = reasons.length > 0 ? ['### a person is needed', reasons.join(', ')] : ['### in agreement'];
    if (ignoredSignal !== undefined) lines.push(`ignored signal: ${ignoredSignal}`);
    setCurrentDetails(lines.join('\n\n'));
  };
  const ignore = ({ text }: IgnoredSignal): void => {
    ignoredSignal = text;
    show();
  };
  const takeUnlessMisfit = (input: unknown): void => {
    const misfit = findMisfit(changed.name, () => void parseOrRefuse(() => parseSyncRequest(input)));
    if (misfit) ignore(misfit);
    else take(parseSyncRequest(input));
  };
  setHandler(changed, takeUnlessMisfit, { description: 'Something changed in Sales' });
  // It carries nothing, and whatever it carries is not read.
  setHandler(retryMasterSignal, () => take({ isThorough: true }), { description: 'Compare everything again' });
  setHandler(
    syncStatusQuery,
    (): SyncStatus => ({ passes, reasons, ...(ignoredSignal !== undefined && { ignoredSignal }) }),
  );
  ignoreOtherSignals([changed.name, retryMasterSignal.name], ignore);

  for (;;) {
    await condition(() => asked > 0);
    const restMs = passes === 0 && isBackfillRun() ? 0 : quietMs;
    const latest = Date.now() + restMs * QUIET_TIMES;
    for (let seen = -1; seen !== asked && Date.now() < latest; ) {
      seen = asked;
      if (restMs > 0) await condition(() => asked !== seen, restMs);
    }
    const isEverything = isThorough;
    asked = 0;
    isThorough = false;
    reasons = await pass(isEverything).catch(toReasons);
    passes += 1;
    show();
    if (asked === 0) {
      // A signal that comes at this very moment makes the server refuse the end and ask again.
      if (reasons.length === 0) return;
      const isAsked = await condition(() => asked > 0, RECHECK_INTERVAL);
      if (!isAsked) take({ isThorough: true });
    }
    if (workflowInfo().continueAsNewSuggested) await goOn({ isThorough });
  }
}

/** A step that can never succeed is shown and compared again like what a person has to repair; bugs go their way. */
function toReasons(error: unknown): readonly HoldReason[] {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  if (!(cause instanceof ApplicationFailure) || cause.type !== REFUSED) throw error;
  log.warn('a pass was refused', { type: cause.type });
  return ((cause.details ?? []) as Problem[]).map(({ reason }) => reason);
}
