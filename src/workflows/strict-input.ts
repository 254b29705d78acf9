import { ApplicationFailure, log, setDefaultSignalHandler } from '@temporalio/workflow';
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

/** A signal cannot be refused: one that does not fit is ignored, logged and shown. */
export interface IgnoredSignal {
  /** Without anything that the sender wrote, but for the names of our own signals. */
  readonly kind: string;
  /** For whoever looks at the run. */
  readonly text: string;
}

/** Why it does not fit. The log names the type of the refusal alone, since the message may quote what a person typed (I7). */
export function findMisfit(signal: string, validate: () => void): IgnoredSignal | undefined {
  try {
    validate();
    return undefined;
  } catch (error) {
    if (!(error instanceof ApplicationFailure)) throw error;
    log.warn('signal ignored', { signal, type: error.type });
    return { kind: `${signal}: ${error.type}`, text: `${signal}: ${error.message}` };
  }
}

/** A misspelled signal would wait unseen for a handler that never comes. Called after all others have theirs. */
export function ignoreOtherSignals(known: readonly string[], ignored: (signal: IgnoredSignal) => void): void {
  setDefaultSignalHandler((signal) => {
    log.warn('signal ignored', { type: 'UnknownSignal' });
    const name = signal.slice(0, SHOWN_LENGTH);
    ignored({ kind: 'unknown signal', text: `${name}: expected one of ${known.join(', ')}` });
  });
}

const SHOWN_LENGTH = 60;
