import type { Observation } from '../../telemetry/instruments.js';

/** Whether a process can do its work now; that it lives at all is another question. */

export const CHECKS = ['ledger', 'temporal', 'keys', 'signIn'] as const;
export type CheckName = (typeof CHECKS)[number];
type Ask = () => Promise<unknown>;
export type Checks = Readonly<Record<CheckName, Ask>>;
type Outcome = 'ok' | 'failed' | 'no answer in time' | typeof NOT_ASKED_YET;

/** What a check answers that has nothing to look at yet. */
export const NOT_ASKED_YET = 'not asked yet';

export interface Readiness {
  readonly isReady: boolean;
  /** A starter takes webhooks, and a new secret at the desk, also while a sign-in is refused; once it has tried one, it listens. */
  readonly takesRequests: boolean;
  readonly checks: Readonly<Partial<Record<CheckName, Outcome>>>;
}

export const STARTING: Readiness = {
  isReady: false,
  takesRequests: false,
  checks: { ledger: NOT_ASKED_YET, temporal: NOT_ASKED_YET, keys: NOT_ASKED_YET, signIn: NOT_ASKED_YET },
};

const LIMIT_MS = 2_000;
const FRESH_MS = 1_000;

/** Asks at most once a second, whoever probes how often. Reasons are not told: who probes need not be one of ours. */
export function createReadiness(checks: Checks, limitMs = LIMIT_MS): () => Promise<Readiness> {
  let answer: Promise<Readiness> | undefined;
  let askedAt = Number.NEGATIVE_INFINITY;
  return () => {
    if (answer === undefined || performance.now() - askedAt >= FRESH_MS) {
      askedAt = performance.now();
      answer = askAll(checks, limitMs);
    }
    return answer;
  };
}

async function askAll(checks: Checks, limitMs: number): Promise<Readiness> {
  const found = await Promise.all(
    CHECKS.map(async (name) => {
      const asked = checks[name]().then(
        (answer) => (answer === NOT_ASKED_YET ? NOT_ASKED_YET : ('ok' as const)),
        () => 'failed' as const,
      );
      return [name, await within(limitMs, asked)] as const;
    }),
  );
  return {
    isReady: found.every(([, outcome]) => outcome === 'ok'),
    takesRequests: found.every(
      ([name, outcome]) => outcome === 'ok' || (name === 'signIn' && outcome !== NOT_ASKED_YET),
    ),
    checks: Object.fromEntries(found),
  };
}

async function within<T>(ms: number, asked: Promise<T>): Promise<T | 'no answer in time'> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'no answer in time'>((resolve) => {
    timer = setTimeout(() => resolve('no answer in time'), ms);
  });
  try {
    return await Promise.race([asked, late]);
  } finally {
    clearTimeout(timer);
  }
}

export function toObservations({ checks }: Readiness): readonly Observation[] {
  return CHECKS.filter((check) => checks[check] !== undefined).map((check) => ({
    name: 'dealbridge_ready',
    value: checks[check] === 'ok' ? 1 : 0,
    labels: { check },
  }));
}
