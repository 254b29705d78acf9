import { beforeEach, describe, expect, it } from 'vitest';
import { RemoteApiError } from '../../src/clients/errors.js';
import { createThrottle, type SharedPauses, type Throttle } from '../../src/clients/http/throttle.js';
import { createStoppedClock, type StoppedClock } from '../support/stopped-clock.js';

/** What a 429 does to the requests that come after it, in the worker that heard it and in another one. */

let clock: StoppedClock;
let until: Date | undefined;
let ended: string[];
/** Of each pause, whether requests had been taken since the last one. */
let begun: boolean[];
/** Requests that left, by the second. */
let sent: { readonly worker: string; readonly at: number }[];
let [here, there]: Throttle[] = [];
/** What happens between the ledger's answer to the next look and its arrival. */
let meanwhile: (() => void) | undefined;
/** Resolves what waits for time when a test lets it pass. */
let timers: { readonly at: number; readonly ring: () => void }[];

const startedAt = Date.parse('2026-03-31T12:00:00Z');
const seconds = () => (clock.now().getTime() - startedAt) / 1_000;

function createWorker(name: string): Throttle {
  const pauses: SharedPauses = {
    async find() {
      const found = until && { until, restMs: until.getTime() - clock.now().getTime() };
      const happens = meanwhile;
      meanwhile = undefined;
      happens?.();
      return found;
    },
    async begin({ retryAfterMs = 5_000, wasTaking }) {
      begun.push(wasTaking);
      until = new Date(Math.max(clock.now().getTime() + retryAfterMs, until?.getTime() ?? 0));
      return { until, restMs: until.getTime() - clock.now().getTime() };
    },
    isOver: () => ended.push(name),
  };
  const wait = (ms: number) =>
    new Promise<void>((ring) => {
      timers.push({ at: clock.now().getTime() + ms, ring });
    });
  return createThrottle({ api: 'business-central', clock, wait, pauses });
}

/** Lets everything happen that is due, without any time in between. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
}

async function pass(forSeconds: number): Promise<void> {
  clock.pass(forSeconds);
  const now = clock.now().getTime();
  const due = timers.filter(({ at }) => at <= now);
  timers = timers.filter(({ at }) => at > now);
  for (const { ring } of due) ring();
  await settle();
}

beforeEach(() => {
  clock = createStoppedClock();
  [until, meanwhile] = [undefined, undefined];
  [ended, begun, sent, timers] = [[], [], [], []];
  [here, there] = [createWorker('here'), createWorker('there')];
});

const throttled = (retryAfterMs: number | undefined, remoteCode?: string) =>
  new RemoteApiError('business-central', 'throttled', 'read the order', { status: 429, retryAfterMs, remoteCode });

interface Asked {
  outcome: 'taken' | RemoteApiError | undefined;
  answer(error?: RemoteApiError): Promise<void>;
  readonly hasLeft: () => boolean;
}

/** One request that stays on its way until it is answered. */
function ask(worker: Throttle | undefined, name = 'here'): Asked {
  let answer: ((error?: RemoteApiError) => void) | undefined;
  const asked: Asked = {
    outcome: undefined,
    hasLeft: () => answer !== undefined,
    async answer(error) {
      if (!answer) throw new Error('the request has not left');
      answer(error);
      await settle();
    },
  };
  const request = () =>
    new Promise<void>((resolve, reject) => {
      sent.push({ worker: name, at: seconds() });
      answer = (error) => (error ? reject(error) : resolve());
    });
  worker?.run('create the draft', request).then(
    () => {
      asked.outcome = 'taken';
    },
    (error: RemoteApiError) => {
      asked.outcome = error;
    },
  );
  return asked;
}

async function pauseFor(retryAfterMs: number): Promise<Asked> {
  const first = ask(here);
  await settle();
  await first.answer(throttled(retryAfterMs));
  sent = [];
  return first;
}

describe('a look', () => {
  const begin = (): void => {
    until = new Date(clock.now().getTime() + 30_000);
  };

  it('whose answer comes late is repeated, since a pause may have begun', async () => {
    meanwhile = () => {
      clock.pass(0.2);
      begin();
    };
    const asked = ask(here);
    await settle();
    expect(asked.hasLeft()).toBe(false);
    expect(asked.outcome).toMatchObject({ code: 'throttled', wasNotDone: true });
  });

  it('is repeated a few times and not for ever, where every answer comes late', async () => {
    let looks = 0;
    const late = (): void => {
      looks += 1;
      clock.pass(0.2);
      meanwhile = late;
    };
    meanwhile = late;
    const asked = ask(here);
    await settle();
    expect(asked.hasLeft()).toBe(true);
    expect(looks).toBe(3);
  });
});

describe('a 429', () => {
  it('pauses every worker: nothing leaves until the time is over, and steps are told when to come again', async () => {
    const heard = await pauseFor(30_000);
    expect(heard.outcome).toMatchObject({ code: 'throttled', facts: { status: 429, retryAfterMs: 28_000 } });
    const others = [ask(here), ask(there, 'there')];
    await settle();
    for (const { outcome } of others) {
      expect(outcome).toMatchObject({ code: 'throttled', wasNotDone: true, facts: { retryAfterMs: 28_000 } });
    }
    await pass(27.2);
    const late = ask(there, 'there');
    await settle();
    expect(late.outcome).toMatchObject({ facts: { retryAfterMs: 1_000 } });
    expect(sent).toEqual([]);
  });

  it('keeps a step that comes shortly before its end, and lets it leave when the time is over', async () => {
    await pauseFor(30_000);
    await pass(28);
    const [one, other] = [ask(here), ask(there, 'there')];
    await settle();
    await pass(1.9);
    expect(sent).toEqual([]);
    await pass(0.1);
    expect(sent).toEqual([
      { worker: 'here', at: 30 },
      { worker: 'there', at: 30 },
    ]);
    await Promise.all([one.answer(), other.answer()]);
    expect([one.outcome, other.outcome]).toEqual(['taken', 'taken']);
    expect(ended).toEqual(['here', 'there']);
  });

  it('leaves those that waited for its end the same second for a place as any other', async () => {
    await pauseFor(30_000);
    await pass(28);
    const [first, second] = [ask(here), ask(here)];
    await settle();
    await pass(2.9);
    expect([first.hasLeft(), second.hasLeft(), second.outcome]).toEqual([true, false, undefined]);
    await first.answer();
    expect(second.hasLeft()).toBe(true);
  });

  it('of requests on their way makes the one pause longer, and never shorter', async () => {
    const [one, other] = [ask(here), ask(there, 'there')];
    await settle();
    await one.answer(throttled(30_000));
    await other.answer(throttled(10_000));
    expect(until).toEqual(new Date(startedAt + 30_000));
    expect(other.outcome).toMatchObject({ facts: { retryAfterMs: 28_000 } });
  });

  it('of Entra concerns the token, not the quota of this lane', async () => {
    const one = ask(here);
    await settle();
    await one.answer(
      new RemoteApiError('entra', 'throttled', 'ask for a token', { status: 429, retryAfterMs: 30_000 }),
    );
    expect(until).toBeUndefined();
  });
});

describe('after a pause', () => {
  it('one request leaves, then two, then four, and then as many as come', async () => {
    await pauseFor(5_000);
    await pass(5);
    const asked = Array.from({ length: 100 }, () => ask(here));
    await settle();
    const counts: number[] = [];
    let answered = 0;
    while (answered < asked.length) {
      const onTheirWay = asked.filter((one) => one.hasLeft()).slice(answered);
      counts.push(onTheirWay.length);
      for (const one of onTheirWay) await one.answer();
      answered += onTheirWay.length;
    }
    expect(counts.slice(0, 4)).toEqual([1, 2, 4, 8]);
    expect(asked.every(({ outcome }) => outcome === 'taken')).toBe(true);
    const crowd = Array.from({ length: 70 }, () => ask(here));
    await settle();
    expect(crowd.every((one) => one.hasLeft())).toBe(true);
  });

  it('a step that finds no place within a second gives its own back to Temporal', async () => {
    await pauseFor(5_000);
    await pass(5);
    const [first, second] = [ask(here), ask(here)];
    await settle();
    await pass(1);
    expect(first.hasLeft()).toBe(true);
    expect(second.outcome).toMatchObject({ code: 'throttled', facts: { retryAfterMs: 1_000 } });
  });

  it('a request that was on its way before does not count as taken', async () => {
    const [before, refused] = [ask(here), ask(here)];
    await settle();
    await refused.answer(throttled(5_000));
    await pass(5);
    await before.answer();
    sent = [];
    const asked = [ask(here), ask(here), ask(here)];
    await settle();
    expect(sent).toHaveLength(1);
    expect(asked.filter((one) => one.hasLeft())).toHaveLength(1);
    expect(ended).toEqual([]);
  });

  it('that begins anew all wait again', async () => {
    await pauseFor(5_000);
    await pass(5);
    const probe = ask(here);
    await settle();
    await probe.answer(throttled(10_000));
    const next = ask(there, 'there');
    await settle();
    expect(next.outcome).toMatchObject({ facts: { retryAfterMs: 8_000 } });
  });

  it('another one is in a row with it until a round of requests was taken', async () => {
    await pauseFor(5_000);
    await pass(5);
    const probe = ask(here);
    await settle();
    await probe.answer(throttled(5_000));
    await pass(5);
    for (let turn = 0; turn < 3; turn += 1) {
      const asked = ask(here);
      await settle();
      await asked.answer();
    }
    const refused = ask(here);
    await settle();
    await refused.answer(throttled(5_000));
    expect(begun).toEqual([false, false, true]);
  });

  it('another one is in no row with it in a worker that was taking all the time', async () => {
    await pauseFor(5_000);
    await pass(30);
    const taken = ask(there, 'there');
    await settle();
    await taken.answer();
    const refused = ask(there, 'there');
    await settle();
    await refused.answer(throttled(5_000));
    expect(begun).toEqual([false, true]);
  });

  it('that is long past nobody starts slowly', async () => {
    await pauseFor(5_000);
    await pass(60);
    const asked = Array.from({ length: 10 }, () => ask(there, 'there'));
    await settle();
    expect(asked.every((one) => one.hasLeft())).toBe(true);
  });
});

describe('a lane that was too parallel', () => {
  it.each(['0x80072326', '0x80072321'])('sends half as many at once after %s', async (code) => {
    const asked = Array.from({ length: 8 }, () => ask(here));
    await settle();
    await asked[0]?.answer(throttled(1_000, code));
    for (const one of asked.slice(1)) await one.answer();
    await pass(1);
    const next = Array.from({ length: 15 }, () => ask(here));
    await settle();
    for (let turn = 0; turn < 3; turn += 1) {
      for (const one of next.filter((other) => other.hasLeft() && other.outcome === undefined)) await one.answer();
    }
    expect(next.filter((one) => one.hasLeft() && one.outcome === undefined)).toHaveLength(4);
  });
});
