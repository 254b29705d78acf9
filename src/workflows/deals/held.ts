import { ActivityFailure, ApplicationFailure } from '@temporalio/workflow';
import { REFUSED } from '../../deal/failure-types.js';
import type { Problem } from '../../deal/holds.js';

/** What a step answers instead of its result when a person has to do something first. */
export interface Held {
  readonly held: readonly Problem[];
}

export function isHeld<T>(result: T | Held): result is Held {
  return typeof result === 'object' && result !== null && 'held' in result;
}

/** A refused step is a hold; anything else, cancellation and bugs above all, goes its way. */
export function toHeld(error: unknown): Held {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  if (!(cause instanceof ApplicationFailure) || cause.type !== REFUSED) throw error;
  // Everything that is wrong with a deal is named at once, each in a detail of its own.
  return { held: (cause.details ?? []) as Problem[] };
}
