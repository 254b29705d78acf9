import { ApplicationFailure, log } from '@temporalio/workflow';
import type { DecisionFailure } from '../deal/failure-types.js';
import { DecisionError } from '../deal/strict-schema.js';

/** An update is refused before it enters the history; the message is for the person who sent it. */
export function refuse(message: string, type: DecisionFailure): never {
  throw ApplicationFailure.nonRetryable(message, type);
}

/** What does not fit is refused like anything else that may not be done now. */
export function parseOrRefuse<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof DecisionError) refuse(error.message, 'BadInput');
    throw error;
  }
}

/**
 * A signal cannot be refused: one that does not fit is ignored and logged. The log names the type of the refusal alone,
 * since the message may quote what a person typed (I7). Returns the message when the signal is ignored.
 */
export function findMisfit(signal: string, validate: () => void): string | undefined {
  try {
    validate();
    return undefined;
  } catch (error) {
    if (!(error instanceof ApplicationFailure)) throw error;
    log.warn('signal ignored', { signal, type: error.type });
    return error.message;
  }
}
