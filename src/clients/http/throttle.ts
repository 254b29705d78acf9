import type { Clock } from '../../deal/clock.js';
import { type RemoteApi, RemoteApiError } from '../errors.js';

/**
 * The quota of one app registration in one environment. A 429 pauses all its requests, of every process: each looks at the
 * shared pause right before it would leave, so that only those on their way may still arrive. A step that meets a pause
 * fails at once with the time to come again (I8), and nothing is held for it (I13). Afterwards one request of a worker
 * leaves, then two, then four: a stampede would only be refused again.
 */
export interface Throttle {
  /** @throws RemoteApiError `throttled`, of the request, or in its place while the lane is paused: then nothing was asked. */
  run<T>(asked: string, request: () => Promise<T>): Promise<T>;
}

export interface SharedPause {
  /** Tells one pause from another. */
  readonly until: Date;
  /** Until it is over, by the clock that all share; negative when it is. */
  readonly restMs: number;
}

/** What all processes of a lane share. */
export interface SharedPauses {
  /** The last one. */
  find(): Promise<SharedPause | undefined>;
  begin(refused: {
    /** Undefined: the answer did not say. */
    readonly retryAfterMs: number | undefined;
    readonly leftMsAgo: number;
    /** Whether some requests of this process were taken since the last pause: then this one is the first of a row. */
    readonly wasTaking: boolean;
    /** What was answered, without a customer's data. */
    readonly problem: string;
  }): Promise<SharedPause>;
  /** Called by the first request of this process that is taken after a pause. */
  isOver(): void;
}

export interface ThrottleOptions {
  readonly api: RemoteApi;
  readonly clock: Clock;
  readonly wait: (ms: number) => Promise<void>;
  readonly pauses: SharedPauses;
}

/** A request leaves so soon after it has looked, or looks again: a pause may have begun meanwhile. */
const MAX_LOOK_AGE_MS = 100;
/** A ledger that always takes longer keeps nobody for ever. */
const MAX_LOOKS = 3;
/** A step keeps its place for so long while others are in front of it; for a longer wait it gives it back to Temporal. */
const MAX_WAIT_MS = 1_000;
/** Steps come again so much before the end: a timer of Temporal may be late, and the first request is to leave in time. */
const EARLY_MS = 2_000;
/** So near to its end a pause is waited for here: nobody else could use the place, and no timer of Temporal is as exact. */
const MAX_REST_MS = 2_500;
const MIN_RETRY_MS = 1_000;
/** A pause that nobody here met still asks for a slow start when it has just ended. */
const RECENT_MS = 10_000;
/** More requests at once than this no lane has; the slow start is over. */
const UNLIMITED_FROM = 64;
/** So many at once, where more than one round of a slow start was taken or there was none: the quota had room again. */
const TAKING_FROM = 4;
/** After this many requests that were taken, a lane that was too parallel tries one more at once. */
const TAKEN_FOR_ONE_MORE = 20;
/** Dataverse counts execution time and concurrency as well: fewer at once help (reference/dataverse-sales 6.1). */
const TOO_PARALLEL: ReadonlySet<string> = new Set(['0x80072321', '0x80072326']);

export function createThrottle({ api, clock, wait, pauses }: ThrottleOptions): Throttle {
  /** The pause that is met or was met last; requests that left before it do not count for the slow start after it. */
  let met: Date | undefined;
  let isOverdue = false;
  /** At once, while the slow start lasts. */
  let ceiling = Number.POSITIVE_INFINITY;
  /** At once, since more of them were too many. */
  let most = Number.POSITIVE_INFINITY;
  let takenSince = 0;
  /** Whether this process has asked anything with success yet: one that has just started knows nothing of the quota. */
  let hasTaken = false;
  let running = 0;
  let waiting: (() => void)[] = [];
  const ask = shareNext(async () => {
    const askedAt = clock.now().getTime();
    return { askedAt, pause: await pauses.find() };
  });

  async function look(): Promise<SharedPause | undefined> {
    for (let looks = 1; ; looks += 1) {
      const { askedAt, pause } = await ask();
      if (looks === MAX_LOOKS || clock.now().getTime() - askedAt <= MAX_LOOK_AGE_MS) return pause;
    }
  }

  function meet(pause: SharedPause): void {
    if (pause.restMs < -RECENT_MS || (met && pause.until <= met)) return;
    met = pause.until;
    isOverdue = true;
    ceiling = 1;
    running = 0;
  }

  function wake(): void {
    const all = waiting;
    waiting = [];
    for (const goOn of all) goOn();
  }

  /** Resolves when the request may leave, and counts it. */
  async function enter(asked: string): Promise<void> {
    let giveUpAt = clock.now().getTime() + MAX_WAIT_MS;
    for (;;) {
      const pause = await look();
      if (pause) meet(pause);
      const restMs = pause?.restMs ?? 0;
      if (restMs > MAX_REST_MS) throw refuse(asked, restMs);
      if (restMs <= 0 && running < Math.min(ceiling, most)) {
        running += 1;
        return;
      }
      if (restMs > 0) {
        await wait(restMs);
        giveUpAt = clock.now().getTime() + MAX_WAIT_MS;
        continue;
      }
      const leftMs = giveUpAt - clock.now().getTime();
      if (leftMs <= 0) throw refuse(asked, 0);
      await Promise.race([wait(leftMs), untilWoken()]);
    }
  }

  function untilWoken(): Promise<void> {
    return new Promise((resolve) => {
      waiting.push(resolve);
    });
  }

  function accept(): void {
    if (isOverdue) pauses.isOver();
    isOverdue = false;
    hasTaken = true;
    // One more for each that was taken: twice as many with each round.
    ceiling = ceiling + 1 >= UNLIMITED_FROM ? Number.POSITIVE_INFINITY : ceiling + 1;
    if (most === Number.POSITIVE_INFINITY) return;
    takenSince += 1;
    if (takenSince < TAKEN_FOR_ONE_MORE) return;
    takenSince = 0;
    most = most + 1 >= UNLIMITED_FROM ? Number.POSITIVE_INFINITY : most + 1;
  }

  async function begin(asked: string, error: RemoteApiError, leftAt: Date): Promise<RemoteApiError> {
    if (TOO_PARALLEL.has(error.facts.remoteCode ?? '')) {
      most = Math.max(1, Math.floor(running / 2));
      takenSince = 0;
    }
    const pause = await pauses.begin({
      retryAfterMs: error.facts.retryAfterMs,
      leftMsAgo: clock.now().getTime() - leftAt.getTime(),
      wasTaking: hasTaken && ceiling >= TAKING_FROM,
      problem: error.message,
    });
    meet(pause);
    const { remoteMessage } = error.facts;
    return new RemoteApiError(api, 'throttled', asked, {
      ...error.facts,
      remoteMessage,
      retryAfterMs: toRetryMs(pause.restMs),
    });
  }

  function refuse(asked: string, restMs: number): RemoteApiError {
    return new RemoteApiError(api, 'throttled', asked, { retryAfterMs: toRetryMs(restMs) });
  }

  return {
    async run(asked, request) {
      await enter(asked);
      const leftAt = clock.now();
      const after = met;
      try {
        const answer = await request();
        if (after === met) accept();
        return answer;
      } catch (error) {
        if (!(error instanceof RemoteApiError)) throw error;
        if (error.code === 'throttled' && error.api === api) throw await begin(asked, error, leftAt);
        if (error.facts.status !== undefined && after === met) accept();
        throw error;
      } finally {
        if (after === met) running -= 1;
        wake();
      }
    },
  };
}

function toRetryMs(restMs: number): number {
  return Math.max(MIN_RETRY_MS, Math.ceil(restMs) - EARLY_MS);
}

/** Whoever comes while an answer is awaited gets the next one: the running one may be older than what it asks for. */
function shareNext<T>(ask: () => Promise<T>): () => Promise<T> {
  let running: Promise<unknown> = Promise.resolve();
  let next: Promise<T> | undefined;
  return () => {
    next ??= running.then(() => {
      next = undefined;
      const answer = ask();
      running = answer.catch(() => undefined);
      return answer;
    });
    return next;
  };
}
