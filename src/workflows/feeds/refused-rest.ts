/**
 * A refusal (no permission, say) is a matter for people: asking every few seconds would only fill the log. Most are over soon
 * or last for hours, so the rests grow.
 */
export interface RefusedRest {
  /** Seconds until the next reading. */
  next(): number;
  /** A reading came through: the next refusal is the first again. */
  reset(): void;
}

const FIRST_SECONDS = 10;
const MAX_SECONDS = 300;

export function createRefusedRest(): RefusedRest {
  let seconds = FIRST_SECONDS;
  return {
    next() {
      const rest = seconds;
      seconds = Math.min(seconds * 2, MAX_SECONDS);
      return rest;
    },
    reset() {
      seconds = FIRST_SECONDS;
    },
  };
}
