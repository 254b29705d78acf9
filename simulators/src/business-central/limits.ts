import type { SimClock } from '../kernel/clock.js';
import { BcError } from './errors.js';
import type { Switches } from './switches.js';

/**
 * Limits of Business Central online, per app registration (reference/business-central 8), counted on the simulators'
 * clock.
 */
export interface LimitSettings {
  /** Requests in a sliding window; 0 is without limit. */
  requests: number;
  windowMs: number;
  parallel: number;
  queue: number;
  queueMs: number;
  /** Entities in a page, operations in a `$batch`, bytes of a body: lower ones let a test reach them. */
  pageSize: number;
  batchOperations: number;
  bodyBytes: number;
}

const ONLINE_LIMITS: Readonly<LimitSettings> = {
  requests: 6_000,
  windowMs: 300_000,
  parallel: 5,
  queue: 95,
  queueMs: 480_000,
  pageSize: 20_000,
  batchOperations: 100,
  bodyBytes: 350 * 1024 * 1024,
};

interface User {
  readonly times: number[];
  first: number;
  running: number;
  readonly waiting: (() => void)[];
}

export class Limits {
  readonly settings: LimitSettings = { ...ONLINE_LIMITS };
  private readonly users = new Map<string, User>();
  private readonly clock: SimClock;
  private readonly switches: Switches;

  constructor(clock: SimClock, switches: Switches) {
    this.clock = clock;
    this.switches = switches;
  }

  reset(): void {
    this.users.clear();
  }

  /** Lets a request in, at once or when one before it is done. Resolves with what ends it. */
  async enter(name: string): Promise<() => void> {
    const user = this.user(name);
    this.count(user);
    const { parallel, queue, queueMs } = this.settings;
    if (user.running >= parallel) {
      if (user.waiting.length >= queue) throw this.tooMany(parallel + queue + 1, parallel + queue);
      const isIn = await new Promise<boolean>((resolve) => {
        const cancel = this.clock.after(queueMs, () => resolve(false));
        user.waiting.push(() => {
          cancel();
          resolve(true);
        });
      });
      if (!isIn)
        throw new BcError(503, 'Internal_ServiceUnavailable', 'The request waited too long in the queue.', {
          'retry-after': '60',
        });
    }
    user.running += 1;
    return () => {
      user.running -= 1;
      user.waiting.shift()?.();
    };
  }

  private count(user: User): void {
    const { requests, windowMs } = this.settings;
    if (requests === 0) return;
    const now = this.clock.now();
    while (user.first < user.times.length && (user.times[user.first] ?? 0) <= now - windowMs) user.first += 1;
    if (user.first > 10_000) {
      user.times.splice(0, user.first);
      user.first = 0;
    }
    const used = user.times.length - user.first;
    if (used >= requests) throw this.tooMany(used + 1, requests, (user.times[user.first] ?? now) + windowMs - now);
    user.times.push(now);
  }

  private tooMany(actual: number, most: number, waitMs = 1_000): BcError {
    const headers = this.switches.retryAfterOn429 ? { 'retry-after': String(Math.ceil(waitMs / 1_000)) } : {};
    const text = `Too many requests reached. Actual (${actual}). Maximum (${most}).`;
    return new BcError(429, 'Application_TooManyRequests', text, headers);
  }

  private user(name: string): User {
    const known = this.users.get(name);
    if (known) return known;
    const made: User = { times: [], first: 0, running: 0, waiting: [] };
    this.users.set(name, made);
    return made;
  }
}
