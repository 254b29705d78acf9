/** What a simulator does wrong on request: for tests, for the command line and for a demonstration. */

export type FaultEffect =
  | { kind: 'status'; status: number; headers?: Record<string, string>; body?: unknown; when?: Phase }
  | { kind: 'delay'; ms: number; when?: Phase }
  /** The connection is cut without an answer, before or after the work is committed. */
  | { kind: 'lose-answer'; when: Phase }
  /** The request is kept open until it is released. */
  | { kind: 'hold'; when: Phase };

export type Phase = 'before' | 'after';

export interface FaultRule {
  readonly id?: string;
  readonly match: {
    readonly method?: string;
    /** A regular expression over the decoded path and query. */
    readonly path?: string;
  };
  /** The first matching request that is hit; 1 is the next. */
  readonly nth?: number;
  readonly every?: number;
  /** How often it hits; 0 is for ever, 1 the default. */
  readonly times?: number;
  readonly effect: FaultEffect;
}

interface ArmedFault {
  readonly id: string;
  readonly rule: FaultRule;
  readonly path: RegExp;
  seen: number;
  hit: number;
}

export class Faults {
  private readonly armed = new Map<string, ArmedFault>();
  private readonly held = new Set<() => void>();
  private count = 0;

  add(rule: FaultRule): string {
    this.count += 1;
    const id = rule.id ?? `fault-${this.count}`;
    this.armed.set(id, { id, rule, path: new RegExp(rule.match.path ?? ''), seen: 0, hit: 0 });
    return id;
  }

  remove(id: string): boolean {
    return this.armed.delete(id);
  }

  clear(): void {
    this.armed.clear();
    this.releaseHolds();
  }

  list(): (FaultRule & { id: string; seen: number; hit: number })[] {
    return [...this.armed.values()].map(({ id, rule, seen, hit }) => ({ ...rule, id, seen, hit }));
  }

  /** The effects that hit this request; each rule counts the request once. */
  take(method: string, path: string): { id: string; effect: FaultEffect }[] {
    const taken = [];
    for (const fault of this.armed.values()) {
      const { match, nth = 1, every, times = 1, effect } = fault.rule;
      if (match.method && match.method !== method) continue;
      if (!fault.path.test(path)) continue;
      if (times !== 0 && fault.hit >= times) continue;
      fault.seen += 1;
      if (fault.seen < nth || (every !== undefined && (fault.seen - nth) % every !== 0)) continue;
      fault.hit += 1;
      taken.push({ id: fault.id, effect });
    }
    return taken;
  }

  hold(): Promise<void> {
    return new Promise((resolve) => {
      this.held.add(resolve);
    });
  }

  heldCount(): number {
    return this.held.size;
  }

  releaseHolds(): number {
    const count = this.held.size;
    for (const release of this.held) release();
    this.held.clear();
    return count;
  }
}
