import { condition, setHandler, workflowInfo } from '@temporalio/workflow';
import { NUDGE, PAUSE, RESUME } from '../../deal/business-central-feeds.js';
import { parseDecider } from '../../deal/decisions.js';
import { findMisfit, type IgnoredSignal, ignoreOtherSignals, parseOrRefuse } from '../strict-input.js';
import {
  type FeedAnswer,
  loopPositionQuery,
  nudgeLoopSignal,
  nudgeLoopUpdate,
  pauseLoopSignal,
  pauseLoopUpdate,
  resumeLoopSignal,
  resumeLoopUpdate,
} from './messages.js';

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

/** Each command is a few events, and only the server's advice on events is known. */
const MAX_COMMANDS_PER_RUN = 1_000;

export function createFeedHandlers<Position extends object>(
  positionAtFirst: Position,
  isPausedAtFirst: boolean,
): FeedHandlers<Position> {
  let shown = positionAtFirst;
  let isPaused = isPausedAtFirst;
  let isNudged = false;
  let commands = 0;
  let ignoredSignal: string | undefined;
  const position = (): FeedAnswer<Position> => ({
    ...shown,
    isPaused,
    ...(ignoredSignal !== undefined && { ignoredSignal }),
  });
  const taking = (change: () => void) => (): FeedAnswer<Position> => {
    commands += 1;
    change();
    return position();
  };
  const pause = taking(() => {
    isPaused = true;
  });
  const resume = taking(() => {
    isPaused = false;
  });
  const nudge = taking(() => {
    isNudged = true;
  });
  // Nothing of it is kept, so that the name may be left out; what is there has to fit all the same.
  const validator = (input?: unknown): void => {
    if (input !== undefined) parseOrRefuse(() => parseDecider(input));
  };
  const unlessMisfit = (signal: string, act: () => unknown) => (input?: unknown) => {
    const misfit = findMisfit(signal, () => validator(input));
    if (misfit) ignore(misfit);
    else act();
  };
  const ignore = ({ text }: IgnoredSignal): void => {
    ignoredSignal = text;
  };
  setHandler(loopPositionQuery, position, { description: 'How far the loop has come' });
  // An update tells the person what came of it; signals are for webhooks and for tools that know nothing else.
  setHandler(pauseLoopUpdate, pause, { validator, description: 'Do nothing until resumed' });
  setHandler(resumeLoopUpdate, resume, { validator, description: 'Go on where it stood' });
  setHandler(nudgeLoopUpdate, nudge, { validator, description: 'Read now' });
  setHandler(pauseLoopSignal, unlessMisfit(PAUSE, pause));
  setHandler(resumeLoopSignal, unlessMisfit(RESUME, resume));
  setHandler(nudgeLoopSignal, unlessMisfit(NUDGE, nudge));
  ignoreOtherSignals([PAUSE, RESUME, NUDGE], ignore);
  const isFull = (): boolean => workflowInfo().continueAsNewSuggested || commands >= MAX_COMMANDS_PER_RUN;
  return {
    get isPaused() {
      return isPaused;
    },
    show(next) {
      shown = next;
    },
    async untilResumed() {
      // Signals go on while it is paused, and a run takes only so many.
      await condition(() => !isPaused || isFull());
      isNudged = false;
    },
    async rest(seconds) {
      await condition(() => isNudged || isPaused, seconds * 1_000);
    },
    isFull,
  };
}
