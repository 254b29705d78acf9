import type { Clock } from '../deal/clock.js';

/** The clock of this machine. */
export const systemClock: Clock = { now: () => new Date() };
