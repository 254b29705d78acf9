import type { Logger } from 'pino';
import type { RecordChange } from '../ledger/deals/record-changes.js';
import type { Ledger } from '../ledger/ledger.js';

/** Each move of a deal is one line, by the step that records it: the log tells the life of a deal without the ledger. */
export function logMoves(ledger: Ledger, log: Pick<Logger, 'info'>): Ledger {
  const say = (dealId: string, changes: RecordChange | readonly RecordChange[]): void => {
    for (const change of [changes].flat()) {
      const move = findMove(change);
      if (move) log.info({ dealId, ...move }, 'deal moved');
    }
  };
  return {
    ...ledger,
    async change(recordId, changes, audit) {
      await ledger.change(recordId, changes, audit);
      // A hold that is found again has no entry in the trail either.
      if (audit || ![changes].flat().some(({ kind }) => kind === 'held')) say(recordId, changes);
    },
    async openIntent(writeKey, recordId, at, startedFrom, decided) {
      const intent = await ledger.openIntent(writeKey, recordId, at, startedFrom, decided);
      // The decision is recorded with the first intent alone.
      if (decided && intent.state === 'first') say(recordId, decided.change);
      return intent;
    },
    async recordOutcome(outcome) {
      const isRecorded = await ledger.recordOutcome(outcome);
      if (isRecorded && outcome.change) say(outcome.recordId, outcome.change);
      return isRecorded;
    },
  };
}

/** States, reasons and ids; what a person typed, names and amounts stay in the ledger (I7). */
function findMove(change: RecordChange): Readonly<Record<string, unknown>> | undefined {
  switch (change.kind) {
    case 'drafted':
    case 'posted':
      return { state: change.kind };
    case 'held':
      return { state: change.kind, reason: change.reason };
    case 'carried':
      return { state: change.state, carrierId: change.carrierId };
    case 'state':
    case 'ended':
      return { state: change.state };
    default:
      return undefined;
  }
}
