import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RemoteApiError } from '../../src/clients/errors.js';
import { keepTrying } from '../../src/dispatch/ensure/keep-trying.js';

const log = pino({ level: 'silent' });

describe('what a starter cannot do at once', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('is tried again, ever more seldom, until it is done, and then no more', async () => {
    let attempts = 0;
    keepTrying(
      async () => {
        attempts += 1;
        if (attempts < 4) throw new Error('Business Central is away');
      },
      { log, findRetryAfter: () => undefined },
    );
    const seen: number[] = [];
    for (const waitMs of [0, 1_000, 2_000, 4_000, 3_600_000]) {
      await vi.advanceTimersByTimeAsync(waitMs);
      seen.push(attempts);
    }
    expect(seen).toEqual([1, 2, 3, 4, 4]);
  });

  it('is left alone as long as the other side wants (I8)', async () => {
    let attempts = 0;
    const trying = keepTrying(
      async () => {
        attempts += 1;
        throw new Error('Business Central is busy');
      },
      { log, findRetryAfter: () => 40_000 },
    );
    const seen: number[] = [];
    for (const waitMs of [0, 39_999, 1, 39_999, 1]) {
      await vi.advanceTimersByTimeAsync(waitMs);
      seen.push(attempts);
    }
    await trying.stop();
    expect(seen).toEqual([1, 1, 2, 2, 3]);
  });

  it('is said at each try while it passes by itself, once where a person has to correct it, and when it is done', async () => {
    const said: string[] = [];
    const codes = ['unavailable', 'unavailable', 'not-found', 'not-found', 'not-found'] as const;
    const failures = codes.map((code) => new RemoteApiError('business-central', code, 'look the company up', {}));
    keepTrying(
      async () => {
        const failure = failures.shift();
        if (failure) throw failure;
      },
      {
        log: pino({}, { write: (line: string) => void said.push(JSON.parse(line).reason ?? JSON.parse(line).msg) }),
        findRetryAfter: () => undefined,
      },
    );
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(said).toEqual([
      'look the company up: unavailable',
      'look the company up: unavailable',
      'look the company up: not-found',
      'the feeds of Business Central are started',
    ]);
  });

  it('is left alone for the longest of what several want, and said again while one of them passes by itself', async () => {
    const said: string[] = [];
    const retryAfter = new Map<unknown, number>();
    const trying = keepTrying(
      async () => {
        const failures = (['not-found', 'unavailable'] as const).map(
          (code) => new RemoteApiError('business-central', code, 'look the company up', {}),
        );
        retryAfter.set(failures[1], 40_000);
        throw new AggregateError(failures, 'both');
      },
      {
        log: pino({}, { write: (line: string) => void said.push(JSON.parse(line).reason) }),
        findRetryAfter: (error) => retryAfter.get(error),
      },
    );
    const seen: number[] = [];
    for (const waitMs of [0, 39_999, 1]) {
      await vi.advanceTimersByTimeAsync(waitMs);
      seen.push(said.length);
    }
    await trying.stop();
    expect(seen).toEqual([1, 1, 2]);
  });

  it('is not tried again once it was stopped', async () => {
    let attempts = 0;
    const trying = keepTrying(
      async () => {
        attempts += 1;
        throw new Error('Business Central is away');
      },
      { log, findRetryAfter: () => undefined },
    );
    await vi.advanceTimersByTimeAsync(1_000);
    await trying.stop();
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(attempts).toBe(2);
  });

  it('has ended once its stop has, and what it meets by then is no trouble of anybody', async () => {
    const said: string[] = [];
    let fail: (error: Error) => void = () => undefined;
    const trying = keepTrying(
      () =>
        new Promise((_resolve, reject) => {
          fail = reject;
        }),
      { log: pino({}, { write: (line: string) => void said.push(line) }), findRetryAfter: () => undefined },
    );
    let hasStopped = false;
    const stopped = trying.stop().then(() => {
      hasStopped = true;
    });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(hasStopped).toBe(false);
    fail(new Error('Cannot use a pool after calling end on the pool'));
    await stopped;
    expect(said).toEqual([]);
  });
});
