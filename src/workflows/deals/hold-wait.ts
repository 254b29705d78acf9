import { ActivityFailure, CancellationScope, condition, TimeoutFailure } from '@temporalio/workflow';
import type { RecordRef } from '../../deal/deal.js';
import { NOTHING_SEEN } from '../../deal/failure-types.js';
import { HOLDS_SEEN_BY_READING, type Problem } from '../../deal/holds.js';
import { watchHolds } from '../activity-options.js';
import type { HeldSince } from './messages.js';
import { recheckAfterMs } from './pace.js';

/** Remembers since when a deal has waited for the same, over the steps that are repeated and over the runs. */
export class HoldAge {
  private held: HeldSince | undefined;

  constructor(held: HeldSince | undefined) {
    this.held = held;
  }

  /** @returns whether the deal waited for the same before */
  begin(problems: readonly Problem[], step: string, nowMs: number): boolean {
    const { held } = this;
    const isSame = held !== undefined && JSON.stringify(held.problems) === JSON.stringify(problems);
    this.held = { problems, step, sinceMs: isSame ? held.sinceMs : nowMs };
    return isSame;
  }

  /** The step went on: should it be held for the same later, that is another hold. */
  end(step: string): void {
    if (this.held?.step === step) this.held = undefined;
  }

  /** Nothing holds a deal that people are asked to confirm. */
  endAny(): void {
    this.held = undefined;
  }

  get since(): HeldSince | undefined {
    return this.held;
  }
}

/**
 * Waits until a person or a hint ends the hold, or until its step is worth repeating: both sides look otherwise, or the time
 * has come. What reading shows is watched outside of the run's history.
 */
export async function waitWhileHeld(
  ref: RecordRef,
  { problems, sinceMs }: Omit<HeldSince, 'step'>,
  isWoken: () => boolean,
): Promise<void> {
  const firstMs = recheckAfterMs(Date.now() - sinceMs);
  if (!problems.every(({ reason }) => HOLDS_SEEN_BY_READING.has(reason))) {
    await condition(isWoken, firstMs);
    return;
  }
  let end: 'due' | 'refused' | undefined;
  const scope = new CancellationScope({ cancellable: true });
  const watching = scope.run(async () => {
    const { watchHold } = watchHolds(firstMs);
    end = await watchHold({ ref })
      .then((seen) => (seen === NOTHING_SEEN ? seen : watchHold({ ref, seen })))
      .then(
        (seen) => (seen === NOTHING_SEEN ? 'refused' : 'due'),
        (error) => (isTimeUp(error) ? 'due' : 'refused'),
      );
  });
  await condition(() => isWoken() || end !== undefined);
  // Whoever may not look repeats the step, as for any other hold.
  if (end === 'refused') await condition(isWoken, firstMs);
  scope.cancel();
  await watching;
}

/** Nothing has changed for as long as a watch lasts. */
function isTimeUp(error: unknown): boolean {
  return error instanceof ActivityFailure && error.cause instanceof TimeoutFailure;
}
