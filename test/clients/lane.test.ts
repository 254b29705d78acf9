import { beforeEach, describe, expect, it } from 'vitest';
import { type RemoteApi, RemoteApiError, type RemoteErrorCode } from '../../src/clients/errors.js';
import { createLane, type Lane, type LanePause } from '../../src/clients/http/lane.js';
import { createStoppedClock, type StoppedClock } from '../support/stopped-clock.js';

/** What a refused sign-in does to the requests that come after it. */

let clock: StoppedClock;
let lane: Lane;
let raised: LanePause[];
let cleared: number;
let sent: string[];

beforeEach(() => {
  clock = createStoppedClock();
  raised = [];
  cleared = 0;
  sent = [];
  lane = createLane({
    clock,
    alarm: {
      async raise(pause) {
        raised.push(pause);
      },
      async clear() {
        cleared += 1;
      },
    },
  });
});

const answered = (status: number, code: RemoteErrorCode) =>
  new RemoteApiError('business-central', code, 'create the draft', { status, remoteCode: 'SomeCode' });
const refused = (api: RemoteApi = 'business-central') =>
  new RemoteApiError(api, 'unauthorized', 'create the draft', { status: 401, remoteCode: 'SomeCode' });

/** What becomes of one request that is answered so, or that did not leave. */
async function ask(error?: RemoteApiError, asked = 'create the draft'): Promise<RemoteApiError | undefined> {
  return lane
    .run(asked, async () => {
      sent.push(asked);
      if (error) throw error;
    })
    .then(
      () => undefined,
      (failed: RemoteApiError) => failed,
    );
}

async function pause(): Promise<void> {
  for (let refusal = 1; refusal <= 3; refusal += 1) {
    await ask(refused());
    clock.pass(15);
  }
  expect(raised).toHaveLength(1);
  sent = [];
}

describe('a refused sign-in', () => {
  it('that comes twice within a moment is a hiccup', async () => {
    await ask(refused());
    await ask(refused());
    clock.pass(60);
    expect(await ask()).toBeUndefined();
    expect(await ask(refused())).toMatchObject({ code: 'unauthorized', facts: { status: 401 } });
    expect(raised).toEqual([]);
    expect(sent).toHaveLength(4);
  });

  it('of many steps at once is a hiccup, too', async () => {
    await Promise.all(Array.from({ length: 50 }, () => ask(refused())));
    expect(raised).toEqual([]);
  });

  it('that goes on pauses the lane and raises an alarm, since when and with what was answered', async () => {
    await pause();
    expect(raised).toEqual([
      {
        since: new Date('2026-03-31T12:00:00Z'),
        by: 'business-central',
        problem: 'create the draft: unauthorized (401 SomeCode)',
      },
    ]);
  });
});

describe('a paused lane', () => {
  it('lets nobody ask but one request now and then, and says when to come again', async () => {
    await pause();
    await ask(refused());
    expect(sent).toHaveLength(1);
    const waiting = await Promise.all(Array.from({ length: 20 }, () => ask()));
    for (const error of waiting) {
      expect(error).toMatchObject({ code: 'unauthorized', wasNotDone: true, facts: { retryAfterMs: 30_000 } });
    }
    expect(sent).toHaveLength(1);
    clock.pass(15);
    await ask(refused());
    expect(sent).toHaveLength(2);
    // The alarm is one, told again for a ledger that could not take it.
    expect(new Set(raised.map(({ since }) => since.toISOString())).size).toBe(1);
  });

  it('goes on with the first request whose token is taken', async () => {
    await pause();
    const before = cleared;
    expect(await ask()).toBeUndefined();
    expect(cleared).toBe(before + 1);
    await Promise.all([ask(), ask(), ask()]);
    expect(sent).toHaveLength(4);
    expect(cleared).toBe(before + 1);
  });

  it('goes on when the other side refuses for another reason, since it took the token', async () => {
    await pause();
    const before = cleared;
    expect(await ask(answered(400, 'rejected'))).toMatchObject({ code: 'rejected' });
    expect(cleared).toBe(before + 1);
  });

  it.each([
    [429, 'throttled'],
    [503, 'unavailable'],
    [200, 'unreadable'],
    [302, 'unreadable'],
    [403, 'unavailable'],
  ] as const)('does not go on by a %s, which a gateway answers without looking at the token', async (status, code) => {
    await pause();
    const before = cleared;
    await ask(answered(status, code));
    expect(cleared).toBe(before);
    expect(await ask()).toMatchObject({ code: 'unauthorized' });
  });

  it('does not wait for a clock that was set back', async () => {
    await pause();
    clock.pass(-3_600);
    expect(await ask()).toBeUndefined();
  });
});

describe('one request that is refused while all others are taken', () => {
  it('lacks a permission after ten minutes, and its deal shows it', async () => {
    for (let minute = 0; minute < 10; minute += 1) {
      expect(await ask(refused(), 'post the invoice')).toMatchObject({ code: 'unauthorized' });
      clock.pass(30);
      await ask(undefined, 'read the customer');
      clock.pass(30);
    }
    expect(await ask(refused(), 'post the invoice')).toMatchObject({ code: 'forbidden', api: 'business-central' });
    expect(raised).toEqual([]);
  });

  it('is a hiccup again a day later, since the step went on in another worker', async () => {
    await ask(refused(), 'post the invoice');
    clock.pass(86_400);
    await ask(undefined, 'read the customer');
    expect(await ask(refused(), 'post the invoice')).toMatchObject({ code: 'unauthorized' });
  });

  it('starts anew after a pause, in which nothing is known of it', async () => {
    await pause();
    clock.pass(3_600);
    await ask(undefined, 'read the customer');
    clock.pass(1);
    expect(await ask(refused())).toMatchObject({ code: 'unauthorized' });
  });
});

describe('the alarm', () => {
  it('of a process before is cleared by the first request whose token is taken', async () => {
    await ask();
    await ask();
    expect(cleared).toBe(1);
  });
});
