import { workflowInfo } from '@temporalio/workflow';

/** How often a run does something while nobody decides, so that its history stays short however long it waits. */

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** A hold is checked again by itself, since its cause may be repaired without a hint to us: the older, the less often. */
export function recheckAfterMs(heldForMs: number): number {
  if (heldForMs < DAY_MS) return HOUR_MS;
  return heldForMs < 7 * DAY_MS ? 6 * HOUR_MS : DAY_MS;
}

/** Short enough to be replayed in a moment: before it waits once more, a longer run goes on in a new one. */
const MAX_BEFORE_WAITING = 300;
/** Far from the limits of the server: what comes while a run waits, refused messages above all, makes it long as well. */
const MAX_WHILE_WAITING = 2_000;

export function isRunLong(when: 'before-waiting' | 'while-waiting'): boolean {
  const { historyLength, continueAsNewSuggested } = workflowInfo();
  return historyLength > (when === 'before-waiting' ? MAX_BEFORE_WAITING : MAX_WHILE_WAITING) || continueAsNewSuggested;
}

const QUIET_AFTER_MS = 300_000;
const MIN_REST_MS = 1_000;
const MAX_REST_MS = 60_000;

/** Whoever edits a record line by line sends many changes: the first is read at once, the next ones together. */
export class ReadingPace {
  private lastAt: number | undefined;
  private restMs = 0;

  /** How long to gather further changes before reading again. */
  next(nowMs: number): number {
    const isQuiet = this.lastAt === undefined || nowMs - this.lastAt > QUIET_AFTER_MS;
    this.restMs = isQuiet ? 0 : Math.min(Math.max(this.restMs * 2, MIN_REST_MS), MAX_REST_MS);
    this.lastAt = nowMs + this.restMs;
    return this.restMs;
  }
}
