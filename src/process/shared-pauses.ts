import type { Logger } from 'pino';
import type { SharedPauses } from '../clients/http/throttle.js';
import type { ThrottledLaneLedger, ThrottledLaneRef } from '../ledger/settings/throttled-lanes.js';

/** The pauses of one lane as its workers share them: in the ledger, and each logged once by whoever met it first. */
export function createSharedPauses(
  lane: ThrottledLaneRef,
  { lanes, log }: { readonly lanes: ThrottledLaneLedger; readonly log: Logger },
): SharedPauses {
  return {
    find: () => lanes.find(lane),
    async begin(refused) {
      const pause = await lanes.pause(lane, refused);
      const { problem } = refused;
      if (pause.isNew) log.warn({ ...lane, until: pause.until, problem }, 'throttled, lane paused: deals wait');
      return pause;
    },
    isOver: () => log.info(lane, 'throttling is over, lane goes on'),
  };
}
