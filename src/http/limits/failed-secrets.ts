import type { Logger } from 'pino';
import { createBuckets } from './buckets.js';

/** Callers who show a wrong secret: counted, logged, and slowed by their own failures alone. */
export interface FailedSecrets {
  /** Of a source that has failed too often nothing is looked at any more, so that a right guess shows no more than a wrong one. */
  isBlocked(source: string): boolean;
  /** @returns whether the source has failed too often by now */
  record(system: string, source: string): boolean;
  /** Showed a right secret: guesses of somebody behind the same address do not block it. */
  trust(source: string): void;
}

/** A mistake in a registration may fail some hundred times in a row; a list of words needs a day for each hundred thousand. */
const BURST = 100;
const PER_SECOND = 1;
/** Sales may be quiet for a night. */
const TRUST_MS = 24 * 3_600_000;
/** Only who has a right secret gets in, so it need not hold many. */
const MAX_TRUSTED = 1_000;
/** Of one source a line a minute, of all together one a second: the log is not theirs to fill. */
const LOG_PER_SECOND = 1 / 60;
const LOG_ALL = { perSecond: 1, burst: 60 };

export function createFailedSecrets(log: Logger, now: () => number): FailedSecrets {
  const failures = createBuckets(PER_SECOND, BURST, now);
  const lines = createBuckets(LOG_PER_SECOND, 1, now);
  const allLines = createBuckets(LOG_ALL.perSecond, LOG_ALL.burst, now);
  const trusted = new Map<string, number>();
  let count = 0;
  let sinceLastLine = 0;
  const isTrusted = (source: string): boolean => now() - (trusted.get(source) ?? Number.NEGATIVE_INFINITY) < TRUST_MS;
  return {
    isBlocked: (source) => failures.isEmpty(source) && !isTrusted(source),
    record(system, source) {
      count += 1;
      sinceLastLine += 1;
      if (lines.take(source) === 0 && allLines.take('') === 0) {
        log.warn({ system, source, failures: sinceLastLine, failuresSinceStart: count }, 'wrong secret refused');
        sinceLastLine = 0;
      }
      return failures.take(source) > 0;
    },
    trust(source) {
      trusted.delete(source);
      trusted.set(source, now());
      if (trusted.size > MAX_TRUSTED) for (const [oldest] of trusted) if (trusted.delete(oldest)) break;
    },
  };
}
