import { ActivityFailure, continueAsNew, log } from '@temporalio/workflow';
import type { FlowPlaceInReading } from '../../activities/flows/flow.js';
import type { FlowStep } from '../../activities/flows/flow-steps.js';
import type { CompanyInLane } from '../../deal/lanes.js';
import { useLaneOf } from '../lane-activities.js';
import { flowCarrying, flowReading } from './activities.js';
import { createFeedHandlers } from './feed-handlers.js';
import { createRefusedRest } from './refused-rest.js';

export interface CarryFlowInput extends FlowStep, CompanyInLane {
  readonly isPaused?: boolean;
  readonly position?: FlowPosition;
}

export interface FlowPosition {
  /** Since this run of the loop began; the ledger knows the numbers of ever. */
  readonly carried: number;
  readonly noted: number;
  readonly lastError: string | undefined;
}

/** What may still land is looked for again. */
const AFTER_DEFERRAL_SECONDS = 60;

/** One flow of one company: what changed is taken into the ledger, then carried. It ends when the rules name it no more. */
export async function carryFlow(input: CarryFlowInput): Promise<void> {
  const { companyId, lane, flow } = input;
  useLaneOf(input);
  const step: FlowStep = { companyId, flow };
  let position: FlowPosition = input.position ?? { carried: 0, noted: 0, lastError: undefined };
  const handlers = createFeedHandlers<FlowPosition>(position, input.isPaused ?? false);
  const afterRefusal = createRefusedRest();
  while (!handlers.isFull()) {
    await handlers.untilResumed();
    if (handlers.isPaused) continue;
    const restSeconds = await readAndCarry();
    if (restSeconds === 'off') return;
    await handlers.rest(restSeconds);
  }
  await continueAsNew<typeof carryFlow>({
    ...step,
    ...(lane !== undefined && { lane }),
    isPaused: handlers.isPaused,
    position,
  });

  async function readAndCarry(): Promise<number | 'off'> {
    try {
      let place: FlowPlaceInReading = {};
      do {
        const page = await flowReading.collectFlow({ ...step, ...place });
        if (page === 'off') return 'off';
        place = { next: page.next, beganAt: page.beganAt };
      } while (place.next !== undefined && !handlers.isPaused);
      const restSeconds = await carryAll();
      afterRefusal.reset();
      return restSeconds;
    } catch (error) {
      if (!(error instanceof ActivityFailure)) throw error;
      const lastError = error.cause?.message ?? error.message;
      log.warn('a flow stands still', { flow, lastError });
      show({ ...position, lastError });
      return afterRefusal.next();
    }
  }

  async function carryAll(): Promise<number> {
    for (;;) {
      const { carried, noted, deferred, hasMore, everySeconds } = await flowCarrying.carryFlow(step);
      show({ carried: position.carried + carried, noted: position.noted + noted, lastError: undefined });
      if (hasMore && !handlers.isPaused && !handlers.isFull()) continue;
      return deferred > 0 ? Math.min(AFTER_DEFERRAL_SECONDS, everySeconds) : everySeconds;
    }
  }

  function show(next: FlowPosition): void {
    position = next;
    handlers.show(next);
  }
}
