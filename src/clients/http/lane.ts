import type { Clock } from '../../deal/clock.js';
import { type RemoteApi, RemoteApiError, type RemoteErrorCode } from '../errors.js';

/**
 * The requests to one environment, which stand and fall with one sign-in. A refusal may be a hiccup, so its step asks
 * again. When refusals go on, the lane pauses: an alarm is raised, only a request now and then still leaves, and the first
 * one whose token is taken lets the others follow. Deals wait for that and are not held (I13).
 */
export interface Lane {
  /** @throws RemoteApiError, of the request, or in its place while the lane is paused: then nothing was asked. */
  run<T>(asked: string, request: () => Promise<T>): Promise<T>;
}

export interface LanePause {
  readonly since: Date;
  /** Entra refuses an app registration as a whole, the system itself one environment. */
  readonly by: RemoteApi;
  /** What the last request was answered, without a customer's data. */
  readonly problem: string;
}

/** Neither of them throws: whatever becomes of an alarm, the request has its own outcome. */
export interface LaneAlarm {
  /** Told with every refusal of a paused lane. */
  raise(pause: LanePause): Promise<void>;
  /** Told when a pause is over, and by the first request of a process whose token is taken. */
  clear(): Promise<void>;
}

/** Refusals that go on for so long, and are so many, are no hiccup. */
const PATIENCE_MS = 30_000;
const MIN_REFUSALS = 3;
/** A paused lane lets one request leave so often, and a step that did not leave comes again after the delay. */
const PROBE_INTERVAL_MS = 15_000;
const RETRY_DELAY_MS = 30_000;
/** What is refused for so long while other requests are taken is not refused for its sign-in. */
const ALONE_LIMIT_MS = 10 * 60_000;

export function createLane({ clock, alarm }: { readonly clock: Clock; readonly alarm: LaneAlarm }): Lane {
  let refusals = 0;
  let refusedSince: Date | undefined;
  let paused: { readonly refusal: RemoteApiError; readonly probedAt: Date } | undefined;
  let acceptedAt: Date | undefined;
  /** What is asked, since when that has been refused, and when it was last: another worker may have been let in since. */
  const refusedAlone = new Map<string, { readonly since: Date; readonly last: Date }>();

  const ageMs = (at: Date): number => clock.now().getTime() - at.getTime();

  function enter(asked: string): void {
    if (!paused) return;
    const { refusal, probedAt } = paused;
    const age = ageMs(probedAt);
    // A clock that was set back keeps nobody waiting.
    if (age >= 0 && age < PROBE_INTERVAL_MS) {
      throw new RemoteApiError(refusal.api, 'unauthorized', asked, { ...refusal.facts, retryAfterMs: RETRY_DELAY_MS });
    }
    paused = { refusal, probedAt: clock.now() };
  }

  async function accept(asked: string): Promise<void> {
    const isOver = paused !== undefined || acceptedAt === undefined;
    if (paused) refusedAlone.clear();
    paused = undefined;
    refusals = 0;
    refusedSince = undefined;
    refusedAlone.delete(asked);
    acceptedAt = clock.now();
    if (isOver) await alarm.clear();
  }

  async function refuse(asked: string, refusal: RemoteApiError): Promise<RemoteApiError> {
    const now = clock.now();
    const before = refusedAlone.get(asked);
    const aloneSince = before && ageMs(before.last) < ALONE_LIMIT_MS ? before.since : now;
    refusedAlone.set(asked, { since: aloneSince, last: now });
    if (acceptedAt && acceptedAt > aloneSince && ageMs(aloneSince) >= ALONE_LIMIT_MS) {
      const { facts, api } = refusal;
      return new RemoteApiError(api, 'forbidden', asked, { ...facts, remoteMessage: facts.remoteMessage });
    }
    refusals += 1;
    refusedSince ??= now;
    if (refusals < MIN_REFUSALS || ageMs(refusedSince) < PATIENCE_MS) return refusal;
    paused = { refusal, probedAt: now };
    await alarm.raise({ since: refusedSince, by: refusal.api, problem: refusal.message });
    return refusal;
  }

  return {
    async run(asked, request) {
      enter(asked);
      try {
        const answer = await request();
        await accept(asked);
        return answer;
      } catch (error) {
        if (!(error instanceof RemoteApiError)) throw error;
        if (error.code === 'unauthorized') throw await refuse(asked, error);
        if (isOfSignedIn(error)) await accept(asked);
        throw error;
      }
    },
  };
}

/** Gateways answer what passes before anybody looks at a token. */
const ANSWERED_BEFORE_SIGN_IN: ReadonlySet<number> = new Set([401, 408, 429]);

/** What nobody can read, and what is away, may have been answered by something in between. */
const IN_BETWEEN: ReadonlySet<RemoteErrorCode> = new Set(['unreadable', 'unavailable']);

/** The other side refused for another reason than the sign-in. */
function isOfSignedIn({ api, code, facts: { status } }: RemoteApiError): boolean {
  return (
    api !== 'entra' &&
    !IN_BETWEEN.has(code) &&
    status !== undefined &&
    status < 500 &&
    !ANSWERED_BEFORE_SIGN_IN.has(status)
  );
}
