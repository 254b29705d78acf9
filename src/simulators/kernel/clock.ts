/** One clock for all simulators: real time plus an offset that can be moved. */
export class SimClock {
  private offsetMs = 0;
  private readonly timers = new Set<{ at: number; fire: () => void }>();

  now(): number {
    return Date.now() + this.offsetMs;
  }

  date(): Date {
    return new Date(this.now());
  }

  today(): string {
    return this.date().toISOString().slice(0, 10);
  }

  advance(ms: number): void {
    this.offsetMs += ms;
    for (const timer of [...this.timers].sort((a, b) => a.at - b.at)) if (timer.at <= this.now()) timer.fire();
  }

  set(ms: number): void {
    this.advance(ms - this.now());
  }

  /** Fires in real time, or at once when the clock is moved past it. Returns what cancels it. */
  after(ms: number, work: () => void): () => void {
    const timer: { at: number; fire: () => void } = { at: this.now() + ms, fire: () => undefined };
    const handle = setTimeout(() => timer.fire(), ms);
    handle.unref();
    const cancel = (): void => {
      clearTimeout(handle);
      this.timers.delete(timer);
    };
    timer.fire = () => {
      cancel();
      work();
    };
    this.timers.add(timer);
    return cancel;
  }
}
