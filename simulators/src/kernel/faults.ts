import { SimClock } from './clock.js';
import { createRandom } from './random.js';

/** What a simulator does wrong on request: for tests, for the command line and for a demonstration. */

export type Phase = 'before' | 'after';

/** `before` is before the work is done and committed, `after` is after it and before the answer. */
export type FaultEffect =
  | { kind: 'status'; status: number; headers?: Record<string, string>; body?: unknown; when?: Phase }
  | { kind: 'delay'; ms: number; when?: Phase }
  /** The connection is cut without an answer, by a reset (RST) when it says so. */
  | { kind: 'lose-answer'; when: Phase; reset?: boolean }
  /** The request is kept open until it is released. */
  | { kind: 'hold'; when: Phase }
  /** The work is done; the connection is cut in the middle of the answer. */
  | { kind: 'cut' }
  /** Everything that matches is refused with 429 for so many seconds of the simulated clock. */
  | { kind: 'throttle'; seconds: number; retryAfter?: boolean }
  /** The record that the path names last is not found though it is there; with `seconds`, for so long. Lists have it. */
  | { kind: 'not-found'; seconds?: number }
  /** Somebody else has just changed the record: the etag that the client sends is no longer the row's. */
  | { kind: 'stale-etag' }
  /** The delta token that the client follows is older than the change log. */
  | { kind: 'expired-delta' };

export interface FaultRule {
  readonly id?: string;
  readonly match: {
    readonly method?: string;
    /** A regular expression over the decoded path and query. */
    readonly path?: string;
    /** The client id in the token. */
    readonly client?: string;
  };
  /** The first matching request that is hit; 1 is the next. */
  readonly nth?: number;
  /** After the first hit, it hits again once in this many matching requests. */
  readonly every?: number;
  /** How often it hits; 0 is for ever, 1 the default. */
  readonly times?: number;
  /** Between 0 and 1, of what the others leave; the sequence is the same in each run. */
  readonly probability?: number;
  readonly effect: FaultEffect;
}

interface ArmedFault {
  readonly id: string;
  readonly rule: FaultRule;
  readonly path: RegExp;
  seen: number;
  hit: number;
  throttledUntil: number;
  /** By the record's id. */
  readonly missingUntil: Map<string, number>;
}

export interface FaultTarget {
  readonly method: string;
  readonly path: string;
  readonly client: string;
}

const KINDS: ReadonlySet<string> = new Set([
  'status',
  'delay',
  'lose-answer',
  'hold',
  'cut',
  'throttle',
  'not-found',
  'stale-etag',
  'expired-delta',
]);
const SEED = 4_711;

export class Faults {
  private readonly armed = new Map<string, ArmedFault>();
  private readonly held = new Set<() => void>();
  private readonly clock: SimClock;
  private random = createRandom(SEED);
  private count = 0;

  constructor(clock: SimClock = new SimClock()) {
    this.clock = clock;
  }

  /** @throws TypeError for what is no rule: the text names the field, what was found and what is right. */
  add(rule: FaultRule): string {
    checkRule(rule);
    this.count += 1;
    const id = rule.id ?? `fault-${this.count}`;
    this.armed.set(id, {
      id,
      rule,
      path: new RegExp(rule.match.path ?? ''),
      seen: 0,
      hit: 0,
      throttledUntil: 0,
      missingUntil: new Map(),
    });
    return id;
  }

  remove(id: string): boolean {
    return this.armed.delete(id);
  }

  /** Forgets all rules and lets held requests go on. */
  clear(): void {
    this.armed.clear();
    this.random = createRandom(SEED);
    this.releaseHolds();
  }

  list(): (FaultRule & { id: string; seen: number; hit: number })[] {
    return [...this.armed.values()].map(({ id, rule, seen, hit }) => ({ ...rule, id, seen, hit }));
  }

  isEmpty(): boolean {
    return this.armed.size === 0;
  }

  /** The effects that hit this request; each rule counts the request once. */
  take({ method, path, client }: FaultTarget): { id: string; effect: FaultEffect }[] {
    const taken = [];
    for (const fault of this.armed.values()) {
      const { match, effect, times = 1 } = fault.rule;
      // Plans arm thousands of rules: those that are used up cost no look at the path.
      const lasts = effect.kind === 'throttle' || (effect.kind === 'not-found' && effect.seconds !== undefined);
      if (!lasts && times !== 0 && fault.hit >= times) continue;
      if (match.method && match.method.toUpperCase() !== method) continue;
      if (match.client && match.client !== client) continue;
      if (!fault.path.test(path)) continue;
      if (effect.kind === 'throttle' && fault.throttledUntil > this.clock.now()) {
        const seconds = Math.ceil((fault.throttledUntil - this.clock.now()) / 1_000);
        taken.push({ id: fault.id, effect: { ...effect, seconds } });
        continue;
      }
      if (effect.kind === 'not-found' && (fault.missingUntil.get(recordIn(path)) ?? 0) > this.clock.now()) {
        taken.push({ id: fault.id, effect });
        continue;
      }
      if (!this.hits(fault)) continue;
      if (effect.kind === 'not-found' && effect.seconds !== undefined)
        fault.missingUntil.set(recordIn(path), this.clock.now() + effect.seconds * 1_000);
      if (effect.kind === 'throttle') fault.throttledUntil = this.clock.now() + effect.seconds * 1_000;
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

  private hits(fault: ArmedFault): boolean {
    const { nth = 1, every, times = 1, probability } = fault.rule;
    if (times !== 0 && fault.hit >= times) return false;
    fault.seen += 1;
    if (fault.seen < nth || (every !== undefined && (fault.seen - nth) % every !== 0)) return false;
    if (probability !== undefined && this.random() >= probability) return false;
    fault.hit += 1;
    return true;
  }
}

/** The last id in a path: that of the record, however many parents it has. */
export function recordIn(path: string): string {
  const [resource = ''] = path.split('?');
  return [...resource.matchAll(/\(([0-9a-f-]{36})\)/gi)].at(-1)?.[1]?.toLowerCase() ?? '';
}

function checkRule(rule: FaultRule): void {
  const wrong = (field: string, found: unknown, right: string): TypeError =>
    new TypeError(`${field}: found ${JSON.stringify(found) ?? 'nothing'}, ${right} is right`);
  if (typeof rule !== 'object' || rule === null) throw wrong('rule', rule, 'an object');
  if (typeof rule.match !== 'object' || rule.match === null)
    throw wrong('match', rule.match, '{"method":"POST","path":"…"}');
  const { effect } = rule;
  if (typeof effect !== 'object' || effect === null || !KINDS.has(effect.kind))
    throw wrong('effect.kind', effect?.kind, [...KINDS].join(', '));
  if (effect.kind === 'status' && !(Number.isInteger(effect.status) && effect.status >= 200 && effect.status <= 599)) {
    throw wrong('effect.status', effect.status, 'a status between 200 and 599');
  }
  if (effect.kind === 'delay' && !(effect.ms >= 0)) throw wrong('effect.ms', effect.ms, 'a number of milliseconds');
  const lasts = effect.kind === 'throttle' || (effect.kind === 'not-found' && effect.seconds !== undefined);
  if (lasts && !(Number(effect.seconds) > 0)) throw wrong('effect.seconds', effect.seconds, 'a number of seconds');
  if (
    (effect.kind === 'lose-answer' || effect.kind === 'hold') &&
    effect.when !== 'before' &&
    effect.when !== 'after'
  ) {
    throw wrong('effect.when', effect.when, 'before or after');
  }
  for (const name of ['nth', 'every', 'times'] as const) {
    const value = rule[name];
    if (value !== undefined && !(Number.isInteger(value) && value >= 0)) throw wrong(name, value, 'a whole number');
  }
  const { probability } = rule;
  if (probability !== undefined && !(probability >= 0 && probability <= 1))
    throw wrong('probability', probability, 'a number between 0 and 1');
}
