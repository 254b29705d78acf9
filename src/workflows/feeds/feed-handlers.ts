import { condition, defineQuery, defineSignal, defineUpdate, setHandler, workflowInfo } from '@temporalio/workflow';
import { NUDGE, PAUSE, POSITION, RESUME } from '../../deal/business-central-feeds.js';

/** Where people and webhooks meet a loop: pause, resume, nudge, and the question where it stands. */
export interface FeedHandlers<Position> {
  readonly isPaused: boolean;
  show(position: Position): void;
  /** Waits while the loop is paused; the reading that comes next answers every nudge that came before it. */
  untilResumed(): Promise<void>;
  /** Waits for the time or for a nudge, whichever is first; one that came during the reading counts. */
  rest(seconds: number): Promise<void>;
  /** A run keeps a history: after some thousand events the loop goes on in a new one. */
  isFull(): boolean;
}

/** Each word is a few events, and only the server's advice on events is known. */
const MAX_COMMANDS_PER_RUN = 1_000;

export type FeedAnswer<Position> = Position & { readonly isPaused: boolean };

export function createFeedHandlers<Position extends object>(
  positionAtFirst: Position,
  isPausedAtFirst: boolean,
): FeedHandlers<Position> {
  let shown = positionAtFirst;
  let isPaused = isPausedAtFirst;
  let isNudged = false;
  let words = 0;
  const position = (): FeedAnswer<Position> => ({ ...shown, isPaused });
  const hear = (change: () => void) => (): FeedAnswer<Position> => {
    words += 1;
    change();
    return position();
  };
  const pause = hear(() => {
    isPaused = true;
  });
  const resume = hear(() => {
    isPaused = false;
  });
  const nudge = hear(() => {
    isNudged = true;
  });
  setHandler(defineQuery<FeedAnswer<Position>>(POSITION), position, { description: 'How far the loop has come' });
  // An update tells the person what came of it; signals are for webhooks and for tools that know nothing else.
  for (const [name, work, description] of [
    [PAUSE, pause, 'Do nothing until resumed'],
    [RESUME, resume, 'Go on where it stood'],
    [NUDGE, nudge, 'Look now'],
  ] as const) {
    setHandler(defineUpdate<FeedAnswer<Position>>(name), work, { description });
    setHandler(defineSignal(name), () => void work());
  }
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
    isFull: () => workflowInfo().continueAsNewSuggested || words >= MAX_COMMANDS_PER_RUN,
  };
}
