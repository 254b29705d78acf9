import type { SimClock } from '../kernel/clock.js';
import { DataverseError } from './store.js';

/** Service protection (reference/dataverse-sales 6.1): per user, in a sliding window, on the simulators' clock. */
export interface LimitSettings {
  /** 0 is without limit. */
  requests: number;
  windowMs: number;
  executionMs: number;
  concurrent: number;
}

export class ServiceProtection {
  readonly settings: LimitSettings = { requests: 6_000, windowMs: 300_000, executionMs: 1_200_000, concurrent: 52 };
  private readonly clock: SimClock;
  private times: { at: number; tookMs: number }[] = [];
  private first = 0;
  private running = 0;
  private spentMs = 0;

  constructor(clock: SimClock) {
    this.clock = clock;
  }

  reset(): void {
    this.times = [];
    this.first = 0;
    this.spentMs = 0;
  }

  /** @throws DataverseError 429 with Retry-After. Returns what notes the end of the request. */
  enter(): () => void {
    const { requests, concurrent, executionMs } = this.settings;
    this.forget();
    const used = this.times.length - this.first;
    if (requests > 0 && used >= requests) {
      throw this.refuse(
        '0x80072322',
        `Number of requests exceeded the limit of ${requests} over time window of ${this.settings.windowMs / 1_000} seconds.`,
      );
    }
    if (requests > 0 && this.spentMs >= executionMs) {
      throw this.refuse(
        '0x80072321',
        `Combined execution time of incoming requests exceeded limit of ${executionMs.toLocaleString('en-US')} milliseconds over time window of ${this.settings.windowMs / 1_000} seconds. Decrease number of concurrent requests or reduce the duration of requests and try again later.`,
      );
    }
    if (requests > 0 && this.running >= concurrent) {
      throw this.refuse('0x80072326', `Number of concurrent requests exceeded the limit of ${concurrent}.`);
    }
    const entry = { at: this.clock.now(), tookMs: 0 };
    this.times.push(entry);
    this.running += 1;
    return () => {
      this.running -= 1;
      entry.tookMs = this.clock.now() - entry.at;
      this.spentMs += entry.tookMs;
    };
  }

  headers(): Record<string, string> {
    const { requests, executionMs } = this.settings;
    if (requests === 0) return {};
    return {
      'x-ms-ratelimit-burst-remaining-xrm-requests': String(Math.max(requests - (this.times.length - this.first), 0)),
      'x-ms-ratelimit-time-remaining-xrm-requests': (Math.max(executionMs - this.spentMs, 0) / 1_000).toFixed(2),
    };
  }

  private forget(): void {
    const from = this.clock.now() - this.settings.windowMs;
    for (let entry = this.times[this.first]; entry && entry.at <= from; entry = this.times[this.first]) {
      this.spentMs -= entry.tookMs;
      this.first += 1;
    }
    if (this.first < 10_000) return;
    this.times.splice(0, this.first);
    this.first = 0;
  }

  private refuse(code: string, text: string): DataverseError {
    const oldest = this.times[this.first]?.at ?? this.clock.now();
    const seconds = Math.max(1, Math.ceil((oldest + this.settings.windowMs - this.clock.now()) / 1_000));
    return new DataverseError(429, code, text, { 'retry-after': String(seconds) });
  }
}
