/** One clock for all simulators: real time plus an offset that can be moved. */

interface Timer {
  readonly at: number;
  readonly work: () => void;
  handle: NodeJS.Timeout | undefined;
}

/** Node fires at once when a timeout is longer than this. */
const LONGEST_TIMEOUT_MS = 2_147_483_647;

export class SimClock {
  private offsetMs = 0;
  private readonly timers = new Set<Timer>();

  now(): number {
    return Date.now() + this.offsetMs;
  }

  date(): Date {
    return new Date(this.now());
  }

  today(): string {
    return this.date().toISOString().slice(0, 10);
  }

  /** Timers that are passed fire one after the other, each at the time that it was set for. */
  advance(ms: number): void {
    const target = this.now() + ms;
    for (let timer = this.firstDue(target); timer; timer = this.firstDue(target)) {
      this.offsetMs = Math.max(timer.at, this.now()) - Date.now();
      this.fire(timer);
    }
    this.offsetMs = target - Date.now();
    for (const timer of this.timers) this.arm(timer);
  }

  set(ms: number): void {
    this.advance(ms - this.now());
  }

  /** Fires in real time, or at once when the clock is moved past it. Returns what cancels it. */
  after(ms: number, work: () => void): () => void {
    const timer: Timer = { at: this.now() + ms, work, handle: undefined };
    this.timers.add(timer);
    this.arm(timer);
    return () => this.drop(timer);
  }

  private arm(timer: Timer): void {
    clearTimeout(timer.handle);
    const waitMs = Math.min(Math.max(timer.at - this.now(), 0), LONGEST_TIMEOUT_MS);
    timer.handle = setTimeout(() => {
      if (timer.at > this.now()) this.arm(timer);
      else this.fire(timer);
    }, waitMs);
    timer.handle.unref();
  }

  private fire(timer: Timer): void {
    this.drop(timer);
    timer.work();
  }

  private drop(timer: Timer): void {
    clearTimeout(timer.handle);
    this.timers.delete(timer);
  }

  private firstDue(target: number): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.timers) if (timer.at <= target && (!first || timer.at < first.at)) first = timer;
    return first;
  }
}
