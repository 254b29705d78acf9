import { condition, defineQuery, defineSignal, setHandler, workflowInfo } from '@temporalio/workflow';
import { NUDGE, PAUSE, POSITION, RESUME } from '../deal/business-central-feeds.js';

/** Where people and webhooks meet a loop: pause, resume, nudge, and the question where it stands. */
export interface FeedDesk<Position> {
  readonly isPaused: boolean;
  show(position: Position): void;
  /** Waits while the loop is paused; the reading that comes next answers every nudge that came before it. */
  untilResumed(): Promise<void>;
  /** Waits for the time or for a nudge, whichever is first; one that came during the reading counts. */
  rest(seconds: number): Promise<void>;
  /** A run keeps a history: after some thousand events the loop goes on in a new one. */
  isFull(): boolean;
}

/** Each signal is a few events, and only the server's advice on events is known. */
const MOST_SIGNALS = 1_000;

export const pauseSignal = defineSignal(PAUSE);
export const resumeSignal = defineSignal(RESUME);
export const nudgeSignal = defineSignal(NUDGE);

export function openFeedDesk<Position extends object>(
  position: Position,
  isPausedAtFirst: boolean,
): FeedDesk<Position> {
  let shown = position;
  let isPaused = isPausedAtFirst;
  let isNudged = false;
  let signals = 0;
  setHandler(pauseSignal, () => {
    signals += 1;
    isPaused = true;
  });
  setHandler(resumeSignal, () => {
    signals += 1;
    isPaused = false;
  });
  setHandler(nudgeSignal, () => {
    signals += 1;
    isNudged = true;
  });
  setHandler(defineQuery<Position & { readonly isPaused: boolean }>(POSITION), () => ({ ...shown, isPaused }));
  return {
    get isPaused() {
      return isPaused;
    },
    show(next) {
      shown = next;
    },
    async untilResumed() {
      await condition(() => !isPaused);
      isNudged = false;
    },
    async rest(seconds) {
      await condition(() => isNudged || isPaused, seconds * 1_000);
    },
    isFull: () => workflowInfo().continueAsNewSuggested || signals >= MOST_SIGNALS,
  };
}
