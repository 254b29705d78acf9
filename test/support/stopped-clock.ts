import type { Clock } from '../../src/deal/clock.js';

/** A clock that goes on only when a test moves it. */
export interface StoppedClock extends Clock {
  pass(seconds: number): void;
}

export function createStoppedClock(): StoppedClock {
  let at = Date.parse('2026-03-31T12:00:00Z');
  return {
    now: () => new Date(at),
    pass: (seconds) => {
      at += seconds * 1_000;
    },
  };
}
